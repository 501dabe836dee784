/* --format and -z of lists: a line of the user's own making for each row, for scripts and fzf. */
#pragma once

#include <stdbool.h>

#include "client/opts.h"
#include "common/buf.h"
#include "proto/val.h"

struct format {
	const char *text;          /* NULL: not given */
	bool nul;                  /* -z: lines end with a NUL byte */
	const char *id;            /* the key whose first 8 characters are {id} */
	const char *const *fields; /* those that a row may have; ends with NULL */
};

#define FORMAT_OPTS { OPT_FORMAT, "format", "TEXT" }, { 'z', "null", NULL }
enum { OPT_FORMAT = 0x2000 };

/* Takes one of FORMAT_OPTS; false: it is none. What is wrong is said, o->status is set. */
bool format_option(struct format *f, struct opts *o, int id);
static inline bool format_wanted(const struct format *f)
{
	return f->text || f->nul;
}
/* "{name}" and so on become the row's fields, filtered and on one line; \t, \n, {{ and }} are known. */
void format_row(const struct format *f, struct val row, struct buf *out);
int format_print(struct buf *out); /* exact: a NUL stays one. A status; frees. */
