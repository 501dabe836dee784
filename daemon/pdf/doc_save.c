/*
 * Saving: everything that waits becomes objects, then libharu's table of objects is walked. Its streams
 * stand in the file by themselves; its other objects, and ours, go into object streams, which libharu cannot
 * write and without which a tagged document is four times as large.
 */
#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"

static void finish_page(struct doc *d, struct page *p)
{
	page_close(p);
	if (p->content.failed)
		doc_fail(d, DOC_E_MEMORY);
	if (!p->content.len) /* deflate of nothing would be no bytes at all, which is not deflate */
		buf_add_byte(&p->content, '\n');
	objs_page_write(p->obj, p->content.data, p->content.len);
	buf_fini(&p->content);
	obj_name(p->obj, "Tabs", "S");
	if (p->nmcids)
		obj_int(p->obj, "StructParents", (int32_t)p->index);
	if (!p->links)
		return;
	p->annots = objs_text(d->objs);
	obj_ref(p->obj, "Annots", p->annots);
}

static void finish_catalog(struct doc *d)
{
	struct obj *catalog = objs_catalog(d->objs), *tree = objs_text(d->objs), *outline;

	obj_ref(catalog, "StructTreeRoot", tree);
	d->tree_id = obj_id(tree);
	obj_bool(obj_dict(catalog, "MarkInfo"), "Marked", true);
	if (*d->info.lang)
		obj_string(catalog, "Lang", d->info.lang);
	if (*d->info.title)
		obj_bool(obj_dict(catalog, "ViewerPreferences"), "DisplayDocTitle", true);
	if (!d->nheadings)
		return;
	outline = objs_text(d->objs);
	d->outline_id = obj_id(outline);
	obj_ref(catalog, "Outlines", outline);
	obj_name(catalog, "PageMode", "UseOutlines");
}

static void finish(struct doc *d)
{
	for (size_t i = 0; i < d->npages; i++)
		finish_page(d, d->pages[i]);
	doc_fonts_finish(d);
	doc_meta(d);
	finish_catalog(d);
}

static int write_object(struct doc *d, uint32_t id)
{
	int r = 0;

	switch (objs_kind(d->objs, id)) {
	case OBJ_VALUE:
		r = objs_write(d->objs, id, file_object(&d->file, id));
		break;
	case OBJ_STREAM:
		r = objs_write(d->objs, id, file_alone(&d->file, id));
		file_alone_end(&d->file);
		break;
	case OBJ_FREE:
	case OBJ_PLACE:
		break;
	}
	return r;
}

/* Streams first: how long one is, a number of libharu's own, is known only then. */
static int write_objects(struct doc *d)
{
	uint32_t n = objs_count(d->objs);
	int r = 0;

	for (int values = 0; values < 2; values++)
		for (uint32_t id = 1; id <= n && !r; id++)
			if ((objs_kind(d->objs, id) == OBJ_STREAM) != values)
				r = write_object(d, id);
	return r;
}

static void number_ours(struct doc *d)
{
	doc_links_number(d);
	d->headings_id = file_ids(&d->file, (uint32_t)d->nheadings);
	d->elems_id = file_ids(&d->file, (uint32_t)d->nelems);
}

int doc_save(struct doc *d, struct buf *out)
{
	int r = 0, ended;

	if (!d->npages)
		return DOC_E_EMPTY;
	finish(d);
	if (!d->error)
		d->error = objs_error(d->objs);
	if (d->error)
		return d->error;
	file_begin(&d->file, out, objs_count(d->objs) + 1);
	number_ours(d);
	r = write_objects(d);
	if (!r) {
		doc_links_write(d);
		doc_outline_write(d);
		doc_tree_write(d);
	}
	ended = file_end(&d->file, obj_id(objs_catalog(d->objs)), obj_id(objs_info(d->objs)));
	if (r || d->error)
		return r ? r : d->error;
	return ended;
}
