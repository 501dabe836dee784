/*
 * The daemon's protection of itself, before any thread starts: umask 077, no_new_privs, not
 * dumpable (the API key), no core, RLIMIT_NOFILE raised to its hard limit, Landlock where the kernel
 * has it (landlock(7)): writes only in its own folders, reads only where it must.
 *
 * What a reload may have to read again is reachable by its folder, so that a file replaced by
 * rename(2) is found. A file that a later configuration names in another folder is not: that needs a
 * restart. Connecting to a Unix socket is no access to a file here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct harden_paths {
	const char *data, *runtime, *log; /* folders it writes in; runtime (the socket's, when it is ours) and log may be NULL */
	const char *libexec;              /* folder of the helpers it runs; may be NULL */
	bool config_named;                /* on the command line: the usual place is not looked at, nor made */
	const char *helpers[2];           /* such that may lie elsewhere; may be NULL */
	const char *const *readable;      /* files and folders of the configuration; NULL entries are skipped */
	size_t nreadable;
};

/* 0 or -errno of what is mandatory (no_new_privs). *report: "no_new_privs, landlock: abi 7", malloc'd. */
int harden_daemon(const struct harden_paths *paths, char **report);
/* What this kernel offers, without applying it: for --version. malloc'd. */
char *harden_layers(void);
