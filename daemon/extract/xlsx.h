/* What the reading of a workbook keeps of its parts. */
#pragma once

#include "daemon/extract/office.h"

/* Texts that cells name by number, one after the other. */
struct strings {
	struct buf text;
	uint32_t *ends;
	size_t n, cap;
};
/* Which cell formats show a number as a date. */
struct formats {
	bool *date; /* by the cell's style */
	size_t n, cap;
	struct custom {
		int id;
		bool date;
	} *custom;
	size_t ncustom, ccustom;
};

int strings_read(struct strings *s, struct archive *a, const char *entry);
const char *strings_get(const struct strings *s, int64_t i, size_t *n); /* NULL: there is none */
void strings_fini(struct strings *s);

int formats_read(struct formats *f, struct archive *a, const char *entry);
bool formats_is_date(const struct formats *f, int style);
void formats_fini(struct formats *f);

/* What people wrote beside the cells of this sheet, below it. */
int notes_read(struct extract *x, struct archive *a, const char *sheet);

/* A serial number of days since 1899-12-30 (1904-01-01) as "2024-03-01", with a time where it has
 * one; false: no date. */
bool serial_date(const char *s, bool from_1904, char out[32]);
