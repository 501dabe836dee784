/*
 * Words that go straight into a segment, on STORE_LIBRARY: those of the documents that come in with
 * one transaction become one small file per collection, whose row the same transaction commits. The
 * file is not waited for: after a loss of power it may be missing or hold nothing, which is found
 * (its length at the start, its hashes when it is read), and it is made anew from the text.
 */
#pragma once

#include "daemon/segment/write.h"
#include "daemon/store/library_in.h"
#include "daemon/store/segments.h"

struct portion {
	int64_t collection;
	int64_t first, next; /* ids of passages: what it covers, up to `next` */
	struct segment_builder *b;
	struct segment_mark mark; /* before the job that runs now */
	int64_t next_before;
	struct segments_work made; /* once it is a file */
};

/* Those of a group of jobs. */
struct portions {
	struct portion *v;
	size_t n, cap;
};

/* The words of one passage. 0, -ENOMEM. */
int portion_row(struct segment_builder *b, const struct words_row *row, struct words_cut *cut);
/* A file of them: *w gets its name, its bytes and its passages. Of none nothing is made. */
int portion_write(struct db *db, struct segment_builder *b, bool rough, bool sync, struct segments_work *w, char **why);

void portion_begin(struct portion *p, int64_t collection);
void portion_document(struct portion *p, int64_t first);
/* The words of a document cut ahead, which are gone from *words. 0, -ENOMEM. */
int portion_take(struct portion *p, struct segment_builder **words, int64_t first);
int portion_passage(struct portion *p, const struct words_row *row, struct words_cut *cut);
/* The file: `made` says where. 0; *why. Nothing came in: nothing is made. */
int portion_make(struct db *db, struct portion *p, bool sync, char **why);
/* It counts. Within a transaction. */
int portion_add(struct db *db, struct portion *p, char **why);
/* Its file goes again, unless it counts. */
void portion_fini(struct db *db, struct portion *p, bool counts);

/* ---- of a group of jobs, in one transaction: segments.h has its ends ---- */

struct portion *portions_get(struct db *db, int64_t collection);
