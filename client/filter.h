/*
 * Text from models, documents and other people on its way out. There is no parser of escape
 * sequences here, so there is none to be fooled: control characters become visible ones.
 *
 * Pipe: C0 but tab, LF and CRLF, DEL and C1 are made visible, all else passes.
 * Terminal: CRLF, U+2028 and U+2029 become a newline; C0, DEL and lone CR become their pictures
 * (U+2400...); C1, invalid UTF-8, bidi embeddings and overrides, U+FFF9..FFFB, U+FEFF and the tag
 * characters become U+FFFD. Tags of a flag (after U+1F3F4) and isolates that are closed within
 * their line pass; such a stretch is held back until it closes.
 * Ascii: the terminal of a locale without UTF-8: as above, and what is not ASCII becomes '?'.
 * Any split of the text gives the same result.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum filter_mode { FILTER_NONE, FILTER_PIPE, FILTER_TERMINAL, FILTER_ASCII };

struct filter {
	enum filter_mode mode;
	uint8_t part[4]; /* an incomplete UTF-8 sequence */
	uint8_t npart;
	bool cr;        /* a CR waits for what follows */
	uint8_t tags;   /* tag characters that a flag may still take */
	unsigned depth; /* isolates open; their text is held */
	struct buf held;
};

void filter_init(struct filter *f, enum filter_mode mode);
void filter_fini(struct filter *f);
void filter_feed(struct filter *f, const char *s, size_t n, struct buf *out);
void filter_end(struct filter *f,
	struct buf *out); /* what is still held comes out; ready for another text */

void filter_text(enum filter_mode mode, const char *s, size_t n, struct buf *out); /* all of it at once */

/* What was filtered and then cut may have isolates open, from byte `from` on: they are closed (term_shorten does). */
void filter_close(struct buf *b, size_t from);

/*
 * A field of one line: as the mode says, line ends and tabs become spaces, past `max` bytes "..."
 * ends it.
 */
void filter_line(enum filter_mode mode, const char *s, size_t n, size_t max, struct buf *out);
