/*
 * What a file is, and how it becomes the newest version of ours. Versions are SQLite's
 * user_version; each step is one transaction, and before the first change of a file that held
 * something a copy of it stands beside: PATH.bak-TIME, 0600.
 */
#pragma once

#include "daemon/store/db.h"
#include "daemon/store/place.h"

#define SCHEMA_VERSION 8

enum origin {
	ORIGIN_NEW,      /* nothing in it */
	ORIGIN_OURS,
	ORIGIN_CHAINLIT, /* to be taken over */
};

/* Looks, changes nothing but p->ours. STORE_E_NEWER, _NOT_OURS, _CORRUPT. */
int migrate_identify(struct db *db, struct place *p, enum origin *origin, int *version, char **why);
/*
 * Is the file sane? What takes too long for its size is left out; thorough: after a crash, or of a
 * stranger.
 */
int migrate_check(struct db *db, sqlite3 *conn, int64_t bytes, bool thorough, char **why);
/*
 * Backs up where needed, tightens a loose mode, brings the schema to SCHEMA_VERSION and adopts
 * (adopt.h) within the same transaction, switches to WAL, loads db->columns. *notice: what a person
 * should know, or NULL.
 */
int migrate_run(struct db *db, const struct place *p, enum origin origin, int version,
	char **notice, char **why);
/* PRAGMA journal_mode = WAL, and the proof that it took. */
int migrate_wal(sqlite3 *conn, char **why);

/* backup.c: a copy of what the connection sees. *name malloc'd. */
/* Into a file that is there and empty. */
int backup_copy(sqlite3 *from, const char *name, char **why);
int backup_make(sqlite3 *from, const char *path, char **name, char **why);
