/*
 * The FTS5 tokenizer "ragchat": hands texts to the function the library gave. A question's terms
 * were cut by the same function already and are taken as they are, or a stem would be stemmed
 * again.
 */
#include "daemon/store/tokenizer.h"

#include "daemon/store/library_in.h"

#include <errno.h>

static words_split_fn split; /* set once, before any thread runs */

void store_set_words(words_split_fn fn)
{
	if (split != fn)
		split = fn;
}

_Thread_local size_t tokenizer_places;
_Thread_local uint32_t tokenizer_language;

struct feed {
	void *ctx;
	int (*token)(void *ctx, int flags, const char *text, int n, int start, int end);
};

static int feed_word(
	void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	const struct feed *f = ctx;

	tokenizer_places += !colocated;
	return f->token(
		f->ctx, colocated ? FTS5_TOKEN_COLOCATED : 0, term, (int)n, (int)start, (int)end);
}

static int run(uint32_t *language, void *ctx, int flags, const char *text, int n,
	int (*token)(void *, int, const char *, int, int, int))
{
	struct feed f = { ctx, token };
	int r;

	if (!text || n <= 0)
		return SQLITE_OK;
	if (flags & FTS5_TOKENIZE_QUERY)
		return token(ctx, 0, text, n, 0, n);
	tokenizer_places = 0;
	r = split(text, (size_t)n, language, &f, feed_word);
	return r == -ENOMEM ? SQLITE_NOMEM : r;
}

static int run_documents(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
	int (*token)(void *, int, const char *, int, int, int))
{
	(void)t;
	return run(&tokenizer_language, ctx, flags, text, n, token);
}

int tokenizer_run_said(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
	int (*token)(void *, int, const char *, int, int, int))
{
	(void)t;
	return run(NULL, ctx, flags, text, n, token);
}

static int create(void *ctx, const char **args, int n, Fts5Tokenizer **out)
{
	(void)args;
	(void)n;
	*out = ctx;
	return SQLITE_OK;
}

static void destroy(Fts5Tokenizer *t)
{
	(void)t;
}

fts5_api *tokenizer_fts5(sqlite3 *lib)
{
	sqlite3_stmt *stmt = NULL;
	fts5_api *api = NULL;

	if (sqlite3_prepare_v2(lib, "SELECT fts5(?1)", -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_bind_pointer(stmt, 1, &api, "fts5_api_ptr", NULL) == SQLITE_OK)
		(void)sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return api;
}

int tokenizer_register(sqlite3 *lib)
{
	return tokenizer_register_as(lib, "ragchat", run_documents);
}

int tokenizer_register_as(sqlite3 *lib, const char *name, tokenize_fn fn)
{
	static char nothing; /* no state: the address alone says that there is a tokenizer */
	fts5_tokenizer t = { create, destroy, fn };
	fts5_api *api = tokenizer_fts5(lib);

	if (!split)
		return -EINVAL;
	if (!api)
		return -ENOTSUP;
	return api->xCreateTokenizer(api, name, &nothing, &t, NULL) == SQLITE_OK ? 0 : -ENOMEM;
}

int tokenizer_each(const char *text, size_t n, void *ctx, words_emit_fn emit)
{
	return split(text, n, &tokenizer_language, ctx, emit);
}

int tokenizer_each_said(const char *text, size_t n, void *ctx, words_emit_fn emit)
{
	return split(text, n, NULL, ctx, emit);
}
