/*
 * The configuration: one table of options (options.def), read from a file, a .env file and the
 * environment; immutable once loaded, replaced as a whole by a reload. Errors name file and line.
 *
 * ragchat.conf: "name = value" lines, "#" comments, value may be in double quotes; unknown names are errors
 * with the nearest known one suggested. A file that holds api_key must be ours and closed to others.
 * Relative paths begin in the folder of ragchat.conf.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config_list {
	char **v;
	size_t n;
};

enum retrieval_mode { RETRIEVAL_AUTO, RETRIEVAL_OFF, RETRIEVAL_LOCAL };
enum daemon_mode { MODE_USER, MODE_SYSTEM };
enum auth_policy { AUTH_PEER, AUTH_PASSWORD, AUTH_PEER_AND_PASSWORD };

/* One member per option: TEXT and PATH are char* (NULL when empty), LIST is config_list, BOOL bool, the rest int64_t (bytes, ms). */
struct config {
	char *file;               /* where it came from; NULL: defaults only */
#define CHOICE(words) CHOICE
#define OPTION_TEXT char *
#define OPTION_PATH char *
#define OPTION_BOOL bool
#define OPTION_INT int64_t
#define OPTION_SIZE int64_t
#define OPTION_TIME int64_t
#define OPTION_LIST struct config_list
#define OPTION_CHOICE int64_t
#define OPTION_PASTE(type) OPTION_##type
#define OPTION_TYPE(type) OPTION_PASTE(type)
#define OPTION(name, type, dflt, lo, hi, reload, text) OPTION_TYPE(type) name;
#include "daemon/options.def"
#undef OPTION
#undef CHOICE
	/* derived */
	char *url;                /* normalised backend address or NULL: not configured */
	char *key;                /* of the same source as url, or NULL; wiped on free */
	/* `proxy` and `ca_file` hold what is in force: the option, else the environment's for this url; NULL: none. */
	const char *url_source;   /* "ragchat.conf", "FASTAPI_URL in the environment", ".env file PATH" */
	char *app_user, *app_password; /* the seed's names; password wiped on free */
	char *notice;             /* one warning for the log, or NULL ("admin/admin of .env is not taken over") */
};

/*
 * file NULL: $RAGCHAT_CONFIG, else path_config_file() when it exists, else defaults. CONFIG_ENV: the
 * seed's names in the environment count (a daemon started by hand or by systemd). CONFIG_SYSTEM:
 * mode is system, whatever the file says, and the usual place is that of the machine's daemon.
 * 0, or -EINVAL / -errno with *why "FILE:LINE: what is wrong; what to do", malloc'd.
 */
enum { CONFIG_ENV = 1, CONFIG_SYSTEM = 2 };
int config_load(const char *file, unsigned flags, struct config **out, char **why);
void *config_free(struct config *c);
/* Where the database and the socket lie: `given` (of the command line), else the configuration's, else the usual place of its mode. malloc'd; NULL: no home. */
char *config_database_path(const struct config *c, const char *given);
char *config_socket_path(const struct config *c, const char *given);
/* Names of options that differ: those taken over live, and those that need a restart. malloc'd arrays of static names. */
void config_diff(const struct config *a, const struct config *b, const char ***live, size_t *nlive, const char ***restart, size_t *nrestart);

/* The table, for --help, tests and `config` verbs. */
struct config_option {
	const char *name, *type, *dflt, *text;
	bool live;
};
const struct config_option *config_options(size_t *n);
