/*
 * One font file: mapped before the sandbox closes, read as a HarfBuzz face when first used. And the
 * face that is always there: a box and a space, made in memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/pdf/fonts.h"

struct fontfile {
	const char *data; /* of the map; NULL: not installed */
	size_t len;
	hb_blob_t *blob;
};

bool fontfile_map(struct fontfile *f, const char *path); /* false: not there */
void fontfile_unmap(struct fontfile *f);
void fontfile_builtin(struct fontfile *f);
/* Fills face, font, metrics and name of *font. Needs memory, no system call. */
void fontfile_load(struct fontfile *f, unsigned face, struct font *font);
