/*
 * Private to the configuration: the table of options with their members, the reader that knows
 * which line gave what, and the pieces of config_file.c, config_value.c, config_shape.c,
 * config_env.c, config_key.c, config_source.c and config_url.c.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "daemon/config.h"

enum option_kind {
	KIND_TEXT,
	KIND_PATH,
	KIND_BOOL,
	KIND_INT,
	KIND_SIZE,
	KIND_TIME,
	KIND_LIST,
	KIND_CHOICE,
};

enum option_id {
#define OPTION(name, ...) OPT_##name,
#include "daemon/options.def"
#undef OPTION
	OPT_COUNT,
};

struct option {
	const char *name;
	enum option_kind kind;
	const char *type; /* "TEXT"; of a choice its words: "a|b|c" */
	const char *dflt;
	int64_t lo, hi;
	bool live;
	const char *text;
	size_t at; /* of the member in struct config */
};
extern const struct option config_table[OPT_COUNT];

static inline void *config_member(const struct config *c, const struct option *o)
{
	return (char *)(uintptr_t)c + o->at;
}

/* One load of one file. */
struct config_reader {
	struct config *c;
	const char *dir;           /* of the file: relative paths begin there */
	unsigned line[OPT_COUNT];  /* that gave the option; 0: none did */
	unsigned now;              /* the line being read */
	char **why;
};
/* *why = "FILE:LINE: words"; -EINVAL. */
int config_fail(const struct config_reader *r, unsigned line, const char *fmt, ...) attr_printf(3, 4);
char *config_words(const char *fmt, va_list ap) attr_printf(1, 0); /* malloc'd */
/* *why = "words"; -EINVAL. */
int config_fail_plain(char **why, const char *fmt, ...) attr_printf(2, 3);

#define CONFIG_FILE_MAX (1u << 20) /* no configuration is longer; a wrong path may be */

/* config_file.c: c->file, whole, into c. 0, -EINVAL, -errno. */
int config_file_read(struct config_reader *r);
int config_text_read(struct config_reader *r, char *text, size_t n); /* its bytes, one NUL behind them; is written to */

/* config_value.c: checks the text and stores it. 0 or -EINVAL with r->why. */
int config_value_set(struct config_reader *r, const struct option *o, const char *text);

/* config_key.c. *key is malloc'd, or stays NULL. 0 or -EINVAL with r->why. */
int config_key_file_read(const struct config_reader *r, char **key);       /* api_key_file, which is given */
int config_credential_key_read(const struct config_reader *r, char **key); /* "api_key" of the service manager; may be missing or empty */
char *config_credential_path(const char *name); /* in $CREDENTIALS_DIRECTORY; NULL: there is none */

/* config_shape.c: what is wrong with a text that has a shape of its own; NULL: nothing. Never repeats it: it may be a secret. */
const char *config_shape_complaint(const struct option *o, const char *text);
const char *config_key_complaint(const char *key);
bool config_header_is_secret(const char *header);

/* config_env.c: the names of the seed that count; all else is passed over. */
enum seed_name { SEED_URL, SEED_KEY, SEED_USER, SEED_PASSWORD, SEED_COUNT };
struct seed {
	char *v[SEED_COUNT];
	unsigned line[SEED_COUNT]; /* of a .env file */
	bool open_to_others;       /* the .env file is */
};
extern const char *const seed_names[SEED_COUNT];
void seed_fini(struct seed *s);                      /* wipes */
void seed_from_environment(struct seed *s);
/*
 * 0, -EINVAL with *why "PATH:LINE: words", or -errno without words: the file cannot be read.
 * A name without value, or with an empty one, is not set.
 */
int seed_from_file(struct seed *s, const char *path, char **why);
/* The .env text itself: 0, or -EINVAL with the line and what is wrong there. Pure. */
int dotenv_parse(struct seed *s, const char *text, size_t n, unsigned *line, const char **complaint);

/* config_source.c: fills the derived members, once the file is read. 0 or -EINVAL with r->why. */
int config_resolve(struct config_reader *r, bool use_env);

/* config_url.c */
/* NULL and *out (malloc'd) without trailing "/" and "/v1"; else what is wrong. */
const char *backend_url_parse(const char *text, char **out);
const char *proxy_url_complaint(const char *text);   /* NULL: fine */
/* The value of the proxy variable that counts for url, or NULL; *name tells which. url is normalised. */
const char *proxy_from_environment(const char *url, const char **name);
bool no_proxy_matches(const char *list, const char *host, size_t n);
