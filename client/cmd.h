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

extern const struct cmd cmd_ask;
extern const struct cmd cmd_attach;
extern const struct cmd cmd_backup;
extern const struct cmd cmd_bridge;
extern const struct cmd cmd_mcp;
extern const struct cmd cmd_cancel;
extern const struct cmd cmd_chat;
extern const struct cmd cmd_completion;
extern const struct cmd cmd_config;
extern const struct cmd cmd_daemon;
extern const struct cmd cmd_docs;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_edit;
extern const struct cmd cmd_export;
extern const struct cmd cmd_fork;
extern const struct cmd cmd_help;
extern const struct cmd cmd_idle;
extern const struct cmd cmd_import;
extern const struct cmd cmd_last;
extern const struct cmd cmd_log;
extern const struct cmd cmd_login;
extern const struct cmd cmd_logout;
extern const struct cmd cmd_ls;
extern const struct cmd cmd_models;
extern const struct cmd cmd_mv;
extern const struct cmd cmd_passwd;
extern const struct cmd cmd_ps;
extern const struct cmd cmd_rate;
extern const struct cmd cmd_retry;
extern const struct cmd cmd_rm;
extern const struct cmd cmd_search;
extern const struct cmd cmd_share;
extern const struct cmd cmd_show;
extern const struct cmd cmd_sources;
extern const struct cmd cmd_status;
extern const struct cmd cmd_tag;
extern const struct cmd cmd_token;
extern const struct cmd cmd_upload;
extern const struct cmd cmd_usage;
extern const struct cmd cmd_user;
extern const struct cmd cmd_version;
extern const struct cmd cmd_wait;
extern const struct cmd cmd_whoami;

int complete_run(struct client *c, int argc, char **argv); /* __complete, for the scripts of the shells */

/* In the order of `ragchat help`; ends with NULL. */
extern const struct cmd *const cmds[];
const struct cmd *cmd_find(const char *word); /* by name or alias; NULL: none */
const char *cmd_nearest(const char *word);    /* the name that was likely meant, or NULL */
