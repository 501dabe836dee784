/*
 * A file on its way to the backend, as multipart/form-data. Its bytes come from a client in their
 * own time; a few of them wait here, and libcurl pauses while there are none.
 */
#include "daemon/upstream/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/upstream/errors.h"

#define BUFFERED_MAX (256u << 10)
#define BUFFERED_LOW (64u << 10)
#define NAME_BYTES 200
#define REPLY_MAX (1u << 20)

struct upload {
	struct transfer transfer;
	const struct upload_events *ev;
	void *ctx;
	char *name;
	int64_t size;
	uint64_t fed, sent;
	struct buf queue;
	size_t at;     /* bytes of queue that were sent */
	bool finished; /* nothing more will be fed */
	bool want;     /* on_want is due */
	bool full;     /* the feeder was told to wait */
	curl_mime *form;
	struct buf reply;
	char *message, *stats;
};

static struct upload *of(struct transfer *t)
{
	return container_of(t, struct upload, transfer);
}

/* ---- sending ---- */

static void want_more(struct upload *u)
{
	if (u->finished || u->want)
		return;
	u->want = true;
	transfer_kick(&u->transfer);
}

static size_t on_send(char *to, size_t size, size_t n, void *ctx)
{
	struct upload *u = ctx;
	struct transfer *t = &u->transfer;
	size_t ready = u->queue.len - u->at;

	n = min_of(size * n, ready);
	if (t->cancelled || t->over)
		return CURL_READFUNC_ABORT;
	if (!ready && !u->finished) {
		t->starved = true;
		want_more(u);
		return CURL_READFUNC_PAUSE;
	}
	t->alive = uv_now(t->u->loop);
	if (!ready) {
		t->sending = false;
		return 0;
	}
	memcpy(to, u->queue.data + u->at, n);
	u->at += n;
	u->sent += n;
	if (u->at == u->queue.len) {
		buf_reset(&u->queue);
		u->at = 0;
	}
	if (u->full && u->queue.len - u->at <= BUFFERED_LOW) {
		u->full = false;
		want_more(u);
	}
	if (u->size >= 0 && u->sent == (uint64_t)u->size)
		t->sending = false;
	return n;
}

static bool upload_setup(struct transfer *t, CURL *easy)
{
	struct upload *u = of(t);
	curl_mimepart *part;

	u->form = curl_mime_init(easy);
	part = u->form ? curl_mime_addpart(u->form) : NULL;
	if (!part || curl_mime_name(part, "files") != CURLE_OK ||
		curl_mime_filename(part, u->name) != CURLE_OK ||
		curl_mime_data_cb(part, u->size, on_send, NULL, NULL, u) != CURLE_OK)
		return false;
	t->sending = true;
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
	curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 500L);
	return curl_easy_setopt(easy, CURLOPT_MIMEPOST, u->form) == CURLE_OK;
}

bool upload_feed(struct transfer *t, const void *p, size_t n)
{
	struct upload *u = of(t);

	if (t->cancelled || t->over || u->finished)
		return false; /* on_end follows */
	u->fed += n;
	if (u->size >= 0 && u->fed > (uint64_t)u->size) {
		transfer_fail(t, UPSTREAM_E_ERROR,
			mem_dup("more bytes came than the file was said to have"));
		return false;
	}
	if (u->at) {
		buf_consume(&u->queue, u->at);
		u->at = 0;
	}
	if (buf_add(&u->queue, p, n) < 0) {
		transfer_fail(t, UPSTREAM_E_ERROR, mem_dup("out of memory for the upload"));
		return false;
	}
	u->full = u->queue.len >= BUFFERED_MAX;
	if (t->starved)
		transfer_kick(t);
	return !u->full;
}

void upload_finish(struct transfer *t)
{
	struct upload *u = of(t);

	u->finished = true;
	if (t->over || t->cancelled)
		return;
	if (u->size >= 0 && u->fed != (uint64_t)u->size)
		transfer_fail(t, UPSTREAM_E_ERROR,
			mem_dup("the file ended before the size it was said to have"));
	else
		transfer_kick(t);
}

static void upload_work(struct transfer *t)
{
	struct upload *u = of(t);

	if (t->starved && t->easy && (u->queue.len > u->at || u->finished)) {
		t->starved = false;
		t->alive = uv_now(t->u->loop);
		multi_resume_send(&t->u->multi, t->easy);
	}
	if (u->want) {
		u->want = false;
		if (u->ev->on_want)
			u->ev->on_want(u->ctx);
	}
}

/* ---- the reply ---- */

static void upload_body(struct transfer *t, const char *p, size_t n)
{
	struct upload *u = of(t);

	(void)buf_add(&u->reply, p, min_of(n, REPLY_MAX - u->reply.len));
}

struct stats {
	int64_t total, failed, skipped;
	char *error;
};

/* [{"file","error"}]: the first one's words. */
static void read_errors(struct stats *st, struct json *j)
{
	struct json_slice raw;
	struct trouble t;

	if (!json_array(j))
		return;
	while (json_item(j)) {
		if (st->error || !json_raw(j, &raw))
			continue;
		trouble_read_json(&t, raw.p, raw.n);
		st->error = t.message;
	}
}

static void read_stats(struct stats *st, const char *json)
{
	struct json_slice key;
	struct json j;

	*st = (struct stats){ .total = -1 };
	if (!json)
		return;
	json_init(&j, json, strlen(json), 32);
	json_object(&j);
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "total"))
			json_integer(&j, &st->total);
		else if (json_slice_is(&key, "failed"))
			json_integer(&j, &st->failed);
		else if (json_slice_is(&key, "skipped"))
			json_integer(&j, &st->skipped);
		else if (json_slice_is(&key, "errors"))
			read_errors(st, &j);
	}
}

/* The RAGWire backend says "200, ingested" also when it took nothing: only its figures tell. */
static enum upstream_result judge_stats(struct upload *u, char **text)
{
	enum upstream_result r = UPSTREAM_OK;
	struct stats st;

	read_stats(&st, u->stats);
	if (st.failed > 0)
		*text = st.error
				? mem_printf(
					  "the backend could not take '%s': %s", u->name, st.error)
				: mem_printf("the backend could not take '%s' and does not say why",
					  u->name);
	else if (st.total == 0 && st.skipped == 0)
		*text = mem_printf(
			"the backend took nothing of '%s'; it does not know files of this kind",
			u->name);
	r = *text ? UPSTREAM_E_ERROR : UPSTREAM_OK;
	free(st.error);
	return r;
}

static bool read_reply(struct upload *u)
{
	struct json_slice key, s;
	struct json j;

	json_init(&j, buf_cstr(&u->reply), u->reply.len, 64);
	if (!json_object(&j))
		return false;
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "message") && !u->message && json_string(&j, &s)) {
			char *text = json_strdup(&s, REPLY_MAX);

			u->message = text ? errors_line(text, strlen(text), ERRORS_TEXT_MAX) : NULL;
			free(text);
		} else if (json_slice_is(&key, "stats") && !u->stats &&
			   json_peek(&j) == JSON_OBJECT && json_raw(&j, &s) &&
			   utf8_valid_no_nul(s.p, s.n)) {
			u->stats = mem_ndup(s.p, s.n);
		}
	}
	return json_end(&j) == 0;
}

/* A 200 that says {"detail": ...} or {"error": ...} took nothing. */
static bool is_error(struct upload *u)
{
	static const char *const names[] = { "error", "detail" };
	struct json_slice key;
	struct json j;

	json_init(&j, buf_cstr(&u->reply), u->reply.len, 64);
	json_object(&j);
	while (json_key(&j, &key))
		for (size_t i = 0; i < array_len(names); i++)
			if (json_slice_is(&key, names[i]) && json_peek(&j) != JSON_NULL)
				return true;
	return false;
}

static enum upstream_result upload_verdict(struct transfer *t, char **text)
{
	struct upload *u = of(t);
	struct trouble said;
	enum upstream_result r;
	char *line;

	if (!t->complete || t->code != CURLE_OK) {
		*text = mem_dup("the backend's reply to the upload broke off");
		return UPSTREAM_E_TRUNCATED;
	}
	if (!u->reply.len && t->status == 204)
		return UPSTREAM_OK;
	if (!read_reply(u)) {
		line = errors_line(buf_cstr(&u->reply), u->reply.len, 200);
		*text = *line == '<' || !*line
				? mem_dup("the backend's reply to the upload is none; is the "
					  "address right?")
				: mem_printf(
					  "the backend's reply to the upload cannot be read: '%s'",
					  line);
		free(line);
		return UPSTREAM_E_PROTOCOL;
	}
	if (!is_error(u))
		return judge_stats(u, text);
	trouble_read_body(&said, buf_cstr(&u->reply), u->reply.len);
	r = said.result;
	*text = trouble_text(&said);
	trouble_fini(&said);
	return r;
}

static void upload_tell(struct transfer *t, struct upstream_end *end)
{
	struct upload *u = of(t);

	u->ev->on_end(u->ctx, end, u->message, u->stats);
}

static void upload_free(struct transfer *t)
{
	struct upload *u = of(t);

	curl_mime_free(u->form);
	buf_fini(&u->queue);
	buf_fini(&u->reply);
	free(u->name);
	free(u->message);
	free(u->stats);
	free(u);
}

static const struct transfer_kind upload_kind = {
	.what = "upload",
	.path = "/upload",
	.request = REQUEST_UPLOAD,
	.setup = upload_setup,
	.body = upload_body,
	.verdict = upload_verdict,
	.work = upload_work,
	.tell = upload_tell,
	.free = upload_free,
};

bool upload_is(const struct transfer *t)
{
	return t->kind == &upload_kind;
}

/* Backends have joined the name to a folder as it came. The end of a long name holds its kind. */
char *upload_name(const char *name)
{
	const char *base = name ? name : "";
	const char *suffix;
	char *line, *cut;

	for (const char *p = base; *p; p++)
		if ((*p == '/' || *p == '\\') && p[1])
			base = p + 1;
	line = errors_line(base, strlen(base), 4096);
	for (char *p = line; *p; p++)
		if (*p == '"' || *p == '/' || *p == '\\')
			*p = '_';
	if (!*line || !strcmp(line, ".") || !strcmp(line, "..")) {
		free(line);
		return mem_dup("upload");
	}
	if (strlen(line) <= NAME_BYTES)
		return line;
	suffix = strrchr(line, '.');
	if (!suffix || strlen(suffix) > 16)
		suffix = "";
	cut = mem_printf("%.*s%s", (int)utf8_floor(line, strlen(line), NAME_BYTES - strlen(suffix)),
		line, suffix);
	free(line);
	return cut;
}

uint64_t upload_start(struct upstream *up, uint64_t owner, const char *name, int64_t size,
	const struct upload_events *ev, void *ctx)
{
	struct upload *u = mem_new(sizeof(*u));

	u->ev = ev;
	u->ctx = ctx;
	u->transfer.owner = owner;
	u->name = upload_name(name);
	u->size = size < 0 ? -1 : size;
	return transfer_start(up, &u->transfer, &upload_kind);
}
