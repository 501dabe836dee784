/* From the rows, which are overwritten, to the write-ahead log, and to the index of the search. */
#include "daemon/ipc/settle.h"

#include "common/mem.h"
#include "daemon/server.h"
#include "daemon/store/history.h"

struct settling {
	struct server *server;
	void (*then)(void *ctx);
	void *ctx;
};

static void on_settled(struct job *j)
{
	struct op_settle *op = container_of(j, struct op_settle, job);
	struct settling *s = j->ctx;

	if (op->more && store_submit(s->server->store, STORE_WRITER, j) == 0)
		return;
	indexer_wait(&s->server->indexer, s->then, s->ctx);
	op_settle_free(op);
	mem_free(s);
}

void settle(struct server *s, void (*then)(void *ctx), void *ctx)
{
	struct settling *k = mem_new(sizeof(*k));
	struct op_settle *op = op_settle_new();

	*k = (struct settling){ .server = s, .then = then, .ctx = ctx };
	op->job.done = on_settled;
	op->job.ctx = k;
	if (store_submit(s->store, STORE_WRITER, &op->job) != 0) {
		op->more = false;
		on_settled(&op->job);
	}
}
