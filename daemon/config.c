/*
 * The configuration as a whole: the table, defaults, which source gives the backend, freeing,
 * and what differs between two of them.
 *
 * The backend's address comes from ragchat.conf, else the environment, else the .env file; a key
 * goes out only to the address that stands in the same place. Otherwise a FASTAPI_URL somebody
 * else exported would be sent the key of this file.
 */
#include "daemon/config.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"
#include "daemon/config_parts.h"

#define DEFAULT_BACKEND "http://localhost:8080"

#define KIND_CHOICE(words) KIND_CHOICE
#define TYPE_TEXT "TEXT"
#define TYPE_PATH "PATH"
#define TYPE_BOOL "BOOL"
#define TYPE_INT "INT"
#define TYPE_SIZE "SIZE"
#define TYPE_TIME "TIME"
#define TYPE_LIST "LIST"
#define TYPE_CHOICE(words) words
#define IS_LIVE true
#define IS_START false

const struct option config_table[OPT_COUNT] = {
#define OPTION(id, as, d, least, most, reload, sentence)                                           \
	[OPT_##id] = { #id, KIND_##as, TYPE_##as, d, least, most, IS_##reload, sentence,           \
		offsetof(struct config, id) },
#include "daemon/options.def"
#undef OPTION
};

const struct config_option *config_options(size_t *n)
{
	static const struct config_option options[OPT_COUNT] = {
#define OPTION(id, as, d, least, most, reload, sentence)                                           \
	[OPT_##id] = { #id, TYPE_##as, d, sentence, IS_##reload },
#include "daemon/options.def"
#undef OPTION
	};

	*n = OPT_COUNT;
	return options;
}

static char *fail_words(const char *fmt, va_list ap)
{
	char *words = NULL;

	return vasprintf(&words, fmt, ap) < 0 ? mem_dup("out of memory") : words;
}

int config_fail(const struct config_reader *r, unsigned line, const char *fmt, ...)
{
	char *words;
	va_list ap;

	va_start(ap, fmt);
	words = fail_words(fmt, ap);
	va_end(ap);
	*r->why = mem_printf("%s:%u: %s", r->c->file, line, words);
	free(words);
	return -EINVAL;
}

int config_fail_plain(char **why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*why = fail_words(fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void add_notice(struct config *c, const char *fmt, ...) attr_printf(2, 3);
static void add_notice(struct config *c, const char *fmt, ...)
{
	char *words, *old = c->notice;
	va_list ap;

	va_start(ap, fmt);
	words = fail_words(fmt, ap);
	va_end(ap);
	c->notice = old ? mem_printf("%s; %s", old, words) : mem_dup(words);
	free(words);
	free(old);
}

static void set_defaults(struct config *c)
{
	char *why = NULL;
	struct config_reader r = { .c = c, .why = &why };

	for (size_t i = 0; i < OPT_COUNT; i++) {
		int bad = config_value_set(&r, &config_table[i], config_table[i].dflt);

		assert(!bad); /* a default outside its own bounds: options.def is wrong */
		(void)bad;
	}
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
		add_notice(c, "a secret header of %s is not sent: the backend's address comes from %s",
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

static void explain_unused_keys(struct config *c, bool file_key, const struct seed *env, const struct seed *dot)
{
	bool from_file = c->url_source && !strcmp(c->url_source, "ragchat.conf");

	if (file_key && !c->url_source)
		add_notice(c, "the key of %s is not used: no backend is set", c->file);
	else if (file_key && !from_file)
		add_notice(c, "the key of %s is not sent: the backend's address comes from %s", c->file,
			c->url_source);
	if (!c->url || c->key)
		return;
	if (env->v[SEED_KEY])
		add_notice(c, "API_KEY in the environment is not sent: the backend's address comes from %s",
			c->url_source);
	else if (dot->v[SEED_KEY])
		add_notice(c, "API_KEY of %s is not sent: the backend's address comes from %s",
			c->env_file, c->url_source);
}

static int resolve_backend(struct config_reader *r, const struct seed *env, const struct seed *dot)
{
	struct config *c = r->c;
	char *key = NULL, *place;
	int res = c->api_key_file ? config_key_file_read(r, &key) : 0;

	if (res < 0)
		return res;
	if (!key)
		key = mem_dup(c->api_key);
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
		explain_unused_keys(c, key != NULL, env, dot);
	mem_wipe(key, key ? strlen(key) : 0);
	return res;
}

/* Name and password come from one place too; the seed's own example is not a password. */
static void resolve_account(struct config *c, struct seed *env, struct seed *dot)
{
	struct seed *s = env->v[SEED_USER] ? env : dot;

	if (!s->v[SEED_USER])
		return;
	if (s->v[SEED_PASSWORD] && !strcmp(s->v[SEED_USER], "admin") &&
		!strcmp(s->v[SEED_PASSWORD], "admin")) {
		add_notice(c, "APP_USER and APP_PASSWORD %s%s are admin/admin and are not taken over",
			s == env ? "in the environment" : "of ", s == env ? "" : c->env_file);
		return;
	}
	c->app_user = s->v[SEED_USER];
	c->app_password = s->v[SEED_PASSWORD];
	s->v[SEED_USER] = s->v[SEED_PASSWORD] = NULL;
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
		return config_fail_plain(r->why, "environment: SSL_CERT_FILE: cannot read '%s': %s", file,
			strerror(errno));
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
			return config_fail(r, r->line[files[i]], "cannot read %s '%s': %s", o->name, path,
				strerror(errno));
	}
	return 0;
}

static int read_env_file(struct config_reader *r, struct seed *dot)
{
	struct config *c = r->c;
	int res = c->env_file ? seed_from_file(dot, c->env_file, r->why) : 0;

	if (res < 0 && res != -EINVAL)
		return config_fail(r, r->line[OPT_env_file], "cannot read env_file '%s': %s", c->env_file,
			res == -ENOBUFS ? "it is larger than 1 MiB" : strerror(-res));
	if (!res && dot->open_to_others && (dot->v[SEED_KEY] || dot->v[SEED_PASSWORD]))
		add_notice(c, "%s holds a secret and is open to others; chmod 600 %s", c->env_file, c->env_file);
	return res;
}

static int resolve(struct config_reader *r, bool use_env)
{
	struct config *c = r->c;
	struct seed env = { 0 }, dot = { 0 };
	int res = check_files(r);

	if (use_env)
		seed_from_environment(&env);
	if (!res)
		res = read_env_file(r, &dot);
	if (!res)
		res = resolve_backend(r, &env, &dot);
	if (!res)
		res = resolve_proxy(r);
	if (!res)
		res = resolve_authority(r);
	if (!res)
		resolve_account(c, &env, &dot);
	seed_fini(&env);
	seed_fini(&dot);
	return res;
}

/* Absolute, so that a reload finds it again from another working folder. */
static int find_file(const char *file, char **out, char **why)
{
	const char *named = file ? file : getenv("RAGCHAT_CONFIG");
	char cwd[PATH_MAX], *path;

	if (!named || !*named) {
		path = path_config_file();
		if (path && access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR))
			path = mem_free(path);
		*out = path;
		return 0;
	}
	path = path_expand(named);
	if (*path != '/') {
		if (!getcwd(cwd, sizeof(cwd))) {
			int r = -errno;

			config_fail_plain(why, "cannot tell the working folder of '%s': %s", named, strerror(-r));
			free(path);
			return r;
		}
		*out = path_join(cwd, path);
		free(path);
		return 0;
	}
	*out = path;
	return 0;
}

int config_load(const char *file, bool use_env, struct config **out, char **why)
{
	struct config *c = mem_new(sizeof(*c));
	struct config_reader r = { .c = c, .why = why };
	char *dir = NULL;
	int res;

	set_defaults(c);
	res = find_file(file, &c->file, why);
	if (!res && c->file) {
		dir = path_dirname(c->file);
		r.dir = dir;
		res = config_file_read(&r);
	}
	if (!res)
		res = resolve(&r, use_env);
	if (!res) {
		*out = c;
		c = NULL;
	}
	config_free(c);
	free(dir);
	return res;
}

static char *wipe_text(char *s)
{
	return mem_wipe(s, s ? strlen(s) : 0);
}

static void list_free(struct config_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		wipe_text(l->v[i]); /* a header may be a key */
	free(l->v);
}

void *config_free(struct config *c)
{
	if (!c)
		return NULL;
	for (const struct option *o = config_table; o < config_table + OPT_COUNT; o++) {
		void *member = config_member(c, o);

		if (o->kind == KIND_TEXT || o->kind == KIND_PATH)
			wipe_text(*(char **)member);
		else if (o->kind == KIND_LIST)
			list_free(member);
	}
	free(c->file);
	free(c->url);
	wipe_text(c->key);
	free((char *)(uintptr_t)c->url_source);
	free(c->app_user);
	wipe_text(c->app_password);
	free(c->notice);
	return mem_free(c);
}

static bool text_differs(const char *a, const char *b)
{
	return !a || !b ? a != b : strcmp(a, b) != 0;
}

static bool list_differs(const struct config_list *a, const struct config_list *b)
{
	if (a->n != b->n)
		return true;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i], b->v[i]) != 0)
			return true;
	}
	return false;
}

static bool option_differs(const struct config *a, const struct config *b, const struct option *o)
{
	const void *x = config_member(a, o), *y = config_member(b, o);

	switch (o->kind) {
	case KIND_TEXT:
	case KIND_PATH:
		return text_differs(*(char *const *)x, *(char *const *)y);
	case KIND_LIST:
		return list_differs(x, y);
	case KIND_BOOL:
		return *(const bool *)x != *(const bool *)y;
	default:
		return *(const int64_t *)x != *(const int64_t *)y;
	}
}

void config_diff(const struct config *a, const struct config *b, const char ***live, size_t *nlive,
	const char ***restart, size_t *nrestart)
{
	bool differs[OPT_COUNT];

	for (size_t i = 0; i < OPT_COUNT; i++)
		differs[i] = option_differs(a, b, &config_table[i]);
	/* What stands behind an option may change while the option stays: a .env file, a key file. */
	differs[OPT_backend] |= text_differs(a->url, b->url);
	if (text_differs(a->key, b->key) && !differs[OPT_api_key])
		differs[b->api_key_file ? OPT_api_key_file : OPT_api_key] = true;
	differs[OPT_account] |= text_differs(a->app_user, b->app_user);

	*live = mem_new(OPT_COUNT * sizeof(**live));
	*restart = mem_new(OPT_COUNT * sizeof(**restart));
	*nlive = *nrestart = 0;
	for (size_t i = 0; i < OPT_COUNT; i++) {
		if (!differs[i])
			continue;
		if (config_table[i].live)
			(*live)[(*nlive)++] = config_table[i].name;
		else
			(*restart)[(*nrestart)++] = config_table[i].name;
	}
}
