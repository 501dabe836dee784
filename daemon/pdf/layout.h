/*
 * The page under way: a column of text that goes down, breaks into the next page, and remembers
 * what crosses the break (bars of quotes, labels of list items that wait for their first line).
 *
 * Every file of the layout draws through these. Blocks are shaped, drawn and forgotten one after the
 * other: `scratch` is given back after each paragraph, row or fragment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/pdf/doc.h"
#include "daemon/pdf/md.h"
#include "daemon/pdf/report.h"
#include "daemon/pdf/request.h"
#include "daemon/pdf/style.h"
#include "daemon/pdf/text.h"

#define BARS_MAX 128
#define LABELS_MAX 128

struct bar {
	double x, from; /* where it begins on this page; < 0: with the first line */
};

struct label { /* of a list item, drawn on the baseline of the item's first line */
	const char *s;
	size_t n;
	double x, w;
	bool rtl;
	float size;
	uint32_t ink;
	unsigned style;
	struct elem *elem;
	int dest; /* it is a link to there; -1 */
	int task; /* a box is drawn instead: 0 open, 1 done; -1: text */
};

struct mark { /* one source or footnote: its place, and the place that first speaks of it */
	int number, place, first;
	bool named;
};

struct marks {
	struct mark *v;
	size_t n, cap;
};

struct layout {
	const struct pdf_request *rq;
	struct fonts *fonts;
	struct report *report;
	struct doc *doc;
	struct arena *tree, *scratch;

	struct page *page;
	double page_width, page_height;
	double top, bottom; /* of the column */
	double y, gap;      /* next free line; the distance still owed to it */
	bool fresh;         /* nothing is on this page yet */
	bool full;          /* no more pages: nothing is drawn */

	struct bar bars[BARS_MAX];
	size_t nbars;
	struct label labels[LABELS_MAX];
	size_t nlabels;
	struct marks sources, notes; /* of the turn */
	int heading_base;            /* added to a heading's level */
};

/* Where a block stands. */
struct frame {
	double x, w;
	struct elem *parent;
	float size;
	uint32_t ink;
	bool rtl; /* labels and bars stand on the right */
};

/* ---- page.c ---- */
void layout_page(struct layout *l, double width, double height); /* a new page of this size */
void layout_break(struct layout *l);             /* a new page like this one */
void layout_sideways(struct layout *l);          /* a new page in landscape, unless this is one */
void layout_upright(struct layout *l);           /* and back */
bool layout_is_sideways(const struct layout *l);
void layout_gap(struct layout *l, double gap);   /* the larger of two that meet counts */
/* Room for h together: true; else a new page is begun first (h larger than a page: false there). */
bool layout_need(struct layout *l, double h);
double layout_take(struct layout *l, double h);  /* the top of h points of the column, after layout_need */
double layout_room(const struct layout *l);      /* points left, the gap that is owed aside */
void layout_bar_begin(struct layout *l, double x);
void layout_bar_end(struct layout *l);
void layout_labels(struct layout *l, double baseline); /* draws those that wait */
void layout_running(struct layout *l);           /* header and footer of all pages */

/* ---- para.c ---- */
enum para_align { ALIGN_START, ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT };

struct inlay { /* what a span's tag stands for */
	const char *url; /* or NULL */
	int dest;        /* -1 */
	struct mark *names; /* first mention of a source or note: its place is set here */
	enum role role;
	struct elem *elem; /* made with its first glyph */
};

struct para {
	const char *s;
	size_t n;
	struct span *spans;
	size_t nspans;
	struct inlay *inlays; /* by span.tag; 0 is plain text */
	double leading;
	enum para_align align;
	struct elem *elem;
	double keep;        /* points of what follows that must stand on the same page */
	int outline;        /* level in the outline, 0: none */
	bool rtl;           /* what text without a strong character does */
};

/* Of a block's flat text. */
struct para para_of(struct layout *l, const struct md_block *b, unsigned style, uint32_t ink, float size);
/* Of plain words with one look. */
struct para para_plain(struct layout *l, const char *s, size_t n, unsigned style, uint32_t ink, float size);
void para_draw(struct layout *l, const struct frame *f, const struct para *p);
/* One line at a place of its own, for labels and running heads; what does not fit ends in an ellipsis. Returns its width. */
double para_line(struct layout *l, struct page *page, double x, double baseline, double w,
	enum para_align align, const struct para *p);
/* A line of a paragraph with its links; x is the line's left edge. */
void para_put(struct layout *l, const struct para *p, const struct line *line, double x, double baseline);
struct text *para_text(struct layout *l, const struct para *p, enum text_direction direction);
/* How high a line is set, and where its baseline is in that. */
struct setting {
	double height, baseline;
};
struct setting line_setting(const struct line *line, double size, double leading);

/* ---- the kinds of blocks ---- */
void block_draw(struct layout *l, const struct frame *f, const struct md_block *b);
void blocks_draw(struct layout *l, const struct frame *f, const struct md_block *first, bool tight);
void code_draw(struct layout *l, const struct frame *f, const struct md_block *b);
bool table_turns(struct layout *l, const struct frame *f, const struct md_block *b); /* it needs a landscape page */
double table_lead(struct layout *l, const struct frame *f, const struct md_block *b); /* of its header and first row */
void table_draw(struct layout *l, const struct frame *f, const struct md_block *b);
void list_draw(struct layout *l, const struct frame *f, const struct md_block *b);
void notes_draw(struct layout *l, const struct frame *f, const struct md_block *b);
void sources_draw(struct layout *l, const struct frame *f, const struct pdf_turn *turn);
struct mark *marks_find(struct marks *m, int number);
struct mark *marks_add(struct layout *l, struct marks *m, int number);

/* ---- head.c ---- */
#define TITLE_SHORTENED 120 /* bytes of a title in the outline, the header, the metadata */
void title_shorten(const char *s, size_t n, char to[TITLE_SHORTENED + 8]); /* its first line */
void head_title(const struct pdf_request *rq, char to[TITLE_SHORTENED + 8]);
void head_draw_cover(struct layout *l, const struct frame *f); /* of a conversation */
int head_draw_turn(struct layout *l, const struct frame *f, const struct pdf_turn *turn); /* how far down the answer's headings are */

/* ---- direction.c ---- */
bool is_rtl(const char *s, size_t n, bool otherwise);
bool blocks_rtl(const struct md_block *first, bool otherwise); /* of the first text in these blocks */
