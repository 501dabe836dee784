/*
 * PDF, by poppler's pdftotext as a program of its own: two processes, each in its own sandbox. The
 * child becomes pdftotext with the document on its stdin; the parent gets text by a pipe, sees
 * nothing of the document, and makes pages of it.
 */
#pragma once

#include <sys/types.h>

#include "daemon/extract/extract.h"

struct pdf_reader {
	pid_t pid;
};

/* Where pdftotext's complaints are read; the only descriptor above 2. */
#define PDF_WORDS_FD 3

/* Before the parent's own sandbox: 0 or -errno. On success fd 0 is the pipe of text. */
int pdf_start(struct pdf_reader *p);
/* Afterwards: reads it to its end. 0, EXTRACT_E_*. */
int extract_pdf(struct extract *x, struct pdf_reader *p);
/* Text with a form feed behind each page, in any pieces; the pure part of it. */
struct pdf_pages {
	struct extract *x;
	int page;
	bool begun; /* the place of `page` is told */
};
void pdf_pages_feed(struct pdf_pages *p, const char *s, size_t n);
/* The title in the head that pdftotext writes; one that is a file's name or a program's is none. */
void pdf_title(struct extract *x, const char *head, size_t n);
