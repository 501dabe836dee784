/* The FTS5 tokenizer, for those who make one of their own of it. */
#pragma once

#include <sqlite3.h>

typedef int (*tokenize_fn)(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
	int (*token)(void *, int, const char *, int, int, int));

int tokenizer_run_said(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
	int (*token)(void *, int, const char *, int, int, int));
int tokenizer_register_as(sqlite3 *conn, const char *name, tokenize_fn fn);
