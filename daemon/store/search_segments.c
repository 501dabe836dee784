/* The segments that one search reads. */
#include "daemon/store/search_segments.h"

#include <errno.h>
#include <stdio.h>

#include "common/mem.h"
#include "daemon/store/library_in.h"

static void note_broken(struct searched_segments *x, const char *file)
{
	(void)snprintf(x->db->broken, sizeof(x->db->broken), "%s", file);
	x->lacking = true;
}

static int add_gone(struct searched_segments *x, int64_t from, int64_t to)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, x->db, x->db->lib, x->why,
		"SELECT first, passages FROM segment_gone WHERE first >= ?1 AND first < ?2 ORDER BY first",
		db_int(from), db_int(to));

	while (r == 0 && (r = db_step(stmt, &row, x->why)) == 0 && row) {
		x->gone = mem_grow(x->gone, &x->cap_gone, x->ngone, sizeof(*x->gone));
		x->gone[x->ngone++] = (struct rank_range){ db_col_int(stmt, 0), db_col_int(stmt, 1) };
	}
	db_release(stmt);
	return r;
}

static int add_segment(struct searched_segments *x, const char *file, int64_t bytes)
{
	int r;
	struct segment *s = segments_open(x->db, file, bytes, &r);

	if (!s && (r == SEGMENT_E_CORRUPT || r == SEGMENT_E_VERSION || (r == -ENOENT && x->again))) {
		note_broken(x, file);
		return 0;
	}
	if (!s)
		return r;
	x->v = mem_grow(x->v, &x->cap, x->n, sizeof(*x->v));
	x->files = mem_grow(x->files, &x->cap_files, x->n, sizeof(*x->files));
	x->files[x->n] = mem_dup(file);
	x->v[x->n++] = (struct rank_segment){ .s = s };
	return 0;
}

int searched_segments_add(struct searched_segments *x, int64_t collection, int64_t from, int64_t to)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, x->db, x->db->lib, x->why,
		"SELECT file, bytes, state FROM segment WHERE collection = ?1 AND first >= ?2 AND first < ?3 AND state IN (1, 3) "
		"ORDER BY first",
		db_int(collection), db_int(from), db_int(to));

	while (r == 0 && (r = db_step(stmt, &row, x->why)) == 0 && row) {
		if (db_col_int(stmt, 2) == 1)
			r = add_segment(x, db_col_text(stmt, 0), db_col_int(stmt, 1));
		else
			x->lacking = true;
	}
	db_release(stmt);
	return r ? r : add_gone(x, from, to);
}

int searched_segments_gone(struct searched_segments *x)
{
	for (size_t i = 0; i < x->n; i++) {
		struct rank_segment *seg = &x->v[i];
		struct segment_document a, b;
		uint32_t n = (uint32_t)seg->s->foot.documents;

		if (!n)
			continue;
		if (!segment_document(seg->s, 0, &a) || !segment_document(seg->s, n - 1, &b))
			return SEGMENT_E_CORRUPT;
		seg->gone = x->gone;
		for (seg->ngone = x->ngone; seg->ngone && seg->gone->first < a.first; seg->ngone--)
			seg->gone++;
		while (seg->ngone && seg->gone[seg->ngone - 1].first > b.first)
			seg->ngone--;
	}
	return 0;
}

bool searched_segments_drop(struct searched_segments *x)
{
	size_t kept = 0, n = x->n;

	for (size_t i = 0; i < n; i++) {
		if (!x->v[i].s->corrupt) {
			x->files[kept] = x->files[i];
			x->v[kept++] = x->v[i];
			continue;
		}
		note_broken(x, x->files[i]);
		segments_close(x->db, x->files[i]);
		mem_free(x->files[i]);
	}
	x->n = kept;
	return kept < n;
}

void searched_segments_fini(struct searched_segments *x)
{
	for (size_t i = 0; i < x->n; i++)
		mem_free(x->files[i]);
	mem_free(x->v);
	mem_free(x->files);
	mem_free(x->gone);
}
