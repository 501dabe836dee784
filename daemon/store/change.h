/* What others have to hear of a write: the index of the search, by ragchat_change. On the writer. */
#pragma once

#include "daemon/store/db.h"

/* turn NULL: the thread's name, or all of it. */
int change_add(struct db *db, const char *account, const char *thread, const char *turn, char **why);
/* ragchat_tag is made what the thread's tags say. */
int tags_index(struct db *db, const char *account, const char *thread, const char *tags, char **why);
/* A thread is taken out of everybody's sight; its rows then go in slices. */
int thread_hide(struct db *db, const char *account, const char *id, char **why);
