/*
 * A folder with all that lies in it, in the order of names: what of it is taken for a document, and
 * what is left out. Links to files are followed, links to folders are not: they could go round for ever.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum folder_skip { FOLDER_HIDDEN, FOLDER_MADE, FOLDER_EMPTY, FOLDER_LINK, FOLDER_SPECIAL, FOLDER_SKIPS };

struct folder_events {
	bool (*found)(void *ctx, const char *path, const char *name); /* name: the path below the folder. False: no more is wanted */
	void (*skipped)(void *ctx, const char *path, enum folder_skip why);
	void (*unreadable)(void *ctx, const char *path, int e); /* errno */
	void *ctx;
};

void folder_walk(const char *path, const struct folder_events *events); /* without a slash at its end */
const char *folder_skip_words(enum folder_skip why, bool many); /* "hidden", "no files" */
