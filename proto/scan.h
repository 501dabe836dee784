/*
 * Is there one whole, sane MessagePack object at the front of these bytes? Stands before
 * msgpack-c, which reserves gigabytes for five hostile bytes. Pure, allocates nothing, resumable:
 * feed the same growing buffer again and it goes on where it stopped.
 * Refused: 0xc1, ext types, more than the limits allow, counts that the bytes still allowed cannot
 * hold. Keys, UTF-8 and types are not its business. Source: the MessagePack specification.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SCAN_DEPTH_MAX 32

enum scan_verdict { SCAN_MORE, SCAN_OK, SCAN_BAD };

struct scan_limits {
	size_t frame;   /* bytes */
	uint32_t nodes; /* objects, keys counted */
	uint32_t depth; /* at most SCAN_DEPTH_MAX */
};

struct scan {
	size_t at;             /* with SCAN_OK: length of the object */
	uint64_t skip, pending;
	uint32_t depth, nodes;
	uint64_t left[SCAN_DEPTH_MAX];
	/* With SCAN_BAD: "byte 0xc1", "ext type", "too deep", "too many objects", "too large". */
	const char *why;
};

void scan_init(struct scan *s);
/* p[0..n) is everything received of this object so far. After OK or BAD call scan_init first. */
enum scan_verdict scan_feed(struct scan *s, const uint8_t *p, size_t n, const struct scan_limits *limits);
