/* Documents within a ZIP. Each reader gets the open archive. */
#pragma once

#include "daemon/extract/archive.h"
#include "daemon/extract/xml.h"

/* part: the main one, "word/document.xml" */
int extract_docx(struct extract *x, struct archive *a, const char *part);
int extract_pptx(struct extract *x, struct archive *a, const char *part);
int extract_xlsx(struct extract *x, struct archive *a, const char *part);
int extract_odf(struct extract *x, struct archive *a); /* ODT, ODS, ODP */
int extract_epub(struct extract *x, struct archive *a);

/* The dc:title of an entry (docProps/core.xml, meta.xml) into x->title; none is no error. */
int office_title(struct extract *x, struct archive *a, const char *entry);
/* x->title as the heading of all, where there is one. */
void office_heading(struct extract *x);

/* Relations: "ppt/_rels/presentation.xml.rels" maps "rId3" to a path in the archive. */
struct relations {
	struct relation {
		char *id, *type, *target;
	} *v;
	size_t n, cap;
};
/* `part`: "ppt/presentation.xml". One without relations has none; that is no error. */
int relations_read(struct relations *r, struct extract *x, struct archive *a, const char *part);
void relations_fini(struct relations *r);
const char *relation_target(const struct relations *r, const char *id);
const char *relation_of_type(const struct relations *r, const char *type); /* by the type's end */
/* "ppt/slides/slide1.xml" and "../media/a" give "ppt/media/a"; malloc'd. NULL: longer than any part's. */
char *path_resolve(const char *part, const char *target);
