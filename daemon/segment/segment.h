/*
 * A segment: the postings of some documents' words, never changed once written. This reads one that
 * lies in memory, mapped or not. Nothing in it is trusted: every offset is checked, and every page
 * is compared with its hash before its first byte is used. Pure; daemon/segment/write.h makes them.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/segment/format.h"

enum segment_error {
	SEGMENT_E_CORRUPT = 1, /* not what was written: make it anew from the text */
	SEGMENT_E_VERSION,     /* of another version: likewise */
	SEGMENT_E_TERM,        /* a term of more than SEGMENT_TERM_MAX bytes */
	SEGMENT_E_ORDER,       /* documents or terms out of order */
};

struct segment {
	const uint8_t *p;
	struct segment_foot foot;
	uint32_t ranges;
	double mean, mean_window;
	uint8_t *seen; /* a bit for each page that was found right */
	bool corrupt;  /* once something was found wrong; what is read since is empty */
	const atomic_bool *lost; /* pages vanished under it: whoever maps files sets it; NULL: they cannot */
};
int segment_open(struct segment *s, const uint8_t *p, size_t n); /* 0, SEGMENT_E_*, -ENOMEM */
void segment_close(struct segment *s);                          /* the bytes are the caller's */
/* Was anything wrong? To be asked behind all reading: a page that was right may be lost since. */
bool segment_is_bad(struct segment *s);
/* All pages, one after the other. False: corrupt. */
bool segment_check(struct segment *s);

/* ---- documents and passages ---- */

struct segment_document {
	int64_t first;         /* id of its first passage */
	uint32_t at, passages; /* its first place; how many */
};
bool segment_document(struct segment *s, uint32_t i, struct segment_document *out);
/* The document with that place; i: its number. */
bool segment_document_at(
	struct segment *s, uint32_t place, struct segment_document *out, uint32_t *i);
/* Number of the first document whose first passage is `id` or later. */
uint32_t segment_document_from(struct segment *s, int64_t id);
unsigned segment_length(struct segment *s, uint32_t place); /* terms in the passage */

/* ---- terms ---- */

struct segment_term {
	const uint8_t *term; /* of segment_terms; valid until the next */
	size_t n;
	uint64_t df, name_df; /* passages with it; of these, those with it in their document's name */
	const uint8_t *entries, *postings;
	size_t entries_len, postings_len;
};
/* False: it is not there. Its entries are checked, its postings when segment_postings asks. */
bool segment_find(struct segment *s, const void *term, size_t n, struct segment_term *out);

/* n of its postings' bytes, checked; NULL: corrupt. */
const uint8_t *segment_postings(
	struct segment *s, const struct segment_term *t, uint32_t at, uint32_t n);

/* All terms in their order. */
struct segment_terms {
	struct segment *s;
	const uint8_t *p, *end;
	uint64_t block, data;
	unsigned left; /* in this block */
	uint8_t text[SEGMENT_TERM_MAX];
	size_t n;
};
void segment_terms(struct segment_terms *it, struct segment *s);
bool segment_terms_next(struct segment_terms *it, struct segment_term *out);

/* ---- a term's ranges ---- */

struct segment_entry {
	uint32_t range;
	uint8_t impact;
	bool name;
	uint32_t at, len; /* of its postings */
};
struct segment_entries {
	const uint8_t *p, *end;
	uint32_t ranges, postings_len, next_range, next_at;
	bool bad;
};
static inline void segment_entries(
	struct segment_entries *it, const struct segment *s, const struct segment_term *t)
{
	*it = (struct segment_entries){ .p = t->entries,
		.end = t->entries + t->entries_len,
		.ranges = s->ranges,
		.postings_len = (uint32_t)t->postings_len };
}
static inline bool segment_entries_next(struct segment_entries *it, struct segment_entry *out)
{
	uint64_t head, len;

	if (it->p >= it->end)
		return false;
	head = get_varint(&it->p, it->end);
	out->impact = it->p < it->end ? *it->p++ : 0;
	len = it->p < it->end ? get_varint(&it->p, it->end) : UINT64_MAX;
	if (head >> 1 >= it->ranges - it->next_range || len > it->postings_len - it->next_at) {
		it->bad = true;
		it->p = it->end;
		return false;
	}
	out->range = it->next_range + (uint32_t)(head >> 1);
	out->name = head & 1;
	out->at = it->next_at;
	out->len = (uint32_t)len;
	it->next_range = out->range + 1;
	it->next_at += (uint32_t)len;
	return true;
}

struct segment_posting {
	uint32_t at; /* place: of the segment, or of the range while reading it */
	uint8_t name, heading, body;
};
/* The posting at *p, which moves on; false: a byte is missing. */
static inline bool segment_posting_next(
	const uint8_t **p, const uint8_t *end, struct segment_posting *out)
{
	uint8_t c;

	if (*p >= end)
		return false;
	c = *(*p)++;
	*out = (struct segment_posting){ .at = c >> 2, .body = (uint8_t)((c & 3) + 1) };
	if ((c & 3) < 3)
		return true;
	if (*p >= end)
		return false;
	c = *(*p)++;
	if (c != 255) {
		out->body = c & 15;
		out->heading = c >> 4 & 3;
		out->name = c >> 6;
		return true;
	}
	if (end - *p < 3) {
		*p = end;
		return false;
	}
	out->body = (*p)[0];
	out->heading = (*p)[1];
	out->name = (*p)[2];
	*p += 3;
	return true;
}
