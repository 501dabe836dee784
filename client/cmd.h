/* One command, one file: each cmd_*.c exports one of these, and main.c lists them. */
#pragma once

#include <stdbool.h>

#include "client/opts.h"

struct client {
	const char *socket; /* -S, or NULL: looked up (client/connect.h) */
	bool autostart;
	bool verbose;
};

struct cmd {
	const char *name;
	const char *alias;      /* or NULL */
	const char *brief;      /* its line in `ragchat help` */
	const char *help;       /* fits one screen, ends with an example */
	const struct opt *opts; /* its own options; the global ones go with every command */
	/* argv: what follows the verb. An exit status. */
	int (*run)(struct client *c, int argc, char **argv);
};

extern const struct cmd cmd_ask, cmd_attach, cmd_bridge, cmd_cancel, cmd_daemon, cmd_docs, cmd_export, cmd_help,
	cmd_idle, cmd_last, cmd_log, cmd_login, cmd_logout, cmd_ls, cmd_models, cmd_passwd, cmd_ps, cmd_retry, cmd_share,
	cmd_show, cmd_sources, cmd_status, cmd_token, cmd_upload, cmd_user, cmd_version, cmd_wait,
	cmd_whoami;

/* In the order of `ragchat help`; ends with NULL. */
extern const struct cmd *const cmds[];
const struct cmd *cmd_find(const char *word); /* by name or alias; NULL: none */
const char *cmd_nearest(const char *word);    /* the name that was likely meant, or NULL */
