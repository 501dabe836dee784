/* What the tests of the library share: a store with a library in it, uploads and questions run to
 * their end. */
#pragma once

#include "common/buf.h"
#include "daemon/library/library.h"
#include "tests/unit/store.h"

/* What the versions after 5 brought to library.db is taken out again. */
#define LIBRARY_AS_OF_5 \
	"ALTER TABLE collection DROP COLUMN languages; " \
	"DROP INDEX document_renew; ALTER TABLE document DROP COLUMN renew; ALTER TABLE document DROP COLUMN known; " \
	"DROP TABLE collection_number; DROP TABLE vector; DROP TABLE vectors; "

struct desk {
	struct world w;
	struct library *library;
	char library_path[320];
};

static const struct library_config usual = {
	.max_document = 8 << 20, .budget = 6000, .deadline_ms = 20000
};

/* Makes or finds an account by its name. */
static inline void become(struct desk *d, const char *name)
{
	struct op_account *op = op_account_new();

	op->name = mem_dup(name);
	if (world_run(&d->w, STORE_WRITER, &op->job) != 0)
		abort();
	mem_free(d->w.who.name);
	d->w.who = op->account;
	op->account.name = NULL;
	op_account_free(op);
}

static inline void desk_open(struct desk *d)
{
	if (library_new(&d->library, NULL, &usual) != 0 || world_open(&d->w) != 0)
		abort();
	library_attach(d->library, d->w.store);
	become(d, "ada");
}

static inline void desk_make(struct desk *d)
{
	world_make(&d->w);
	snprintf(d->library_path, sizeof(d->library_path), "%.250s/library.db", d->w.dir);
	desk_open(d);
}

static inline void desk_close(struct desk *d)
{
	world_close(&d->w);
	d->library = library_free(d->library);
}

static inline void desk_end(struct desk *d)
{
	world_end(&d->w);
	library_free(d->library);
}

/* ---- uploads ---- */

struct taken {
	bool done;
	int r;
	bool unchanged, replaced;
	char why[256];
	id_str id;
	int64_t passages;
};

static inline void on_taken(uint64_t owner, void *ctx, const struct ingest_end *end)
{
	struct taken *t = ctx;

	(void)owner;
	t->done = true;
	t->r = end->r;
	t->unchanged = end->unchanged;
	t->replaced = end->replaced;
	snprintf(t->why, sizeof(t->why), "%s", end->why ? end->why : "");
	memcpy(t->id, end->doc->id, sizeof(t->id));
	t->passages = end->doc->passages;
}

/* In pieces of a prime size; *t is told of its end. */
static inline void upload_begin(
	struct desk *d, const char *collection, const char *name, const void *p, size_t n, struct taken *t)
{
	struct ingest *i = NULL;

	*t = (struct taken){ .done = false };
	t->r = ingest_begin(d->library, &d->w.who, name, collection, (int64_t)n, &i, t->why);
	for (size_t at = 0; t->r == 0 && at < n; at += min_of(n - at, (size_t)4093))
		t->r = ingest_feed(i, (const char *)p + at, min_of(n - at, (size_t)4093), t->why);
	if (t->r != 0) {
		ingest_abort(i);
		t->done = true;
		return;
	}
	ingest_commit(i, on_taken, 1, t);
	if (t->done)
		abort(); /* never from inside the call */
}

static inline struct taken upload_to(
	struct desk *d, const char *collection, const char *name, const void *p, size_t n)
{
	struct taken t;

	upload_begin(d, collection, name, p, n, &t);
	while (!t.done)
		uv_run(&d->w.loop, UV_RUN_ONCE);
	return t;
}

static inline struct taken upload(struct desk *d, const char *name, const char *text)
{
	return upload_to(d, NULL, name, text, strlen(text));
}

/* ---- questions ---- */

struct found {
	bool done;
	int r;
	enum found_band band;
	double coverage;
	int64_t documents, passages;
	bool cut;
	struct source_list sources;
	char *prompt;
	struct buf answer;
};

static inline void found_fini(struct found *f)
{
	source_list_fini(&f->sources);
	mem_free(f->prompt);
	buf_fini(&f->answer);
}

static inline void on_found(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct found *f = ctx;

	(void)owner;
	f->done = true;
	f->r = r->r;
	f->band = r->band;
	f->coverage = r->coverage;
	f->documents = r->documents;
	f->passages = r->passages;
	f->cut = r->cut;
	for (size_t i = 0; i < r->nsources; i++) {
		struct source s;

		source_copy(&s, &r->sources[i]);
		source_list_add(&f->sources, &s);
	}
	f->prompt = mem_ndup(r->prompt, r->prompt_len);
	for (size_t i = 0; i < r->npieces; i++)
		buf_add_str(&f->answer, r->pieces[i]);
}

static inline void find_as(struct desk *d, struct found *f, struct retrieve_request *req)
{
	*f = (struct found){ .done = false };
	buf_init(&f->answer, 0);
	req->account = d->w.who;
	if (library_retrieve(d->library, req, on_found, 1, f) != 0)
		abort();
	while (!f->done)
		uv_run(&d->w.loop, UV_RUN_ONCE);
}

static inline void find(struct desk *d, struct found *f, const char *question)
{
	struct retrieve_request req = {
		.question = question, .question_len = strlen(question), .answer = true
	};

	find_as(d, f, &req);
}

static inline const char *first_path(const struct found *f)
{
	return f->sources.n ? f->sources.v[0].path : "none";
}

static inline const char *answer(struct found *f)
{
	return buf_cstr(&f->answer);
}

static const char guide[] =
	"# Espresso machine\r\n\r\nA guide for owners.\r\n\r\n## Cleaning\r\n\r\n"
	"Descale the machine every three months with citric acid. Use 40 grams in a litre of "
	"water.\r\n\r\n"
	"## Warranty\r\n\r\nThe warranty ends after twenty four months. It does not cover the "
	"hoses.\r\n";

/* Some text that goes on for so long, and its end. */
static inline char *large_text(size_t bytes, size_t *n, const char *last)
{
	struct buf b;

	buf_init(&b, 0);
	for (int i = 0; b.len < bytes; i++)
		buf_addf(&b,
			"Paragraph %d tells of item%d and of item%d at some length, because it has "
			"to. It ends here.\n\n",
			i, i % 977, i % 1013);
	buf_add_str(&b, last);
	return buf_steal(&b, n);
}
