/*
 * The bytes of a PDF file in order: objects packed into object streams (7.5.7), streams by themselves, the
 * cross-reference stream (7.5.8). Errors stick in `failed`.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"

struct file {
	struct buf *out;
	struct where *where;   /* of each id */
	size_t cap;
	uint32_t next;         /* the next free id */
	struct buf pack;       /* the object stream that is being filled */
	uint32_t pack_id;      /* 0: none */
	uint32_t *packed;      /* id and offset by turns */
	size_t npacked;
	int failed;            /* 0, DOC_E_MEMORY or -ENOBUFS */
};

void file_begin(struct file *f, struct buf *out, uint32_t next);
uint32_t file_ids(struct file *f, uint32_t n);           /* the first of n new ids */
struct buf *file_object(struct file *f, uint32_t id);    /* write its text there, before the next call */
struct buf *file_alone(struct file *f, uint32_t id);     /* as above, for one with a stream; then file_alone_end */
void file_alone_end(struct file *f);
/* Root and info are ids. The file's /ID is a hash of all that stands in it. Frees everything but out. */
int file_end(struct file *f, uint32_t root, uint32_t info);
