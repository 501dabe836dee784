/*
 * auth.password, auth.token: log-ins. While one is under way the connection takes nothing in, so
 * what comes behind it is judged by its outcome.
 *
 * Whatever the reason of a failure, the words are the same and so is the time: an account that is
 * not there costs a hash as well. The password is wiped with the attempt.
 */
#define LOG_TAG "auth"
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/auth/token.h"
#include "daemon/ipc/login.h"
#include "daemon/ipc/members.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define WRONG "wrong account or password"
#define WRONG_TOKEN "this token is not valid here"
#define TOKENS "a token" /* the name under which failures with tokens are counted and recorded */

struct attempt {
	struct call *call;
	char *name;     /* NULL: by a token */
	char *password;
	struct op_login *found;
};

static bool may_log_in(struct call *call)
{
	struct conn *c = call_conn(call);

	if (call->server->config->auth == AUTH_PEER)
		reply_error(call, PROTO_E_NOT_CONFIGURED, "this daemon knows you by your uid; there is nothing to log in to (auth = peer)");
	else if (c->logged_in)
		reply_error(call, PROTO_E_CONFLICT, "this connection is logged in as '%s' already", c->account.name);
	else
		return true;
	return false;
}

static void attempt_end(struct attempt *t)
{
	struct conn *c = call_conn(t->call);

	if (c && c->login_failures >= LIMIT_LOGINS)
		conn_close(c, "logins");
	else if (c)
		conn_release(c);
	call_drop(t->call);
	mem_free(t->name);
	mem_wipe(t->password, t->password ? strlen(t->password) : 0);
	op_login_free(t->found);
	mem_free(t);
}

static void on_job_done(struct job *j)
{
	if (j->r != 0)
		log_error("log-in not kept: %s", j->why ? j->why : strerror(-j->r));
	op_record_free(container_of(j, struct op_record, job));
}

static void record(struct attempt *t)
{
	struct server *s = t->call->server;
	struct op_record *op = op_record_new();

	op->kind = t->name ? "login" : "login.token";
	op->account = mem_dup(t->found->account.name);
	op->actor = login_actor(t->call);
	op->detail = t->name ? NULL : mem_dup(t->found->token);
	memcpy(op->seen, t->found->account.id, sizeof(op->seen));
	memcpy(op->used, t->found->token, sizeof(op->used));
	op->job.done = on_job_done;
	if (store_submit(s->store, STORE_WRITER, &op->job) != 0)
		op_record_free(op);
}

/* With both, uid and password have to name the same account. */
static bool uid_fits(const struct attempt *t, const struct conn *c)
{
	return t->call->server->config->auth == AUTH_PASSWORD || t->found->uid == (int64_t)c->peer.uid;
}

static void noted(struct call *call)
{
	call_drop(call);
}

static void succeed(struct attempt *t, struct conn *c)
{
	const struct server *s = t->call->server;
	struct pack p;

	conn_log_in(c, &t->found->account);
	if (s->config->mode == MODE_USER && !strcmp(c->account.id, s->account.id))
		c->account.role = ROLE_ADMIN; /* whose daemon it is, as by uid */
	/* What is shared with a group is shared with those whose uid the kernel puts into it. */
	if (t->found->uid == (int64_t)c->peer.uid)
		members_note(call_keep(t->call), noted);
	memcpy(c->token, t->found->token, sizeof(c->token));
	mem_free(t->call->account.name);
	t->call->account = account_copy(&c->account);
	record(t);
	log_info("%llu: uid %u is logged in as %s", (unsigned long long)c->id, (unsigned)c->peer.uid, log_text(c->account.name, strlen(c->account.name)));
	if (!reply_begin(t->call, &p))
		return;
	pack_kv_text(&p, "account", c->account.name);
	pack_kv_text(&p, "role", account_role_name(c->account.role));
	if (t->found->expires_us)
		pack_stamp(&p, "expires", t->found->expires_us);
	reply_end(t->call, &p);
}

static void fail(struct attempt *t)
{
	login_failed(t->call, t->name ? t->name : TOKENS);
	reply_error(t->call, PROTO_E_UNAUTHENTICATED, "%s", t->name ? WRONG : WRONG_TOKEN);
}

/* ---- by password ---- */

static void on_improved(struct job *j)
{
	op_password_set_free(container_of(j, struct op_password_set, job));
}

/* The hash was weaker than new ones are: the password is at hand now. */
static void improve(struct attempt *t, const struct hash_job *j)
{
	struct op_password_set *op = op_password_set_new();

	op->name = mem_dup(t->name);
	op->hash = mem_dup(j->made);
	op->was = mem_dup(j->hash);
	op->job.done = on_improved;
	if (store_submit(t->call->server->store, STORE_WRITER, &op->job) != 0)
		op_password_set_free(op);
}

static void on_checked(struct hash_job *j)
{
	struct attempt *t = j->ctx;
	struct conn *c = call_conn(t->call);

	if (j->refused)
		log_error("the password of an account costs more than password_max_cost allows, or is no yescrypt hash: set it anew");
	if (c && j->r != 0) {
		reply_error(t->call, PROTO_E_SHUTTING_DOWN, NULL);
	} else if (c && j->matched && uid_fits(t, c)) {
		backoff_succeeded(t->call->server->backoff, c->peer.uid, t->name);
		if (j->made[0])
			improve(t, j);
		succeed(t, c);
	} else if (c) {
		fail(t);
	}
	hash_job_free(j);
	attempt_end(t);
}

static void on_account(struct job *j)
{
	struct attempt *t = j->ctx;
	struct conn *c = call_conn(t->call);
	struct hash_job *h;

	if (!c || (j->r != 0 && j->r != STORE_E_NOT_FOUND)) {
		reply_store_error(t->call, j->r, NULL, NULL, "account");
		attempt_end(t);
		return;
	}
	h = hash_job_new();
	h->uid = c->peer.uid;
	h->check = true;
	h->password = t->password;
	t->password = NULL;
	h->hash = t->found->hash;
	t->found->hash = NULL;
	h->done = on_checked;
	h->ctx = t;
	if (!login_hash(t->call, h))
		attempt_end(t);
}

/* attempt_end frees the op with it. */
static void look_up(struct attempt *t, void (*done)(struct job *))
{
	struct job *j = &t->found->job;

	conn_hold(call_conn(t->call));
	j->done = done;
	j->ctx = t;
	if (store_submit(t->call->server->store, STORE_KEYED, j) == 0)
		return;
	reply_store_error(t->call, STORE_E_BUSY, NULL, NULL, "account");
	attempt_end(t);
}

void rpc_auth_password(struct call *call, struct args *a)
{
	struct arg_str account = args_str(a, "account", ARG_NEEDED, 1, LIMIT_ACCOUNT);
	char *password = login_password(a, "password", ARG_NEEDED);
	struct attempt *t;

	if (!args_ok(a)) {
		mem_wipe(password, password ? strlen(password) : 0);
		reply_bad_args(call, a);
		return;
	}
	t = mem_new(sizeof(*t));
	*t = (struct attempt){ .call = call_keep(call), .name = args_dup(account), .password = password, .found = op_login_new() };
	t->found->name = mem_dup(t->name);
	if (may_log_in(call) && login_may_try(call, t->name))
		look_up(t, on_account);
	else
		attempt_end(t);
}

/* ---- by token ---- */

static void on_token(struct job *j)
{
	struct attempt *t = j->ctx;
	struct conn *c = call_conn(t->call);
	bool fits = c && j->r == 0 && (t->found->token_uid < 0 || t->found->token_uid == (int64_t)c->peer.uid) && uid_fits(t, c);

	if (fits)
		succeed(t, c);
	else if (c && (j->r == 0 || j->r == STORE_E_NOT_FOUND))
		fail(t);
	else
		reply_store_error(t->call, j->r, NULL, NULL, "token");
	attempt_end(t);
}

void rpc_auth_token(struct call *call, struct args *a)
{
	struct arg_str token = args_str(a, "token", ARG_NEEDED, 1, LIMIT_NAME);
	struct attempt *t;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	t = mem_new(sizeof(*t));
	*t = (struct attempt){ .call = call_keep(call), .found = op_login_new() };
	/* What is no token at all finds nothing, as one that is not known. */
	(void)token_digest(token.s, token.n, t->found->digest);
	if (may_log_in(call) && login_may_try(call, TOKENS))
		look_up(t, on_token);
	else
		attempt_end(t);
}
