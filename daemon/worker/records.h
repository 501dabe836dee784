/*
 * What ragchatd-extract reads and writes: the bytes between the daemon and its helper.
 *
 * In:  "RXT1", u32 length, the document's name, then the document up to the end of the pipe. For
 *      the profile of PDF the document alone: nobody but pdftotext reads of it.
 * Out: records, each a type byte, u32 length, payload; numbers are little-endian.
 *      'F' form byte, title            once, first
 *      'P' i32 page, i32 line, label   where what follows stands; -1: none
 *      'T' text                        clean UTF-8; records may cut it anywhere
 *      'C' u32 length, name, bytes     a document within it, for the profile that reads it (PDF)
 *      'E' u64 bytes of all text       once, last: without it the result is not whole
 *
 * The reader believes nothing: the helper may have been taken over by the document it read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define RECORDS_MAGIC "RXT1"
#define RECORD_HEAD 5

enum text_form {
	FORM_FILE = 't',     /* a text file as it is: its name says how to cut it, lines are counted */
	FORM_MARKDOWN = 'm', /* headings, items, tables as Markdown writes them */
	FORM_PAGES = 'p',    /* plain text of pages */
};

/* ---- writing ---- */

void record_head(uint8_t out[RECORD_HEAD], char type, size_t n);
void put_u32(uint8_t *p, uint32_t v);
uint32_t get_u32(const uint8_t *p);

/* ---- reading ---- */

struct text_place {
	size_t off;  /* in the text: it holds from here to the next one */
	int page;    /* from 1, or -1 */
	int line;    /* from 1, or -1 */
	int label;   /* in labels, or -1 */
};

struct text_child {
	char *name;
	uint8_t *bytes;
	size_t n, off; /* off: where its text belongs */
	int label;     /* of the place it stands at, or -1 */
};

#define RECORDS_PLACES 2000000 /* of one document: a row of a sheet is one */
#define RECORDS_LABELS 100000
#define RECORDS_CHILDREN 32

struct records {
	struct buf in; /* of a record that is not whole yet */
	struct buf text;
	char form; /* 0: none came */
	char *title;
	struct text_place *places;
	size_t nplaces, cplaces;
	char **labels;
	size_t nlabels, clabels;
	struct text_child *children;
	size_t nchildren, cchildren;
	size_t max, child_bytes;
	int page; /* the latest */
	bool ended, failed;
};

void records_init(struct records *r, size_t max_text);
void records_fini(struct records *r);
/* Any pieces. 0; -EBADMSG: not what the helper writes; -ENOBUFS: too much; -ENOMEM. Sticks. */
int records_feed(struct records *r, const void *p, size_t n);
/* The text of a whole one behind that of `r`, its places below `label`. 0, -ENOBUFS, -ENOMEM. */
int records_append(struct records *r, const struct records *more, const char *label);
int records_end(struct records *r); /* 0 when whole, and the text is clean UTF-8; -EBADMSG */
