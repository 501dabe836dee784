/* The configuration, handed to the parts that go by it: at the start, and again on a reload. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define LOG_TAG "server"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/server_in.h"

#define RENDERER_OUT_MAX ((size_t)48 << 20)  /* bytes of one document */
#define FD_RESERVE 128                       /* files, backends and helpers beside the clients */

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

void server_configure_library(struct server *s)
{
	const struct library_config lc = {
		.max_document = (size_t)s->config->max_document,
		.budget = (size_t)s->config->passages,
		.deadline_ms = (uint64_t)s->config->retrieval_timeout,
		.keep_originals = s->config->keep_originals,
	};

	library_configure(s->library, &lc);
}

void server_configure_renderer(struct server *s)
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
int server_configure_upstream(struct server *s, const struct config *c, char **why)
{
	struct upstream_config uc = upstream_config_of(c);

	if (!c->url)
		return 0;
	return s->upstream ? upstream_configure(s->upstream, &uc, why) : upstream_new(&s->upstream, &s->loop, &uc, why);
}

void server_apply_log(struct server *s)
{
	const char *spec = s->options.log ? s->options.log : s->config->log;

	if (spec && log_setup(spec) != 0)
		log_warn("log = %s is not understood; as in: info,turn=debug", spec);
	log_reopen(s->config->log_file, (size_t)s->config->log_file_max);
}

void server_cap_clients(struct config *c)
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
		r = server_configure_upstream(s, fresh, why);
	if (r != 0) {
		log_error("configuration not changed: %s", *why ? *why : strerror(-r));
		config_free(fresh);
		return r;
	}
	config_diff(s->config, fresh, live, nlive, restart, nrestart);
	server_cap_clients(fresh);
	fresh->mode = s->config->mode; /* who is who does not change under those who are connected */
	fresh->auth = s->config->auth;
	config_free(s->config);
	s->config = fresh;
	chat_configure(&s->chat, s->config, s->upstream);
	server_configure_library(s);
	housekeeping_configure(&s->housekeeping);
	server_configure_renderer(s);
	server_apply_log(s);
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

/* What it is stays until the daemon ends. Its key is its own: the backend's goes to the backend alone. */
int server_configure_vectors(struct server *s, char **why)
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
	int r;

	if (!c->embeddings)
		return 0;
	r = vectors_new(&s->vectors, &s->loop, &vc, why);
	if (r != 0)
		return r;
	vectors_start(s->vectors, s->store, s->library);
	log_info("passages get vectors of %s: they leave this machine", c->embeddings);
	return 0;
}
