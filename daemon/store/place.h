/*
 * Where a database lies, and whether that is a fit place: its folder is resolved once and is ours
 * alone, on a local disk; the file, if there is one, is ours, a plain file, and a database. Nothing
 * is opened for writing here, nothing is changed but a missing folder made.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define APPLICATION_ID 0x52414743 /* "RAGC", in the header of chat_history.db */

struct place {
	char *dir;     /* resolved */
	char *path;    /* of chat_history.db in it */
	char *library; /* library.db beside it */
	char *search;  /* search.db, too */
	char *segments; /* folder of its large collections' index */
	char *lock;    /* PATH.lock */
	bool exists;   /* with at least one byte */
	bool ours;     /* application_id says so */
	bool loose;    /* readable by others; only a file that is not ours yet may be */
	bool unclean;  /* a write-ahead log or a journal stands beside: not closed in peace */
	int64_t bytes;
};

/*
 * 0, STORE_E_NOT_FOUND, _LOOSE, _NETWORK_FS, _READ_ONLY, _NOT_OURS, _CORRUPT, _FULL, -errno, with
 * words.
 */
int place_find(struct place *p, const char *path, bool create, char **why);
/* The same checks for library.db; what it is, library_migrate knows. */
int place_check_library(const struct place *p, int64_t *bytes, bool *unclean, char **why);
void place_fini(struct place *p);
