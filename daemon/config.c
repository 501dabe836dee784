/*
 * The configuration as a whole: the table, defaults, loading, freeing, and what differs between two
 * of them.
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
#define OPTION(id, as, d, least, most, reload, sentence) \
	[OPT_##id] = { #id, KIND_##as, TYPE_##as, d, least, most, IS_##reload, sentence, \
		offsetof(struct config, id) },
#include "daemon/options.def"
#undef OPTION
};

const struct config_option *config_options(size_t *n)
{
	static const struct config_option options[OPT_COUNT] = {
#define OPTION(id, as, d, least, most, reload, sentence) \
	[OPT_##id] = { #id, TYPE_##as, d, sentence, IS_##reload },
#include "daemon/options.def"
#undef OPTION
	};

	*n = OPT_COUNT;
	return options;
}

char *config_words(const char *fmt, va_list ap)
{
	char *words = NULL;

	return vasprintf(&words, fmt, ap) < 0 ? mem_dup("out of memory") : words;
}

int config_fail(const struct config_reader *r, unsigned line, const char *fmt, ...)
{
	char *words;
	va_list ap;

	va_start(ap, fmt);
	words = config_words(fmt, ap);
	va_end(ap);
	*r->why = mem_printf("%s:%u: %s", r->c->file, line, words);
	free(words);
	return -EINVAL;
}

int config_fail_plain(char **why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*why = config_words(fmt, ap);
	va_end(ap);
	return -EINVAL;
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

/* Absolute, so that a reload finds it again from another working folder. */
static int find_file(const char *file, bool system_wide, char **out, char **why)
{
	const char *named = file ? file : getenv("RAGCHAT_CONFIG");
	char cwd[PATH_MAX], *path;

	if (!named || !*named) {
		path = system_wide ? mem_dup(PATH_SYSTEM_CONFIG) : path_config_file();
		if (path && access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR))
			path = mem_free(path);
		*out = path;
		return 0;
	}
	path = path_expand(named);
	if (*path != '/') {
		if (!getcwd(cwd, sizeof(cwd))) {
			int r = -errno;

			config_fail_plain(why, "cannot tell the working folder of '%s': %s", named,
				strerror(-r));
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

int config_load(const char *file, unsigned flags, struct config **out, char **why)
{
	struct config *c = mem_new(sizeof(*c));
	struct config_reader r = { .c = c, .why = why };
	char *dir = NULL;
	int res;

	set_defaults(c);
	res = find_file(file, flags & CONFIG_SYSTEM, &c->file, why);
	if (!res && c->file) {
		dir = path_dirname(c->file);
		r.dir = dir;
		res = config_file_read(&r);
	}
	if (flags & CONFIG_SYSTEM)
		c->mode = MODE_SYSTEM;
	if (!res)
		res = config_resolve(&r, flags & CONFIG_ENV);
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
	/* What stands behind an option may change while the option stays: a .env file, a key file.
	 */
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

char *config_database_path(const struct config *c, const char *given)
{
	char *dir, *path;

	if (given || c->database)
		return path_expand(given ? given : c->database);
	if (c->mode == MODE_SYSTEM)
		return mem_dup(PATH_SYSTEM_DATABASE);
	dir = path_data_dir();
	path = dir ? path_join(dir, "chat_history.db") : NULL;
	mem_free(dir);
	return path;
}

char *config_socket_path(const struct config *c, const char *given)
{
	if (given || c->socket)
		return path_expand(given ? given : c->socket);
	return c->mode == MODE_SYSTEM ? mem_dup(PATH_SYSTEM_SOCKET) : path_user_socket();
}
