/* The first step of ranking: an FTS5 function that notes how often each term occurs in each
 * passage. */
#include "daemon/store/rank.h"

#include <errno.h>
#include <stdlib.h>

#include "common/mem.h"
#include "daemon/store/library_in.h"

static bool grow(void *array, size_t *cap, size_t n, size_t size)
{
	void **v = array, *p;
	size_t more = *cap ? *cap * 2 : 256;

	if (n < *cap)
		return true;
	p = realloc(*v, more * size);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

static void note(uint8_t *count)
{
	*count += *count < 255;
}

static void tally_term(
	struct rank_rows *rows, const Fts5ExtensionApi *api, Fts5Context *fts, int term)
{
	Fts5PhraseIter it;
	int column, offset;
	struct tally t = { .term = (uint16_t)term };

	if (api->xPhraseFirst(fts, term, &it, &column, &offset) != SQLITE_OK || column < 0)
		return;
	for (; column >= 0; api->xPhraseNext(fts, &it, &column, &offset))
		note(column == 0 ? &t.name : column == 1 ? &t.heading : &t.body);
	if (grow(&rows->tallies, &rows->cap_tallies, rows->ntallies, sizeof(t)))
		rows->tallies[rows->ntallies++] = t;
	else
		rows->failed = true;
}

static void tally(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *out, int n,
	sqlite3_value **args)
{
	struct rank_rows *rows = n == 1 ? sqlite3_value_pointer(args[0], RANK_ROWS_POINTER) : NULL;

	sqlite3_result_null(out);
	if (!rows || rows->n == RANK_ROWS_MAX || rows->failed) {
		if (rows)
			rows->full = true;
		return;
	}
	if (!grow(&rows->v, &rows->cap, rows->n, sizeof(*rows->v))) {
		rows->failed = true;
		return;
	}
	rows->v[rows->n++] =
		(struct rank_row){ .id = api->xRowid(fts), .at = (uint32_t)rows->ntallies };
	for (int i = 0; i < api->xPhraseCount(fts); i++)
		tally_term(rows, api, fts, i);
}

int rank_register(sqlite3 *lib)
{
	fts5_api *api = tokenizer_fts5(lib);

	return api && api->xCreateFunction(api, "ragchat_tally", NULL, tally, NULL) == SQLITE_OK
		       ? 0
		       : -ENOMEM;
}

void rank_rows_fini(struct rank_rows *rows)
{
	mem_free(rows->v);
	mem_free(rows->tallies);
	*rows = (struct rank_rows){ 0 };
}
