/* A document on its way in: what ingest.c and ingest_read.c share. */
#pragma once

#include "common/buf.h"
#include "daemon/library/format.h"
#include "daemon/library/library_in.h"
#include "daemon/worker/records.h"

struct ingest {
	struct job job;
	struct list link; /* library.ingests */
	struct library *library;
	uint64_t account; /* fair_key */
	struct op_document_add *op; /* account, name, collection */
	struct buf bytes;
	size_t held;    /* of `bytes`, for the loop, which does not look at them once the job has them */
	size_t valid;   /* bytes that are UTF-8 without NUL */
	struct records records; /* what a helper made of it; form 0: none did */
	struct records within;  /* ... of a document within it */
	size_t child;           /* how many of those have been begun */
	uint8_t head[8 + NAME_BYTES];
	bool looked;    /* at the first bytes */
	bool keep;      /* the bytes, as an original */
	int r;          /* of the job: 0 or LIBRARY_E_* */
	int cut;        /* what came of cutting it: as r, or -errno */
	char why[256];
	unsigned missed;   /* documents within it that were not read ... */
	char missed_why[256]; /* ... the first one's name and words */
	void (*done)(uint64_t owner, void *ctx, const struct ingest_end *end);
	ingest_progress progress; /* NULL: nobody asks */
	uint64_t owner;
	void *ctx;
};

/* Makes text of it by a helper, then ingest_store. */
void ingest_read(struct ingest *i, enum format_route route);
/* Cuts and indexes it, or only brings i->r home. */
void ingest_store(struct ingest *i);
