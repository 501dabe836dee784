/* status, model.list, daemon.stop, daemon.reload: the daemon about itself. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

/* Resident bytes, from /proc/self/statm; 0 when unknown. */
static int64_t resident_bytes(void)
{
	struct buf b;
	long pages = 0;

	buf_init(&b, 256);
	if (file_read("/proc/self/statm", &b) == 0)
		sscanf(buf_cstr(&b), "%*d %ld", &pages);
	buf_fini(&b);
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* What others do is the admins' to know. In user mode there are no others. */
static bool sees_all(const struct call *call)
{
	return call->account.role == ROLE_ADMIN;
}

static void pack_server(struct pack *p, struct server *s, bool all)
{
	pack_key(p, "server");
	pack_map(p);
	pack_kv_text(p, "version", RAGCHAT_VERSION);
	pack_kv_int(p, "pid", getpid());
	pack_kv_text(p, "instance", s->instance);
	pack_stamp(p, "started", (int64_t)s->started_us);
	pack_kv_int(p, "uptime_ms", (clock_wall_us() - (int64_t)s->started_us) / 1000);
	pack_kv_text(p, "socket", s->socket_path);
	pack_kv_text(p, "greeting", s->config->greeting ? s->config->greeting : "");
	if (all) {
		pack_kv_text_opt(p, "config", s->config->file);
		pack_kv_int(p, "rss", resident_bytes());
	}
	pack_kv_text(p, "sandbox", s->sandbox ? s->sandbox : "none");
	pack_kv_bool(p, "stopping", s->chat.stopping);
	if (all)
		pack_kv_text(p, "log", s->config->log);
	pack_close(p);
}

static void pack_lanes(struct pack *p, const struct store_figures *f)
{
	static const char *const lanes[STORE_THREADS] = { "writer", "keyed", "scan", "library", "index", "segments", "ahead" };

	pack_key(p, "lanes");
	pack_map(p);
	for (size_t i = 0; i < STORE_THREADS; i++) {
		pack_key(p, lanes[i]);
		pack_map(p);
		pack_kv_int(p, "queued", f->queued[i]);
		pack_kv_int(p, "done", (int64_t)f->jobs_done[i]);
		pack_kv_int(p, "busy_ms", (int64_t)f->busy_ms[i]);
		pack_close(p);
	}
	pack_close(p);
}

static void pack_database(struct pack *p, const struct server *s, const struct op_stats *op, bool all)
{
	struct store_figures f;

	store_figures(s->store, &f);
	pack_key(p, "database");
	pack_map(p);
	pack_kv_int(p, "schema", op->schema);
	pack_kv_int(p, "threads", op->threads);
	pack_kv_int(p, "turns", op->turns);
	pack_kv_bool(p, "read_only", f.read_only);
	if (all) {
		pack_kv_text(p, "path", store_path(s->store));
		pack_kv_text_opt(p, "journal_mode", op->journal_mode);
		pack_kv_int(p, "bytes", op->bytes);
		pack_kv_int(p, "commits", (int64_t)f.commits);
		pack_kv_int(p, "last_commit_us", (int64_t)f.last_commit_us);
		pack_kv_int(p, "library_longest_us", (int64_t)f.library_longest_us);
		pack_lanes(p, &f);
	}
	pack_close(p);
}

static void pack_backend(struct pack *p, const struct server *s, bool all)
{
	struct upstream_figures f = { 0 };

	pack_key(p, "backend");
	pack_map(p);
	pack_kv_bool(p, "configured", s->upstream != NULL);
	if (s->upstream) {
		upstream_figures(s->upstream, &f);
		pack_kv_text(p, "url", upstream_url(s->upstream));
		pack_kv_text_opt(p, "source", s->config->url_source);
		pack_kv_bool(p, "key", s->config->key != NULL);
		pack_kv_text_opt(p, "model", s->config->model);
	}
	if (s->upstream && all) {
		pack_kv_int(p, "active", f.active);
		pack_kv_int(p, "waiting", f.waiting);
		pack_kv_int(p, "requests", (int64_t)f.requests);
		pack_kv_int(p, "retries", (int64_t)f.retries);
		pack_kv_int(p, "failures", (int64_t)f.failures);
	}
	pack_close(p);
}

/* How far one's own are everybody may know; whether others wait, not. */
static void pack_embeddings(struct pack *p, const struct server *s, const char *account, bool all)
{
	struct vectors_figures f;

	vectors_figures(s->vectors, all ? NULL : account, &f);
	pack_key(p, "embeddings");
	pack_map(p);
	pack_kv_text(p, "model", f.model);
	pack_kv_int(p, "passages", f.have);
	pack_kv_int(p, "of", f.of);
	if (f.passed)
		pack_kv_int(p, "passed_over", f.passed);
	if (all) {
		pack_kv_text(p, "url", f.url);
		pack_kv_bool(p, "working", f.working);
		pack_kv_int(p, "failures", (int64_t)f.failures);
		pack_kv_text_opt(p, "error", f.error);
	}
	pack_close(p);
}

static void pack_search(struct pack *p, const struct server *s)
{
	pack_key(p, "search");
	pack_map(p);
	pack_kv_bool(p, "complete", s->indexer.filled && !s->indexer.failed);
	pack_close(p);
}

static void pack_library(struct pack *p, const struct server *s, const struct op_stats *op, bool all)
{
	struct ask_options none = { 0 };
	bool local = chat_retrieval(&s->chat, &none) == RETRIEVAL_LOCAL;

	pack_key(p, "library");
	pack_map(p);
	pack_kv_text(p, "retrieval", local ? "local" : "off");
	if (all) /* whether somebody has had a document read is not for everybody to know */
		pack_kv_text_opt(p, "sandbox", library_sandbox(s->library));
	pack_kv_bool(p, "leaves_machine", (local && s->upstream) || s->vectors);
	if (s->vectors)
		pack_embeddings(p, s, op->account.id, all);
	pack_kv_int(p, "documents", op->documents);
	pack_kv_int(p, "passages", op->passages);
	if (op->stale) {
		pack_key(p, "rebuilding");
		pack_map(p);
		pack_kv_int(p, "passages", op->rebuilt);
		pack_kv_int(p, "of", op->stale);
		if (op->damaged)
			pack_kv_bool(p, "damaged", true);
		pack_close(p);
	}
	if (all)
		pack_kv_text(p, "path", store_library_path(s->store));
	pack_close(p);
}

static void pack_renderer(struct pack *p, const struct server *s, bool all)
{
	struct pool_figures f = { 0 };

	if (s->renderer)
		pool_figures(s->renderer, &f);
	pack_key(p, "renderer");
	pack_map(p);
	/* Whether somebody has used it already is not for everybody to know. */
	if (all) {
		pack_kv_text(p, "sandbox", s->renderer_level ? s->renderer_level : "not used yet");
		pack_kv_text(p, "path", s->renderer_path);
		pack_kv_int(p, "running", f.running);
		pack_kv_int(p, "waiting", f.waiting);
		pack_kv_int(p, "jobs", (int64_t)f.jobs);
		pack_kv_int(p, "failures", (int64_t)f.failures);
	}
	pack_close(p);
}

static void pack_turns(struct pack *p, const struct server *s, const struct account *whose)
{
	struct chat_counts counts;

	chat_counts(&s->chat, whose, &counts);
	pack_key(p, "turns");
	pack_map(p);
	pack_kv_int(p, "running", (int64_t)counts.running);
	pack_kv_int(p, "queued", (int64_t)counts.queued);
	if (!whose) {
		pack_kv_int(p, "accepted", (int64_t)s->chat.accepted);
		pack_kv_int(p, "ended", (int64_t)s->chat.ended_count);
		pack_kv_int(p, "oldest_unsaved_ms", (int64_t)chat_oldest_unsaved_ms(&s->chat));
	}
	pack_close(p);
}

static void pack_connections(struct pack *p, const struct call *call, bool all)
{
	const struct server *s = call->server;
	const struct conn *own = call_conn(call);
	int64_t open = 0;

	list_foreach(it, &s->conn_list)
		open += own && list_entry(it, struct conn, link)->peer.uid == own->peer.uid;
	pack_key(p, "connections");
	pack_map(p);
	pack_kv_int(p, "open", all ? (int64_t)s->nconns : open);
	if (all) {
		pack_kv_int(p, "ungreeted", (int64_t)s->ungreeted);
		pack_kv_int(p, "uploads", (int64_t)s->uploads);
	}
	pack_close(p);
}

static void on_stats(struct job *j)
{
	struct op_stats *op = container_of(j, struct op_stats, job);
	struct call *call = call_of(j);
	struct server *s = call->server;
	bool all = sees_all(call);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "database");
	} else if (reply_begin(call, &p)) {
		pack_server(&p, s, all);
		pack_kv_text(&p, "account", call->account.name);
		pack_database(&p, s, op, all);
		pack_backend(&p, s, all);
		pack_library(&p, s, op, all);
		pack_search(&p, s);
		pack_renderer(&p, s, all);
		pack_turns(&p, s, all ? NULL : &call->account);
		pack_connections(&p, call, all);
		pack_key(&p, "limits");
		pack_map(&p);
		pack_kv_int(&p, "clients", s->config->max_clients);
		pack_kv_int(&p, "clients_uid", s->config->max_clients_uid);
		pack_kv_int(&p, "checkpoint_ms", s->config->checkpoint);
		pack_kv_int(&p, "keep_threads_ms", s->config->keep_threads);
		pack_close(&p);
		reply_end(call, &p);
	}
	call_drop(call);
	op_stats_free(op);
}

void rpc_status(struct call *call, struct args *a)
{
	struct op_stats *op = op_stats_new();

	(void)a;
	op->account = account_copy(&call->account);
	call_submit(call, STORE_KEYED, &op->job, op_stats_run, on_stats);
}

/* ---- models ---- */

static void pack_model(struct pack *p, const char *id, const char *owned_by, const char *configured)
{
	pack_map(p);
	pack_kv_text(p, "id", id);
	pack_kv_text_opt(p, "owned_by", owned_by);
	pack_kv_bool(p, "default", configured && !strcmp(configured, id));
	pack_close(p);
}

static void on_models(void *ctx, const struct upstream_end *end, const struct upstream_model *rows, size_t n)
{
	struct call *call = ctx;
	struct pack p;

	if (end->result != UPSTREAM_OK) {
		reply_error(call, wire_error_of_turn(upstream_turn_error(end->result)), "%s", end->text ? end->text : "the backend names no models");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "models");
		pack_array(&p);
		for (size_t i = 0; i < n; i++)
			pack_model(&p, rows[i].id, rows[i].owned_by, call->server->config->model);
		pack_close(&p);
		reply_end(call, &p);
	}
	call_drop(call);
}

void rpc_model_list(struct call *call, struct args *a)
{
	struct server *s = call->server;
	struct pack p;

	(void)a;
	if (s->upstream) {
		upstream_models(s->upstream, on_models, call_keep(call));
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "models");
		pack_array(&p);
		pack_model(&p, "documents", "ragchat", "documents");
		pack_close(&p);
		reply_end(call, &p);
	}
}

/* ---- life ---- */

void rpc_daemon_stop(struct call *call, struct args *a)
{
	struct pack p;

	(void)a;
	if (reply_begin(call, &p)) {
		if (call->server->socket_handed)
			pack_kv_bool(&p, "handed", true);
		reply_end(call, &p);
	}
	server_stop(call->server, "asked by a client");
}

static void pack_names(struct pack *p, const char *key, const char **names, size_t n)
{
	pack_key(p, key);
	pack_array(p);
	for (size_t i = 0; i < n; i++)
		pack_text(p, names[i]);
	pack_close(p);
}

void rpc_daemon_reload(struct call *call, struct args *a)
{
	const char **live = NULL, **restart = NULL;
	size_t nlive = 0, nrestart = 0;
	char *why = NULL;
	struct pack p;

	(void)a;
	if (server_reload(call->server, &why, &live, &nlive, &restart, &nrestart) != 0) {
		reply_error(call, PROTO_E_NOT_CONFIGURED, "%s", why ? why : "the configuration cannot be read");
	} else if (reply_begin(call, &p)) {
		pack_names(&p, "changed", live, nlive);
		pack_names(&p, "restart", restart, nrestart);
		reply_end(call, &p);
	}
	mem_free(why);
	mem_free((void *)live);
	mem_free((void *)restart);
}
