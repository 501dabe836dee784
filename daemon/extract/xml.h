/*
 * XML pushed through expat: no DTD that declares entities, a bounded depth, names without their
 * prefix. A reader of a format gives three functions; each element comes with its parent's end
 * matched by expat.
 */
#pragma once

#include <stddef.h>

#include "daemon/extract/archive.h"

struct xml {
	struct extract *x;
	void *ctx; /* of the reader */
	void (*start)(struct xml *xml, const char *name, const char **atts);
	void (*end)(struct xml *xml, const char *name);
	void (*text)(struct xml *xml, const char *s, size_t n); /* NULL: not wanted */
	/* private */
	struct XML_ParserStruct *parser;
	unsigned depth;
	size_t since; /* bytes without an event */
};

/* Parse an entry. 0, -ENOENT: there is none, EXTRACT_E_*. Functions and ctx are set, the rest 0. */
int xml_entry(struct xml *xml, struct archive *a, const char *name);
int xml_bytes(struct xml *xml, struct extract *x, const char *s, size_t n);
/* The value of an attribute by its name without prefix, or NULL. */
const char *xml_attr(const char **atts, const char *name);
int xml_int(const char *s, int low, int high, int other); /* other: NULL, or no number from low to high */
