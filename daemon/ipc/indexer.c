/* One slice at a time on the index's thread. */
#define LOG_TAG "search"
#include "daemon/ipc/indexer.h"

#include "common/log.h"
#include "common/mem.h"
#include "daemon/server.h"
#include "daemon/store/searches.h"

#define PRUNE_FROM 500  /* changes that lie about before they are forgotten */
#define SETTLE_TRIES 40 /* of 10 ms each */

struct waiting {
	struct list link;
	void (*then)(void *ctx);
	void *ctx;
};

void indexer_init(struct indexer *x, struct server *s)
{
	*x = (struct indexer){ .server = s, .again = true };
	list_init(&x->waiting);
}

static void tell(struct indexer *x)
{
	struct list told;

	list_init(&told);
	list_splice(&told, &x->waiting);
	while (!list_empty(&told)) {
		struct waiting *w = list_first(&told, struct waiting, link);

		list_remove(&w->link);
		w->then(w->ctx);
		mem_free(w);
	}
}

static void on_pruned(struct job *j)
{
	struct op_change_prune *op = container_of(j, struct op_change_prune, job);
	struct indexer *x = j->ctx;

	if (j->r == 0 && op->more && store_submit(x->server->store, STORE_WRITER, j) == 0)
		return;
	x->pruned = j->r == 0 ? op->upto : x->pruned;
	x->pruning = false;
	op_change_prune_free(op);
}

static void prune(struct indexer *x)
{
	struct op_change_prune *op;

	if (x->pruning || x->upto - x->pruned < PRUNE_FROM)
		return;
	op = op_change_prune_new();
	op->upto = x->upto;
	op->job.done = on_pruned;
	op->job.ctx = x;
	x->pruning = store_submit(x->server->store, STORE_WRITER, &op->job) == 0;
	if (!x->pruning)
		op_change_prune_free(op);
}

static void take(struct indexer *x, const struct op_search_index *op)
{
	if (op->filled && !x->filled)
		log_info("the index of the search is complete");
	x->filled = op->filled;
	x->upto = op->upto;
}

static void on_slice(struct job *j)
{
	struct op_search_index *op = container_of(j, struct op_search_index, job);
	struct indexer *x = j->ctx;
	bool stopping = x->server->stage == SERVER_ENDING_PORTS;

	if (j->r == 0)
		take(x, op);
	else if (!x->failed && j->r != STORE_E_NOT_FOUND)
		log_warn("the index of the search stays behind: %s", j->why ? j->why : "the disk failed");
	x->failed = j->r != 0;
	j->why = mem_free(j->why);
	op->settle = !list_empty(&x->waiting) && x->tries < SETTLE_TRIES;
	if (!x->failed && !stopping && (op->more || x->again || (op->settle && !op->settled))) {
		x->again = false;
		x->tries += op->settle && !op->more;
		if (store_submit(x->server->store, STORE_INDEX, j) == 0)
			return;
	}
	op_search_index_free(op);
	x->running = false;
	x->tries = 0;
	prune(x);
	tell(x);
}

static void run(struct indexer *x)
{
	struct op_search_index *op;

	x->again = true;
	if (x->running)
		return;
	op = op_search_index_new();
	op->settle = !list_empty(&x->waiting);
	op->job.done = on_slice;
	op->job.ctx = x;
	x->running = store_submit(x->server->store, STORE_INDEX, &op->job) == 0;
	if (x->running) {
		x->again = false;
		return;
	}
	op_search_index_free(op);
	tell(x);
}

void indexer_look(struct indexer *x)
{
	uint64_t commits;

	if (!x->server || !x->server->store)
		return; /* at the start, and at the end */
	commits = store_commits(x->server->store);
	if (x->server->stage >= SERVER_ENDING_PORTS || (!x->again && commits == x->commits))
		return;
	x->commits = commits;
	run(x);
}

bool indexer_is_fresh(const struct indexer *x)
{
	return !x->filled || (!x->running && store_commits(x->server->store) == x->commits);
}

void indexer_wait(struct indexer *x, void (*then)(void *ctx), void *ctx)
{
	struct waiting *w = mem_new(sizeof(*w));

	*w = (struct waiting){ .then = then, .ctx = ctx };
	list_push_back(&x->waiting, &w->link);
	run(x);
}
