/* Lines of lists: ids, ages and names in columns, cut at the terminal's width. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "proto/val.h"

struct rows {
	struct buf out;
	unsigned width; /* 0: lines are not cut */
	size_t line;    /* where the line began */
};

void rows_init(struct rows *r);
void rows_id(struct rows *r, struct val map, const char *key); /* 8 characters of it */
void rows_age(struct rows *r, struct val map,
	const char *key);                              /* "now", "5m", "3h", "2d", then the date */
void rows_int(struct rows *r, int64_t v, int columns); /* right-aligned */
void rows_size(struct rows *r, int64_t bytes);         /* "812", "64k", "3.2M" */
void rows_text(struct rows *r, struct val map, const char *key,
	size_t columns); /* filtered, padded to columns; 0: as long as it is */
void rows_word(struct rows *r, const char *word, size_t columns);
void rows_end(struct rows *r);  /* the line is complete */
int rows_print(struct rows *r); /* to stdout; status; frees */
