/* Wiring, start, stop: the daemon read as a table of contents. */
#include "daemon/server.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#define LOG_TAG "server"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/path.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/identity.h"
#include "daemon/ipc/members.h"
#include "daemon/ipc/login.h"
#include "daemon/ipc/purge.h"
#include "daemon/ipc/waits.h"
#include "daemon/worker/harden.h"
#include "daemon/worker/helper.h"
#include "daemon/worker/readers.h"
#include "proto/limits.h"

#define AUTOSTARTED_IDLE_MS (30 * 60 * 1000) /* a daemon nobody asked for by name leaves by itself */
#define FIRST_CLIENT_MS 10000                /* for the client that started it to come, however slow the machine is */
#define GOODBYE_MS 2000                      /* for clients to take what is queued at the end */
#define RENDERER_OUT_MAX ((size_t)48 << 20)  /* bytes of one document */
#define READERS_RUNNING 8                    /* readers of documents at once, and no more than CPUs; the rest waits */
#define READERS_SPARE_MS 30000
#define FD_RESERVE 128                       /* files, backends and helpers beside the clients */

static void step(struct server *s);

/* ---- each loop turn ---- */

static bool busy(const struct server *s)
{
	return s->nconns || s->uploads || !list_empty(&s->chat.live);
}

static void on_idle_exit(uv_timer_t *t)
{
	struct server *s = t->data;

	s->idle_armed = false;
	if (!busy(s))
		server_stop(s, "idle");
}

static void watch_idle(struct server *s)
{
	int64_t after = s->config->idle_exit;

	if (!after && s->options.autostarted)
		after = AUTOSTARTED_IDLE_MS;
	s->served = s->served || busy(s);
	if (!s->served && s->options.autostarted)
		after = max_of(after, (int64_t)FIRST_CLIENT_MS);
	if (s->stage != SERVER_RUNNING || !after)
		return;
	if (busy(s) && s->idle_armed) {
		uv_timer_stop(&s->idle);
		s->idle_armed = false;
	} else if (!busy(s) && !s->idle_armed) {
		uv_timer_start(&s->idle, on_idle_exit, (uint64_t)after, 0);
		s->idle_armed = true;
	}
}

static void flush(struct server *s)
{
	chat_flush(&s->chat);
	waits_wake(s);
	while (!list_empty(&s->dirty_conns)) {
		conn_flush(list_first(&s->dirty_conns, struct conn, dirty));
		if (!list_empty(&s->chat.dirty))
			chat_flush(&s->chat);
	}
	indexer_look(&s->indexer);
	watch_idle(s);
	if (s->stage != SERVER_RUNNING)
		step(s);
}

static void on_prepare(uv_prepare_t *h)
{
	flush(h->data);
}

static void on_check(uv_check_t *h)
{
	flush(h->data);
}

/* ---- late clients ---- */

static bool sweep_conn(struct server *s, struct conn *c, uint64_t now)
{
	if (!c->greeted && now - c->born_ms >= (uint64_t)s->config->hello_timeout) {
		conn_close(c, "hello_timeout");
		return false;
	}
	if (c->greeted && !c->logged_in && now - c->born_ms >= (uint64_t)s->config->login_timeout) {
		conn_close(c, "login_timeout");
		return false;
	}
	if (c->writing && now - c->progress_ms >= (uint64_t)s->config->stuck_timeout) {
		conn_close(c, "stuck");
		return false;
	}
	return !c->logged_in || c->writing;
}

static void on_sweep(uv_timer_t *t)
{
	struct server *s = t->data;
	uint64_t now = uv_now(&s->loop);
	bool wanted = false;

	list_foreach_safe(it, &s->conn_list)
		wanted |= sweep_conn(s, list_entry(it, struct conn, link), now);
	if (!wanted)
		uv_timer_stop(&s->sweep);
}

void server_wants_sweep(struct server *s)
{
	uint64_t every = (uint64_t)min_of(min_of(s->config->hello_timeout, s->config->stuck_timeout), s->config->login_timeout) / 4 + 1;

	if (!uv_is_active((uv_handle_t *)&s->sweep))
		uv_timer_start(&s->sweep, on_sweep, every, every);
}

/* ---- configuration ---- */

static struct upstream_config upstream_config_of(const struct config *c)
{
	return (struct upstream_config){
		.url = c->url,
		.key = c->key,
		.headers = (const char *const *)c->header.v,
		.nheaders = c->header.n,
		.options = (const char *const *)c->option.v,
		.noptions = c->option.n,
		.model = c->model,
		.ca_file = c->ca_file,
		.proxy = c->proxy,
		.client_cert = c->client_cert,
		.client_key = c->client_key,
		.http2 = c->http2,
		.include_usage = c->include_usage,
		.inline_think = c->inline_think,
		.connect_timeout_ms = (uint64_t)c->connect_timeout,
		.first_byte_timeout_ms = (uint64_t)c->first_byte_timeout,
		.idle_timeout_ms = (uint64_t)c->idle_timeout,
		.total_timeout_ms = (uint64_t)c->total_timeout,
		.finish_grace_ms = (uint64_t)c->finish_grace,
		.retries = (unsigned)c->retries,
		.retry_base_ms = (uint64_t)c->retry_base,
		.retry_max_ms = (uint64_t)c->retry_max,
		.max_event = (size_t)c->max_event,
		.max_answer = (size_t)c->max_answer,
		.max_connections = (unsigned)c->max_connections,
		.raw_text = c->raw_text,
	};
}

static void configure_library(struct server *s)
{
	const struct library_config lc = {
		.max_document = (size_t)s->config->max_document,
		.budget = (size_t)s->config->passages,
		.deadline_ms = (uint64_t)s->config->retrieval_timeout,
		.keep_originals = s->config->keep_originals,
	};

	library_configure(s->library, &lc);
}

static void configure_renderer(struct server *s)
{
	const struct config *c = s->config;
	const struct pool_config pc = {
		.program = s->renderer_path,
		.what = "renderer",
		.running = (unsigned)c->pdf_running,
		.waiting = (unsigned)c->pdf_waiting,
		.deadline_ms = (uint64_t)c->pdf_timeout,
		.spare_ms = (uint64_t)c->pdf_spare,
		.out_max = RENDERER_OUT_MAX,
	};

	if (s->renderer)
		pool_configure(s->renderer, &pc);
	else
		s->renderer = pool_new(&s->loop, &pc);
}

/* A backend that was configured once stays until the daemon ends: running answers hold on to it. */
static int configure_upstream(struct server *s, const struct config *c, char **why)
{
	struct upstream_config uc = upstream_config_of(c);

	if (!c->url)
		return 0;
	return s->upstream ? upstream_configure(s->upstream, &uc, why) : upstream_new(&s->upstream, &s->loop, &uc, why);
}

static void apply_log(struct server *s)
{
	const char *spec = s->options.log ? s->options.log : s->config->log;

	if (spec && log_setup(spec) != 0)
		log_warn("log = %s is not understood; as in: info,turn=debug", spec);
	log_reopen(s->config->log_file, (size_t)s->config->log_file_max);
}

static void cap_clients(struct config *c)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) != 0 || lim.rlim_cur == RLIM_INFINITY)
		return;
	if ((int64_t)lim.rlim_cur - FD_RESERVE < c->max_clients)
		c->max_clients = max_of((int64_t)lim.rlim_cur - FD_RESERVE, (int64_t)16);
}

unsigned server_config_flags(const struct server_options *o)
{
	return (o->autostarted ? 0 : CONFIG_ENV) | (o->system_wide ? CONFIG_SYSTEM : 0);
}

static int reload(struct server *s, char **why, const char ***live, size_t *nlive, const char ***restart, size_t *nrestart)
{
	struct config *fresh = NULL;
	int r = config_load(s->options.config_file, server_config_flags(&s->options), &fresh, why);

	if (r == 0 && !fresh->url && s->upstream) {
		*why = mem_dup("the backend was taken out of the configuration; that needs a restart");
		r = -EINVAL;
	}
	if (r == 0)
		r = configure_upstream(s, fresh, why);
	if (r != 0) {
		log_error("configuration not changed: %s", *why ? *why : strerror(-r));
		config_free(fresh);
		return r;
	}
	config_diff(s->config, fresh, live, nlive, restart, nrestart);
	cap_clients(fresh);
	fresh->mode = s->config->mode; /* who is who does not change under those who are connected */
	fresh->auth = s->config->auth;
	config_free(s->config);
	s->config = fresh;
	chat_configure(&s->chat, s->config, s->upstream);
	configure_library(s);
	housekeeping_configure(&s->housekeeping);
	configure_renderer(s);
	apply_log(s);
	log_info("configuration loaded again: %zu options changed, %zu wait for a restart", *nlive, *nrestart);
	return 0;
}

int server_reload(struct server *s, char **why, const char ***live, size_t *nlive, const char ***restart, size_t *nrestart)
{
	int r;

	service_reloading(&s->service);
	r = reload(s, why, live, nlive, restart, nrestart);
	service_reloaded(&s->service); /* as it was, where it failed: the daemon serves on */
	return r;
}

static void on_sighup(uv_signal_t *h, int number)
{
	const char **live = NULL, **restart = NULL;
	size_t nlive, nrestart;
	char *why = NULL;

	(void)number;
	server_reload(h->data, &why, &live, &nlive, &restart, &nrestart);
	mem_free(why);
	mem_free((void *)live);
	mem_free((void *)restart);
}

static void on_sigterm(uv_signal_t *h, int number)
{
	server_stop(h->data, number == SIGINT ? "interrupted" : "terminated");
}

/* ---- start ---- */

static int fail(int status, const char *what, char *why)
{
	fprintf(stderr, "ragchatd: %s%s%s\n", what, why ? ": " : "", why ? why : "");
	mem_free(why);
	return status;
}

/* What it is stays until the daemon ends. Its key is its own: the backend's goes to the backend alone. */
static int configure_vectors(struct server *s)
{
	const struct config *c = s->config;
	const struct vectors_config vc = {
		.url = c->embeddings,
		.key = c->embeddings_key,
		.model = c->embedding_model,
		.ca_file = c->ca_file,
		.proxy = c->url ? NULL : c->proxy,
		.question_ms = (uint64_t)c->embeddings_timeout,
		.connect_ms = (uint64_t)c->connect_timeout,
		.batch_ms = 60000,
		.retry_base_ms = (uint64_t)c->retry_base,
		.retry_max_ms = (uint64_t)c->retry_max,
	};
	char *why = NULL;
	int r;

	if (!c->embeddings)
		return 0;
	r = vectors_new(&s->vectors, &s->loop, &vc, &why);
	if (r != 0)
		return fail(EX_CONFIG, "embeddings", why);
	vectors_start(s->vectors, s->store, s->library);
	log_info("passages get vectors of %s: they leave this machine", c->embeddings);
	return 0;
}

static char *login_name(void)
{
	struct passwd *pw = getpwuid(geteuid());

	return pw ? mem_dup(pw->pw_name) : mem_printf("uid-%u", (unsigned)geteuid());
}

static int resolve_paths(struct server *s)
{
	s->socket_path = listener_handed_path();
	s->socket_handed = s->socket_path != NULL;
	if (!s->socket_path && s->config->mode == MODE_SYSTEM)
		return fail(EX_CONFIG, "a daemon for the machine is handed its socket: systemctl start ragchatd.socket", NULL);
	if (!s->socket_path)
		s->socket_path = config_socket_path(s->config, s->options.socket);
	s->database_path = config_database_path(s->config, s->options.database);
	s->renderer_path = s->config->pdf_helper ? mem_dup(s->config->pdf_helper) : helper_path("ragchatd-pdf");
	s->extractor_path = helper_path("ragchatd-extract");
	s->pdftext_path = helper_path("ragchatd-pdftext");
	if (!s->socket_path || !s->database_path)
		return fail(EX_CONFIG, "no home folder; name the files with -S and -D", NULL);
	return 0;
}

static int protect(struct server *s)
{
	char *data = path_dirname(s->database_path), *folder = path_dirname(s->socket_path);
	char *runtime = path_dirname(folder); /* its parent: the folder itself may vanish and is made again */
	char *log = s->config->log_file ? path_dirname(s->config->log_file) : NULL;
	char *config = s->config->file ? path_dirname(s->config->file) : NULL;
	char *libexec = path_dirname(s->renderer_path);
	const char *const readable[] = { config, s->config->env_file, s->config->api_key_file, s->config->ca_file,
		s->config->client_cert, s->config->client_key, getenv("CREDENTIALS_DIRECTORY") };
	struct harden_paths hp = { .data = data, .runtime = s->socket_handed ? NULL : runtime, .log = log, .libexec = libexec,
		.helpers = { s->extractor_path, s->pdftext_path },
		.config_named = s->options.config_file || s->config->mode == MODE_SYSTEM, .readable = readable, .nreadable = array_len(readable) };
	int r;

	path_make_dirs(data);
	if (!s->socket_handed)
		path_make_dirs(folder);
	r = harden_daemon(&hp, &s->sandbox);
	mem_free(data);
	mem_free(runtime);
	mem_free(folder);
	mem_free(log);
	mem_free(config);
	mem_free(libexec);
	if (r < 0)
		return fail(EX_OSERR, "cannot protect the daemon's own process", mem_dup(strerror(-r)));
	cap_clients(s->config);
	return 0;
}

static int store_status(int r)
{
	switch (r) {
	case STORE_E_LOCKED:
	case STORE_E_BUSY:
	case STORE_E_FULL:
		return EX_TEMPFAIL;
	case STORE_E_CORRUPT:
	case STORE_E_NOT_OURS:
		return EX_DATAERR;
	case STORE_E_LOOSE:
	case STORE_E_NETWORK_FS:
	case STORE_E_NEWER:
		return EX_CONFIG;
	}
	return 1;
}

static struct readers *new_readers(struct server *s)
{
	const struct readers_config rc = {
		.program = { [READER_DOCUMENT] = s->extractor_path, [READER_PDF] = s->pdftext_path },
		.running = min_of(max_of(uv_available_parallelism(), 2u), (unsigned)READERS_RUNNING),
		.spare_ms = READERS_SPARE_MS,
	};

	return readers_new(&s->loop, &rc);
}

static int open_store(struct server *s)
{
	const struct store_config sc = { .path = s->database_path, .socket = s->socket_path, .create = true,
		.index_passages = s->config->index_passages };
	const struct library_config lc = { .max_document = (size_t)s->config->max_document };
	char *why = NULL;
	int r;

	if (library_new(&s->library, NULL, &lc) != 0)
		return fail(1, "cannot start the library", NULL);
	r = store_open(&s->store, &s->loop, &sc, &why);
	if (r != 0)
		return fail(store_status(r), s->database_path, why);
	if (why)
		log_info("%s", why);
	mem_free(why);
	library_attach(s->library, s->store);
	s->readers = new_readers(s);
	library_set_readers(s->library, s->readers);
	configure_library(s);
	return configure_vectors(s);
}

static void on_account(struct job *j)
{
	struct op_account *op = container_of(j, struct op_account, job);
	struct server *s = j->ctx;

	if (j->r == 0) {
		s->account = op->account;
		s->account.name = mem_dup(op->account.name);
		s->account.role = ROLE_ADMIN; /* whose daemon it is */
		if (op->created)
			log_info("account %s is new in this database", s->account.name);
		else
			log_info("account %s", s->account.name);
	} else {
		log_error("no account: %s", j->why ? j->why : strerror(-j->r));
		s->account.id[0] = '?';
	}
	op_account_free(op);
}

/* The one answer that the daemon waits for before it serves. */
static int find_account(struct server *s)
{
	struct op_account *op = op_account_new();
	const struct config *c = s->config;

	op->name = mem_dup(c->account ? c->account : c->app_user);
	op->fallback = login_name();
	op->job.run = op_account_run;
	op->job.done = on_account;
	op->job.ctx = s;
	if (store_submit(s->store, STORE_WRITER, &op->job) != 0) {
		op_account_free(op);
		return fail(1, "the store takes no work", NULL);
	}
	while (!s->account.id[0])
		uv_run(&s->loop, UV_RUN_ONCE);
	return s->account.id[0] == '?' ? fail(1, "cannot find or make the account", NULL) : 0;
}

static void on_connection(void *ctx, struct listener *l)
{
	conn_accept(ctx, l);
}

static int listen_socket(struct server *s)
{
	const struct listener_config lc = {
		.path = s->socket_path,
		.check_ms = (uint64_t)s->config->socket_check,
		.group = s->group,
		.on_connection = on_connection,
		.ctx = s,
	};
	char *why = NULL;
	int r = listener_new(&s->listener, &s->loop, &lc, &why);

	if (r != 0)
		return fail(r == LISTENER_E_TAKEN ? EX_TEMPFAIL : EX_CONFIG, s->socket_path, why ? why : mem_dup(strerror(-r)));
	mem_free(why);
	log_info("ready on %s", listener_path(s->listener));
	service_ready(&s->service, &s->loop, s->store);
	return 0;
}

static void on_chat_idle(void *ctx)
{
	struct server *s = ctx;

	if (s->stage != SERVER_ENDING_TURNS || (s->uploads && !s->uploads_late))
		return;
	uv_timer_stop(&s->idle);
	s->stage = SERVER_ENDING_CLIENTS;
}

static void start_handles(struct server *s)
{
	uv_prepare_init(&s->loop, &s->prepare);
	uv_check_init(&s->loop, &s->check);
	uv_timer_init(&s->loop, &s->sweep);
	uv_timer_init(&s->loop, &s->idle);
	uv_signal_init(&s->loop, &s->sigterm);
	uv_signal_init(&s->loop, &s->sigint);
	uv_signal_init(&s->loop, &s->sighup);
	s->prepare.data = s->check.data = s->sweep.data = s->idle.data = s;
	s->sigterm.data = s->sigint.data = s->sighup.data = s;
	waits_init(s);
	uv_prepare_start(&s->prepare, on_prepare);
	uv_check_start(&s->check, on_check);
	uv_signal_start(&s->sigterm, on_sigterm, SIGTERM);
	uv_signal_start(&s->sigint, on_sigterm, SIGINT);
	uv_signal_start(&s->sighup, on_sighup, SIGHUP);
	/* none of these alone keeps the loop alive: the listener and the clients do */
	uv_unref((uv_handle_t *)&s->prepare);
	uv_unref((uv_handle_t *)&s->check);
	uv_unref((uv_handle_t *)&s->sigterm);
	uv_unref((uv_handle_t *)&s->sigint);
	uv_unref((uv_handle_t *)&s->sighup);
}

static void make_instance(struct server *s)
{
	uint8_t raw[16];

	if (rand_bytes(raw, sizeof(raw)) != 0)
		abort();
	hex_encode(raw, sizeof(raw), s->instance);
}

int server_init(struct server *s, const struct server_options *options)
{
	char *why = NULL;
	int r;

	s->options = *options;
	s->started_us = (uint64_t)clock_wall_us();
	idmap_init(&s->conns);
	list_init(&s->conn_list);
	list_init(&s->dirty_conns);
	list_init(&s->blobs);
	msg_init(&s->msg);
	make_instance(s);
	r = config_load(options->config_file, server_config_flags(options), &s->config, &why);
	if (r != 0)
		return fail(EX_CONFIG, "configuration", why ? why : mem_dup(strerror(-r)));
	apply_log(s);
	if (s->config->notice)
		log_warn("%s", s->config->notice);
	if (identity_init(s, &why) != 0)
		return fail(EX_CONFIG, "configuration", why);
	service_init(&s->service);
	if ((r = resolve_paths(s)) != 0 || (r = protect(s)) != 0)
		return r;
	log_info("ragchatd " RAGCHAT_VERSION ", sandbox: %s", s->sandbox);
	uv_loop_init(&s->loop);
	if ((r = open_store(s)) != 0)
		return r;
	chat_init(&s->chat, &s->loop);
	start_handles(s);
	configure_renderer(s);
	if (configure_upstream(s, s->config, &why) != 0)
		return fail(EX_CONFIG, "backend", why);
	s->chat.store = s->store;
	s->chat.library = s->library;
	s->chat.on_idle = on_chat_idle;
	s->chat.on_idle_ctx = s;
	chat_configure(&s->chat, s->config, s->upstream);
	if (s->upstream)
		log_info("backend %s (%s)", upstream_url(s->upstream), s->config->url_source);
	else
		log_info("no backend: answers come from the documents");
	if (s->config->mode == MODE_USER && (r = find_account(s)) != 0)
		return r;
	s->backoff = backoff_new();
	if (hasher_start(&s->hasher, &s->loop) != 0)
		return fail(EX_OSERR, "cannot start a thread", NULL);
	if ((r = login_import(s)) != 0)
		return r;
	purge_begin(s);
	housekeeping_start(&s->housekeeping, s);
	indexer_init(&s->indexer, s);
	return listen_socket(s);
}

/* ---- stop ---- */

static void tell_clients(struct server *s)
{
	list_foreach(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);
		struct pack p;

		if (!c->greeted)
			continue;
		pack_notification(&p, &c->out, "server");
		pack_kv_text(&p, "kind", "shutdown");
		pack_kv_int(&p, "retry_ms", 1000);
		pack_end(&p);
		conn_wrote(c);
	}
}

static void on_uploads_late(uv_timer_t *t)
{
	struct server *s = t->data;

	s->uploads_late = true; /* the end of this loop turn sees it */
}

void server_stop(struct server *s, const char *reason)
{
	if (s->stage == SERVER_RUNNING) {
		log_info("stopping: %s", reason);
		s->stage = SERVER_ENDING_TURNS;
		service_stopping(&s->service);
		uv_timer_start(&s->idle, on_uploads_late, (uint64_t)s->config->shutdown_grace, 0);
		listener_stop(s->listener);
		tell_clients(s);
	} else if (s->stage > SERVER_ENDING_TURNS) {
		return;
	}
	chat_stop(&s->chat, (uint64_t)s->config->shutdown_grace);
}

static void on_goodbye(uv_timer_t *t)
{
	struct server *s = t->data;

	list_foreach_safe(it, &s->conn_list)
		conn_close(list_entry(it, struct conn, link), "gone");
}

static void end_clients(struct server *s)
{
	list_foreach_safe(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);

		if (!c->out.len && !c->writing && list_empty(&c->subs))
			conn_close(c, "bye");
	}
	if (!uv_is_active((uv_handle_t *)&s->idle))
		uv_timer_start(&s->idle, on_goodbye, GOODBYE_MS, 0);
}

static void on_chat_closed(void *ctx)
{
	struct server *s = ctx;

	log_debug("all handles are closed");
	(void)s;
}

static void on_listener_closed(void *ctx)
{
	struct server *s = ctx;

	s->listener = NULL;
	hasher_stop(s->hasher);
	s->hasher = NULL;
	store_close(s->store); /* every job has run, every done was called: the last word is on disk */
	s->store = NULL;
	service_stop(&s->service);
	chat_close(&s->chat, on_chat_closed, s);
	uv_handle_t *own[] = { (uv_handle_t *)&s->prepare, (uv_handle_t *)&s->check, (uv_handle_t *)&s->sweep, (uv_handle_t *)&s->idle,
		(uv_handle_t *)&s->sigterm, (uv_handle_t *)&s->sigint, (uv_handle_t *)&s->sighup };
	for (size_t i = 0; i < array_len(own); i++)
		uv_close(own[i], NULL);
	waits_close(s);
	housekeeping_close(&s->housekeeping);
}

static void on_renderer_closed(void *ctx)
{
	struct server *s = ctx;

	s->renderer = NULL;
	listener_close(s->listener, on_listener_closed, s);
}

static void on_upstream_closed(void *ctx)
{
	struct server *s = ctx;

	s->upstream = NULL;
	pool_close(s->renderer, on_renderer_closed, s);
}

static void on_vectors_closed(void *ctx)
{
	struct server *s = ctx;

	if (s->upstream)
		upstream_close(s->upstream, on_upstream_closed, s);
	else
		on_upstream_closed(s);
}

static void on_readers_closed(void *ctx)
{
	struct server *s = ctx;

	s->readers = NULL;
	if (s->vectors)
		vectors_close(s->vectors, on_vectors_closed, s);
	else
		on_vectors_closed(s);
}

/* Each loop turn of the end: is the next stage due? */
static void step(struct server *s)
{
	if (s->stage == SERVER_ENDING_CLIENTS) {
		end_clients(s);
		if (s->nconns)
			return;
		s->stage = SERVER_ENDING_PORTS;
		uv_timer_stop(&s->idle);
		readers_close(s->readers, on_readers_closed, s);
	}
}

void server_run(struct server *s)
{
	int r;

	uv_run(&s->loop, UV_RUN_DEFAULT);
	r = uv_loop_close(&s->loop);
	if (r != 0)
		log_warn("handles were left open at the end: %s", uv_strerror(r));
	service_fini(&s->service);
	library_free(s->library);
	vectors_free(s->vectors);
	config_free(s->config);
	msg_fini(&s->msg);
	idmap_fini(&s->conns);
	identity_fini(s);
	members_fini(s);
	backoff_free(s->backoff);
	mem_free(s->account.name);
	mem_free(s->socket_path);
	mem_free(s->database_path);
	mem_free(s->sandbox);
	mem_free(s->extractor_path);
	mem_free(s->pdftext_path);
	mem_free(s->renderer_path);
	mem_free(s->renderer_level);
	fair_fini(&s->exports);
	log_info("stopped");
}
