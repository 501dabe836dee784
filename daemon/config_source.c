/*
 * Which source gives what: backend, key, account, proxy and authority, from ragchat.conf, the
 * environment and the .env file.
 *
 * The backend's address comes from ragchat.conf, else the environment, else the .env file; a key
 * goes out only to the address that stands in the same place. Otherwise a FASTAPI_URL somebody
 * else exported would be sent the key of this file. A service manager's credential goes with the
 * address of ragchat.conf: both are the administrator's.
 */
#include "daemon/config_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/str.h"

#define DEFAULT_BACKEND "http://localhost:8080"
#define RUNNING_SYSTEM 64      /* see proto/limits.h */
#define CLIENTS_UID_SYSTEM 256

static void add_notice(struct config *c, const char *fmt, ...) attr_printf(2, 3);
static void add_notice(struct config *c, const char *fmt, ...)
{
	char *words, *old = c->notice;
	va_list ap;

	va_start(ap, fmt);
	words = config_words(fmt, ap);
	va_end(ap);
	c->notice = old ? mem_printf("%s; %s", old, words) : mem_dup(words);
	free(words);
	free(old);
}

/* The headers that carry a secret stay with the address they were written for. */
static void drop_secret_headers(struct config *c)
{
	size_t kept = 0, n = c->header.n;

	for (size_t i = 0; i < n; i++) {
		if (config_header_is_secret(c->header.v[i]))
			mem_wipe(c->header.v[i], strlen(c->header.v[i]));
		else
			c->header.v[kept++] = c->header.v[i];
	}
	c->header.n = kept;
	if (kept < n)
		add_notice(c,
			"a secret header of %s is not sent: the backend's address comes from %s",
			c->file, c->url_source);
}

static int use_file(struct config_reader *r, const char *key)
{
	struct config *c = r->c;
	const char *text = !strcmp(c->backend, "default") ? DEFAULT_BACKEND : c->backend;
	const char *bad;

	c->url_source = mem_dup("ragchat.conf");
	if (!strcmp(c->backend, "none"))
		return 0;
	bad = backend_url_parse(text, &c->url);
	if (bad)
		return config_fail(r, r->line[OPT_backend], "backend: %s", bad);
	c->key = mem_dup(key);
	return 0;
}

/* `where` is how messages name the source: "FASTAPI_URL in the environment", ".env file PATH". */
static int use_seed(struct config_reader *r, const struct seed *s, const char *place, char *where)
{
	struct config *c = r->c;
	const char *bad;

	c->url_source = where;
	bad = backend_url_parse(s->v[SEED_URL], &c->url);
	if (bad)
		return config_fail_plain(r->why, "%s: FASTAPI_URL: %s", place, bad);
	bad = s->v[SEED_KEY] ? config_key_complaint(s->v[SEED_KEY]) : NULL;
	if (bad)
		return config_fail_plain(r->why, "%s: API_KEY %s", place, bad);
	c->key = mem_dup(s->v[SEED_KEY]);
	drop_secret_headers(c);
	return 0;
}

/* `where` the key of the file lies, NULL: there is none. */
static void explain_unused_keys(
	struct config *c, const char *where, const struct seed *env, const struct seed *dot)
{
	bool from_file = c->url_source && !strcmp(c->url_source, "ragchat.conf");

	if (where && !c->url_source)
		add_notice(c, "the key of %s is not used: no backend is set", where);
	else if (where && !from_file)
		add_notice(c, "the key of %s is not sent: the backend's address comes from %s",
			where, c->url_source);
	if (!c->url || c->key)
		return;
	if (env->v[SEED_KEY])
		add_notice(c,
			"API_KEY in the environment is not sent: the backend's address comes from "
			"%s",
			c->url_source);
	else if (dot->v[SEED_KEY])
		add_notice(c, "API_KEY of %s is not sent: the backend's address comes from %s",
			c->env_file, c->url_source);
}

/* The key that goes with the address of ragchat.conf, and where it lies. The file's own wins. */
static int find_key(struct config_reader *r, bool use_env, char **key, const char **where)
{
	struct config *c = r->c;
	int res = c->api_key_file ? config_key_file_read(r, key) : 0;

	if (!*key)
		*key = mem_dup(c->api_key);
	*where = *key ? c->file : NULL;
	if (res < 0 || *key || !use_env)
		return res;
	res = config_credential_key_read(r, key);
	*where = *key ? "the credential api_key" : NULL;
	return res;
}

static int resolve_backend(struct config_reader *r, bool use_env, const struct seed *env, const struct seed *dot)
{
	struct config *c = r->c;
	char *key = NULL, *place;
	const char *where;
	int res = find_key(r, use_env, &key, &where);

	if (res < 0) {
		mem_free(key);
		return res;
	}
	if (c->backend) {
		res = use_file(r, key);
	} else if (env->v[SEED_URL]) {
		res = use_seed(r, env, "environment", mem_dup("FASTAPI_URL in the environment"));
	} else if (dot->v[SEED_URL]) {
		place = mem_printf("%s:%u", c->env_file, dot->line[SEED_URL]);
		res = use_seed(r, dot, place, mem_printf(".env file %s", c->env_file));
		free(place);
	}
	if (!res)
		explain_unused_keys(c, where, env, dot);
	mem_wipe(key, key ? strlen(key) : 0);
	return res;
}

/* Name and password come from one place too; the seed's own example is not a password. */
static int resolve_account(struct config_reader *r, struct seed *env, struct seed *dot)
{
	struct config *c = r->c;
	struct seed *s = env->v[SEED_USER] ? env : dot;

	if (!s->v[SEED_USER])
		return 0;
	if (s->v[SEED_PASSWORD] && !strcmp(s->v[SEED_USER], "admin") &&
		!strcmp(s->v[SEED_PASSWORD], "admin")) {
		if (c->auth != AUTH_PEER)
			return config_fail_plain(r->why,
				"APP_USER and APP_PASSWORD %s%s are admin/admin, which everybody knows: choose another "
				"password, or set auth = peer",
				s == env ? "in the environment" : "of ", s == env ? "" : c->env_file);
		add_notice(c,
			"APP_USER and APP_PASSWORD %s%s are admin/admin and are not taken over",
			s == env ? "in the environment" : "of ", s == env ? "" : c->env_file);
		return 0;
	}
	c->app_user = s->v[SEED_USER];
	c->app_password = s->v[SEED_PASSWORD];
	s->v[SEED_USER] = s->v[SEED_PASSWORD] = NULL;
	return 0;
}

static int resolve_proxy(struct config_reader *r)
{
	struct config *c = r->c;
	const char *name, *value, *bad;

	if (c->proxy && !strcmp(c->proxy, "none")) {
		c->proxy = mem_free(c->proxy);
		return 0;
	}
	if (c->proxy || !c->url)
		return 0;
	value = proxy_from_environment(c->url, &name);
	bad = value ? proxy_url_complaint(value) : NULL;
	if (bad)
		return config_fail_plain(r->why, "environment: %s: %s", name, bad);
	c->proxy = mem_dup(value);
	return 0;
}

/* As curl(1) does; the library itself does not look. */
static int resolve_authority(struct config_reader *r)
{
	const char *file = getenv("SSL_CERT_FILE");
	struct config *c = r->c;

	if (c->ca_file || !file || !*file || !c->url || !str_starts(c->url, "https://"))
		return 0;
	if (access(file, R_OK))
		return config_fail_plain(r->why, "environment: SSL_CERT_FILE: cannot read '%s': %s",
			file, strerror(errno));
	c->ca_file = mem_dup(file);
	return 0;
}

static int check_files(struct config_reader *r)
{
	static const enum option_id files[] = { OPT_ca_file, OPT_client_cert, OPT_client_key };

	if (r->c->client_key && !r->c->client_cert)
		return config_fail(r, r->line[OPT_client_key],
			"client_key is given without client_cert; give both");
	for (size_t i = 0; i < array_len(files); i++) {
		const struct option *o = &config_table[files[i]];
		const char *path = *(char **)config_member(r->c, o);

		if (path && access(path, R_OK))
			return config_fail(r, r->line[files[i]], "cannot read %s '%s': %s", o->name,
				path, strerror(errno));
	}
	return 0;
}

static int read_env_file(struct config_reader *r, struct seed *dot)
{
	struct config *c = r->c;
	int res = c->env_file ? seed_from_file(dot, c->env_file, r->why) : 0;

	if (res < 0 && res != -EINVAL)
		return config_fail(r, r->line[OPT_env_file], "cannot read env_file '%s': %s",
			c->env_file, res == -ENOBUFS ? "it is larger than 1 MiB" : strerror(-res));
	if (!res && dot->open_to_others && (dot->v[SEED_KEY] || dot->v[SEED_PASSWORD]))
		add_notice(c, "%s holds a secret and is open to others; chmod 600 %s", c->env_file,
			c->env_file);
	return res;
}

/* What is fine for one person is not for one of many. */
static void resolve_mode(struct config_reader *r)
{
	struct config *c = r->c;

	if (c->mode != MODE_SYSTEM)
		return;
	if (!r->line[OPT_max_running])
		c->max_running = RUNNING_SYSTEM;
	if (!r->line[OPT_max_clients_uid])
		c->max_clients_uid = CLIENTS_UID_SYSTEM;
}

int config_resolve(struct config_reader *r, bool use_env)
{
	struct seed env = { 0 }, dot = { 0 };
	int res = check_files(r);

	resolve_mode(r);
	if (use_env)
		seed_from_environment(&env);
	if (!res)
		res = read_env_file(r, &dot);
	if (!res)
		res = resolve_backend(r, use_env, &env, &dot);
	if (!res)
		res = resolve_proxy(r);
	if (!res)
		res = resolve_authority(r);
	if (!res)
		res = resolve_account(r, &env, &dot);
	seed_fini(&env);
	seed_fini(&dot);
	return res;
}
