/*
 * The objects of a PDF file that are few and varied: catalog, pages, content, fonts, images. They are
 * libharu's; what is many and uniform (structure elements, links, outline) is written as text straight into
 * the file, because an object of libharu costs 1.5 KiB of memory.
 *
 * An error sticks: every call after it does nothing, and objs_error says so. NULL objects are let through.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct objs;
struct obj; /* a dictionary, a stream or a place for text; lives as long as its objs */

enum obj_kind {
	OBJ_FREE,
	OBJ_VALUE,  /* may go into an object stream */
	OBJ_STREAM, /* stands in the file by itself */
	OBJ_PLACE,  /* an objs_text without a text: whoever has its id writes it */
};

struct objs *objs_new(void);                     /* NULL: no memory */
void *objs_free(struct objs *o);
int objs_error(const struct objs *o);            /* 0 or DOC_E_* */

struct obj *objs_catalog(struct objs *o);
struct obj *objs_info(struct objs *o);
struct obj *objs_page(struct objs *o, double width, double height);
void objs_page_write(struct obj *page, const void *p, size_t n); /* more of its content */
struct obj *objs_dict(struct objs *o);
struct obj *objs_stream(struct objs *o, bool deflate);
/* An object of text: obj_text, or whoever knows its id and writes it into the file himself. */
struct obj *objs_text(struct objs *o);
struct buf *obj_text(struct objs *o, struct obj *place);

void obj_write(struct obj *stream, const void *p, size_t n);
void obj_name(struct obj *dict, const char *key, const char *name);
void obj_int(struct obj *dict, const char *key, int32_t value);
void obj_bool(struct obj *dict, const char *key, bool value);
void obj_string(struct obj *dict, const char *key, const char *utf8); /* a text string; the first 16 KiB */
void obj_ref(struct obj *dict, const char *key, struct obj *to);
void obj_ref_list(struct obj *dict, const char *key, struct obj *to); /* an array of one reference */
void obj_ints(struct obj *dict, const char *key, const int *values, size_t n);
struct obj *obj_dict(struct obj *dict, const char *key);              /* a new dictionary in it */
struct obj *obj_dict_list(struct obj *dict, const char *key);         /* the same, in an array of one */

uint32_t obj_id(const struct obj *obj);
uint32_t objs_count(const struct objs *o);       /* ids run from 1 to this */
enum obj_kind objs_kind(const struct objs *o, uint32_t id);
/* Its text without "obj" and "endobj". 0, DOC_E_*, an error of the buf. */
int objs_write(struct objs *o, uint32_t id, struct buf *out);
