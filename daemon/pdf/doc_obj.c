/*
 * libharu's object layer: the only file that includes hpdf.h. Its text, font, outline, link and save
 * calls are not used: no shaping, fonts thirteen times too large, no subset of CFF, no code point beyond the
 * BMP, no structure tree, no object streams. What is used are its dictionaries, arrays, streams with their
 * deflate, page tree and table of objects, whose structs are those of exactly one release.
 */
#include "daemon/pdf/doc_obj.h"

#include <errno.h>
#include <hpdf.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "daemon/pdf/doc.h"
#include "daemon/pdf/doc_put.h"

#if HPDF_VERSION_ID != 20300
#error "doc_obj.c reads the structs of libharu 2.3.0: look at each of them before allowing another release"
#endif

#define ID_MASK 0x00FFFFFFu
#define STRING_MAX 16384 /* bytes of a title or its like */

struct objs {
	HPDF_Doc doc;
	struct place *places; /* newest first */
};

struct place {
	struct place *next;
	uint32_t id;
	struct buf text;
};

static HPDF_Dict dict_of(struct obj *obj)
{
	return (HPDF_Dict)obj;
}

struct objs *objs_new(void)
{
	struct objs *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->doc = HPDF_New(NULL, NULL);
	if (!o->doc)
		return objs_free(o);
	HPDF_SetCompressionMode(o->doc, HPDF_COMP_ALL);
	return o;
}

void *objs_free(struct objs *o)
{
	struct place *p;

	if (!o)
		return NULL;
	while ((p = o->places)) {
		o->places = p->next;
		buf_fini(&p->text);
		free(p);
	}
	if (o->doc)
		HPDF_Free(o->doc);
	free(o);
	return NULL;
}

int objs_error(const struct objs *o)
{
	switch (HPDF_GetError(o->doc)) {
	case HPDF_OK:
		return 0;
	case HPDF_FAILD_TO_ALLOC_MEM:
	case HPDF_INVALID_DOCUMENT: /* what an allocation that failed in the middle leaves behind */
		return DOC_E_MEMORY;
	default:
		return DOC_E_LIBRARY;
	}
}

struct obj *objs_catalog(struct objs *o)
{
	return (struct obj *)o->doc->catalog;
}

struct obj *objs_info(struct objs *o)
{
	return (struct obj *)o->doc->info;
}

struct obj *objs_page(struct objs *o, double width, double height)
{
	HPDF_Page page = HPDF_AddPage(o->doc);

	if (!page)
		return NULL;
	HPDF_Page_SetWidth(page, (HPDF_REAL)width);
	HPDF_Page_SetHeight(page, (HPDF_REAL)height);
	return (struct obj *)page;
}

void objs_page_write(struct obj *page, const void *p, size_t n)
{
	if (page)
		HPDF_Stream_Write(((HPDF_PageAttr)dict_of(page)->attr)->stream, p, (HPDF_UINT)n);
}

/* The table takes the object over, also when it fails. */
static struct obj *added(struct objs *o, void *obj)
{
	if (!obj || HPDF_Xref_Add(o->doc->xref, obj) != HPDF_OK)
		return NULL;
	return obj;
}

struct obj *objs_dict(struct objs *o)
{
	return added(o, HPDF_Dict_New(o->doc->mmgr));
}

struct obj *objs_stream(struct objs *o, bool deflate)
{
	HPDF_Dict dict = HPDF_DictStream_New(o->doc->mmgr, o->doc->xref);

	if (dict && deflate)
		dict->filter = HPDF_STREAM_FILTER_FLATE_DECODE;
	return (struct obj *)dict;
}

struct obj *objs_text(struct objs *o)
{
	struct obj *obj = added(o, HPDF_Null_New(o->doc->mmgr));
	struct place *p = obj ? calloc(1, sizeof(*p)) : NULL;

	if (!p) {
		HPDF_SetError(&o->doc->error, HPDF_FAILD_TO_ALLOC_MEM, 0);
		return NULL;
	}
	*p = (struct place){ .next = o->places, .id = obj_id(obj) };
	o->places = p;
	return obj;
}

static struct place *place_of(const struct objs *o, uint32_t id)
{
	struct place *p = o->places;

	while (p && p->id > id) /* ids grow: the list is in order */
		p = p->next;
	return p && p->id == id ? p : NULL;
}

struct buf *obj_text(struct objs *o, struct obj *place)
{
	struct place *p = place_of(o, obj_id(place));

	return p ? &p->text : NULL;
}

void obj_write(struct obj *stream, const void *p, size_t n)
{
	if (stream && n)
		HPDF_Stream_Write(dict_of(stream)->stream, p, (HPDF_UINT)n);
}

void obj_name(struct obj *dict, const char *key, const char *name)
{
	if (dict)
		HPDF_Dict_AddName(dict_of(dict), key, name);
}

void obj_int(struct obj *dict, const char *key, int32_t value)
{
	if (dict)
		HPDF_Dict_AddNumber(dict_of(dict), key, value);
}

void obj_bool(struct obj *dict, const char *key, bool value)
{
	if (dict)
		HPDF_Dict_AddBoolean(dict_of(dict), key, value ? HPDF_TRUE : HPDF_FALSE);
}

/* libharu's own strings make a space of every code point beyond the BMP. */
void obj_string(struct obj *dict, const char *key, const char *utf8)
{
	size_t n = strlen(utf8), size = utf8_floor(utf8, n, STRING_MAX);
	struct buf wide = { 0 };

	if (dict && put_utf16(&wide, utf8, size) == 0)
		HPDF_Dict_Add(dict_of(dict), key,
			HPDF_Binary_New(dict_of(dict)->mmgr, wide.data, (HPDF_UINT)wide.len));
	else if (dict)
		HPDF_SetError(dict_of(dict)->error, HPDF_FAILD_TO_ALLOC_MEM, 0);
	buf_fini(&wide);
}

void obj_ref(struct obj *dict, const char *key, struct obj *to)
{
	if (dict && to)
		HPDF_Dict_Add(dict_of(dict), key, to);
}

void obj_ref_list(struct obj *dict, const char *key, struct obj *to)
{
	HPDF_Array list = dict && to ? HPDF_Array_New(dict_of(dict)->mmgr) : NULL;

	if (list && HPDF_Dict_Add(dict_of(dict), key, list) == HPDF_OK)
		HPDF_Array_Add(list, to);
}

void obj_ints(struct obj *dict, const char *key, const int *values, size_t n)
{
	HPDF_Array list = dict ? HPDF_Array_New(dict_of(dict)->mmgr) : NULL;

	if (!list || HPDF_Dict_Add(dict_of(dict), key, list) != HPDF_OK)
		return;
	for (size_t i = 0; i < n; i++)
		HPDF_Array_AddNumber(list, values[i]);
}

struct obj *obj_dict(struct obj *dict, const char *key)
{
	HPDF_Dict inner = dict ? HPDF_Dict_New(dict_of(dict)->mmgr) : NULL;

	if (!inner || HPDF_Dict_Add(dict_of(dict), key, inner) != HPDF_OK)
		return NULL;
	return (struct obj *)inner;
}

struct obj *obj_dict_list(struct obj *dict, const char *key)
{
	HPDF_Dict inner = dict ? HPDF_Dict_New(dict_of(dict)->mmgr) : NULL;
	HPDF_Array list = inner ? HPDF_Array_New(dict_of(dict)->mmgr) : NULL;

	if (!list || HPDF_Dict_Add(dict_of(dict), key, list) != HPDF_OK || HPDF_Array_Add(list, inner) != HPDF_OK)
		return NULL;
	return (struct obj *)inner;
}

uint32_t obj_id(const struct obj *obj)
{
	return obj ? ((const HPDF_Obj_Header *)obj)->obj_id & ID_MASK : 0;
}

uint32_t objs_count(const struct objs *o)
{
	return o->doc->xref->entries->count - 1; /* without the head of the free list */
}

enum obj_kind objs_kind(const struct objs *o, uint32_t id)
{
	HPDF_XrefEntry entry = HPDF_Xref_GetEntry(o->doc->xref, id);
	const HPDF_Obj_Header *head = entry ? entry->obj : NULL;
	const struct place *place;

	if (!head || entry->entry_typ != HPDF_IN_USE_ENTRY)
		return OBJ_FREE;
	place = place_of(o, id);
	if (place)
		return place->text.len || place->text.failed ? OBJ_VALUE : OBJ_PLACE;
	if ((head->obj_class & HPDF_OCLASS_ANY) == HPDF_OCLASS_DICT && ((HPDF_Dict)entry->obj)->stream)
		return OBJ_STREAM;
	return OBJ_VALUE;
}

static HPDF_STATUS into_buf(HPDF_Stream stream, const HPDF_BYTE *p, HPDF_UINT n)
{
	return buf_add(stream->attr, p, n) == 0 ? HPDF_OK : HPDF_FAILD_TO_ALLOC_MEM;
}

int objs_write(struct objs *o, uint32_t id, struct buf *out)
{
	struct place *place = place_of(o, id);
	HPDF_Stream to;

	if (place && place->text.failed)
		return DOC_E_MEMORY;
	if (place && place->text.len)
		return buf_add(out, place->text.data, place->text.len);
	to = HPDF_CallbackWriter_New(o->doc->mmgr, into_buf, out);
	if (!to)
		return DOC_E_MEMORY;
	HPDF_Obj_WriteValue(HPDF_Xref_GetEntry(o->doc->xref, id)->obj, to, NULL);
	HPDF_Stream_Free(to);
	if (out->failed)
		return out->max && out->max - out->len < 4096 ? -ENOBUFS : DOC_E_MEMORY;
	return objs_error(o);
}
