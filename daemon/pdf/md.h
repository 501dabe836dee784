/*
 * Markdown as a tree of blocks with flat text: CommonMark with GFM's tables, strikethrough, task lists,
 * autolinks and footnotes, parsed by cmark-gfm (md.c, md_tree.c, md_link.c and md_defs.c are the only files that include it). Inline
 * markup is spans over plain text: what a page and an HTML file need, without a second tree.
 *
 * An address that may not be clicked stands in parentheses after its text; a link without a text shows its
 * address; a title of a link or image stands in parentheses after it; <br> is a hard break, all other HTML is text. TAB stays as it is.
 *
 * Nothing a reader could see is lost: what the parser would drop (surplus cells of a ragged row) is taken
 * from the source, a definition that nothing refers to stays text, what passes a cap is kept in a plainer form, and the report says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/pdf/arena.h"

struct report;

#define MD_INPUT_MAX (1u << 20)   /* bytes; beyond: the whole text as one MD_PLAIN block */
#define MD_DEPTH_MAX 100          /* nested containers; deeper ones stay at this depth */
#define MD_CELLS_MAX 20000        /* rows x columns of one table; beyond: the source as MD_CODE */

enum md_kind {
	MD_DOCUMENT,  /* kids: blocks */
	MD_PARAGRAPH, /* text */
	MD_HEADING,   /* text, level */
	MD_LIST,      /* kids: MD_ITEM; ordered, start, delimiter, tight */
	MD_ITEM,      /* kids: blocks; task */
	MD_QUOTE,     /* kids: blocks */
	MD_CODE,      /* text without spans, LF between lines; info */
	MD_PLAIN,     /* text without spans, to be shown as it is, wrapped */
	MD_HTML,      /* text without spans: HTML shown as text */
	MD_MATH,      /* text without spans: display LaTeX as source, with its delimiters */
	MD_TABLE,     /* kids: MD_ROW, the first is the header; columns, align */
	MD_ROW,       /* kids: MD_CELL, exactly `columns` of the table */
	MD_CELL,      /* text */
	MD_RULE,
	MD_FOOTNOTES, /* kids: MD_NOTE; at the end of the document */
	MD_NOTE,      /* kids: blocks; number, name */
};

enum md_mark {
	MD_EM = 1, MD_STRONG = 2, MD_MONO = 4, MD_STRIKE = 8,
	MD_INLINE_MATH = 16, /* source in mono */
	MD_IMAGE = 32,       /* the text is "[image: alt]" */
	MD_CITE = 64,        /* "[n]", n a source of this answer: number; of "[1, 3]" the digits alone */
	MD_NOTE_REF = 128,   /* a footnote's number as text: number */
};

struct md_span {
	uint32_t start, end;  /* bytes of text; in order, without a gap */
	unsigned marks;       /* enum md_mark */
	const char *url;      /* link or image target that may be clicked (http, https, mailto), or NULL */
	int number;
};

enum md_align { MD_ALIGN_NONE, MD_ALIGN_LEFT, MD_ALIGN_CENTER, MD_ALIGN_RIGHT };

struct md_block {
	enum md_kind kind;
	struct md_block *first, *last, *next; /* kids and the next sibling */
	char *text;            /* clean UTF-8, LF: a hard break (in code: a line end); not NULL for kinds with text */
	size_t len;
	struct md_span *spans;
	size_t nspans;
	int level;             /* heading 1..6 */
	bool ordered, tight, dot; /* list; dot: "1." else "1)" */
	int64_t start;         /* number of the first item */
	int task;              /* item: -1 none, 0 open, 1 done */
	const char *info;      /* code: the info string, or NULL; its first word is the language */
	int columns;
	uint8_t *align;        /* enum md_align, `columns` of them */
	int number;            /* note */
	const char *name;
};

struct md_options {
	int sources;           /* [1]..[sources] in the text are citations; 0: none */
	const int *source_numbers; /* their numbers when not 1..sources, or NULL */
	size_t nsource_numbers;
	bool strip_status;     /* remove the seed backend's status lines and leading metadata block */
};

void md_init(void); /* registers extensions and warms what is lazy; before the lock */
/* Never fails: in doubt a plainer form. src may hold anything; invalid UTF-8 and NUL become U+FFFD. */
struct md_block *md_parse(struct arena *a, struct report *r, const char *src, size_t len, const struct md_options *o);
/* May this address be clicked? http, https and mailto only; no controls, no spaces. */
bool md_url_allowed(const char *url, size_t len);
