/* The library's writer: small jobs share a transaction, long ones have their own. */
#include <errno.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/ahead.h"
#include "daemon/store/lane_in.h"
#include "daemon/store/library_in.h"
#include "daemon/store/segments.h"

#define TEND_EVERY 16 /* transactions */
#define SHARE_MOST 12 /* jobs that are worth waiting for; more are taken if they are ready */
#define SHARE_US 2000 /* how long a transaction may gather: with its last job and its portions, and room for the commit, 20 ms */

/* A job in its savepoint. False: the error took the whole transaction with it. */
static bool share_job(struct lane *l, struct job *j)
{
	sqlite3 *lib = l->db.lib;

	j->r = db_savepoint(lib, &j->why);
	if (j->r == 0) {
		j->r = j->run(&l->db, j);
		if (!sqlite3_get_autocommit(lib))
			db_savepoint_end(lib, j->r == 0);
		portions_settle(&l->db, j->r == 0);
	}
	return !sqlite3_get_autocommit(lib);
}

static struct job *first_of(const struct list *batch)
{
	return list_first(batch, struct job, link);
}

/* As many small jobs as fit into one transaction: each would wait for the disk by itself. */
static void share_group(struct lane *l, struct list *batch, struct list *group)
{
	uint64_t end;
	char *why = NULL;
	int r;

	/* nothing is waited for in the transaction */
	ahead_finish(l->ahead, first_of(batch));
	ahead_gather(l->ahead, batch, SHARE_MOST, clock_mono_us() + SHARE_US);
	end = clock_mono_us() + SHARE_US;
	r = library_begin(&l->db, &why);
	do {
		struct job *j = lane_pop(batch);
		bool open;

		ahead_finish(l->ahead, j);
		open = r != 0 || share_job(l, j);
		ahead_over(l->ahead, j);
		list_push_back(group, &j->link);
		if (!open) {
			r = j->r ? j->r : -EIO;
			why = mem_dup(j->why);
		}
	} while (r == 0 && !list_empty(batch) && clock_mono_us() < end && first_of(batch)->shares &&
		 ahead_is_done(l->ahead, first_of(batch)));
	if (r == 0)
		r = portions_write(&l->db, &why);
	if (r == 0)
		r = library_commit(&l->db, &why);
	portions_end(&l->db, r == 0);
	if (r != 0) {
		db_rollback(l->db.lib);
		lane_fail_group(group, r, why);
		l->db.share = (struct library_share){ .n = 0 };
	}
	mem_free(why);
}

/* In place of SQLite's own checkpoint, for jobs here are long: it comes between their transactions. */
static int on_library_wal(void *arg, sqlite3 *conn, const char *schema, int pages)
{
	struct lane *l = arg;

	(void)conn;
	(void)schema;
	library_written(&l->db, pages);
	return SQLITE_OK;
}

/* Segments have something to do; while documents come in one after the other, not with each. */
static void tend(struct lane *l)
{
	if (!l->db.tend || (++l->untended < TEND_EVERY && atomic_load(&l->queued)))
		return;
	l->db.tend = false;
	l->untended = 0;
	atomic_store(&l->harvest->tend, true);
	uv_async_send(&l->harvest->async);
}

void lane_library_main(struct lane *l)
{
	struct list batch, finished;

	list_init(&batch);
	list_init(&finished);
	(void)sqlite3_wal_hook(l->db.lib, on_library_wal, l);
	while (lane_take(l, &batch))
		while (!list_empty(&batch)) {
			bool shares = first_of(&batch)->shares;

			if (shares) {
				share_group(l, &batch, &finished);
			} else {
				struct job *j = lane_pop(&batch);

				ahead_finish(l->ahead, j);
				j->r = j->run(&l->db, j);
				ahead_over(l->ahead, j);
				list_push_back(&finished, &j->link);
			}
			db_rollback(l->db.lib); /* what a job left open it did not mean to keep */
			if (l->db.outbox)
				atomic_store(&l->harvest->carry, true);
			l->db.outbox = false;
			if (l->db.renew)
				library_renew_named(&l->db);
			lane_deliver(l, &finished);
			tend(l);
			if (shares)
				library_shared(&l->db);
		}
}
