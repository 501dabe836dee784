/*
 * Log lines: one level, one module tag, one line. A .c file sets its tag before the include:
 *	#define LOG_TAG "turn"
 *	#include "common/log.h"
 * Never a prompt, an answer, a key or a token. Text of a peer goes through log_text().
 * Line: "2026-01-02T03:04:05.678Z info turn: message" on stderr; with a journal behind stderr
 * (JOURNAL_STREAM) "<6>turn: message".
 */
#pragma once

#include <stdbool.h>

#include "common/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };

#ifndef LOG_TAG
#define LOG_TAG "main"
#endif

/* spec: "info" or "info,turn=trace,conn=debug". 0 or -EINVAL (nothing changed). Thread-safe afterwards. */
int log_setup(const char *spec);
bool log_wants(enum log_level level, const char *tag);
void log_write(enum log_level level, const char *tag, const char *fmt, ...) attr_printf(3, 4);
/* One line, controls and invalid UTF-8 escaped, at most 200 bytes. A static per-thread ring of 4. */
const char *log_text(const char *s, size_t n);
void log_reopen(const char *path, size_t max_bytes); /* to a file with a size cap; NULL: stderr */

#define log_at(level, ...)                                                                         \
	do {                                                                                       \
		if (log_wants(level, LOG_TAG))                                                     \
			log_write(level, LOG_TAG, __VA_ARGS__);                                    \
	} while (0)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_trace(...) log_at(LOG_LEVEL_TRACE, __VA_ARGS__)
