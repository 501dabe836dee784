/*
 * What the daemon asks of ragchatd-pdf, on stdin:
 *
 *	"RCPDF1\n\0"   8 bytes
 *	length         u32, little endian: bytes of the JSON that follow, at most PDF_REQUEST_MAX
 *	JSON           one object; then the end of the input
 *
 *	{"format": "pdf"|"html", "title", "lang", "thread", "generator", "epoch": seconds,
 *	 "paper": {"width", "height", "left", "right", "top", "bottom"},
 *	 "turns": [{"question", "date", "model", "state", "note", "markdown",
 *	            "sources": [{"n", "document", "path", "page", "line", "url", "title", "quote", "note"}]}]}
 *
 * Every field may be missing or null: strings are empty then, numbers 0, the paper A4. Unknown fields
 * are skipped. The words that people read (dates, notes) come ready made: nothing here knows a clock,
 * a time zone or a locale.
 *
 * All text in the structs is valid UTF-8 without NUL (what was not is U+FFFD). It lives as long as the
 * request does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/worker/renderer.h"

#define PDF_TURNS_MAX 20000
#define PDF_SOURCES_MAX 10000 /* of one turn */

enum pdf_format { PDF_FORMAT_PDF, PDF_FORMAT_HTML };

/* How the answer stands. All but PDF_DONE carry a note for people. */
enum pdf_state { PDF_DONE, PDF_RUNNING, PDF_INTERRUPTED, PDF_FAILED, PDF_CANCELLED };

struct pdf_text {
	const char *p; /* never NULL, NUL-terminated */
	size_t n;      /* bytes without the NUL */
};

struct pdf_source {
	int64_t n;                              /* the N of [N] in the text; 0: none */
	struct pdf_text document, path, url, title, quote, note; /* note: what there is to say against it */
	int64_t page, line;                     /* from 1; 0: not known */
};

struct pdf_turn {
	struct pdf_text question, date, model, note, markdown;
	enum pdf_state state;
	struct pdf_source *sources;
	size_t nsources;
};

struct pdf_paper {
	double width, height, left, right, top, bottom; /* points; always leaves room for text */
};

struct pdf_request {
	enum pdf_format format;
	struct pdf_text title, thread, generator;
	struct pdf_text lang;                   /* BCP 47, "" when not known */
	int64_t epoch;                          /* seconds since 1970 for the metadata; 0: none (SOURCE_DATE_EPOCH) */
	struct pdf_paper paper;
	struct pdf_turn *turns;                 /* none: a document of its title alone */
	size_t nturns;
	char *strings;                          /* private: what all texts point into */
};

enum {
	PDF_E_REQUEST = 1,                      /* not a request, or a truncated one: *why says what */
	PDF_E_TOO_LARGE,                        /* past one of the limits above: *why says which */
};

/* From the whole input. 0, PDF_E_*, -ENOMEM. *why (may be NULL) is static. On error *req is empty. */
int pdf_request_parse(struct pdf_request *req, const void *p, size_t n, const char **why);
/* Bare Markdown as a request of one turn without a question, A4: for use by hand. -ENOMEM. */
int pdf_request_plain(struct pdf_request *req, const void *markdown, size_t n);
void pdf_request_fini(struct pdf_request *req);
