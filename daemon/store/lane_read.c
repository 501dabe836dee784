/* The readers: one job after another, each in one read transaction; on the one that scans accounts share the time. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/lane_in.h"

/* How long a scan may keep another account's waiting. */
#define SLICE_SHORT_MS 5 /* one that goes on where it was */
#define SLICE_MS 20      /* one that begins anew: at first, */
#define SLICE_MOST_MS 80 /* and at last */

static int begin_read(struct db *db, char **why)
{
	int r = db->chat ? db_script(db->chat, "BEGIN", why) : 0;

	if (r == 0 && db->lib)
		r = db_script(db->lib, "BEGIN", why);
	return r == 0 && db->said ? db_script(db->said, "BEGIN", why) : r;
}

static void end_read(struct db *db)
{
	if (db->chat)
		db_rollback(db->chat);
	if (db->lib)
		db_rollback(db->lib);
	if (db->said)
		db_rollback(db->said);
}

static int read_job(struct lane *l, struct job *j)
{
	int r = begin_read(&l->db, &j->why);

	if (r == 0) {
		db_give_way(&l->db, j->again || j->goes_on ? clock_mono_ms() + j->slice_ms : 0);
		db_deadline(&l->db, j->deadline_ms);
		r = j->run(&l->db, j);
		db_deadline(&l->db, 0);
	}
	end_read(&l->db);
	return r;
}

void lane_read_main(struct lane *l)
{
	struct list batch, finished;

	list_init(&batch);
	list_init(&finished);
	while (lane_take(l, &batch))
		while (!list_empty(&batch)) {
			struct job *j = lane_pop(&batch);

			j->r = read_job(l, j);
			list_push_back(&finished, &j->link);
			lane_deliver(l, &finished);
		}
}

/* ---- the one that scans ---- */

/* What was broken off and has only to say how far it came keeps nobody waiting. */
static bool has_only_to_end(const struct job *j, uint64_t now)
{
	return j->slice_ms && j->deadline_ms && now >= j->deadline_ms;
}

/* The job whose account's turn it is; NULL: stopped and empty. */
static struct job *take_turn(struct lane *l)
{
	struct job *best = NULL;
	bool others = false;
	uint64_t now;

	uv_mutex_lock(&l->mutex);
	lane_wait(l);
	now = clock_mono_ms();
	list_foreach(it, &l->queue) {
		struct job *j = list_entry(it, struct job, link);

		if (has_only_to_end(j, now)) {
			best = j;
			break;
		}
		if (!best || shares_before(&l->shares, j->account, best->account))
			best = j;
	}
	if (best) {
		list_remove(&best->link);
		list_foreach(it, &l->queue)
			others |= list_entry(it, struct job, link)->account != best->account;
		shares_choose(&l->shares, best->account);
		l->serving = best->account;
		atomic_store(&l->db.others, others);
	}
	uv_mutex_unlock(&l->mutex);
	return best;
}

/*
 * It was broken off. One that went further comes to its end in short pieces, too; one that begins anew,
 * or did not even come to its first row, gets twice the time, up to what others can bear: past that its
 * deadline ends it.
 */
static void put_back(struct lane *l, struct job *j)
{
	j->why = mem_free(j->why);
	if (!j->moved)
		j->slice_ms = min_of(j->slice_ms * 2, (unsigned)SLICE_MOST_MS);
	uv_mutex_lock(&l->mutex);
	list_push_back(&l->queue, &j->link);
	uv_mutex_unlock(&l->mutex);
}

/* A segment was found to be wrong: it has to be made anew. */
static void tell_broken(struct lane *l)
{
	if (!l->db.broken[0])
		return;
	uv_mutex_lock(&l->harvest->mutex);
	memcpy(l->harvest->broken, l->db.broken, sizeof(l->db.broken));
	uv_mutex_unlock(&l->harvest->mutex);
	atomic_store(&l->harvest->tend, true);
	l->db.broken[0] = '\0';
}

void lane_scan_main(struct lane *l)
{
	struct list finished;
	struct job *j;

	list_init(&finished);
	while ((j = take_turn(l))) {
		uint64_t began = clock_mono_us();

		if (!j->slice_ms)
			j->slice_ms = j->goes_on ? SLICE_SHORT_MS : SLICE_MS;
		j->moved = false;
		j->r = read_job(l, j);
		shares_used(&l->shares, l->serving, clock_mono_us() - began); /* this thread's alone */
		tell_broken(l);
		if (l->db.yielded) {
			put_back(l, j);
			continue;
		}
		list_push_back(&finished, &j->link);
		lane_deliver(l, &finished);
	}
}
