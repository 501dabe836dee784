/*
 * Segments of the library (daemon/segment/) as the store keeps them: files in the folder
 * library.segments, rows of `segment` in library.db that say which of them count. What a row does
 * not name is a leftover, what a file does not prove is made anew. library_4.sql has the states, library_5.sql what is in which.
 */
#pragma once

#include "daemon/segment/segment.h"
#include "daemon/store/db.h"

/* ---- segment_files.c ---- */

/* The folder, made 0700 if missing, ours alone. 0 with *fd; STORE_E_LOOSE, -errno. */
int segments_folder(const char *path, int *fd, char **why);
/* What is opened from now on stays open until the next turn; what was before may be closed. */
void segments_turn(struct db *db);
/*
 * Mapped and opened, for this thread and the turn it is in. NULL with *r: -ENOENT (deleted
 * since this read transaction began?), SEGMENT_E_*, -errno.
 */
struct segment *segments_open(struct db *db, const char *file, int64_t bytes, int *r);
void segments_close(struct db *db, const char *file);
void segments_forget(struct db *db);

struct segment_file { /* on its way into being */
	struct db *db;
	int fd;
	char name[40], part[48];
	int64_t bytes;
};
int segment_file_make(struct segment_file *f, struct db *db, char **why);
int segment_file_put(void *file, const void *p, size_t n); /* a segment_put_fn */
/* Under its name; `sync`: on the disk, too. */
int segment_file_keep(struct segment_file *f, bool sync, char **why);
void segment_file_drop(struct segment_file *f); /* nothing stays, unless it was kept; harmless twice */
void segment_file_delete(struct db *db, const char *name);
bool segment_file_is(struct db *db, const char *name, int64_t bytes);
/* Calls for each name in the folder. */
int segment_file_each(struct db *db, int (*each)(struct db *, const char *name, char **why), char **why);

/* ---- segment_tables.c, on STORE_LIBRARY ---- */

/* Of a passage: is it in the table words_<collection>? Within a transaction. */
int words_has(struct db *db, int64_t passage, bool *in, char **why);
int segments_gone(struct db *db, int64_t first, int64_t passages, char **why); /* a document left */
int segments_drop(struct db *db, int64_t collection, char **why); /* all of a collection */
/* All its words are in the table words_<collection> again. Within a transaction. */
int segments_leave(struct db *db, int64_t collection, char **why);
int segments_broken(struct db *db, const char *file, char **why);
/* Rows without files, files without rows; once at the start. */
int segments_tidy(struct db *db, char **why);
/* Freezes what is large, frees what was moved, deletes what is going; some milliseconds. */
int segments_housekeep(struct db *db, bool *more, char **why);
bool segments_wanted(struct db *db, int64_t collection); /* it has grown enough to be moved */

/* ---- portion.c, on STORE_LIBRARY: what a group of jobs brings straight into segments ---- */

/* The job that ran is kept, or is as if it had never been. */
void portions_settle(struct db *db, bool keep);
/* All of them, before the commit. */
int portions_write(struct db *db, char **why);
/* After it. */
void portions_end(struct db *db, bool committed);

/* ---- segment_choose.c, segment_make.c, on STORE_SEGMENTS ---- */

#define SEGMENTS_MERGED 64
enum segments_task { SEGMENTS_NOTHING, SEGMENTS_FROM_TEXT, SEGMENTS_MERGE };
struct segments_work {
	enum segments_task task;
	int64_t collection;
	int64_t first, last;  /* ids of passages that the new one covers */
	int64_t begin, end;   /* FROM_TEXT: ids that have to be covered, by this one and those before it */
	int64_t broken;       /* FROM_TEXT: the segment it replaces; 0: a frozen table */
	int64_t old[SEGMENTS_MERGED]; /* MERGE: rows */
	size_t nold;
	int64_t *gone;        /* MERGE: documents left out, by first passage */
	size_t ngone;
	int64_t passages, bytes;
	char file[40];        /* "": nothing came of it, there was no text */
};
/* What is to be done next. */
int segments_choose(struct db *db, struct segments_work *w, char **why);
/* STORE_E_CORRUPT with a file: this one, to be merged, was wrong. */
int segments_make(struct db *db, struct segments_work *w, char **why);
/* On STORE_LIBRARY: the new one counts, the old ones do not, or the file goes again. */
int segments_commit(struct db *db, struct segments_work *w, char **why);
/* A row for it, if anything came of it. Within a transaction. */
int segments_add(struct db *db, const struct segments_work *w, int state, char **why);

/* ---- segment_tend.c, on the loop ---- */

/* One task after another while there are any; one at a time. */
struct tender {
	struct store *store;
	bool wanted, running;
	bool told;       /* that it waits */
	struct store_later later;
	char broken[40]; /* a file that was found to be wrong */
};
void tend_init(struct tender *t, struct store *store);
void tend_go(struct tender *t);
