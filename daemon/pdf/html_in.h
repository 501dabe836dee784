/* Between the files that write HTML. Few check on the way: the buf remembers that it failed. */
#pragma once

#include "common/buf.h"
#include "daemon/pdf/arena.h"
#include "daemon/pdf/md.h"
#include "daemon/pdf/request.h"

struct html {
	struct buf *out;
	int error;        /* why the first text was refused, or 0 */
	struct arena *arena;
	size_t turn;      /* from 1; part of every id */
	const int *sources; /* numbers that have a place in the list */
	bool *cited;      /* by their index: the first citation has its id already */
	size_t nsources;
	bool *noted;      /* by a note's number */
	int nnotes;
};

extern const char html_style[];

void html_raw(struct html *h, const char *s);
/* Escaped for text and for quoted attributes; breaks: LF as <br>. */
void html_text(struct html *h, const char *s, size_t n, bool breaks);
void html_blocks(struct html *h, const struct md_block *b, bool tight);
/* <a href> to an address that md_url_allowed has passed. */
void html_link_open(struct html *h, const char *url, size_t n);
