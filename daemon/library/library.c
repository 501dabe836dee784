/* The library: born before the store, which needs its tokenizer, and gone after it. */
#define LOG_TAG "library"
#include "daemon/library/library_in.h"

#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/library/words.h"

#define DOCUMENT_BYTES ((size_t)64 << 20)
#define BUDGET 6000
#define DEADLINE_MS 2000

void library_configure(struct library *l, const struct library_config *config)
{
	l->config = (struct library_config){
		.max_document = config->max_document ? config->max_document : DOCUMENT_BYTES,
		.budget = config->budget ? config->budget : BUDGET,
		.deadline_ms = config->deadline_ms ? config->deadline_ms : DEADLINE_MS,
		.keep_originals = config->keep_originals,
	};
}

/* What could not be done to the index is tried again. */
static void on_later(struct store_later *later)
{
	struct library *l = container_of(later, struct library, later);

	l->mending = 0;
	library_rebuild(l);
}

int library_new(struct library **out, struct store *store, const struct library_config *config)
{
	struct library *l = mem_new(sizeof(*l));

	list_init(&l->ingests);
	l->later.fn = on_later;
	store_set_words(words_split);
	l->store = store;
	library_configure(l, config);
	*out = l;
	return 0;
}

static void on_tidy(struct job *j)
{
	struct op_library_tidy *op = container_of(j, struct op_library_tidy, job);

	if (j->r != 0)
		log_warn("cannot clear what an earlier run left: %s",
			j->why ? j->why : "no reason given");
	op_library_tidy_free(op);
}

/* ---- words of other rules ---- */

static void on_rebuilt(struct job *j)
{
	struct op_library_rebuild *op = container_of(j, struct op_library_rebuild, job);
	struct library *l = j->ctx;
	bool more = j->r == 0 && op->more;

	if (j->r == 0) {
		l->told = false;
	} else {
		if (j->r != STORE_E_BUSY && !l->told)
			log_error("the index cannot be made anew, the old one goes on answering: %s",
				j->why ? j->why : "no reason given");
		l->told = l->told || j->r != STORE_E_BUSY;
		store_later(l->store, &l->later);
	}
	op_library_rebuild_free(op);
	l->rebuilding = false;
	if (more)
		library_rebuild(l);
}

/* One job after the other, each short: documents that come do not wait for the end. */
void library_rebuild(struct library *l)
{
	struct op_library_rebuild *op;

	if (l->rebuilding || store_waits(&l->later))
		return;
	op = op_library_rebuild_new();
	op->job.done = on_rebuilt;
	op->job.ctx = l;
	l->rebuilding = store_submit(l->store, STORE_LIBRARY, &op->job) == 0;
	if (l->rebuilding)
		return;
	op_library_rebuild_free(op);
	store_later(l->store, &l->later);
}

/* ---- words that are wrong ---- */

static void on_mended(struct job *j)
{
	struct op_library_mend *op = container_of(j, struct op_library_mend, job);
	struct library *l = j->ctx;

	if (j->r == 0) /* else it was said; who finds it again after a while has it tried again */
		l->mending = 0;
	else
		store_later(l->store, &l->later);
	op_library_mend_free(op);
	library_rebuild(l);
}

static bool submit_mend(struct library *l, int64_t collection, void (*done)(struct job *j))
{
	struct op_library_mend *op = op_library_mend_new();

	op->collection = collection;
	op->job.done = done;
	op->job.ctx = l;
	if (store_submit(l->store, STORE_LIBRARY, &op->job) == 0)
		return true;
	op_library_mend_free(op);
	return false;
}

void library_mend(struct library *l, int64_t collection)
{
	if (!l->mending && submit_mend(l, collection, on_mended))
		l->mending = collection;
}

static void on_looked(struct job *j)
{
	struct op_library_mend *op = container_of(j, struct op_library_mend, job);
	struct library *l = j->ctx;

	if (j->r != 0 && j->r != STORE_E_BUSY)
		log_warn("cannot look whether the index is sound: %s", j->why ? j->why : "no reason given");
	j->why = mem_free(j->why);
	if (op->more && store_submit(l->store, STORE_LIBRARY, j) == 0)
		return;
	op_library_mend_free(op);
	l->looking = false;
	library_rebuild(l);
}

void library_look(struct library *l)
{
	if (!l->looking)
		l->looking = submit_mend(l, 0, on_looked);
}

void library_attach(struct library *l, struct store *store)
{
	struct op_library_tidy *op = op_library_tidy_new();

	l->store = store;
	op->job.done = on_tidy;
	if (store_submit(store, STORE_LIBRARY, &op->job) != 0)
		op_library_tidy_free(op);
	library_rebuild(l);
	library_look(l);
}

void library_set_readers(struct library *l, struct readers *readers)
{
	l->readers = readers;
}

void library_set_vectors(struct library *l, const struct library_vectors *vectors)
{
	l->vectors = *vectors;
}

void library_changed(struct library *l, const char *account, bool removed)
{
	if (l->vectors.changed)
		l->vectors.changed(l->vectors.ctx, account, removed);
}

const char *library_sandbox(const struct library *l)
{
	return l->sandbox;
}

void *library_free(struct library *l)
{
	if (l)
		mem_free(l->sandbox);
	return mem_free(l);
}
