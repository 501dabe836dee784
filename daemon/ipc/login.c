/* What log-ins and changes of passwords share. */
#define LOG_TAG "auth"
#include "daemon/ipc/login.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/server.h"
#include "proto/limits.h"

struct password_policy login_policy(const struct server *s)
{
	return (struct password_policy){ .cost = (unsigned)s->config->password_cost, .max_cost = (unsigned)s->config->password_max_cost };
}

static struct backoff_policy waits(const struct server *s)
{
	const struct config *c = s->config;

	return (struct backoff_policy){ (unsigned)c->login_free, (uint64_t)c->login_wait, (uint64_t)c->login_wait_max, (uint64_t)c->login_forget };
}

char *login_password(struct args *a, const char *key, enum arg_need need)
{
	struct arg_str s = args_str(a, key, need, 1, LIMIT_PASSWORD);

	if (!args_ok(a) || !s.s)
		return NULL;
	if (password_valid(s.s, s.n) != 0) {
		a->bad = true;
		snprintf(a->why, sizeof(a->why), "%s holds a control character", key);
		return NULL;
	}
	return args_dup(s);
}

struct actor login_actor(const struct call *call)
{
	struct conn *c = call_conn(call);

	return (struct actor){ .name = mem_dup(call->account.name), .uid = c ? (int64_t)c->peer.uid : -1 };
}

bool login_may_try(struct call *call, const char *account)
{
	struct server *s = call->server;
	struct backoff_policy p = waits(s);
	uint64_t wait = backoff_wait(s->backoff, &p, call_conn(call)->peer.uid, account, uv_now(&s->loop));

	if (!wait)
		return true;
	reply_error_retry(call, PROTO_E_RATE_LIMITED, (int64_t)wait, "too many failures: try again in %llu s", (unsigned long long)(wait + 999) / 1000);
	return false;
}

static void on_recorded(struct job *j)
{
	if (j->r != 0)
		log_error("not recorded: %s", j->why ? j->why : strerror(-j->r));
	op_record_free(container_of(j, struct op_record, job));
}

void login_failed(struct call *call, const char *account)
{
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	struct backoff_policy p = waits(s);
	struct op_record *op;

	if (!c)
		return;
	c->login_failures++;
	backoff_failed(s->backoff, &p, c->peer.uid, account, uv_now(&s->loop));
	log_warn("%llu: uid %u failed to log in", (unsigned long long)c->id, (unsigned)c->peer.uid);
	op = op_record_new();
	op->kind = "login";
	op->failed = true;
	op->account = mem_dup(account);
	op->actor = login_actor(call);
	op->job.done = on_recorded;
	if (store_submit(s->store, STORE_WRITER, &op->job) != 0)
		op_record_free(op);
}

bool login_hash(struct call *call, struct hash_job *j)
{
	int r;

	j->policy = login_policy(call->server);
	r = hasher_submit(call->server->hasher, j);
	if (r == 0)
		return true;
	reply_error_retry(call, PROTO_E_BUSY, 200, "%s", r == -EALREADY ? "another password of yours is being checked" : "too many passwords are being checked");
	hash_job_free(j);
	return false;
}

void login_close(struct server *s, const char *account, const char *token, const struct conn *but)
{
	list_foreach_safe(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);

		if (c != but && c->logged_in && !strcmp(c->account.id, account) && (!token || !strcmp(c->token, token)))
			conn_close(c, "logged_out");
	}
}
