/*
 * export: an answer or a conversation as PDF or HTML. The rows are read page by page, become the
 * request of the renderer, wait for one, and the document becomes a blob.
 */
#include <errno.h>
#include <string.h>

#define LOG_TAG "export"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/blob.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/export_request.h"
#include "daemon/server.h"
#include "daemon/worker/pool.h"
#include "proto/limits.h"

#define PAGE_TURNS 50
#define PAGE_BYTES (1u << 20)

struct export
{
	struct call *call;
	char *ref;
	const char *format, *paper;    /* static */
	bool begun;
	struct export_request request;
};

static void export_free(struct export *x)
{
	fair_give(&x->call->server->exports, fair_key(x->call->account.id));
	if (x->begun)
		buf_fini(&x->request.out);
	call_drop(x->call);
	mem_free(x->ref);
	mem_free(x);
}

/* ---- the document ---- */

static bool pdf_is_whole(const struct buf *out)
{
	size_t n = out->len;

	while (n && (out->data[n - 1] == '\n' || out->data[n - 1] == '\r'))
		n--;
	return n > 13 && !memcmp(out->data, "%PDF-", 5) && !memcmp(out->data + n - 5, "%%EOF", 5);
}

static bool html_is_whole(const struct buf *out)
{
	size_t n = out->len;

	while (n && out->data[n - 1] == '\n')
		n--;
	return n > 7 && !memcmp(out->data + n - 7, "</html>", 7);
}

static int wire_error_of_pool(int r)
{
	switch (r) {
	case POOL_E_BUSY:
		return PROTO_E_BUSY;
	case POOL_E_START:
		return PROTO_E_NOT_CONFIGURED;
	case POOL_E_TOO_LARGE:
	case POOL_E_REFUSED:
		return PROTO_E_TOO_LARGE;
	case POOL_E_STOPPING:
		return PROTO_E_SHUTTING_DOWN;
	}
	return PROTO_E_INTERNAL;
}

struct told {
	int64_t pages;
	char *error, *level;
	char *warnings[32];
	size_t nwarnings, missing;
};

static void take_warnings(struct json *j, struct told *t)
{
	struct json_slice key, text;

	if (!json_array(j))
		return;
	while (json_item(j)) {
		if (!json_object(j))
			continue;
		while (json_key(j, &key)) {
			if (json_slice_is(&key, "text") && t->nwarnings < array_len(t->warnings) && json_string(j, &text))
				t->warnings[t->nwarnings++] = json_strdup(&text, 1024);
		}
	}
}

static void take_missing(struct json *j, struct told *t)
{
	struct json_slice key;
	int64_t n;

	if (!json_object(j))
		return;
	while (json_key(j, &key)) {
		if (json_slice_is(&key, "count") && json_integer(j, &n) && n > 0)
			t->missing = (size_t)n;
	}
}

/* The renderer's line; what is not there or not right is left out. */
static void take_report(const char *report, struct told *t)
{
	struct json_slice key, text;
	struct json j;

	*t = (struct told){ 0 };
	json_init(&j, report, strlen(report), 8);
	if (!json_object(&j))
		return;
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "pages"))
			json_integer(&j, &t->pages);
		else if (json_slice_is(&key, "warnings"))
			take_warnings(&j, t);
		else if (json_slice_is(&key, "missing"))
			take_missing(&j, t);
		else if (json_slice_is(&key, "error") && !t->error && json_string(&j, &text))
			t->error = json_strdup(&text, 1024);
		else if (json_slice_is(&key, "level") && !t->level && json_string(&j, &text))
			t->level = json_strdup(&text, 1024);
	}
}

static void told_fini(struct told *t)
{
	for (size_t i = 0; i < t->nwarnings; i++)
		mem_free(t->warnings[i]);
	mem_free(t->error);
	mem_free(t->level);
}

static void pack_warnings(struct pack *p, const struct told *t)
{
	char text[96];

	pack_key(p, "warnings");
	pack_array(p);
	for (size_t i = 0; i < t->nwarnings; i++)
		pack_text(p, t->warnings[i] ? t->warnings[i] : "");
	if (t->missing) {
		snprintf(text, sizeof(text), "%zu characters are in no installed font and shown as boxes", t->missing);
		pack_text(p, text);
	}
	pack_close(p);
}

static void reply_blob(struct export *x, struct buf *out, const struct told *t)
{
	struct conn *c = call_conn(x->call);
	size_t size = out->len;
	uint64_t id = c ? blob_add(c, out) : 0;
	char name[32];
	struct pack p;

	snprintf(name, sizeof(name), "response.%s", x->format);
	if (c && !id) {
		reply_error(x->call, PROTO_E_BUSY, "too many exports wait to be fetched, try again later");
	} else if (reply_begin(x->call, &p)) {
		pack_kv_int(&p, "blob", (int64_t)id);
		pack_kv_int(&p, "size", (int64_t)size);
		pack_kv_text(&p, "name", name);
		if (t->pages > 0)
			pack_kv_int(&p, "pages", t->pages);
		pack_warnings(&p, t);
		reply_end(x->call, &p);
	}
}

static void on_document(void *ctx, struct pool_result *res)
{
	struct export *x = ctx;
	struct server *s = x->call->server;
	struct told t;

	take_report(res->report, &t);
	if (t.level) {
		mem_free(s->renderer_level);
		s->renderer_level = t.level;
		t.level = NULL;
	}
	if (res->r == 0)
		reply_blob(x, &res->out, &t);
	else
		reply_error(x->call, wire_error_of_pool(res->r), "%s",
			res->r == POOL_E_REFUSED && t.error ? t.error : res->why ? res->why : "the document cannot be made");
	told_fini(&t);
	export_free(x);
}

static void render(struct export *x)
{
	struct server *s = x->call->server;
	int r = export_request_end(&x->request);

	if (r < 0) {
		reply_error(x->call, PROTO_E_TOO_LARGE, "the conversation is larger than a document can be; export it as .md or .json");
		export_free(x);
		return;
	}
	r = s->renderer ? pool_submit(s->renderer, &x->request.out, strcmp(x->format, "pdf") ? html_is_whole : pdf_is_whole, on_document, x)
			: POOL_E_STOPPING;
	if (r == 0)
		return;
	reply_error(x->call, wire_error_of_pool(r), "%s",
		r == POOL_E_BUSY ? "too many exports are being made, try again later" : "the daemon is stopping");
	export_free(x);
}

/* ---- the rows ---- */

static const struct turn *live_of(const struct export *x, const char *id)
{
	return chat_live(&x->call->server->chat, id);
}

static void on_turn(struct job *j)
{
	struct op_turn_get *op = container_of(j, struct op_turn_get, job);
	struct export *x = j->ctx;

	if (j->r != 0) {
		reply_store_error(x->call, j->r, j->why, &op->candidates, "turn");
		export_free(x);
	} else {
		x->begun = true;
		export_request_begin(&x->request, x->format, x->paper, op->turn.thread_name, op->turn.thread);
		export_request_turn(&x->request, &op->turn, live_of(x, op->turn.id));
		render(x);
	}
	op_turn_get_free(op);
}

static void read_page(struct export *x, int64_t after);

static void on_page(struct job *j)
{
	struct op_turn_list *op = container_of(j, struct op_turn_list, job);
	struct export *x = j->ctx;

	if (j->r != 0) {
		reply_store_error(x->call, j->r, j->why, &op->candidates, "thread");
		export_free(x);
		op_turn_list_free(op);
		return;
	}
	if (!x->begun)
		export_request_begin(&x->request, x->format, x->paper, op->thread.name, op->thread.id);
	x->begun = true;
	for (size_t i = 0; i < op->n; i++)
		export_request_turn(&x->request, &op->rows[i], live_of(x, op->rows[i].id));
	if (op->more && op->n && !x->request.out.failed)
		read_page(x, op->rows[op->n - 1].seq);
	else
		render(x);
	op_turn_list_free(op);
}

static void submit(struct export *x, enum store_lane lane, struct job *j, void (*done)(struct job *))
{
	j->done = done;
	j->ctx = x;
	j->account = fair_key(x->call->account.id);
	if (store_submit(x->call->server->store, lane, j) == 0)
		return;
	j->r = STORE_E_BUSY;
	done(j);
}

static void read_page(struct export *x, int64_t after)
{
	struct op_turn_list *op = op_turn_list_new();

	op->account = account_copy(&x->call->account);
	op->thread_ref = mem_dup(x->ref);
	op->after = after;
	op->limit = PAGE_TURNS;
	op->max_text = op->max_question = (uint64_t)x->call->server->config->max_answer;
	op->max_bytes = PAGE_BYTES;
	op->with_sources = true;
	submit(x, STORE_SCAN, &op->job, on_page);
}

static void read_turn(struct export *x)
{
	struct op_turn_get *op = op_turn_get_new();

	op->account = account_copy(&x->call->account);
	op->ref = mem_dup(x->ref);
	op->max_text = (uint64_t)x->call->server->config->max_answer;
	op->with_sources = true;
	submit(x, STORE_KEYED, &op->job, on_turn);
}

/* One of the words, static; NULL: none of them, or the default when absent. */
static const char *word_of(struct arg_str s, const char *const *words, size_t n, const char *dflt)
{
	if (!s.s)
		return dflt;
	for (size_t i = 0; i < n; i++) {
		if (s.n == strlen(words[i]) && !memcmp(s.s, words[i], s.n))
			return words[i];
	}
	return NULL;
}

/* All places, but where several accounts share them no one has more than half. */
static bool has_place(const struct server *s, const struct account *account)
{
	size_t places = (size_t)(s->config->pdf_running + s->config->pdf_waiting);
	size_t own = s->config->mode == MODE_SYSTEM ? max_of(places / 2, (size_t)1) : places;

	return s->exports.held < places && fair_held(&s->exports, fair_key(account->id)) < own;
}

void rpc_export(struct call *call, struct args *a)
{
	static const char *const formats[] = { "pdf", "html" }, *const papers[] = { "a4", "letter" };
	struct server *s = call->server;
	struct arg_str turn = args_str(a, "turn", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct arg_str thread = args_str(a, "thread", ARG_OPTIONAL, 1, LIMIT_NAME);
	const char *format = word_of(args_str(a, "format", ARG_OPTIONAL, 1, 16), formats, array_len(formats), "pdf");
	const char *paper = word_of(args_str(a, "paper", ARG_OPTIONAL, 1, 16), papers, array_len(papers), papers[s->config->paper]);
	struct export *x;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	if (!format || !paper || (turn.s != NULL) == (thread.s != NULL)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "%s",
			!format ? "'format' is pdf or html" : !paper ? "'paper' is a4 or letter" : "give either 'turn' or 'thread'");
		return;
	}
	if (!has_place(s, &call->account)) {
		reply_error(call, PROTO_E_BUSY, "too many exports are being made, try again later");
		return;
	}
	x = mem_new(sizeof(*x));
	*x = (struct export){ .call = call_keep(call), .ref = args_dup(turn.s ? turn : thread), .format = format, .paper = paper };
	fair_take(&s->exports, fair_key(call->account.id));
	if (turn.s)
		read_turn(x);
	else
		read_page(x, 0);
}
