/*
 * The structure tree (14.7, 14.8): compact elements here, written as text into object streams. Of an
 * element with very many kids the kids are grouped under elements without a meaning, the parent tree is a
 * number tree of two levels: no array is longer than readers like.
 */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"

#define KIDS_MAX 2000          /* in one array */
#define LEAF 64                /* keys of a leaf of the parent tree */

static const char *const names[] = {
	[ROLE_DOCUMENT] = "Document", [ROLE_SECT] = "Sect", [ROLE_H1] = "H1", [ROLE_H2] = "H2", [ROLE_H3] = "H3",
	[ROLE_H4] = "H4", [ROLE_H5] = "H5", [ROLE_H6] = "H6", [ROLE_P] = "P", [ROLE_L] = "L", [ROLE_LI] = "LI",
	[ROLE_LBL] = "Lbl", [ROLE_LBODY] = "LBody", [ROLE_TABLE] = "Table", [ROLE_TR] = "TR", [ROLE_TH] = "TH",
	[ROLE_TD] = "TD", [ROLE_CODE] = "Code", [ROLE_BLOCKQUOTE] = "BlockQuote", [ROLE_LINK] = "Link",
	[ROLE_NOTE] = "Note", [ROLE_REFERENCE] = "Reference", [ROLE_SPAN] = "Span", [ROLE_FIGURE] = "Figure",
	[ROLE_EM] = "Em", [ROLE_STRONG] = "Strong", /* of PDF 2.0: the role map says Span */
};

const char *elem_name(const struct elem *e)
{
	return names[e->role];
}

uint32_t elem_id(const struct doc *d, const struct elem *e)
{
	return d->elems_id + e->index;
}

static struct kid *kid_add(struct doc *d, struct elem *e, enum kid_kind kind)
{
	struct kid *k = arena_alloc(d->arena, sizeof(*k));

	k->kind = (uint8_t)kind;
	if (e->last)
		e->last->next = k;
	else
		e->first = k;
	e->last = k;
	e->nkids++;
	return k;
}

struct elem *doc_root(struct doc *d)
{
	return d->root;
}

struct elem *doc_elem(struct doc *d, struct elem *parent, enum role role)
{
	struct elem *e = arena_alloc(d->arena, sizeof(*e));

	e->role = (uint8_t)role;
	e->index = (uint32_t)d->nelems++;
	if (d->last_elem)
		d->last_elem->next = e;
	else
		d->root = e;
	d->last_elem = e;
	if (e != d->root)
		kid_add(d, parent ? parent : d->root, KID_ELEM)->elem = e;
	return e;
}

void elem_header_of_column(struct elem *e)
{
	e->of_column = true;
}

void elem_alt(struct doc *d, struct elem *e, const char *alt)
{
	e->alt = arena_dup(d->arena, alt, strlen(alt));
}

void elem_numbered(struct elem *e, bool decimal)
{
	e->numbered = true;
	e->decimal = decimal;
}

uint32_t elem_mark(struct page *p, struct elem *e)
{
	struct kid *k = kid_add(p->doc, e, KID_MARKED);

	k->page = p;
	k->mcid = (uint32_t)p->nmcids;
	p->mcids = doc_array(p->doc, p->mcids, &p->mcids_cap, p->nmcids + 1, sizeof(struct elem *));
	p->mcids[p->nmcids++] = e;
	return k->mcid;
}

void elem_link(struct doc *d, struct elem *e, struct link *l)
{
	kid_add(d, e, KID_LINK)->link = l;
}

/* ---- saving ---- */

static void put_page(struct buf *b, const struct page *p)
{
	buf_add_str(b, "/Pg ");
	put_ref(b, obj_id(p->obj));
}

/* near: the page that the element names itself. */
static void put_kid(struct doc *d, struct buf *b, const struct kid *k, const struct page *near)
{
	switch ((enum kid_kind) k->kind) {
	case KID_ELEM:
		put_ref(b, elem_id(d, k->elem));
		return;
	case KID_MARKED:
		if (k->page == near) {
			put_int(b, k->mcid);
			return;
		}
		buf_add_str(b, "<</Type/MCR");
		put_page(b, k->page);
		buf_add_str(b, "/MCID ");
		put_int(b, k->mcid);
		break;
	case KID_LINK:
		buf_add_str(b, "<</Type/OBJR");
		if (k->link->page != near)
			put_page(b, k->link->page);
		buf_add_str(b, "/Obj ");
		put_ref(b, k->link->id);
		break;
	}
	buf_add_str(b, ">>");
}

static const struct kid *put_kids(struct doc *d, struct buf *b, const struct kid *k, size_t n, const struct page *near)
{
	buf_add_str(b, "/K[");
	for (size_t i = 0; i < n && k; i++, k = k->next) {
		if (i)
			buf_add_byte(b, ' ');
		put_kid(d, b, k, near);
	}
	buf_add_byte(b, ']');
	return k;
}

static void put_attributes(struct buf *b, const struct elem *e)
{
	if (e->of_column)
		buf_add_str(b, "/A<</O/Table/Scope/Column>>");
	if (e->numbered)
		buf_add_str(b, e->decimal ? "/A<</O/List/ListNumbering/Decimal>>" : "/A<</O/List/ListNumbering/Disc>>");
	if (e->alt) {
		buf_add_str(b, "/Alt");
		put_text(b, e->alt, strlen(e->alt));
	}
}

static void put_head(struct buf *b, const char *name, uint32_t parent)
{
	buf_add_str(b, "<</S/");
	buf_add_str(b, name);
	buf_add_str(b, "/P ");
	put_ref(b, parent);
}

/* Gives the kids their parent: the element, or the group they fall into. */
static void adopt(const struct elem *e, uint32_t id, uint32_t groups)
{
	size_t i = 0;

	for (struct kid *k = e->first; k; k = k->next, i++)
		if (k->kind == KID_ELEM)
			k->elem->parent_id = groups ? groups + (uint32_t)(i / KIDS_MAX) : id;
}

static void write_groups(struct doc *d, const struct elem *e, uint32_t id, uint32_t first, uint32_t n)
{
	const struct kid *k = e->first;
	struct buf *b;

	for (uint32_t i = 0; i < n; i++) {
		b = file_object(&d->file, first + i);
		put_head(b, "NonStruct", id);
		k = put_kids(d, b, k, KIDS_MAX, NULL);
		buf_add_str(b, ">>");
	}
	b = file_object(&d->file, id);
	put_head(b, elem_name(e), e->parent_id);
	put_attributes(b, e);
	buf_add_str(b, "/K[");
	for (uint32_t i = 0; i < n; i++) {
		put_ref(b, first + i);
		buf_add_byte(b, ' ');
	}
	buf_add_str(b, "]>>");
}

static const struct page *first_page(const struct elem *e)
{
	for (const struct kid *k = e->first; k; k = k->next)
		if (k->kind != KID_ELEM)
			return k->kind == KID_MARKED ? k->page : k->link->page;
	return NULL;
}

static void write_elem(struct doc *d, const struct elem *e)
{
	uint32_t id = elem_id(d, e), n = (e->nkids + KIDS_MAX - 1) / KIDS_MAX;
	uint32_t groups = n > 1 ? file_ids(&d->file, n) : 0;
	const struct page *near = first_page(e);
	struct buf *b;

	adopt(e, id, groups);
	if (groups) {
		write_groups(d, e, id, groups, n);
		return;
	}
	b = file_object(&d->file, id);
	put_head(b, elem_name(e), e->parent_id);
	put_attributes(b, e);
	if (near)
		put_page(b, near);
	if (e->first)
		put_kids(d, b, e->first, e->nkids, near);
	buf_add_str(b, ">>");
}

/* The keys of the parent tree: pages by their index, then the links that have an element. */
struct leaves {
	struct doc *doc;
	struct buf kids;               /* references to the leaves */
	struct buf *leaf;
	uint32_t limits[2], n;
	struct buf nums;
};

static void leaf_end(struct leaves *l)
{
	uint32_t id;
	struct buf *b;

	if (!l->n)
		return;
	id = file_ids(&l->doc->file, 1);
	b = file_object(&l->doc->file, id);
	buf_add_str(b, "<</Limits[");
	put_int(b, l->limits[0]);
	buf_add_byte(b, ' ');
	put_int(b, l->limits[1]);
	buf_add_str(b, "]/Nums[");
	buf_add(b, l->nums.data, l->nums.len);
	buf_add_str(b, "]>>");
	put_ref(&l->kids, id);
	buf_add_byte(&l->kids, ' ');
	buf_reset(&l->nums);
	l->n = 0;
}

static struct buf *leaf_key(struct leaves *l, uint32_t key)
{
	if (l->n == LEAF)
		leaf_end(l);
	if (l->n)
		buf_add_byte(&l->nums, ' ');
	if (!l->n++)
		l->limits[0] = key;
	l->limits[1] = key;
	put_int(&l->nums, key);
	buf_add_byte(&l->nums, ' ');
	return &l->nums;
}

/* A page's list is an object of its own: it may be long. */
static uint32_t write_marks(struct doc *d, const struct page *p)
{
	uint32_t id = file_ids(&d->file, 1);
	struct buf *b = file_object(&d->file, id);

	buf_add_byte(b, '[');
	for (size_t i = 0; i < p->nmcids; i++) {
		put_ref(b, elem_id(d, p->mcids[i]));
		buf_add_byte(b, ' ');
	}
	buf_add_byte(b, ']');
	return id;
}

static void write_parents(struct doc *d, struct leaves *l)
{
	for (size_t i = 0; i < d->npages; i++)
		if (d->pages[i]->nmcids)
			put_ref(leaf_key(l, (uint32_t)i), write_marks(d, d->pages[i]));
	for (size_t i = 0; i < d->npages; i++)
		for (const struct link *k = d->pages[i]->links; k; k = k->next)
			if (k->elem)
				put_ref(leaf_key(l, k->key), elem_id(d, k->elem));
	leaf_end(l);
}

void doc_tree_write(struct doc *d)
{
	struct leaves l = { .doc = d };
	struct buf *b;

	d->root->parent_id = d->tree_id;
	for (const struct elem *e = d->root; e; e = e->next)
		write_elem(d, e);
	write_parents(d, &l);
	if (l.kids.failed || l.nums.failed)
		doc_fail(d, DOC_E_MEMORY);
	b = file_object(&d->file, d->tree_id);
	buf_add_str(b, "<</Type/StructTreeRoot/RoleMap<</Em/Span/Strong/Span>>/K ");
	put_ref(b, elem_id(d, d->root));
	buf_add_str(b, "/ParentTree<</Kids[");
	buf_add(b, l.kids.data, l.kids.len);
	buf_add_str(b, "]>>/ParentTreeNextKey ");
	put_int(b, (int64_t)(d->npages + d->nlinks));
	buf_add_str(b, ">>");
	buf_fini(&l.kids);
	buf_fini(&l.nums);
}
