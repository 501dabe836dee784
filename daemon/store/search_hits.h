/* What a search found, as it is shown. */
#pragma once

#include "daemon/store/documents.h"
#include "daemon/store/rank.h"

struct db;

/* s->hits from rank->hits, s->limit of them at most. */
int search_hits(struct db *db, struct db_search *s, const struct rank *rank, char **why);
