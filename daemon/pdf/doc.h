/*
 * A PDF file (ISO 32000-1, 1.7): pages, fonts, links, outline, structure tree. doc_obj.c is the only
 * file that includes hpdf.h; what libharu cannot do (subset fonts, exact ToUnicode, tagging, object
 * streams) is written beside its object layer.
 *
 * Coordinates of this interface: points from the page's top left corner, y downward. The same calls give
 * the same bytes. Beyond a cap the call does what is left to do and tells the report.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "daemon/pdf/fonts.h"
#include "daemon/pdf/text.h"

struct report;
struct doc;
struct page;
struct elem; /* of the structure tree; small: fifty pages have ten thousand */

enum {
	DOC_E_MEMORY = 1, /* no more memory within the limit */
	DOC_E_LIBRARY,    /* libharu refused an object: a bug */
	DOC_E_FONT,       /* a font cannot be cut to a subset: a damaged font file */
	DOC_E_EMPTY,      /* no page */
	DOC_E_NUMBER,     /* a place or a size that is not a finite number: a bug of the caller */
};

struct doc_info {
	const char *title, *author, *subject, *lang; /* UTF-8; lang BCP 47 */
	const char *creator;   /* "ragchat 0.1.0" */
	int64_t epoch;         /* CreationDate and ModDate, seconds; < 0: no date */
};

#define DOC_PAGES_MAX 2000
#define DOC_LINKS_MAX 20000
#define DOC_OUTLINE_MAX 1000

/* info is copied; fonts and report must live as long as the document. */
struct doc *doc_new(const struct doc_info *info, struct fonts *fonts, struct report *report);
/* The file, once: afterwards there is only doc_free. 0; DOC_E_*; out is capped by its own max (-ENOBUFS). */
int doc_save(struct doc *d, struct buf *out);
void *doc_free(struct doc *d);

struct page *doc_page(struct doc *d, double width, double height); /* NULL: DOC_PAGES_MAX reached */
size_t doc_pages(const struct doc *d);
struct page *doc_page_at(struct doc *d, size_t i); /* for headers and footers once the number of pages is known */
void page_size(const struct page *p, double *width, double *height);

/* ---- structure (tagged PDF, 14.8) ---- */
enum role {
	ROLE_DOCUMENT, ROLE_SECT, ROLE_H1, ROLE_H2, ROLE_H3, ROLE_H4, ROLE_H5, ROLE_H6, ROLE_P, ROLE_L, ROLE_LI,
	ROLE_LBL, ROLE_LBODY, ROLE_TABLE, ROLE_TR, ROLE_TH, ROLE_TD, ROLE_CODE, ROLE_BLOCKQUOTE, ROLE_LINK,
	ROLE_NOTE, ROLE_REFERENCE, ROLE_SPAN, ROLE_FIGURE, ROLE_EM, ROLE_STRONG,
};
struct elem *doc_root(struct doc *d);                                         /* ROLE_DOCUMENT */
struct elem *doc_elem(struct doc *d, struct elem *parent, enum role role);    /* the next kid of its parent */
void elem_header_of_column(struct elem *e);                                   /* TH with /Scope /Column */
void elem_alt(struct doc *d, struct elem *e, const char *alt);                /* UTF-8 */
void elem_numbered(struct elem *e, bool decimal);                             /* L: /ListNumbering */
/* What follows on this page belongs to e; NULL: it is an artifact (header, background, rule). */
void page_content(struct page *p, struct elem *e);

/* ---- marks on the page ---- */
void page_show(struct page *p, double x, double y, const char *text, const struct piece *piece); /* y: the baseline; text: the paragraph's */
void page_fill(struct page *p, double x, double y, double w, double h, uint32_t rgb);
void page_fill_round(struct page *p, double x, double y, double w, double h, double radius, uint32_t rgb);
void page_stroke(struct page *p, double x1, double y1, double x2, double y2, double thickness, uint32_t rgb);
void page_box(struct page *p, double x, double y, double w, double h, double thickness, uint32_t rgb); /* outline of a rectangle */

/* ---- links ---- */
/* uri: already allowed by the caller. e: its ROLE_LINK element (an OBJR is added) or NULL. One shared action per address. */
void page_link_uri(struct page *p, double x, double y, double w, double h, const char *uri, struct elem *e);
/* A destination may be used before it is set. */
int doc_dest(struct doc *d);
void doc_dest_set(struct doc *d, int dest, struct page *p, double x, double y);
void page_link_dest(struct page *p, double x, double y, double w, double h, int dest, struct elem *e);
/* level from 1; a jump over a level is closed up. */
void doc_outline(struct doc *d, int level, const char *title, struct page *p, double y);
