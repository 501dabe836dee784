/*
 * One document on its way to text: what all readers share. A reader takes bytes, hands text and
 * places to the writer, and returns 0 or EXTRACT_E_*; the first error's words are for the user
 * whose document it is: what is wrong with it, and what to do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/extract/limits.h"
#include "daemon/extract/out.h"
#include "daemon/extract/writer.h"

enum extract_error {
	EXTRACT_E_BROKEN = 1, /* not what it says it is, or damaged */
	EXTRACT_E_TYPE,       /* a format that is not read */
	EXTRACT_E_LIMIT,      /* past a bound of limits.h */
	EXTRACT_E_LOCKED,     /* encrypted */
	EXTRACT_E_EMPTY,      /* no text in it */
	EXTRACT_E_FAILED,     /* memory, or a write */
};

struct extract {
	struct out *out;
	struct writer writer;
	const char *name;     /* of the document, of its attachment */
	const char *format;   /* what it turned out to be: "docx" */
	bool formed;          /* out_form has been called */
	unsigned depth;       /* of attachments */
	size_t inflated;      /* all that archives have given */
	size_t parts, messages, children; /* of mail */
	char label[EXTRACT_NAME_MAX + 1]; /* the attachment's name above what is read now */
	int page;             /* the last page given, so that parts go on counting */
	int r;
	char why[EXTRACT_WHY_MAX];
	char title[EXTRACT_TITLE_MAX + 1];
	size_t missed; /* attachments that could not be read, though people may want them */
	char missed_why[EXTRACT_WHY_MAX]; /* the first one's name and words */
};

void extract_init(struct extract *x, struct out *out, const char *name);
void extract_fini(struct extract *x);
/* Any document but a PDF: what it is is found out here. out_end is the caller's. */
int extract_document(struct extract *x, const uint8_t *p, size_t n);

/* ---- for the readers ---- */

int extract_fail(struct extract *x, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4))); /* keeps the first; gives x->r */
int extract_no_memory(struct extract *x); /* words for that: it is too large to be read */
int extract_locked(struct extract *x);    /* ... under a password */
void extract_missed(struct extract *x, const char *name, const char *why);
int extract_state(struct extract *x); /* 0 while all is well; what `out` met becomes words */
void extract_form(struct extract *x, char form); /* with x->title; the first call counts */
void extract_place(struct extract *x, int page, int line); /* below x->label */

int extract_text(struct extract *x, const uint8_t *p, size_t n);
int extract_html(struct extract *x, const uint8_t *p, size_t n);
bool html_tag_has_too_many(const char *s, size_t n); /* attributes */
int extract_html_utf8(struct extract *x, const char *s, size_t n); /* converted already */
int extract_zip(struct extract *x, const uint8_t *p, size_t n);
int extract_mail(struct extract *x, const uint8_t *p, size_t n, bool mbox);
