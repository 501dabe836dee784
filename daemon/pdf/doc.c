/*
 * A document: its pages and destinations. The way of the parts: what is drawn becomes a page's content at
 * once, glyphs get their codes when first used; fonts are cut to what was used, and the structure tree, links
 * and outline written, when the document is saved (doc_save.c).
 */
#include "daemon/pdf/doc.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/report.h"

void doc_fail(struct doc *d, int error)
{
	if (!d->error)
		d->error = error;
}

void *doc_array(struct doc *d, void *p, size_t *cap, size_t want, size_t size)
{
	return want <= *cap ? p : arena_grow(d->arena, p, cap, want, size);
}

/* FNV-1a. */
uint64_t doc_hash(uint64_t seed, const void *p, size_t n)
{
	const uint8_t *s = p;
	uint64_t h = seed ^ 0xCBF29CE484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * 0x100000001B3u;
	return h ^ h >> 32;
}

static const char *copied(struct doc *d, const char *s)
{
	return s && *s ? arena_dup(d->arena, s, strlen(s)) : "";
}

struct doc *doc_new(const struct doc_info *info, struct fonts *fonts, struct report *report)
{
	struct arena *a = arena_new();
	struct doc *d = arena_alloc(a, sizeof(*d));

	*d = (struct doc){ .arena = a, .fonts = fonts, .report = report, .info.epoch = info->epoch };
	d->info.title = copied(d, info->title);
	d->info.author = copied(d, info->author);
	d->info.subject = copied(d, info->subject);
	d->info.lang = copied(d, info->lang);
	d->info.creator = copied(d, info->creator);
	d->addresses_end = &d->addresses;
	d->objs = objs_new();
	if (!d->objs)
		arena_out_of_memory();
	d->resources = objs_dict(d->objs);
	d->font_names = obj_dict(d->resources, "Font");
	d->image_names = obj_dict(d->resources, "XObject");
	doc_elem(d, NULL, ROLE_DOCUMENT);
	return d;
}

void *doc_free(struct doc *d)
{
	if (!d)
		return NULL;
	for (size_t i = 0; i < d->npages; i++)
		buf_fini(&d->pages[i]->content);
	objs_free(d->objs);
	return arena_free(d->arena);
}

struct page *doc_page(struct doc *d, double width, double height)
{
	struct page *p;

	if (d->npages == DOC_PAGES_MAX) {
		report_warn(d->report, "pages", "the document ends after %d pages", DOC_PAGES_MAX);
		return NULL;
	}
	p = arena_alloc(d->arena, sizeof(*p));
	*p = (struct page){ .doc = d, .index = d->npages, .width = width, .height = height };
	p->links_end = &p->links;
	p->obj = objs_page(d->objs, width, height);
	obj_ref(p->obj, "Resources", d->resources);
	d->pages = doc_array(d, d->pages, &d->pages_cap, d->npages + 1, sizeof(struct page *));
	d->pages[d->npages++] = p;
	return p;
}

size_t doc_pages(const struct doc *d)
{
	return d->npages;
}

struct page *doc_page_at(struct doc *d, size_t i)
{
	return i < d->npages ? d->pages[i] : NULL;
}

void page_size(const struct page *p, double *width, double *height)
{
	*width = p->width;
	*height = p->height;
}

int doc_dest(struct doc *d)
{
	d->dests = doc_array(d, d->dests, &d->dests_cap, d->ndests + 1, sizeof(*d->dests));
	d->dests[d->ndests] = (struct dest){ 0 };
	return (int)d->ndests++;
}

void doc_dest_set(struct doc *d, int dest, struct page *p, double x, double y)
{
	if (dest >= 0 && (size_t)dest < d->ndests && p)
		d->dests[dest] = (struct dest){ p, x, y };
}
