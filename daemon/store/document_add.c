/*
 * Putting a document in. It comes in slices, none longer than a few milliseconds, as a document of
 * state 0 that nobody sees; the last transaction shows it whole and hides the one it replaces.
 */
#define LOG_TAG "library"
#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/carry.h"
#include "daemon/store/document_coming.h"
#include "daemon/store/originals.h"

void document_row_fini(struct document_row *d)
{
	mem_free(d->name);
	mem_free(d->collection);
	mem_free(d->title);
	mem_free(d->same);
	*d = (struct document_row){ 0 };
}

struct op_document_add *op_document_add_new(void)
{
	struct op_document_add *op = mem_new(sizeof(*op));

	op->job.run = op_document_add_run;
	return op;
}

void op_document_add_free(struct op_document_add *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	document_row_fini(&op->doc);
	mem_free(op->text);
	for (size_t i = 0; i < op->n; i++)
		mem_free(op->passages[i].heading);
	mem_free(op->passages);
	segment_builder_free(op->words);
	mem_free(op);
}

/* ---- what is there already ---- */

/* The document of that name that is there already. *same: it is this one. */
static int look_before(struct coming *c, bool *same)
{
	struct op_document_add *op = c->op;
	struct document_row found = { 0 };
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, c->db, c->db->lib, c->why,
		SQL_DOCUMENT "AND c.account = ?1 AND c.name = ?2 AND d.name = ?3",
		db_text(op->account.id),
		db_text(op->doc.collection ? op->doc.collection : "default"),
		db_text(op->doc.name));

	*same = false;
	if (r == 0)
		r = db_step(stmt, &row, c->why);
	if (r == 0 && row) {
		document_from_row(stmt, &found, &c->before);
		*same = !strcmp(found.sha256, op->doc.sha256);
	}
	db_release(stmt);
	if (*same) {
		document_row_fini(&op->doc);
		op->doc = found;
	} else {
		document_row_fini(&found);
	}
	return r;
}

/* A second name for what is there already; what was called so before goes. */
static int add_alias(struct coming *c, int64_t target)
{
	struct op_document_add *op = c->op;
	int r = c->before ? library_hide(c->db, c->before, c->why) : 0;

	if (r == 0)
		r = alias_add(c->db, target, &op->doc, c->why);
	return r ? r
		 : carry_add(c->db, op->account.id, c->before ? "document.changed" : "document.added",
			   op->doc.id, op->doc.name, c->why);
}

static int add_alias_alone(struct coming *c, int64_t target)
{
	int r = library_begin(c->db, c->why);

	if (r == 0)
		r = add_alias(c, target);
	if (r == 0)
		return library_commit(c->db, c->why);
	db_rollback(c->db->lib);
	return r;
}

/* ---- in company ---- */

void library_shared(struct db *db)
{
	char *why = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < db->share.n; i++)
		r = words_merge(db, db->share.collections[i], WORDS_NOW, &why);
	if (r == 0 && db->share.leftovers)
		r = library_sweep(db, &why);
	if (r != 0)
		log_warn("cannot tidy up behind new documents: %s", why ? why : "no reason given");
	db->share = (struct library_share){ .n = 0 };
	mem_free(why);
}

/* ---- the job ---- */

static void sweep(struct db *db)
{
	char *why = NULL;

	if (library_sweep(db, &why) != 0)
		log_warn("cannot clear what is left of a document: %s",
			why ? why : "no reason given");
	mem_free(why);
}

static int share_bytes(struct coming *c, int64_t target)
{
	int r = c->op->shares ? add_alias(c, target) : add_alias_alone(c, target);

	c->op->same = r == 0;
	c->op->replaced = r == 0 && c->before;
	if (c->op->shares)
		c->db->share.leftovers = c->db->share.leftovers || c->before;
	else if (r == 0 && c->before)
		sweep(c->db);
	return r;
}

static int add(struct db *db, struct job *j)
{
	struct op_document_add *op = container_of(j, struct op_document_add, job);
	struct coming c = { .db = db, .op = op, .why = &j->why };
	int64_t target = 0;
	bool same = false;
	int r = look_before(&c, &same);

	if (r != 0 || same) {
		op->unchanged = r == 0;
		return r;
	}
	r = alias_target(db, &op->account, &op->doc, &target, &op->doc.same, &j->why);
	if (r != 0 || target)
		return r ? r : share_bytes(&c, target);
	c.lengths = calloc(op->n + 1, sizeof(*c.lengths));
	c.name = coming_name(op);
	r = !c.lengths ? -ENOMEM : op->shares ? coming_bring_in_at_once(&c) : coming_bring_in(&c);
	mem_free(c.lengths);
	mem_free(c.name);
	op->replaced = r == 0 && c.before;
	if (op->shares)
		return r;
	/* the old one, or what came of the new one before an error; not done, it is done the next
	 * time */
	if (op->replaced || r != 0)
		sweep(db);
	return r;
}

int op_document_add_run(struct db *db, struct job *j)
{
	struct op_document_add *op = container_of(j, struct op_document_add, job);
	int r = add(db, j);

	if (r == 0 && op->original)
		original_put(db, op->account.id, op->doc.sha256, op->original, (size_t)op->doc.bytes);
	return r;
}
