/* The passages of documents in the order of their texts: for a reader that wants all of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"

#define DOCUMENTS_MAX 1024 /* read as a whole, or from their beginnings */

struct reading {
	struct db *db;
	struct db_passages *p;
	struct read_document {
		int64_t key, first, passages;
		id_str id;
		char sha256[65];
		char *name;
		uint64_t bytes;
	} *v;
	size_t n, cap;
	bool more; /* than are read at once */
	char **why;
};

static bool is_known(const struct reading *g, int64_t key)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].key == key)
			return true;
	return false;
}

/* Stops when there is more than anybody would read. */
static int add_documents(struct reading *g, const char *ref)
{
	struct db_passages *p = g->p;
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, g->db, g->db->lib, g->why,
		"SELECT e.key, e.first, e.passages, d.id, d.sha256, d.name, e.text_bytes FROM "
		"collection c JOIN document d ON d.collection = c.id JOIN document e ON e.key = "
		SQL_TARGET " WHERE c.account = ?1 AND "
		"d.state = 1 AND (?3 IS NULL OR c.name = ?3) AND (?2 IS NULL OR d.id = ?2 OR "
		"d.name = ?2) ORDER BY d.key",
		db_text(p->account->id), db_text(ref), db_text(p->collection));

	while (r == 0 && !g->more) {
		struct read_document *d;

		r = db_step(stmt, &row, g->why);
		if (r != 0 || !row)
			break;
		if (is_known(g, db_col_int(stmt, 0)))
			continue;
		g->more = g->n == DOCUMENTS_MAX || (!p->beginnings && p->bytes > p->max_bytes);
		if (g->more)
			break;
		g->v = mem_grow(g->v, &g->cap, g->n, sizeof(*g->v));
		d = &g->v[g->n++];
		*d = (struct read_document){ .key = db_col_int(stmt, 0),
			.first = db_col_int(stmt, 1),
			.passages = db_col_int(stmt, 2),
			.name = db_col_dup(stmt, 5),
			.bytes = (uint64_t)db_col_int(stmt, 6) };
		db_col_id(stmt, 3, d->id);
		(void)snprintf(d->sha256, sizeof(d->sha256), "%s", db_col_text(stmt, 4));
		p->bytes += d->bytes;
	}
	db_release(stmt);
	return r;
}

static int find_documents(struct reading *g)
{
	struct db_passages *p = g->p;
	int r = 0;

	if (!p->ndocuments)
		return add_documents(g, NULL);
	for (size_t i = 0; r == 0 && i < p->ndocuments; i++)
		r = add_documents(g, p->documents[i]);
	return r;
}

static int read_text(struct reading *g, const struct read_document *d, struct hit *h)
{
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = text_read(g->db, d->key, h->start, h->end, &text, g->why);
	if (r == 0)
		h->text = buf_steal(&text, &h->text_len);
	buf_fini(&text);
	return r ? r : h->text ? 0 : -ENOMEM;
}

/* Passages of one document up to `bytes` of its text, one at least. */
static int read_document(struct reading *g, const struct read_document *d, uint64_t bytes, size_t *cap)
{
	struct db_passages *p = g->p;
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, g->db, g->db->lib, g->why,
		"SELECT id, start, end, line, page, heading FROM passage WHERE id >= ?1 AND id < ?2 "
		"ORDER BY id",
		db_int(d->first), db_int(d->first + d->passages));

	for (size_t first = p->nhits; r == 0;) {
		struct hit *h;

		r = db_step(stmt, &row, g->why);
		if (r != 0 || !row || (p->nhits > first && (uint64_t)db_col_int(stmt, 2) > bytes))
			break;
		p->hits = mem_grow(p->hits, cap, p->nhits, sizeof(*p->hits));
		h = &p->hits[p->nhits++];
		*h = (struct hit){ .passage = db_col_int(stmt, 0),
			.start = (uint64_t)db_col_int(stmt, 1),
			.end = (uint64_t)db_col_int(stmt, 2),
			.line = (int)db_col_int(stmt, 3),
			.page = (int)db_col_int(stmt, 4),
			.ordinal = db_col_int(stmt, 0) - d->first,
			.name = mem_dup(d->name),
			.heading = db_col_dup(stmt, 5) };
		memcpy(h->document, d->id, sizeof(h->document));
		memcpy(h->sha256, d->sha256, sizeof(h->sha256));
		r = read_text(g, d, h);
	}
	db_release(stmt);
	return r;
}

int db_library_passages(struct db *db, struct db_passages *p)
{
	char *why = NULL;
	struct reading g = { .db = db, .p = p, .why = &why };
	size_t cap = 0;
	int r;

	p->hits = NULL;
	p->nhits = 0;
	p->bytes = 0;
	r = find_documents(&g);
	p->ndocuments_read = g.n;
	p->whole = r == 0 && !g.more && p->bytes <= p->max_bytes;
	if (p->whole || p->beginnings)
		for (size_t i = 0; r == 0 && i < g.n; i++)
			r = read_document(&g, &g.v[i], p->whole ? UINT64_MAX : p->max_bytes / g.n, &cap);
	for (size_t i = 0; i < g.n; i++)
		mem_free(g.v[i].name);
	mem_free(g.v);
	mem_free(why);
	return r;
}
