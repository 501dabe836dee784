/* libragchat: the lasting connection of client/session.h with JSON on its outside. */
#include "client/lib/ragchat.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "client/json_wire.h"
#include "client/secret.h"
#include "client/session.h"
#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/utf8.h"
#include "proto/limits.h"

#define exported __attribute__((visibility("default")))

enum task_kind { TASK_CALL, TASK_STREAM };

struct task {
	int64_t id; /* 0: the place is free */
	enum task_kind kind;
	bool asked;     /* its request waits for the reply */
	bool cancel;    /* as soon as its turn is known */
	bool forgotten;
	char turn[40];
	ragchat_event_fn *on_event;
	ragchat_reply_fn *on_reply;
	void *ctx;
};

struct ragchat {
	struct session *session;
	char *socket, *error;
	struct task *tasks;
	size_t ntasks;
	int64_t last_id;
	struct buf json, text;
};

/* ---- tasks ---- */

static struct task *task_of(struct ragchat *c, int64_t id)
{
	for (size_t i = 0; i < c->ntasks && id > 0; i++)
		if (c->tasks[i].id == id)
			return &c->tasks[i];
	return NULL;
}

static struct task *task_new(struct ragchat *c)
{
	struct task *grown;

	for (size_t i = 0; i < c->ntasks; i++)
		if (!c->tasks[i].id)
			return &c->tasks[i];
	grown = realloc(c->tasks, (c->ntasks + 16) * sizeof(*grown));
	if (!grown)
		return NULL;
	memset(grown + c->ntasks, 0, 16 * sizeof(*grown));
	c->tasks = grown;
	c->ntasks += 16;
	return &c->tasks[c->ntasks - 16];
}

static int fail(struct ragchat *c, const char *why)
{
	char *copy = mem_dup(why);

	mem_free(c->error);
	c->error = copy;
	return -1;
}

/* ---- what comes ---- */

static const char *as_json(struct ragchat *c, struct val v, size_t *n)
{
	struct json_out w;

	buf_reset(&c->json);
	json_out_init(&w, &c->json);
	if (val_present(v))
		val_to_json(v, &w);
	else
		json_out_raw(&w, "{}", 2);
	if (n)
		*n = c->json.len;
	return buf_cstr(&c->json);
}

static void tell(const struct task *t, struct ragchat_event *event)
{
	event->size = sizeof(*event);
	if (!t->forgotten && t->on_event)
		t->on_event(t->ctx, t->id, event);
}

static void stop_turn(struct ragchat *c, const char *turn)
{
	pack_kv_text(session_request(c->session, "cancel"), "turn", turn);
	(void)session_send(c->session, 0, SESSION_REPEAT);
}

static void leave_turn(struct ragchat *c, const char *turn)
{
	pack_kv_text(session_request(c->session, "detach"), "turn", turn);
	(void)session_send(c->session, 0, SESSION_REPEAT);
	session_unfollow(c->session, turn);
}

static void accepted(struct ragchat *c, struct task *t, struct val result)
{
	char *turn = val_get_text(result, "turn");
	struct task was;

	(void)snprintf(t->turn, sizeof(t->turn), "%s", turn ? turn : "");
	mem_free(turn);
	was = *t; /* the callback may ask anew, and tasks move */
	if (was.cancel)
		stop_turn(c, was.turn);
	if (was.forgotten) {
		leave_turn(c, was.turn);
		*t = (struct task){ 0 };
		return;
	}
	tell(&was, &(struct ragchat_event){ .kind = RAGCHAT_ACCEPTED, .turn = was.turn, .json = as_json(c, result, NULL) });
}

static void refused(struct ragchat *c, const struct task *t, struct val error)
{
	char *name = val_get_text(error, "name"), *why = val_get_text(error, "message");

	tell(t, &(struct ragchat_event){ .kind = RAGCHAT_REFUSED, .code = (int)val_get_int(error, "code", 0),
		.name = name ? name : "", .text = why ? why : "", .text_len = why ? strlen(why) : 0, .turn = "",
		.json = as_json(c, error, NULL) });
	mem_free(name);
	mem_free(why);
}

static void replied(struct ragchat *c, const struct task *t, struct val error, struct val result)
{
	struct ragchat_reply reply = { .size = sizeof(reply) };
	char *name = NULL, *why = NULL;

	if (val_type(error) == VAL_MAP) {
		name = val_get_text(error, "name");
		why = val_get_text(error, "message");
		reply.code = (int)val_get_int(error, "code", 0);
		reply.name = name ? name : "";
		reply.message = why ? why : "";
		reply.json = as_json(c, error, &reply.json_len);
	} else {
		reply.json = as_json(c, result, &reply.json_len);
	}
	if (!t->forgotten && t->on_reply)
		t->on_reply(t->ctx, t->id, &reply);
	mem_free(name);
	mem_free(why);
}

static void on_reply(void *ctx, uint64_t tag, struct val error, struct val result)
{
	struct ragchat *c = ctx;
	struct task *t = task_of(c, (int64_t)tag), was;
	bool good = val_type(error) != VAL_MAP;

	if (!t)
		return;
	t->asked = false;
	if (good && t->kind == TASK_STREAM) {
		accepted(c, t, result);
		return;
	}
	was = *t;
	*t = (struct task){ 0 };
	if (was.kind == TASK_STREAM)
		refused(c, &was, error);
	else
		replied(c, &was, error, result);
}

static void piece(struct ragchat *c, const struct task *t, int kind, struct val note)
{
	const char *s = "";
	size_t n = 0;

	(void)val_get_str(note, "text", &s, &n);
	buf_reset(&c->text);
	(void)buf_add(&c->text, s, n);
	tell(t, &(struct ragchat_event){ .kind = kind, .turn = t->turn, .text = buf_cstr(&c->text), .text_len = n,
		.off = (uint64_t)val_get_int(note, "off", 0), .json = as_json(c, note, NULL) });
}

static void ended(struct ragchat *c, const struct task *t, struct val note)
{
	char *state = val_get_text(note, "state");

	tell(t, &(struct ragchat_event){ .kind = RAGCHAT_DONE, .turn = t->turn, .state = state ? state : "",
		.length = (uint64_t)val_get_int(note, "length", 0), .json = as_json(c, note, NULL) });
	mem_free(state);
}

static void note_for(struct ragchat *c, struct task *t, struct val note)
{
	struct val kind = val_get(note, "kind");
	struct task was = *t;

	if (val_str_is(kind, "done"))
		*t = (struct task){ 0 };
	if (val_str_is(kind, "delta"))
		piece(c, &was, RAGCHAT_DELTA, note);
	else if (val_str_is(kind, "reasoning"))
		piece(c, &was, RAGCHAT_REASONING, note);
	else if (val_str_is(kind, "done"))
		ended(c, &was, note);
	else
		tell(&was, &(struct ragchat_event){ .kind = RAGCHAT_EVENT, .turn = was.turn, .json = as_json(c, note, NULL) });
}

static void on_note(void *ctx, const char *method, size_t n, struct val params)
{
	struct ragchat *c = ctx;
	struct val turn = val_get(params, "turn");

	if (n != 6 || memcmp(method, "stream", 6) != 0)
		return;
	for (size_t i = 0; i < c->ntasks; i++)
		if (c->tasks[i].id && *c->tasks[i].turn && val_str_is(turn, c->tasks[i].turn))
			note_for(c, &c->tasks[i], params);
}

/* ---- opening ---- */

exported struct ragchat *ragchat_open(const char *socket, unsigned flags)
{
	struct ragchat *c = calloc(1, sizeof(*c));
	const char *told = socket ? socket : getenv("RAGCHAT_SOCKET");
	struct session_config config = { .name = "libragchat", .autostart = !(flags & RAGCHAT_NO_AUTOSTART),
		.token = secret_token_quietly };
	struct session_handler handler = { .ctx = c, .reply = on_reply, .note = on_note };

	if (!c)
		return NULL;
	c->socket = told && *told ? mem_dup(told) : NULL;
	config.socket = c->socket;
	c->session = session_new(&config, &handler);
	if (!c->session) {
		mem_free(c->socket);
		free(c);
		return NULL;
	}
	return c;
}

exported void ragchat_close(struct ragchat *c)
{
	if (!c)
		return;
	session_free(c->session);
	buf_fini(&c->json);
	buf_fini(&c->text);
	mem_free(c->socket);
	mem_free(c->error);
	free(c->tasks);
	free(c);
}

exported int ragchat_connect(struct ragchat *c)
{
	char *why = NULL;

	if (!session_connect(c->session, &why))
		return 0;
	(void)fail(c, why ? why : "no daemon can be reached");
	mem_free(why);
	return -1;
}

exported const char *ragchat_error(const struct ragchat *c)
{
	return c->error ? c->error : "";
}

exported int ragchat_fd(const struct ragchat *c)
{
	return session_fd(c->session);
}

exported int ragchat_waiting(const struct ragchat *c)
{
	int n = 0;

	for (size_t i = 0; i < c->ntasks; i++)
		n += c->tasks[i].id && !(c->tasks[i].forgotten && !c->tasks[i].asked);
	return n;
}

exported int ragchat_process(struct ragchat *c)
{
	session_run(c->session);
	return ragchat_waiting(c);
}

exported int ragchat_wait(struct ragchat *c, int timeout_ms)
{
	struct pollfd p = { .fd = ragchat_fd(c), .events = POLLIN };

	(void)poll(&p, 1, timeout_ms);
	return ragchat_process(c);
}

/* ---- asking ---- */

static bool has_key(const char *params)
{
	struct json j;
	struct json_slice key;

	json_init(&j, params ? params : "", params ? strlen(params) : 0, 64);
	if (json_object(&j))
		while (json_key(&j, &key))
			if (json_slice_is(&key, "key"))
				return true;
	return false;
}

/* The request is open and has its own params; those of the caller follow: of equal keys the first counts. */
static int64_t send_task(struct ragchat *c, struct pack *p, const char *method, const char *params, struct task task,
	unsigned flags)
{
	const char *why = NULL;
	struct task *t;
	int r;

	if (json_wire_params(p, method, params ? params : "", params ? strlen(params) : 0, &why)) {
		session_drop(c->session);
		return fail(c, why ? why : "params are not valid");
	}
	t = task_new(c);
	if (!t) {
		session_drop(c->session);
		return fail(c, "out of memory");
	}
	task.id = ++c->last_id;
	task.asked = true;
	*t = task;
	r = session_send(c->session, (uint64_t)task.id, flags);
	if (!r)
		return task.id;
	*t = (struct task){ 0 };
	session_drop(c->session);
	return fail(c, r == -EMSGSIZE ? "the request is larger than a message may be" : "too many requests wait for their replies");
}

static void add_text(struct pack *p, const char *key, const char *text)
{
	pack_kv_text(p, key, text ? text : "");
}

static int64_t follow(struct ragchat *c, const char *method, const char *key, const char *text, const char *params,
	ragchat_event_fn *fn, void *ctx)
{
	struct task task = { .kind = TASK_STREAM, .on_event = fn, .ctx = ctx };
	struct json_slice raw = { .p = text ? text : "", .n = text ? strlen(text) : 0 };
	struct pack *p;
	char id[UUID_LEN + 1];

	if (!utf8_valid_no_nul(raw.p, raw.n))
		return fail(c, "the text is not valid UTF-8");
	p = session_request(c->session, method);
	add_text(p, key, text);
	if (strcmp(method, "attach") != 0)
		pack_kv_bool(p, "stream", true);
	if (strcmp(method, "attach") != 0 && !has_key(params)) {
		uuid_v4(id);
		pack_kv_text(p, "key", id);
	}
	return send_task(c, p, method, params, task, SESSION_REPEAT | SESSION_STREAM);
}

exported int64_t ragchat_ask(struct ragchat *c, const char *question, const char *params, ragchat_event_fn *fn, void *ctx)
{
	return follow(c, "ask", "text", question, params, fn, ctx);
}

exported int64_t ragchat_retry(struct ragchat *c, const char *turn, const char *params, ragchat_event_fn *fn, void *ctx)
{
	return follow(c, "turn.retry", "turn", turn, params, fn, ctx);
}

exported int64_t ragchat_attach(struct ragchat *c, const char *turn, ragchat_event_fn *fn, void *ctx)
{
	return follow(c, "attach", "turn", turn, NULL, fn, ctx);
}

exported int64_t ragchat_call(struct ragchat *c, const char *method, const char *params, ragchat_reply_fn *fn, void *ctx)
{
	struct task task = { .kind = TASK_CALL, .on_reply = fn, .ctx = ctx };
	size_t n = method ? strlen(method) : 0;

	if (!n || n > LIMIT_METHOD || !utf8_valid_no_nul(method, n))
		return fail(c, "a method has a name of 1 to 64 bytes");
	return send_task(c, session_request(c->session, method), method, params, task, session_flags_of(method, n));
}

exported int ragchat_cancel(struct ragchat *c, int64_t id)
{
	struct task *t = task_of(c, id);

	if (!t)
		return fail(c, "it has ended");
	if (t->kind == TASK_CALL)
		ragchat_forget(c, id);
	else if (t->asked)
		t->cancel = true;
	else
		stop_turn(c, t->turn);
	return 0;
}

exported void ragchat_forget(struct ragchat *c, int64_t id)
{
	struct task *t = task_of(c, id);

	if (!t)
		return;
	t->forgotten = true;
	if (t->asked) {
		if (t->kind == TASK_CALL) {
			session_forget(c->session, (uint64_t)id);
			*t = (struct task){ 0 };
		}
		return;
	}
	leave_turn(c, t->turn);
	*t = (struct task){ 0 };
}
