/* A document on its way in: what the job knows of it (document_add.c), and writing it (document_write.c). */
#pragma once

#include "daemon/store/library_in.h"
#include "daemon/store/portion.h"

struct coming {
	struct db *db;
	struct op_document_add *op;
	char **why;
	int64_t collection, key, first, terms;
	int64_t before; /* key of the document it replaces, 0 none */
	uint16_t *lengths;
	char *name;     /* as it is indexed: document_place.name */
	struct {
		int64_t key, first; /* the same document, which is indexed anew; key 0: none */
		int64_t added_us;
		id_str id;
	} renews;
	bool direct;    /* its words go straight into a segment: */
	struct portion *portion; /* ... the group's, or `own`; NULL: into words_<collection> */
	struct portion own;
	bool cut;       /* its words are in the portion already, and its lengths are known */
};
/* The name and the title: document_place.name of one that has no second names. */
char *coming_name(const struct op_document_add *op);
/* The words of passage i, whose id is first + i. */
struct words_row coming_row(const struct op_document_add *op, size_t i, int64_t first, const char *name);
/* In slices, none longer than a few milliseconds; all at once for everybody else. */
int coming_bring_in(struct coming *c);
/* A small one, whole in the transaction that it shares: nothing of it is seen before the commit. */
int coming_bring_in_at_once(struct coming *c);
/* document_renew.c: what comes in was there before, as c->renews. */
int coming_take_place(struct coming *c);
