/* Shared by the files of the terminal's Markdown: styled text, its flow into lines, inline parsing, tables. */
#pragma once

#include <stdint.h>

#include "client/markdown.h"

/* ---- ink: how a byte looks, and the link it belongs to ---- */
enum {
	INK_BOLD = 1,
	INK_ITALIC = 2,
	INK_CODE = 4,
	INK_STRIKE = 8,
	INK_UNDERLINE = 16,
	INK_DIM = 32,
};
typedef uint16_t ink; /* low byte: the bits above; high byte: number of the link, 0 none */

#define LINKS 255 /* addresses remembered at once: far more than the text that is held can name */

struct links {
	char *url[LINKS + 1];
	unsigned last;
};

/* The number of an address; 0 when it is not to be clicked. */
unsigned links_add(struct links *l, const struct markdown_look *look, const char *url, size_t n);
void links_fini(struct links *l);
/* The sequences that lead from one ink to another. */
void ink_change(const struct markdown_look *look, const struct links *l, ink from, ink to, struct buf *out);

struct rich { /* text with an ink for each byte */
	struct buf text;
	ink *inks;
	size_t cap;
};
void rich_add(struct rich *r, const char *s, size_t n, ink k);
void rich_reset(struct rich *r);
void rich_fini(struct rich *r);
/* Columns of the character at s, and its bytes in *used. Joined emoji count once. */
unsigned rich_char(const char *s, size_t n, size_t *used);

/* ---- flow: words into lines ---- */
struct flow {
	const struct markdown_look *look;
	struct links *links;
	struct buf first, rest; /* what stands before the first line and before the others, with sequences */
	unsigned first_columns, rest_columns;
	bool begun;             /* the first line has begun */
	bool open;              /* a line has begun and has no end yet */
	unsigned column, spaces;
	struct rich word;
	unsigned word_width;
	bool joined;            /* the next character belongs to the one before (ZWJ) */
	unsigned isolates;      /* open on this line: closed where it ends */
	const struct buf *words; /* to be bold, a line each; NULL: none, or not here */
	ink now;
};
void flow_text(struct flow *f, const char *s, size_t n, ink k, struct buf *out); /* whole characters, no line feed */
void flow_break(struct flow *f, struct buf *out); /* ends the line */
void flow_fini(struct flow *f);

/* ---- inline ---- */
struct sink {
	void (*text)(void *ctx, const char *s, size_t n, ink k);
	void (*line_break)(void *ctx);
	void *ctx;
};

struct inlines {
	const struct markdown_look *look;
	struct links *links;
	struct buf held;  /* from the first mark whose meaning is not known yet */
	char before;      /* the byte before `held`; ' ' at the start */
};
/* end: nothing more comes; nothing is held afterwards. */
void inlines_feed(struct inlines *x, const char *s, size_t n, bool end, ink k, const struct sink *to);

/* ---- tables ---- */
struct table {
	struct buf text; /* the rows as written, each ended by a line feed */
};
#define TABLE_BYTES_MAX (256u << 10) /* of one that is held; a longer one is drawn in parts, each with its head */

bool table_may_begin(const char *s, size_t n);
bool table_is_delimiter(const char *s, size_t n, const char *header, size_t header_len);
void table_draw(const struct table *t, const struct markdown_look *look, struct links *links, const struct buf *prefix,
	unsigned prefix_columns, struct buf *out);
