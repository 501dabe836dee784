/* check: what only the daemon can look at. The backend by asking it, the database by reading it, both bounded. */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "daemon/store/check.h"
#include "proto/limits.h"

#define FREE_LOW ((int64_t)256 << 20) /* on the disk of the database */
#define FREE_BAD ((int64_t)32 << 20)

/* Freed when nothing points at it any more: the backend's answer, the timer, the database's. */
struct checking {
	struct call *call;
	uv_timer_t timer;
	unsigned pointers;
	bool replied, backend_wanted, database_wanted, backend_done, database_done;
	enum upstream_result result;
	char *backend_words;
	size_t models;
	struct op_check *op;
};

static void unref(struct checking *k)
{
	if (--k->pointers)
		return;
	mem_free(k->backend_words);
	op_check_free(k->op);
	call_drop(k->call);
	mem_free(k);
}

/* ---- the reply ---- */

static void pack_check(struct pack *p, const char *name, const char *state, const char *text, const char *todo)
{
	pack_map(p);
	pack_kv_text(p, "name", name);
	pack_kv_text(p, "state", state);
	pack_kv_text(p, "text", text);
	pack_kv_text_opt(p, "todo", todo);
	pack_close(p);
}

static void pack_embeddings(struct pack *p, const struct server *s, const char *account)
{
	struct vectors_figures f;
	char *text;

	vectors_figures(s->vectors, account, &f);
	text = mem_printf("%s: passages and questions go there; %lld of your %lld passages have vectors of %s%s%s", f.url, (long long)f.have,
		(long long)f.of, f.model, f.error ? "; " : "", f.error ? f.error : "");
	pack_check(p, "embeddings", f.error ? "warn" : "ok", text, f.error ? "documents are found by their words meanwhile" : NULL);
	mem_free(text);
}

static void pack_backend(struct pack *p, const struct checking *k)
{
	const struct server *s = k->call->server;
	const struct config *c = s->config;
	bool refused = k->backend_done && k->result == UPSTREAM_E_REFUSED;
	char *text;

	if (!s->upstream) {
		pack_check(p, "backend", "ok", "none is configured: answers come from the documents", NULL);
		return;
	}
	text = mem_printf("%s (%s)%s%s", upstream_url(s->upstream), c->url_source ? c->url_source : "?", c->proxy ? ", through a proxy" : "",
		c->ca_file ? ", with an authority of its own" : "");
	if (!k->backend_done)
		pack_check(p, "backend", "fail", "gives no answer in time", "is it busy? see `ragchat config get proxy` and its own log");
	else if (k->result == UPSTREAM_OK)
		pack_check(p, "backend", "ok", text, NULL);
	else if (refused)
		pack_check(p, "backend", "ok", text, NULL);
	else if (k->result == UPSTREAM_E_UNREACHABLE)
		pack_check(p, "backend", "fail", k->backend_words ? k->backend_words : "cannot be reached", "ragchat config set backend ADDRESS");
	else
		pack_check(p, "backend", "warn", k->backend_words ? k->backend_words : "does not name its models",
			"it answered; without a list of models only `ragchat models` is missing");
	mem_free(text);
	if (refused)
		pack_check(p, "key", "fail", k->backend_words ? k->backend_words : "the backend refuses the key", "ragchat config set api_key");
	else
		pack_check(p, "key", "ok", c->key ? "there is one" : "none, and none was asked for", NULL);
}

static void pack_file(struct pack *p, const char *name, const struct check_file *f)
{
	if (f->words)
		pack_check(p, name, "fail", f->words, "stop the daemon, keep a copy, restore a backup (`ragchat backup`)");
	else if (f->cut)
		pack_check(p, name, "ok", "sound as far as the time went", NULL);
	else
		pack_check(p, name, "ok", "sound", NULL);
}

static void pack_disk(struct pack *p, const struct server *s)
{
	struct statvfs v;
	int64_t left;
	char *text;

	if (statvfs(store_path(s->store), &v) < 0) {
		pack_check(p, "disk", "warn", strerror(errno), NULL);
		return;
	}
	left = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	text = mem_printf("%lld MiB free for the database", (long long)(left >> 20));
	pack_check(p, "disk", left < FREE_BAD ? "fail" : left < FREE_LOW ? "warn" : "ok", text,
		left < FREE_LOW ? "make room: when it is full no question is taken" : NULL);
	mem_free(text);
}

static void pack_database(struct pack *p, const struct checking *k)
{
	struct store_figures f;

	store_figures(k->call->server->store, &f);
	if (f.read_only)
		pack_check(p, "writing", "fail", "the database cannot be written", "make room on its disk, look at its permissions");
	if (!k->database_wanted) {
		pack_check(p, "database", "skip", "its integrity is looked at for an admin", NULL);
	} else if (!k->database_done || k->op->job.r != 0) {
		pack_check(p, "database", k->database_done ? "fail" : "warn",
			k->database_done ? (k->op->job.why ? k->op->job.why : "cannot be read") : "no verdict in time", NULL);
	} else {
		pack_file(p, "database", &k->op->chat);
		pack_file(p, "library", &k->op->library);
	}
	pack_disk(p, k->call->server);
}

static void reply(struct checking *k)
{
	struct pack p;

	if (k->replied)
		return;
	k->replied = true;
	if (!uv_is_closing((uv_handle_t *)&k->timer))
		uv_timer_stop(&k->timer);
	if (!reply_begin(k->call, &p))
		return;
	pack_key(&p, "checks");
	pack_array(&p);
	pack_backend(&p, k);
	if (k->call->server->vectors)
		pack_embeddings(&p, k->call->server, k->call->account.id);
	pack_database(&p, k);
	pack_close(&p);
	reply_end(k->call, &p);
}

static void on_closed(uv_handle_t *h)
{
	unref(h->data);
}

static void end(struct checking *k)
{
	if (k->replied || (k->backend_wanted && !k->backend_done) || (k->database_wanted && !k->database_done))
		return;
	reply(k);
	uv_close((uv_handle_t *)&k->timer, on_closed);
}

static void on_time(uv_timer_t *t)
{
	struct checking *k = t->data;

	reply(k);
	uv_close((uv_handle_t *)&k->timer, on_closed);
}

/* ---- the looks ---- */

static void on_models(void *ctx, const struct upstream_end *upstream, const struct upstream_model *rows, size_t n)
{
	struct checking *k = ctx;

	(void)rows;
	k->backend_done = true;
	k->result = upstream->result;
	k->models = n;
	k->backend_words = mem_dup(upstream->text);
	end(k);
	unref(k);
}

static void on_checked(struct job *j)
{
	struct checking *k = j->ctx;

	k->database_done = true;
	end(k);
	unref(k);
}

static void look_at_database(struct checking *k)
{
	struct op_check *op = k->op = op_check_new();

	op->job.done = on_checked;
	op->job.ctx = k;
	op->job.deadline_ms = clock_mono_ms() + TIME_CHECK / 2;
	op->job.again = true;
	k->pointers++;
	if (store_submit(k->call->server->store, STORE_SCAN, &op->job) == 0)
		return;
	k->pointers--;
	k->database_done = true;
	op->job.r = STORE_E_BUSY;
}

void rpc_check(struct call *call, struct args *a)
{
	struct server *s = call->server;
	struct checking *k = mem_new(sizeof(*k));

	(void)a;
	k->call = call_keep(call);
	k->pointers = 1; /* the timer's */
	k->backend_wanted = s->upstream != NULL;
	k->database_wanted = call->account.role == ROLE_ADMIN;
	uv_timer_init(&s->loop, &k->timer);
	uv_unref((uv_handle_t *)&k->timer);
	k->timer.data = k;
	uv_timer_start(&k->timer, on_time, TIME_CHECK, 0);
	if (k->database_wanted)
		look_at_database(k);
	if (k->backend_wanted) {
		k->pointers++;
		upstream_models(s->upstream, on_models, k);
	}
	end(k);
}
