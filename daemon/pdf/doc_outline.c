/* The outline (12.3.3): headings in order with a depth, written as a tree. The first level is open. */
#include <string.h>

#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"
#include "daemon/pdf/report.h"

/* The nearest heading before that is of a smaller level is the parent. */
static int depth_of(const struct doc *d, int level)
{
	for (size_t i = d->nheadings; i > 0; i--)
		if (d->headings[i - 1].level < level)
			return d->headings[i - 1].depth + 1;
	return 1;
}

void doc_outline(struct doc *d, int level, const char *title, struct page *p, double y)
{
	int depth;

	if (d->nheadings == DOC_OUTLINE_MAX) {
		report_warn(d->report, "outline", "the outline ends after %d headings", DOC_OUTLINE_MAX);
		return;
	}
	depth = depth_of(d, level);
	d->headings = doc_array(d, d->headings, &d->headings_cap, d->nheadings + 1, sizeof(*d->headings));
	d->headings[d->nheadings++] = (struct heading){
		.title = arena_dup(d->arena, title, strlen(title)), .page = p, .y = y, .depth = depth, .level = level };
}

/* The neighbours of heading i (index from 0, outline's own depth 0 at -1); -1 none. */
struct kin {
	long parent, before, after, first, last;
	int kids;
};

static struct kin kin_of(const struct doc *d, long at)
{
	const struct heading *h = d->headings;
	long n = (long)d->nheadings;
	int depth = at < 0 ? 0 : h[at].depth;
	struct kin k = { -1, -1, -1, -1, -1, 0 };

	for (long i = at - 1; i >= 0 && k.parent < 0; i--) {
		if (h[i].depth < depth)
			k.parent = i;
		else if (h[i].depth == depth && k.before < 0)
			k.before = i;
	}
	for (long i = at + 1; i < n; i++) {
		if (h[i].depth <= depth) {
			k.after = h[i].depth == depth ? i : -1;
			break;
		}
		if (h[i].depth != depth + 1)
			continue;
		k.first = k.first < 0 ? i : k.first;
		k.last = i;
		k.kids++;
	}
	return k;
}

static void put_kin(const struct doc *d, struct buf *b, const char *key, long at)
{
	if (at < 0)
		return;
	buf_add_str(b, key);
	put_ref(b, d->headings_id + (uint32_t)at);
}

static void write_heading(struct doc *d, long at)
{
	const struct heading *h = &d->headings[at];
	struct buf *b = file_object(&d->file, d->headings_id + (uint32_t)at);
	struct kin k = kin_of(d, at);

	buf_add_str(b, "<</Title");
	put_text(b, h->title, strlen(h->title));
	buf_add_str(b, "/Parent ");
	put_ref(b, k.parent < 0 ? d->outline_id : d->headings_id + (uint32_t)k.parent);
	put_kin(d, b, "/Prev ", k.before);
	put_kin(d, b, "/Next ", k.after);
	put_kin(d, b, "/First ", k.first);
	put_kin(d, b, "/Last ", k.last);
	if (k.kids) {
		buf_add_str(b, "/Count ");
		put_int(b, h->depth == 1 ? k.kids : -k.kids);
	}
	buf_add_str(b, "/Dest");
	put_dest(b, h->page, 0, h->y);
	buf_add_str(b, ">>");
}

void doc_outline_write(struct doc *d)
{
	struct kin k = kin_of(d, -1);
	struct buf *b;
	int shown = 0;

	if (!d->nheadings)
		return;
	for (size_t i = 0; i < d->nheadings; i++)
		shown += d->headings[i].depth <= 2;
	b = file_object(&d->file, d->outline_id);
	buf_add_str(b, "<</Type/Outlines");
	put_kin(d, b, "/First ", k.first);
	put_kin(d, b, "/Last ", k.last);
	buf_add_str(b, "/Count ");
	put_int(b, shown);
	buf_add_str(b, ">>");
	for (size_t i = 0; i < d->nheadings; i++)
		write_heading(d, (long)i);
}
