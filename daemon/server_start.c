/* Start, and what is let go in the end: the daemon read as a table of contents. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define LOG_TAG "server"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/path.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/identity.h"
#include "daemon/ipc/login.h"
#include "daemon/ipc/members.h"
#include "daemon/ipc/purge.h"
#include "daemon/server_in.h"
#include "daemon/worker/harden.h"
#include "daemon/worker/helper.h"
#include "daemon/worker/readers.h"

#define READERS_RUNNING 8                    /* readers of documents at once, and no more than CPUs; the rest waits */
#define READERS_SPARE_MS 30000

static int fail(int status, const char *what, char *why)
{
	fprintf(stderr, "ragchatd: %s%s%s\n", what, why ? ": " : "", why ? why : "");
	mem_free(why);
	return status;
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
	server_cap_clients(s->config);
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
		.index_passages = s->config->index_passages, .retry_ms = (uint64_t)s->config->index_retry };
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
	server_configure_library(s);
	r = server_configure_vectors(s, &why);
	return r ? fail(EX_CONFIG, "embeddings", why) : 0;
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
	server_apply_log(s);
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
	server_start_handles(s);
	server_configure_renderer(s);
	if (server_configure_upstream(s, s->config, &why) != 0)
		return fail(EX_CONFIG, "backend", why);
	s->chat.store = s->store;
	s->chat.library = s->library;
	s->chat.on_idle = server_chat_idle;
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

void server_fini(struct server *s)
{
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
}
