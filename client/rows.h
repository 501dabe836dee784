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
/* Columns: 8 characters of an id; "now", "5m", "3h", "2d" or the date; a number; "64k". */
void rows_id(struct rows *r, struct val map, const char *key);
void rows_age(struct rows *r, struct val map, const char *key);
void rows_int(struct rows *r, int64_t v, int columns);
void rows_size(struct rows *r, int64_t bytes);
/* Filtered and padded to so many columns; 0: as long as it is. */
void rows_text(struct rows *r, struct val map, const char *key, size_t columns);
void rows_word(struct rows *r, const char *word, size_t columns);
void rows_words(struct rows *r, const char *s, size_t n, size_t columns);
void rows_end(struct rows *r);  /* the line is complete */
int rows_print(struct rows *r); /* to stdout; status; frees */
