/* Inside the library: the object itself. */
#pragma once

#include "common/list.h"
#include "daemon/library/library.h"
#include "daemon/worker/readers.h"

#define INGESTS_MAX 256 /* documents on their way at once */
/* ... and their bytes in memory; one document of each account fits while there is any room */
#define INGEST_BYTES ((size_t)256 << 20)
#define INGEST_SHARE(all) ((all) / 4 * 3) /* of both, for one account: the others find some */
#define NAME_BYTES 512

#define DIRECT_KNOWN 64 /* collections that came by lately; a power of two */

struct library {
	struct readers *readers; /* NULL: only UTF-8 text is read */
	char *sandbox;           /* what the last one said of its walls */
	struct store *store;
	struct library_vectors vectors; /* ask NULL: words alone */
	struct library_config config;
	bool rebuilding;      /* a job of it is queued */
	bool told;            /* that it waits for another try */
	struct store_later later;
	bool looking;         /* ... of a look whether all is well */
	int64_t mending;      /* ... of one collection that is not; 0: none */
	struct list ingests;  /* documents on their way */
	uint64_t direct[DIRECT_KNOWN]; /* fair_key of collections whose words went straight into segments */
};

/* The index of a collection was found to be wrong: it is made anew. */
void library_mend(struct library *l, int64_t collection);
