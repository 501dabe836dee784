/* Calls of tools: what each waits for, what it gives, how it is stopped. */
#include <string.h>

#include "client/mcp_in.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"

#define PROGRESS_MS 1000 /* between two words of progress */
#define CACHE_MS (3600 * 1000)
#define BUSY "too much is asked at once (busy)"

/* ---- words to the program ---- */

/* Its params are open then. */
static void begin_notification(struct mcp *m, struct json_out *w, const char *method)
{
	message_begin(w, &m->line, NULL);
	mcp_member(w, "method", method);
	json_out_key(w, "params");
	json_out_object(w);
}

static void end_notification(struct mcp *m, struct json_out *w)
{
	json_out_object_end(w);
	(void)message_end(w, NULL, &m->io, false);
}

void mcp_begin_result(struct mcp *m, struct json_out *w, const struct mcp_to *to)
{
	message_begin(w, &m->line, to->id);
	json_out_key(w, "result");
	json_out_object(w);
	if (to->revision >= MCP_2026_07_28)
		mcp_member(w, "resultType", "complete");
}

/* Since 2026-07-28 each result says whose it is. */
void mcp_end_result(struct mcp *m, struct json_out *w, const struct mcp_to *to)
{
	if (to->revision >= MCP_2026_07_28) {
		json_out_key(w, "_meta");
		json_out_object(w);
		json_out_key(w, MCP_META "serverInfo");
		mcp_put_server(w, to->revision);
		json_out_object_end(w);
	}
	json_out_object_end(w);
	if (!message_end(w, to->batch, &m->io, false))
		mcp_error(m, to, RPC_INVALID, BATCH_TOO_LARGE);
}

/* Tools change with the program only. */
void mcp_put_cacheable(struct json_out *w, enum mcp_revision revision)
{
	if (revision < MCP_2026_07_28)
		return;
	json_out_key(w, "ttlMs");
	json_out_int(w, CACHE_MS);
	mcp_member(w, "cacheScope", "public");
}

void mcp_member(struct json_out *w, const char *key, const char *text)
{
	json_out_key(w, key);
	json_out_str(w, text);
}

void mcp_error_data(struct mcp *m, const struct mcp_to *to, int code, const char *message, const char *data)
{
	struct json_out w;

	message_begin(&w, &m->line, to->id);
	json_out_key(&w, "error");
	json_out_object(&w);
	json_out_key(&w, "code");
	json_out_int(&w, code);
	mcp_member(&w, "message", message);
	if (data) {
		json_out_key(&w, "data");
		json_out_raw(&w, data, strlen(data));
	}
	json_out_object_end(&w);
	(void)message_end(&w, to->batch, &m->io, true);
}

void mcp_error(struct mcp *m, const struct mcp_to *to, int code, const char *message)
{
	mcp_error_data(m, to, code, message, NULL);
}

static void put_text_content(struct json_out *w, const char *s, size_t n)
{
	json_out_key(w, "content");
	json_out_array(w);
	json_out_object(w);
	mcp_member(w, "type", "text");
	json_out_key(w, "text");
	json_out_string(w, s, n);
	json_out_object_end(w);
	json_out_array_end(w);
}

/* A tool that failed says so to the model, in its result. */
static void answer_failure(struct mcp *m, const struct mcp_to *to, const char *words)
{
	struct json_out w;

	mcp_begin_result(m, &w, to);
	put_text_content(&w, words, strlen(words));
	json_out_key(&w, "isError");
	json_out_bool(&w, true);
	mcp_end_result(m, &w, to);
}

/* The structured result, and the same as text for those that know no other. */
static void answer_result(struct mcp *m, const struct job *job, struct val result)
{
	struct json_out w;

	buf_reset(&m->text);
	json_out_init(&w, &m->text);
	json_out_object(&w);
	job->tool->result(&w, result);
	json_out_object_end(&w);
	mcp_begin_result(m, &w, &job->to);
	put_text_content(&w, buf_cstr(&m->text), m->text.len);
	if (job->to.revision >= MCP_2025_06_18) {
		json_out_key(&w, "structuredContent");
		json_out_raw(&w, buf_cstr(&m->text), m->text.len);
	}
	json_out_key(&w, "isError");
	json_out_bool(&w, false);
	mcp_end_result(m, &w, &job->to);
	buf_shrink(&m->text, 256u << 10);
}

void mcp_job_end(struct mcp *m, struct job *job)
{
	batch_unref(job->to.batch, &m->io);
	mem_free(job->id);
	mem_free(job->token);
	*job = (struct job){ 0 };
}

/* ---- what the daemon says ---- */

static void failed(struct mcp *m, struct job *job, struct val error)
{
	char *why = val_get_text(error, "message"), *name = val_get_text(error, "name");
	char *words = mem_printf("%s (%s)", why ? why : "it did not work", name ? name : "error");

	answer_failure(m, &job->to, words);
	mem_free(words);
	mem_free(why);
	mem_free(name);
}

/* A turn that did not become whole is a failure, told with what came of it. */
static void turn_ended(struct mcp *m, struct job *job, struct val result)
{
	struct val turn = val_get(result, "turn"), error = val_get(turn, "error");
	char *state = val_get_text(turn, "state"), *why = val_get_text(error, "message");

	if (state && !strcmp(state, "done")) {
		answer_result(m, job, result);
	} else {
		char *words = mem_printf("the answer is %s%s%s; get_thread has what came of it", state ? state : "lost",
			why ? ": " : "", why ? why : "");

		answer_failure(m, &job->to, words);
		mem_free(words);
	}
	mem_free(state);
	mem_free(why);
}

static void stop_turn(struct mcp *m, const char *turn)
{
	pack_kv_text(session_request(m->io.session, "cancel"), "turn", turn);
	(void)session_send(m->io.session, 0, SESSION_REPEAT);
}

void mcp_on_reply(void *ctx, uint64_t tag, struct val error, struct val result)
{
	struct mcp *m = ctx;
	struct job *job = tag ? &m->jobs[tag - 1] : NULL;
	char *turn;

	if (!job || !job->used)
		return;
	if (val_type(error) == VAL_MAP) {
		if (!job->cancelled)
			failed(m, job, error);
	} else if (job->ended) {
		turn_ended(m, job, result);
	} else if (job->tool->asks) {
		turn = val_get_text(result, "turn");
		(void)snprintf(job->turn, sizeof(job->turn), "%s", turn ? turn : "");
		mem_free(turn);
		if (!job->cancelled)
			return;
		stop_turn(m, job->turn);
	} else {
		answer_result(m, job, result);
	}
	mcp_job_end(m, job);
}

static void tell_progress(struct mcp *m, struct job *job, struct val note)
{
	uint64_t now = clock_mono_ms();
	struct json_out w;
	const char *s = "";
	size_t n = 0;

	if (!job->token || now - job->told_ms < PROGRESS_MS)
		return;
	job->told_ms = now;
	begin_notification(m, &w, "notifications/progress");
	json_out_key(&w, "progressToken");
	json_out_raw(&w, job->token, strlen(job->token));
	json_out_key(&w, "progress");
	json_out_int(&w, ++job->progress);
	if (job->to.revision >= MCP_2025_03_26 && val_str_is(val_get(note, "kind"), "status") && val_get_str(note, "text", &s, &n)) {
		json_out_key(&w, "message");
		json_out_string(&w, s, n);
	}
	end_notification(m, &w);
}

/* The end of a turn: what is stored of it is what the tool gives. */
static void read_turn(struct mcp *m, struct job *job)
{
	job->ended = true;
	pack_kv_text(session_request(m->io.session, "turn.get"), "turn", job->turn);
	if (session_send(m->io.session, (uint64_t)(job - m->jobs) + 1, SESSION_REPEAT) < 0) {
		session_drop(m->io.session);
		answer_failure(m, &job->to, BUSY);
		mcp_job_end(m, job);
	}
}

void mcp_on_note(void *ctx, const char *method, size_t n, struct val params)
{
	struct mcp *m = ctx;

	if (n != 6 || memcmp(method, "stream", 6) != 0)
		return;
	for (size_t i = 0; i < array_len(m->jobs); i++) {
		struct job *job = &m->jobs[i];

		if (!job->used || job->ended || !*job->turn || !val_str_is(val_get(params, "turn"), job->turn))
			continue;
		if (val_str_is(val_get(params, "kind"), "done"))
			read_turn(m, job);
		else
			tell_progress(m, job, params);
	}
}

/* ---- calls ---- */

static char *progress_token(const struct call *c)
{
	struct json j;
	struct json_slice raw;

	if (!mcp_meta(c, "progressToken", &j) || (json_peek(&j) != JSON_STRING && json_peek(&j) != JSON_NUMBER))
		return NULL;
	return json_raw(&j, &raw) && raw.n <= CALL_ID ? mem_ndup(raw.p, raw.n) : NULL;
}

static void add_question(struct pack *p, bool has_thread)
{
	char key[UUID_LEN + 1];

	uuid_v4(key);
	pack_kv_text(p, "key", key);
	pack_kv_bool(p, "stream", true);
	if (has_thread) {
		pack_kv_bool(p, "create", true);
		return;
	}
	pack_key(p, "tags");
	pack_array(p);
	pack_text(p, "mcp");
	pack_close(p);
}

static bool has_thread(const struct json_slice *arguments)
{
	struct call c = { .params = *arguments };
	struct json j;

	return call_param(&c, "thread", &j);
}

/* What is wrong with the arguments is a matter for the model since 2025-11-25, of the protocol before. */
static void bad_arguments(struct mcp *m, const struct mcp_to *to, const char *why)
{
	if (to->revision >= MCP_2025_11_25)
		answer_failure(m, to, why);
	else
		mcp_error(m, to, RPC_PARAMS, why);
}

static struct job *free_job(struct mcp *m)
{
	for (size_t i = 0; i < array_len(m->jobs); i++)
		if (!m->jobs[i].used)
			return &m->jobs[i];
	return NULL;
}

static void job_begin(struct job *job, const struct mcp_to *to)
{
	*job = (struct job){ .used = true, .id = mem_dup(to->id), .to = *to };
	job->to.id = job->id;
	(void)batch_ref(to->batch);
}

static void start_tool(struct mcp *m, const struct mcp_to *to, const struct call *c, const struct mcp_tool *tool, struct job *job)
{
	struct json_slice arguments = { 0 };
	struct json j;
	char why[200] = "";
	unsigned flags = tool->asks ? SESSION_REPEAT | SESSION_STREAM : SESSION_REPEAT;
	struct pack *p = session_request(m->io.session, tool->method);

	if (call_param(c, "arguments", &j))
		(void)json_raw(&j, &arguments);
	if (mcp_arguments(tool, &arguments, p, why)) {
		session_drop(m->io.session);
		bad_arguments(m, to, why);
		return;
	}
	if (tool->asks)
		add_question(p, has_thread(&arguments));
	if (session_send(m->io.session, (uint64_t)(job - m->jobs) + 1, flags) < 0) {
		session_drop(m->io.session);
		answer_failure(m, to, BUSY);
		return;
	}
	job_begin(job, to);
	job->tool = tool;
	job->token = progress_token(c);
}

void mcp_call_tool(struct mcp *m, const struct mcp_to *to, const struct call *c)
{
	char *name = call_param_text(c, "name", 128);
	const struct mcp_tool *tool = name ? mcp_tool_find(name) : NULL;
	struct job *job = free_job(m);

	if (!tool)
		mcp_error(m, to, RPC_PARAMS, name ? "unknown tool" : "the name of a tool is missing");
	else if (!job)
		answer_failure(m, to, BUSY);
	else
		start_tool(m, to, c, tool, job);
	mem_free(name);
}

/* Nothing that could be listened for ever changes: it is told so, and lasts until it is cancelled. */
void mcp_listen(struct mcp *m, const struct mcp_to *to)
{
	struct job *job = free_job(m);
	struct json_out w;

	if (!job) {
		mcp_error(m, to, RPC_INVALID, BUSY);
		return;
	}
	job_begin(job, to);
	begin_notification(m, &w, "notifications/subscriptions/acknowledged");
	json_out_key(&w, "_meta");
	json_out_object(&w);
	json_out_key(&w, MCP_META "subscriptionId");
	json_out_raw(&w, to->id, strlen(to->id));
	json_out_object_end(&w);
	json_out_key(&w, "notifications");
	json_out_object(&w);
	json_out_object_end(&w);
	end_notification(m, &w);
}

/* No answer follows then. A question is stopped in the daemon, too. */
void mcp_cancelled(struct mcp *m, const struct call *c)
{
	struct json j;
	struct json_slice raw;

	if (!call_param(c, "requestId", &j) || !json_raw(&j, &raw))
		return;
	for (size_t i = 0; i < array_len(m->jobs); i++) {
		struct job *job = &m->jobs[i];

		if (!job->used || job->cancelled || strlen(job->id) != raw.n || memcmp(job->id, raw.p, raw.n) != 0)
			continue;
		if (job->tool && job->tool->asks && !*job->turn) {
			job->cancelled = true;
			return;
		}
		if (*job->turn && !job->ended)
			stop_turn(m, job->turn);
		else if (job->tool)
			session_forget(m->io.session, i + 1);
		mcp_job_end(m, job);
		return;
	}
}
