/*
 * A ZIP in memory, read entry by entry. What is inflated is counted as it comes: against the bound
 * of an entry, of all entries, and of the ratio to the bytes it was made from.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "daemon/extract/extract.h"

struct archive {
	struct extract *x;
	struct zip *zip;
	uint32_t *slots; /* private: entries by name, + 1; 0: empty */
	uint32_t nslots;
};

int archive_open(struct archive *a, struct extract *x, const uint8_t *p, size_t n); /* 0, EXTRACT_E_* */
void archive_close(struct archive *a);
bool archive_has(const struct archive *a, const char *name);
bool archive_sum(const struct archive *a, const char *name, uint32_t *crc); /* as its directory says */
/* Pieces of the entry to `take`, which gives 0 or stops it. -ENOENT: there is no such entry. */
int archive_feed(struct archive *a, const char *name,
	int (*take)(void *ctx, const char *s, size_t n, bool last), void *ctx);
int archive_read(struct archive *a, const char *name, struct buf *out); /* whole */
