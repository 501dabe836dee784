/* Words on their way straight into segments, gathered job by job. */
#include "daemon/store/portion.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"

#define PORTION_ROUGH 1024 /* passages: so few are searched all of them, until they are merged */

/* ---- words ---- */

struct reading {
	struct segment_builder *b;
	enum segment_column column;
	size_t places;
};

static int take_word(void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	struct reading *g = ctx;
	int r = segment_builder_word(g->b, g->column, term, n);

	(void)start;
	(void)end;
	g->places += !colocated;
	return r == SEGMENT_E_TERM ? 0 : r;
}

static int take_text(struct reading *g, enum segment_column column, const char *text, size_t n)
{
	g->column = column;
	g->places = 0;
	return text && n ? tokenizer_each(text, n, g, take_word) : 0;
}

int portion_row(struct segment_builder *b, const struct words_row *row, struct words_cut *cut)
{
	struct reading g = { .b = b };
	int r = row->name ? take_text(&g, SEGMENT_NAME, row->name, strlen(row->name)) : 0;

	if (r == 0 && row->heading)
		r = take_text(&g, SEGMENT_HEADING, row->heading, strlen(row->heading));
	if (r == 0)
		r = take_text(&g, SEGMENT_BODY, row->text, row->text_len);
	*cut = words_cut(row, g.places);
	return r;
}

/* ---- one ---- */

void portion_begin(struct portion *p, int64_t collection)
{
	*p = (struct portion){ .collection = collection, .b = segment_builder_new() };
}

void portion_document(struct portion *p, int64_t first)
{
	if (!segment_builder_passages(p->b))
		p->first = first;
	segment_builder_document(p->b, first);
	p->next = first;
}

int portion_take(struct portion *p, struct segment_builder **words, int64_t first)
{
	bool alone = !segment_builder_mark(p->b).documents;
	int64_t n = (int64_t)segment_builder_passages(*words);
	struct segment_builder *empty = p->b;
	int r = 0;

	if (alone) {
		p->b = *words;
		p->first = first;
		segment_builder_shift(p->b, first);
		*words = empty;
	} else {
		r = segment_builder_append(p->b, *words, first);
	}
	*words = segment_builder_free(*words);
	p->next = r == 0 ? first + n : p->next;
	return r;
}

int portion_passage(struct portion *p, const struct words_row *row, struct words_cut *cut)
{
	int r = portion_row(p->b, row, cut);

	p->next = row->id + 1;
	return r ? r : segment_builder_passage(p->b, cut->length);
}

int portion_write(struct db *db, struct segment_builder *b, bool rough, bool sync, struct segments_work *w, char **why)
{
	struct segment_file f;
	int r;

	w->passages = (int64_t)segment_builder_passages(b);
	if (!w->passages)
		return 0;
	r = segment_file_make(&f, db, why);
	if (r == 0)
		r = segment_builder_write(b, rough, segment_file_put, &f);
	if (r == 0)
		r = segment_file_keep(&f, sync, why);
	if (r == 0)
		memcpy(w->file, f.name, sizeof(w->file));
	w->bytes = f.bytes;
	segment_file_drop(&f);
	return r;
}

int portion_make(struct db *db, struct portion *p, bool sync, char **why)
{
	bool rough = segment_builder_passages(p->b) <= PORTION_ROUGH;
	int r;

	p->made = (struct segments_work){ .collection = p->collection, .first = p->first, .last = p->next - 1 };
	r = portion_write(db, p->b, rough, sync, &p->made, why);
	if (r == -ENOSPC || r == -EDQUOT)
		return db_fail(why, STORE_E_FULL, "no space left for the index: make room");
	r = r > 0 ? -EIO : r;
	return r ? db_fail(why, r, "cannot write a file of the index: %s", strerror(-r)) : 0;
}

int portion_add(struct db *db, struct portion *p, char **why)
{
	db->tend = db->tend || p->made.file[0];
	return segments_add(db, &p->made, 1, why);
}

void portion_fini(struct db *db, struct portion *p, bool counts)
{
	if (!counts && p->made.file[0])
		segment_file_delete(db, p->made.file);
	segment_builder_free(p->b);
	*p = (struct portion){ 0 };
}

/* ---- of a group ---- */

struct portion *portions_get(struct db *db, int64_t collection)
{
	struct portions *all = db->portions;

	if (!all)
		all = db->portions = mem_new(sizeof(*all));
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].collection == collection)
			return &all->v[i];
	all->v = mem_grow(all->v, &all->cap, all->n, sizeof(*all->v));
	portion_begin(&all->v[all->n], collection);
	return &all->v[all->n++];
}

void portions_settle(struct db *db, bool keep)
{
	struct portions *all = db->portions;

	for (size_t i = 0; all && i < all->n; i++) {
		struct portion *p = &all->v[i];

		if (!keep) {
			segment_builder_back(p->b, &p->mark);
			p->next = p->next_before;
		}
		p->mark = segment_builder_mark(p->b);
		p->next_before = p->next;
	}
}

int portions_write(struct db *db, char **why)
{
	struct portions *all = db->portions;
	int r = 0;

	for (size_t i = 0; all && r == 0 && i < all->n; i++) {
		r = portion_make(db, &all->v[i], false, why);
		if (r == 0)
			r = portion_add(db, &all->v[i], why);
	}
	return r;
}

void portions_end(struct db *db, bool committed)
{
	struct portions *all = db->portions;

	for (size_t i = 0; all && i < all->n; i++)
		portion_fini(db, &all->v[i], committed);
	if (all)
		mem_free(all->v);
	db->portions = mem_free(all);
}
