/*
 * What the parts of a document share: doc.c (pages), doc_mark.c (drawing), doc_show.c (text),
 * doc_font.c and doc_subset.c (fonts), doc_image.c (colour glyphs), doc_tree.c (structure), doc_link.c,
 * doc_outline.c, doc_meta.c and doc_save.c. Lengths in a page's content are whole hundredths of a point.
 */
#pragma once

#include <hb-subset.h>

#include "common/attr.h"
#include "common/buf.h"
#include "daemon/pdf/arena.h"
#include "daemon/pdf/doc.h"
#include "daemon/pdf/doc_file.h"
#include "daemon/pdf/doc_obj.h"

enum open { OPEN_NONE, OPEN_ARTIFACT, OPEN_ELEM };

/* What the page's graphics state is after what was written so far. */
struct pen {
	uint32_t fill, stroke;         /* 0xRRGGBB */
	int64_t thickness;
	unsigned font;                 /* number of its resource; 0: none yet */
	int64_t size;
	int mode;                      /* Tr */
	int64_t lift;                  /* Ts */
};

struct page {
	struct doc *doc;
	size_t index;
	double width, height;
	struct obj *obj;
	struct buf content;
	struct elem *want;             /* of what comes next; NULL: artifact */
	struct elem *held;             /* of the open marked content */
	enum open open;
	bool in_text;                  /* between BT and ET */
	bool slanted;                  /* the text matrix */
	int64_t line_x, line_y;        /* its start of the line */
	struct pen pen;
	struct elem **mcids;           /* by MCID */
	size_t nmcids, mcids_cap;
	struct link *links, **links_end;
	struct obj *annots;            /* when saved: its list of links */
};

enum kid_kind { KID_ELEM, KID_MARKED, KID_LINK };

struct kid {
	struct kid *next;
	union {
		struct elem *elem;
		struct link *link;
		struct page *page;
	};
	uint32_t mcid;
	uint8_t kind;                  /* enum kid_kind */
};

struct elem {
	struct elem *next;             /* in the order of creation */
	struct kid *first, *last;
	const char *alt;
	uint32_t nkids;
	uint32_t index;
	uint32_t parent_id;            /* when saved */
	uint8_t role;
	bool of_column, numbered, decimal;
};

struct link {
	struct link *next;             /* of the page */
	int64_t box[4];                /* left, bottom, right, top */
	struct address *address;       /* or NULL: */
	int dest;
	struct page *page;
	struct elem *elem;
	uint32_t id, key;              /* when saved; key in the parent tree */
};

struct address {
	struct address *next;          /* in the order of first use */
	const char *uri;
	size_t len;
	uint32_t id;                   /* of its action; id + 1 is its text */
};

struct dest {
	struct page *page;             /* NULL: not set */
	double x, y;
};

struct heading {
	const char *title;
	struct page *page;
	double y;
	int depth;                     /* from 1, without jumps */
	int level;                     /* as the caller said */
};

struct doc {
	struct arena *arena;
	struct fonts *fonts;
	struct report *report;
	struct doc_info info;
	struct objs *objs;
	struct obj *resources, *font_names, *image_names;
	struct page **pages;
	size_t npages, pages_cap;
	struct elem *root, *last_elem;
	size_t nelems;
	struct typeface **faces;       /* by struct font's index */
	size_t faces_cap;
	unsigned nresources;           /* fonts */
	struct image *images;
	unsigned nimages;
	struct address *addresses, **addresses_end, **address_table;
	size_t naddresses, address_slots;
	size_t nlinks;
	struct dest *dests;
	size_t ndests, dests_cap;
	struct heading *headings;
	size_t nheadings, headings_cap;
	int error;                     /* DOC_E_*; the first one stays */
	struct file file;
	uint32_t tree_id, elems_id, outline_id, headings_id;
};

void doc_fail(struct doc *d, int error);
void *doc_array(struct doc *d, void *p, size_t *cap, size_t want, size_t size); /* arena_grow */
uint64_t doc_hash(uint64_t seed, const void *p, size_t n);

/* ---- doc_mark.c ---- */
bool page_number(struct page *p, double v, int64_t *hundredths); /* false: not a number, and the document fails */
bool page_place(struct page *p, double x, double y, int64_t *px, int64_t *py); /* to PDF's axes */
void page_tag(struct page *p);             /* opens what page_content asked for; not within text */
void page_text(struct page *p);            /* the same, and BT */
void page_plain(struct page *p);           /* the same, outside of text */
void page_close(struct page *p);           /* ET, EMC */
void page_ink(struct page *p, uint32_t rgb);
void page_stroke_ink(struct page *p, uint32_t rgb, int64_t thickness);

/* ---- doc_font.c ---- */
/*
 * The code of a glyph that stands for this text, handed out on first use, and the resource it belongs to.
 * Two texts of one glyph have two codes (or two resources), so that copying is exact. So have two widths
 * that differ by what a reader would take for a space; `shown`, 1/1000 em, is the one on the page.
 */
struct code {
	unsigned resource;
	uint16_t cid;
	int advance;                   /* what a reader counts for it, 1/1000 em */
};
struct code doc_code(struct doc *d, const struct font *font, uint16_t gid, int64_t shown, const char *text, size_t len);
void doc_fonts_finish(struct doc *d);

struct pair {
	uint16_t gid, cid;
	uint16_t len;
	const char *text;
	int16_t advance;
};

struct resource {                      /* a Type0 font */
	struct resource *next;
	unsigned number;
	struct pair *pairs;
	size_t n, cap;
	unsigned silent;               /* codes given to glyphs without text */
};

/* ---- doc_subset.c ---- */
struct cut {
	const struct font *font;
	hb_blob_t *blob;               /* the whole font, or its CFF table */
	hb_subset_plan_t *plan;
	struct obj *descriptor;
	char name[128];                /* with its prefix */
};
/* The font with the glyphs of n resources. DOC_E_*; cut_end in any case. */
int cut_begin(struct doc *d, const struct font *font, struct resource *const *list, size_t n, struct cut *c);
void cut_end(struct cut *c);
struct obj *cut_descendant(struct doc *d, const struct cut *c, const struct resource *r); /* widths, codes to glyphs */

/* ---- doc_image.c ---- */
/* The number of a colour glyph's image (/I1...); 0: it has none. */
unsigned doc_image(struct doc *d, const struct font *font, uint16_t gid);

/* ---- doc_tree.c ---- */
uint32_t elem_mark(struct page *p, struct elem *e); /* a new MCID */
void elem_link(struct doc *d, struct elem *e, struct link *l);
const char *elem_name(const struct elem *e);
uint32_t elem_id(const struct doc *d, const struct elem *e);
void doc_tree_write(struct doc *d);

/* ---- doc_link.c, doc_outline.c, doc_meta.c ---- */
void doc_links_number(struct doc *d);      /* gives ids, and each page its list */
void doc_links_write(struct doc *d);
void put_dest(struct buf *b, const struct page *p, double x, double y);
void doc_outline_write(struct doc *d);
void doc_meta(struct doc *d);
