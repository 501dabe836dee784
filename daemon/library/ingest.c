/*
 * Documents coming in: bytes gathered on the loop thread; text in UTF-8 goes straight on, all else
 * through a helper that makes text of it (ingest_read.c); cut and indexed in one job of the library's
 * writer, whose first half, without the database, is done ahead of it.
 */
#define LOG_TAG "library"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/fair.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "common/utf8.h"
#include "daemon/library/chunk.h"
#include "daemon/library/format.h"
#include "daemon/library/ingest_in.h"

#define MAGIC_BYTES 512 /* looked at before the rest has come */
#define SMALL 24576       /* bytes of text: a few milliseconds of work, which share a transaction ... */
#define SMALL_CUT 65536   /* ... and so many where the words are cut before it */

/* ---- names ---- */

static bool name_is_clean(const char *s, size_t n)
{
	uint32_t cp;
	int used;

	for (size_t at = 0; at < n; at += (size_t)used) {
		used = utf8_decode(s + at, n - at, &cp);
		if (used <= 0 || utf8_is_control(cp))
			return false;
	}
	return true;
}

/* A part of the path that is "..": not that anything is ever opened by this name, but it is shown
 * as one. */
static bool has_parent_part(const char *s)
{
	for (const char *at = s; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (!strncmp(at, "..", 2) && (at[2] == '/' || at[2] == '\0'))
			return true;
	}
	return false;
}

static const char *name_fault(const char *name)
{
	size_t n = strlen(name);

	if (n == 0)
		return "a document needs a name";
	if (n > NAME_BYTES)
		return "the name is too long (512 bytes at most)";
	if (!name_is_clean(name, n))
		return "the name has control characters or is not UTF-8: rename the file";
	if (name[0] == '/')
		return "the name is an absolute path: give it relative to the folder";
	if (name[n - 1] == '/')
		return "the name is a folder's: name a file";
	return has_parent_part(name) ? "the name leads out of its folder (..)" : NULL;
}

/* ---- the life of one ---- */

static void *ingest_free(struct ingest *i)
{
	if (!i)
		return NULL;
	list_remove(&i->link);
	job_fini(&i->job);
	records_fini(&i->records);
	records_fini(&i->within);
	op_document_add_free(i->op);
	buf_fini(&i->bytes);
	return mem_free(i);
}

static int too_large(const struct library *l, char why[256])
{
	size_t max = l->config.max_document;

	if (max >> 20)
		(void)snprintf(why, 256,
			"the document is too large (%zu MiB at most): split it, or raise "
			"max_document",
			max >> 20);
	else
		(void)snprintf(why, 256,
			"the document is too large (%zu bytes at most): split it, or raise "
			"max_document",
			max);
	return LIBRARY_E_TOO_LARGE;
}

struct load {
	size_t n, bytes;
};

static struct load load_of(const struct library *l, uint64_t account, struct load *own)
{
	struct load all = { 0 };

	*own = all;
	list_foreach(it, &l->ingests) {
		const struct ingest *i = list_entry(it, struct ingest, link);

		all.n++;
		all.bytes += i->held;
		own->n += i->account == account;
		own->bytes += i->account == account ? i->held : 0;
	}
	return all;
}

static bool has_room_for_one(const struct library *l, uint64_t account)
{
	struct load own, all = load_of(l, account, &own);

	return all.n < INGESTS_MAX && own.n < INGEST_SHARE(INGESTS_MAX);
}

static bool has_room_for_bytes(const struct ingest *i, size_t n)
{
	struct load own, all = load_of(i->library, i->account, &own);

	return (all.n == 1 || all.bytes + n <= INGEST_BYTES) && (own.n == 1 || own.bytes + n <= INGEST_SHARE(INGEST_BYTES));
}

int ingest_begin(struct library *l, const struct account *account, const char *name,
	const char *collection, int64_t size, struct ingest **out, char why[256])
{
	const char *fault;
	struct ingest *i;

	while (!strncmp(name, "./", 2))
		name += 2;
	fault = name_fault(name);
	if (!fault && collection && name_fault(collection))
		fault = "the collection's name is empty, too long, or has characters that a name "
			"cannot have";
	if (fault) {
		(void)snprintf(why, 256, "%s", fault);
		return LIBRARY_E_NAME;
	}
	if (size > 0 && (uint64_t)size > l->config.max_document)
		return too_large(l, why);
	if (!has_room_for_one(l, fair_key(account->id))) {
		(void)snprintf(why, 256, "too many documents are coming in: try again");
		return LIBRARY_E_BUSY;
	}
	i = mem_new(sizeof(*i));
	i->library = l;
	i->account = fair_key(account->id);
	i->op = op_document_add_new();
	i->op->account = (struct account){ .name = mem_dup(account->name) };
	memcpy(i->op->account.id, account->id, sizeof(account->id));
	i->op->doc.name = mem_dup(name);
	i->op->doc.collection = mem_dup(collection ? collection : "default");
	buf_init(&i->bytes, l->config.max_document);
	list_push_back(&l->ingests, &i->link);
	*out = i;
	return 0;
}

static int look(struct ingest *i, char why[256])
{
	const char *refusal = format_refusal(i->bytes.data, i->bytes.len);

	i->looked = true;
	if (!refusal)
		return 0;
	(void)snprintf(why, 256, "%s", refusal);
	return LIBRARY_E_TYPE;
}

/* Valid UTF-8 so far? Looked at as it comes, so that the loop never reads a whole document. */
static void check_text(struct ingest *i)
{
	if (i->bytes.len - i->valid >= 4)
		i->valid += utf8_span((const char *)i->bytes.data + i->valid, i->bytes.len - i->valid);
}

static bool is_text(struct ingest *i)
{
	i->valid += utf8_span((const char *)i->bytes.data + i->valid, i->bytes.len - i->valid);
	return i->valid == i->bytes.len;
}

int ingest_feed(struct ingest *i, const void *p, size_t n, char why[256])
{
	int r;

	if (i->bytes.len && !has_room_for_bytes(i, n)) {
		(void)snprintf(why, 256, "too many documents are coming in: try again");
		return LIBRARY_E_BUSY;
	}
	r = buf_add(&i->bytes, p, n);
	if (r == -ENOMEM) {
		(void)snprintf(why, 256, "out of memory: try again");
		return LIBRARY_E_BUSY;
	}
	if (r != 0)
		return too_large(i->library, why);
	i->held = i->bytes.len;
	check_text(i);
	return !i->looked && i->bytes.len >= MAGIC_BYTES ? look(i, why) : 0;
}

void ingest_watch(struct ingest *i, ingest_progress progress)
{
	i->progress = progress;
}

void *ingest_abort(struct ingest *i)
{
	return ingest_free(i);
}

/* ---- where its words go: a guess, from what became of those before it ---- */

static uint64_t collection_key(const struct op_document_add *op)
{
	return fair_key(op->account.id) * 31 + fair_key(op->doc.collection);
}

static bool goes_direct(const struct library *l, const struct op_document_add *op)
{
	uint64_t key = collection_key(op);

	return l->direct[key & (DIRECT_KNOWN - 1)] == key;
}

static void note_direct(struct library *l, const struct op_document_add *op)
{
	uint64_t key = collection_key(op), *known = &l->direct[key & (DIRECT_KNOWN - 1)];

	if (op->direct)
		*known = key;
	else if (*known == key)
		*known = 0;
}

/* ---- the job ---- */

static bool is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strchr(" \t\r\n\f\v", s[i]) || !s[i])
			return false;
	return true;
}

struct text {
	const char *s;
	size_t n;
};

/* What a helper made of it, or the bytes themselves. */
static int take_text(struct ingest *i, struct text *t)
{
	struct op_document_add *op = i->op;
	int r = 0;

	if (!i->records.form)
		r = format_text(i->bytes.data, i->bytes.len, &op->text, &op->text_len, i->why);
	if (i->keep)
		op->original = i->bytes.data;
	else
		buf_fini(&i->bytes);
	*t = i->records.form ? (struct text){ (const char *)i->records.text.data, i->records.text.len }
			     : (struct text){ op->text, op->text_len };
	return r == -EILSEQ ? LIBRARY_E_TEXT : r;
}

static int cut(struct ingest *i, struct text t)
{
	struct op_document_add *op = i->op;
	int r;

	if (i->records.form && i->records.form != FORM_FILE)
		r = chunk_placed(&i->records, &op->passages, &op->n);
	else
		r = chunk_text(t.s, t.n, text_kind(op->doc.name, t.s, t.n), &op->passages, &op->n);
	if (r == 0 && i->records.form) {
		op->text = buf_steal(&i->records.text, &op->text_len);
		r = op->text ? 0 : -ENOMEM;
	}
	return r;
}

static int decode(struct ingest *i)
{
	struct op_document_add *op = i->op;
	struct text text;
	struct sha256 sum;
	int r;

	sha256_init(&sum);
	sha256_add(&sum, i->bytes.data, i->bytes.len);
	sha256_end_hex(&sum, op->doc.sha256);
	op->doc.bytes = (int64_t)i->bytes.len;
	r = take_text(i, &text);
	if (r != 0)
		return r;
	if (is_blank(text.s, text.n)) {
		(void)snprintf(i->why, sizeof(i->why), "the document is empty");
		return LIBRARY_E_EMPTY;
	}
	return cut(i, text);
}

/* Without the database: on a thread that works ahead. */
static void ingest_ahead(struct job *j)
{
	struct ingest *i = container_of(j, struct ingest, job);

	i->cut = decode(i);
	if (i->cut == 0)
		op_document_add_ahead(i->op);
}

static int ingest_run(struct db *db, struct job *j)
{
	struct ingest *i = container_of(j, struct ingest, job);
	int r = i->r ? i->r : i->cut;

	if (r > 0) {
		i->r = r;
		return 0;
	}
	if (r == 0)
		r = op_document_add_run(db, &i->op->job);
	if (r != 0) {
		i->r = LIBRARY_E_STORE;
		(void)snprintf(i->why, sizeof(i->why), "%s",
			i->op->job.why ? i->op->job.why
			: r < 0        ? strerror(-r)
				       : "the database cannot take it now");
	}
	return r;
}

static void ingest_done(struct job *j)
{
	struct ingest *i = container_of(j, struct ingest, job);
	struct ingest_end end = { .r = i->r, .why = i->why, .doc = &i->op->doc };

	if (j->r != 0 && !end.r) { /* it never ran: the store closed, or had no room */
		end.r = j->r == STORE_E_BUSY ? LIBRARY_E_BUSY : LIBRARY_E_STORE;
		end.why = j->why                  ? j->why
			  : j->r == STORE_E_BUSY ? "too many documents are waiting: try again"
			  : j->r < 0             ? strerror(-j->r)
						 : "the database cannot take it now";
	}
	if (j->r == STORE_E_CORRUPT) { /* its words may be all that is wrong */
		end.r = LIBRARY_E_BUSY;
		end.why = "the library is damaged, and its index looked through and made anew: try again in a moment; if that is no help, restore it from a backup";
		library_look(i->library);
	}
	end.pages = i->records.page;
	end.missed = i->missed;
	end.missed_why = i->missed_why;
	end.unchanged = !end.r && i->op->unchanged;
	end.replaced = !end.r && i->op->replaced;
	end.same = !end.r && i->op->same;
	if (!end.r)
		log_debug("document of %lld bytes in %lld passages%s", (long long)end.doc->bytes,
			(long long)end.doc->passages,
			end.same       ? ", the same as another"
			: end.unchanged ? ", unchanged"
			: end.replaced ? ", replaced"
				       : "");
	if (!end.r && !end.unchanged && !end.same)
		note_direct(i->library, i->op);
	if (!end.r && !end.unchanged)
		library_changed(i->library, i->op->account.id, end.replaced);
	i->done(i->owner, i->ctx, &end);
	ingest_free(i);
}

static int ingest_refused(struct db *db, struct job *j)
{
	(void)db;
	(void)j;
	return STORE_E_BUSY;
}

/* Quick to write: what else there is to be done is done before. */
static bool is_small(const struct ingest *i)
{
	size_t text = i->records.form ? i->records.text.len : i->bytes.len;

	return text <= (size_t)(i->op->direct ? SMALL_CUT : SMALL) && (!i->keep || i->bytes.len <= SMALL);
}

void ingest_store(struct ingest *i)
{
	struct store *store = i->library->store;

	if (i->progress && !i->r)
		i->progress(i->ctx, i->records.page, true);
	i->job.run = ingest_run;
	i->job.ahead = i->r ? NULL : ingest_ahead;
	i->job.ahead_bytes = max_of(i->bytes.len, i->records.text.len);
	i->job.done = ingest_done;
	i->keep = i->library->config.keep_originals;
	i->op->direct = goes_direct(i->library, i->op);
	i->job.shares = i->op->shares = is_small(i);
	if (store_submit(store, STORE_LIBRARY, &i->job) == 0)
		return;
	/* `done` may not come from here: any other queue brings the bad news back to the loop */
	i->job.run = ingest_refused;
	i->job.ahead = NULL;
	for (int lane = 0; lane < STORE_LANES; lane++)
		if (store_submit(store, (enum store_lane)lane, &i->job) == 0)
			return;
	log_error("every queue of the store is full");
	i->job.r = STORE_E_BUSY;
	ingest_done(&i->job);
}

void ingest_commit(struct ingest *i,
	void (*done)(uint64_t owner, void *ctx, const struct ingest_end *end), uint64_t owner,
	void *ctx)
{
	enum format_route route;

	i->done = done;
	i->owner = owner;
	i->ctx = ctx;
	if (!i->looked && look(i, i->why) != 0)
		i->r = LIBRARY_E_TYPE;
	route = format_route(i->bytes.data, i->bytes.len, i->op->doc.name, is_text(i));
	if (!i->r && route != ROUTE_TEXT && !i->library->readers) {
		i->r = LIBRARY_E_TYPE;
		(void)snprintf(i->why, sizeof(i->why), "only text in UTF-8 is read without ragchatd-extract");
	}
	if (i->r || route == ROUTE_TEXT)
		ingest_store(i);
	else
		ingest_read(i, route);
}
