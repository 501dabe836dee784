/* The segments that one search reads, and what of them nobody sees any more. */
#pragma once

#include "daemon/store/rank.h"
#include "daemon/store/segments.h"

struct searched_segments {
	struct db *db;
	char **why;
	bool again; /* the search was begun anew: a file that is missing now is not coming back */
	struct rank_segment *v;
	char **files;
	size_t n, cap, cap_files;
	struct rank_range *gone;
	size_t ngone, cap_gone;
	bool lacking; /* one is being made anew: what is in it is not found */
};
/* Those of a collection whose first passage is in [from, to), behind those of others. -ENOENT: begin anew, in a transaction of its own. */
int searched_segments_add(struct searched_segments *x, int64_t collection, int64_t from, int64_t to);
/* Tells each what of it is gone; after the last was added. 0, SEGMENT_E_CORRUPT */
int searched_segments_gone(struct searched_segments *x);
/* Those found to be wrong are left out, and made anew when somebody has the time. False: none is. */
bool searched_segments_drop(struct searched_segments *x);
void searched_segments_fini(struct searched_segments *x);
