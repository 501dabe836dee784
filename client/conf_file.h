/*
 * The configuration file as a whole: read, checked by ragchatd's own rules, replaced at once or not at
 * all, and told to the daemon that runs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"

struct client;

struct conf_file {
	bool system;  /* the machine's */
	char *path;   /* as people name it */
	char *real;   /* behind links: what is replaced */
	bool exists;
	uid_t uid;    /* of the file that is there */
	gid_t gid;
	mode_t mode;
	struct buf text; /* wiped at the end: it may hold a key */
};

int conf_file_open(struct conf_file *f, bool system); /* a status, said; a file that is missing is empty */
void conf_file_fini(struct conf_file *f);
/* A private file beside it with this text; malloc'd path, NULL: said. */
char *conf_file_draft(const struct conf_file *f, const struct buf *text);
/* What ragchatd says of a draft: 0, or a status with its words in `why` under the file's own name. */
int conf_file_check(const struct conf_file *f, const char *draft, struct buf *why);
/* The draft takes its place; a status, said. `secret`: closed to others, whatever the old one was. */
int conf_file_replace(const struct conf_file *f, const char *draft, bool secret);
/* The daemon, if one runs, reads it: what has changed and what waits for a restart is said. A status. */
int conf_file_tell(struct client *c, const struct conf_file *f);
/* The options as ragchatd lists them: lines of name, type, default, live|restart, text. A status, said. */
int conf_options(struct buf *out);
/* The fields of one of its lines; false: there is no such option. Views into the list. */
struct conf_option {
	const char *field[5];
	size_t len[5];
};
enum { CONF_NAME, CONF_TYPE, CONF_DEFAULT, CONF_WHEN, CONF_TEXT };
bool conf_option_next(const char **p, const char *end, struct conf_option *o);
bool conf_option_find(const struct buf *list, const char *name, struct conf_option *o);
/* Every option with its default, commented out: what `config edit` begins with. */
void conf_template(const struct buf *list, struct buf *out);
