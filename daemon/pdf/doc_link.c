/*
 * Links: compact here, written as annotations (12.5.6.5) when saved. One action and one text per
 * address, because a long address that is broken over many lines is many links.
 */
#include <string.h>

#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"
#include "daemon/pdf/report.h"

static size_t slot_of(const struct doc *d, const char *uri, size_t len)
{
	size_t i = (size_t)doc_hash(0, uri, len) & (d->address_slots - 1);

	while (d->address_table[i] &&
		(d->address_table[i]->len != len || memcmp(d->address_table[i]->uri, uri, len) != 0))
		i = (i + 1) & (d->address_slots - 1);
	return i;
}

static void grow_table(struct doc *d)
{
	d->address_slots = d->address_slots ? d->address_slots * 2 : 64;
	d->address_table = arena_alloc(d->arena, d->address_slots * sizeof(struct address *));
	for (struct address *a = d->addresses; a; a = a->next)
		d->address_table[slot_of(d, a->uri, a->len)] = a;
}

static struct address *address_of(struct doc *d, const char *uri)
{
	size_t len = strlen(uri), i;
	struct address *a;

	if (d->naddresses * 2 >= d->address_slots)
		grow_table(d);
	i = slot_of(d, uri, len);
	if (d->address_table[i])
		return d->address_table[i];
	a = arena_alloc(d->arena, sizeof(*a));
	*a = (struct address){ .uri = arena_dup(d->arena, uri, len), .len = len };
	*d->addresses_end = a;
	d->addresses_end = &a->next;
	d->naddresses++;
	return d->address_table[i] = a;
}

static struct link *link_add(struct page *p, const double at[4], struct elem *e)
{
	struct doc *d = p->doc;
	int64_t box[4];
	struct link *l;

	if (d->nlinks == DOC_LINKS_MAX) {
		report_warn(d->report, "links", "only the first %d links can be clicked", DOC_LINKS_MAX);
		return NULL;
	}
	if (!page_place(p, at[0], at[1] + at[3], &box[0], &box[1]) ||
		!page_place(p, at[0] + at[2], at[1], &box[2], &box[3]))
		return NULL;
	l = arena_alloc(d->arena, sizeof(*l));
	*l = (struct link){ .page = p, .elem = e, .dest = -1 };
	memcpy(l->box, box, sizeof(box));
	*p->links_end = l;
	p->links_end = &l->next;
	d->nlinks++;
	if (e)
		elem_link(d, e, l);
	return l;
}

void page_link_uri(struct page *p, double x, double y, double w, double h, const char *uri, struct elem *e)
{
	struct link *l = link_add(p, (double[]){ x, y, w, h }, e);

	if (l)
		l->address = address_of(p->doc, uri);
}

void page_link_dest(struct page *p, double x, double y, double w, double h, int dest, struct elem *e)
{
	struct link *l = link_add(p, (double[]){ x, y, w, h }, e);

	if (l)
		l->dest = dest;
}

/* ---- saving ---- */

static void number_page(struct doc *d, struct page *p, uint32_t *key)
{
	struct buf *b = p->annots ? obj_text(d->objs, p->annots) : NULL;

	if (!b)
		return;
	buf_add_byte(b, '[');
	for (struct link *l = p->links; l; l = l->next) {
		l->key = l->elem ? (*key)++ : 0;
		l->id = file_ids(&d->file, 1);
		put_ref(b, l->id);
		buf_add_byte(b, l->next ? ' ' : ']');
	}
}

void doc_links_number(struct doc *d)
{
	uint32_t key = (uint32_t)d->npages;

	for (size_t i = 0; i < d->npages; i++)
		number_page(d, d->pages[i], &key);
	for (struct address *a = d->addresses; a; a = a->next)
		a->id = file_ids(&d->file, 2);
}

/* Zoom stays as it is; libharu refuses to write that. */
void put_dest(struct buf *b, const struct page *p, double x, double y)
{
	int64_t px = 0, py = 0;

	page_place((struct page *)p, x, y, &px, &py);
	buf_add_byte(b, '[');
	put_ref(b, obj_id(p->obj));
	buf_add_str(b, "/XYZ ");
	put_fix(b, px, 2);
	buf_add_byte(b, ' ');
	put_fix(b, py, 2);
	buf_add_str(b, " null]");
}

static void put_target(struct doc *d, struct buf *b, const struct link *l)
{
	const struct dest *to = l->dest >= 0 && (size_t)l->dest < d->ndests ? &d->dests[l->dest] : NULL;

	if (l->address) {
		buf_add_str(b, "/A ");
		put_ref(b, l->address->id);
		buf_add_str(b, "/Contents ");
		put_ref(b, l->address->id + 1);
	} else if (to && to->page) {
		buf_add_str(b, "/Dest");
		put_dest(b, to->page, to->x, to->y);
		buf_add_str(b, "/Contents(Page ");
		put_int(b, (int64_t)to->page->index + 1);
		buf_add_byte(b, ')');
	}
}

static void write_link(struct doc *d, const struct link *l)
{
	struct buf *b = file_object(&d->file, l->id);

	buf_add_str(b, "<</Type/Annot/Subtype/Link/F 4/Border[0 0 0]/Rect[");
	for (size_t i = 0; i < 4; i++) {
		if (i)
			buf_add_byte(b, ' ');
		put_fix(b, l->box[i], 2);
	}
	buf_add_byte(b, ']');
	put_target(d, b, l);
	if (l->elem) {
		buf_add_str(b, "/StructParent ");
		put_int(b, l->key);
	}
	buf_add_str(b, ">>");
}

void doc_links_write(struct doc *d)
{
	for (size_t i = 0; i < d->npages; i++)
		for (const struct link *l = d->pages[i]->links; l; l = l->next)
			write_link(d, l);
	for (const struct address *a = d->addresses; a; a = a->next) {
		struct buf *b = file_object(&d->file, a->id);

		buf_add_str(b, "<</S/URI/URI");
		put_bytes(b, a->uri, a->len);
		buf_add_str(b, ">>");
		put_text(file_object(&d->file, a->id + 1), a->uri, a->len);
	}
}
