/*
 * Command lines as GNU users type them: -x, -xVALUE, -x VALUE, clusters, --long, --long=VALUE,
 * options after arguments, "--" ends them, "-" is an argument. Errors are said, with the nearest
 * option, and end with status 2. The global options are taken in here, for every command.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

struct client;
struct cmd;

struct opt {
	int id;           /* the short letter, or OPT_LONG and up: no short form */
	const char *name; /* without "--" */
	const char *arg;  /* what its value is called, NULL: takes none */
};
enum {
	OPT_LONG = 256,
	OPT_JSON = OPT_LONG, /* --json means the same everywhere */
	OPT_OWN,             /* a command's own long options begin here */
};
#define OPTS_END \
	{ \
		0 \
	}

struct opts {
	struct client *client;
	const struct cmd *cmd;
	int argc, i;
	char **argv;
	const char *cluster; /* the rest of "-abc" */
	bool ended;          /* "--" was seen */
	const char *value;   /* of the option that opts_next returned */
	char **args;         /* arguments so far; those past nargs are options already read */
	size_t nargs;
	int status; /* when opts_next returned < 0: exit with it (0 after --help) */
};

/* argv: what follows the verb; its order changes: arguments are moved to the front. */
struct opts opts_of(struct client *c, const struct cmd *cmd, int argc, char **argv);
int opts_next(struct opts *o); /* an option's id; 0: the end, args are complete; < 0: see status */
/* Where the only option, if any, is --json: reads all, wants min..max arguments. 0, < 0: status. */
int opts_simple(struct opts *o, bool *json, size_t min, size_t max);
int opts_count(struct opts *o, size_t min, size_t max); /* 0, or -1 and said: too few, too many */

/*
 * Says what is wrong with the line and where help is; a line that reads like a sentence gets "to
 * ask it". STATUS_USAGE, also in o->status.
 */
int opts_fail(struct opts *o, const char *fmt, ...) attr_printf(2, 3);

const struct opt *opts_globals(void); /* the table; ends as all do */
/* A global option at argv[*i]: 1 taken (and *i moved on), 0 none, < 0: end with *status. */
int opts_global(struct client *c, int argc, char **argv, int *i, int *status);
