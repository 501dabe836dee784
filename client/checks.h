/* The checks of `ragchat doctor`: a list of verdicts as they are found, printed a line each. */
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/json.h"

enum verdict { CHECK_OK, CHECK_WARN, CHECK_FAIL, CHECK_SKIP };

struct checks {
	bool json;
	bool failed; /* one was CHECK_FAIL */
	int status;  /* of the output */
	struct json_out w;
	struct buf out;
};

void checks_begin(struct checks *k, bool json);
int checks_end(struct checks *k); /* the exit status: 0, 1, or of the output */
/* text: what was found. todo: what to do about it, or NULL. Both are filtered. */
void checks_add(struct checks *k, enum verdict v, const char *name, const char *todo, const char *fmt, ...) attr_printf(5, 6);

/* checks_here.c: what can be seen without a daemon. The database's path comes from ragchatd --check. */
void checks_here(struct checks *k, bool quick, char **database);
void checks_files(struct checks *k, const char *database); /* of the database, where no daemon looks at it */
