/* Other programs that the client runs and hears out: ragchatd's own checks, the helpers' selftests. */
#pragma once

#include <stdint.h>

#include "common/buf.h"

/*
 * argv[0] by its path. What it writes to stdout and stderr goes to out (capped by its max). Its exit status,
 * 128 + the signal that ended it, or -errno: -ETIMEDOUT after the time given (it is killed then).
 */
int program_run(char *const argv[], uint64_t timeout_ms, struct buf *out);
/* A program of ours by name: beside this one, in ../libexec/ragchat, in PATH; malloc'd, NULL: nowhere. */
char *program_find(const char *name);
