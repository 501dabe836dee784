/*
 * What lies in a segment file, byte by byte. All numbers are little-endian.
 *
 *	head      16 bytes of magic, u32 version, zeros to SEGMENT_HEAD
 *	data      for each term its entries, then its postings
 *	blocks    the dictionary: SEGMENT_BLOCK terms each, front-coded
 *	index     for each block: u64 where it begins, u64 where the data of its first term begins
 *	documents for each document: u64 id of its first passage, u32 its first place, u32 passages
 *	lengths   for each passage: u16 terms in it
 *	pages     for each SEGMENT_PAGE bytes of all that is above: u64 hash
 *	foot      SEGMENT_FOOT bytes: struct segment_foot, the last number a hash of the others
 *
 * A segment has its passages at places 0, 1, 2, ... in the order of their ids, documents whole.
 * Places are dealt with in ranges of SEGMENT_RANGE. A term has an entry for each range in which it,
 * or a window with it, occurs:
 *
 *	varint (ranges since the entry before) << 1 | 1 where it is in the name of a document there
 *	u8     impact: the most that the term makes of a passage of the range, see segment_impact
 *	varint bytes of its postings there; 0: it is only in windows, or in names
 *
 * A posting is one byte: place in the range << 2 | how. 0, 1, 2: so many times and once more in the
 * text. 3: a byte follows, text | heading << 4 | name << 6, or 255 and three bytes of these.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_VERSION 1
#define SEGMENT_MAGIC "ragchat segment\n"
#define SEGMENT_HEAD 32
#define SEGMENT_PAGE_BITS 16
#define SEGMENT_PAGE (1 << SEGMENT_PAGE_BITS)
#define SEGMENT_BLOCK 16
#define SEGMENT_RANGE_BITS 6
#define SEGMENT_RANGE (1 << SEGMENT_RANGE_BITS)
#define SEGMENT_TERM_MAX 4096 /* bytes of one */

struct segment_foot { /* each a u64 in the file, in this order */
	uint64_t magic, version, size;
	uint64_t blocks, index, documents_at, lengths_at, pages_at;
	uint64_t documents, passages, terms, postings, nblocks, words;
	uint64_t mean, mean_window; /* bits of doubles: what the impacts were made with */
	uint64_t pages_hash, foot_hash;
};
#define SEGMENT_FOOT (sizeof(struct segment_foot))
#define SEGMENT_FOOT_MAGIC 0x746f6f66676573ull /* "segfoot" */

static inline uint32_t le_get16(const uint8_t *p)
{
	return (uint32_t)(p[0] | p[1] << 8);
}

static inline uint32_t le_get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t le_get64(const uint8_t *p)
{
	return le_get32(p) | (uint64_t)le_get32(p + 4) << 32;
}

static inline void le_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void le_put32(uint8_t *p, uint32_t v)
{
	le_put16(p, v);
	le_put16(p + 2, v >> 16);
}

static inline void le_put64(uint8_t *p, uint64_t v)
{
	le_put32(p, (uint32_t)v);
	le_put32(p + 4, (uint32_t)(v >> 32));
}

#define VARINT_MAX 10
static inline size_t put_varint(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

/* Moves *p behind it; past `end` it stays there and the value is UINT64_MAX. */
static inline uint64_t get_varint(const uint8_t **p, const uint8_t *end)
{
	uint64_t v = 0;

	for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
		uint8_t c = *(*p)++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return v;
	}
	*p = end;
	return UINT64_MAX;
}

/* Finds accidents, not attackers: nobody else can write there. Four lanes, any length. */
uint64_t segment_hash(const uint8_t *p, size_t n);

/*
 * One number for what a term makes of a passage and the window around it at most, in steps of
 * SEGMENT_STEP, rounded up. Made with the mean lengths in the foot; with other means it is at most
 * so much more as the larger ratio of the means (bm25_saturate grows no faster than its mean).
 */
#define SEGMENT_STEP (2.2 * 1.75 / 255)
