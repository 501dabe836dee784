/*
 * An upload as its two files share it: upload.c sends one document, upload_run.c has those that are on their
 * way, and tells how each ends.
 */
#pragma once

#include "client/often.h"
#include "client/upload.h"

#define SMALL_AT_ONCE 24 /* small documents of which the commit is not answered: the daemon writes several with one */

struct pending {
	char *path, *name;
	bool found;
	uint32_t id; /* of the request doc.commit */
	int64_t upload, size;
};

struct uploads {
	struct link *link;
	struct progress *progress;
	struct upload_events events;
	struct pending v[SMALL_AT_ONCE];
	size_t n, done;
	int lost;    /* the status with which the loss of the daemon was said; 0: it is there */
	struct often often;
	bool quiet;  /* of what is passed over */
	bool single; /* one after the other: they go to a backend */
	bool told;   /* that it has no collections */
};

void uploads_told(struct uploads *all, const struct upload *u, int status, struct val result);
void uploads_failed(struct uploads *all, const struct upload *u, int status); /* without a result */
int uploads_refused(struct uploads *all, const struct upload *u, int r);      /* r: a link_result; a status, said */
void uploads_lose(struct uploads *all, int r); /* those on their way: the daemon has gone */
void uploads_tell(struct uploads *all, const struct upload_news *news);
size_t uploads_most(const struct uploads *all);              /* so many may be on their way */
void uploads_wait_below(struct uploads *all, size_t n);      /* until fewer than n are */
void uploads_wait_for_room(struct uploads *all, int64_t size); /* ... and one of this size may join them */
