/*
 * PDF, by poppler's pdftotext as a program of its own, each process in its own sandbox. Two children
 * become pdftotext, one for the document and one for the second half of a long one; the parent hands
 * them the document, gets text by pipes, and makes pages of it.
 */
#pragma once

#include <sys/types.h>

#include "daemon/extract/extract.h"

/* The first has begun pdftotext already; the second waits until it is told a page to begin with. */
enum { PDF_FIRST, PDF_SECOND, PDF_CHILDREN };

struct pdf_reader {
	pid_t pid[PDF_CHILDREN];
	bool several; /* processors */
};

/* The parent's descriptors above 2, of each child: its complaints, its text, its input. */
#define PDF_WORDS(child) (3 + 3 * (child))
#define PDF_TEXT(child) (4 + 3 * (child))
#define PDF_INPUT(child) (5 + 3 * (child))
#define PDF_FDS (3 + 3 * PDF_CHILDREN)

#define PDF_PROGRAM "/usr/bin/pdftotext"
#define PDF_NO_PROGRAM 126 /* exit status of a child that could not become it */
#define PDF_NO_SANDBOX 125

/* Before the parent's own sandbox: 0 or -errno. */
int pdf_start(struct pdf_reader *p);
/* What the second child reads before its document: the page to begin with; nothing: it ends. */
struct pdf_order {
	int page;
};
/* Afterwards: reads the document to its end. 0, EXTRACT_E_*. */
int extract_pdf(struct extract *x, struct pdf_reader *p);
/* Text with a form feed behind each page, in any pieces; the pure part of it. */
struct pdf_pages {
	struct extract *x;
	int page;
	int until;  /* the last page that is wanted, 0: all */
	bool begun; /* the place of `page` is told */
};
void pdf_pages_feed(struct pdf_pages *p, const char *s, size_t n);
/* About how many pages there are, from what is not compressed; 0: cannot be seen. Wrong ones do no harm. */
int pdf_count(const uint8_t *p, size_t n);
/* The title in the head that pdftotext writes; one that is a file's name or a program's is none. */
void pdf_title(struct extract *x, const char *head, size_t n);
