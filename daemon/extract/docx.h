/* What a DOCX says beside its text: styles and numbers. */
#pragma once

#include "daemon/extract/office.h"

/* ---- styles ---- */

#define STYLE_UNSAID (-1)

struct style {
	char *id, *based; /* based: NULL where it stands on none */
	int level;        /* of a heading, from 1; 0: none; STYLE_UNSAID */
	int num, depth;   /* of its numbers, as a paragraph says it; STYLE_UNSAID */
};

struct styles {
	struct style *v;
	size_t n, cap;
};

/* 0, -ENOENT, EXTRACT_E_*. What a style does not say, the one that it is based on says for it. */
int styles_read(struct styles *s, struct archive *a, const char *entry);
const struct style *styles_find(const struct styles *s, const char *id); /* NULL: none; id may be NULL */
void styles_fini(struct styles *s);

/* ---- numbers ---- */

#define NUMBER_LEVELS 9
#define NUMBER_TEXT 64 /* bytes of "Article 3.2" */

struct numbering;

/* *out: NULL where there is no such part. 0, EXTRACT_E_* */
int numbering_read(struct numbering **out, struct archive *a, const char *entry);
/* How deep the list `num` sets paragraphs of this style; 0 where it does not say. */
int numbering_depth_of_style(const struct numbering *n, int num, const char *style);
/*
 * Counts on, and gives what stands before the paragraph: "3.2". "": a bullet, or nothing. styles:
 * some lists are those of a style.
 */
void numbering_next(struct numbering *n, const struct styles *styles, int num, int depth, char out[NUMBER_TEXT]);
void *numbering_free(struct numbering *n); /* takes NULL */
