/*
 * The writer takes its whole queue into one transaction, each job in a savepoint of its own, and
 * commits without waiting for more: while one commit is on its way to the disk the next group
 * gathers by itself.
 */
#define LOG_TAG "store"
#include <errno.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/lane_in.h"

#define GROUP_MAX 512         /* jobs in one transaction */
#define GROUP_US 20000        /* and how long it may gather */
#define CHECKPOINT_PAGES 1000 /* SQLite's own default */
#define SCRUB_MS 10           /* for readers to come to an end */

static bool is_disk_error(int r)
{
	return r == STORE_E_FULL || r == STORE_E_READ_ONLY || r == -EIO;
}

/* A job in its savepoint. False: the error took the whole transaction with it. */
static bool write_job(struct lane *l, struct job *j)
{
	struct db *db = &l->db;

	j->r = db_run(db, db->chat, &j->why, "SAVEPOINT job");
	if (j->r != 0)
		return !sqlite3_get_autocommit(db->chat);
	j->r = j->run(&l->db, j);
	if (sqlite3_get_autocommit(db->chat))
		return false;
	if (j->r != 0)
		(void)db_run(db, db->chat, NULL, "ROLLBACK TO job");
	(void)db_run(db, db->chat, NULL, "RELEASE job");
	return true;
}

/* Runs jobs of the batch inside the open transaction until it has had its share. */
static int gather(struct lane *l, struct list *batch, struct list *group, char **why)
{
	uint64_t end = clock_mono_us() + GROUP_US;

	for (unsigned n = 0;
		!list_empty(batch) && n < GROUP_MAX && (n == 0 || clock_mono_us() < end); n++) {
		struct job *j = lane_pop(batch);
		bool open = write_job(l, j);

		list_push_back(group, &j->link);
		if (open)
			continue;
		*why = mem_dup(j->why);
		return j->r ? j->r : -EIO;
	}
	return 0;
}

static void note_commit(struct lane *l, int r, uint64_t since_us, bool wrote)
{
	struct harvest *h = l->harvest;

	if (r == 0 && wrote) {
		atomic_fetch_add(&h->commits, 1);
		atomic_store(&h->last_commit_us, clock_mono_us() - since_us);
		if (atomic_exchange(&h->read_only, false))
			log_info("writing works again");
	} else if (is_disk_error(r) && !atomic_exchange(&h->read_only, true)) {
		log_error("cannot write the database: nothing is accepted until it works again");
	}
}

/* A set that was rolled back only makes somebody look in vain. */
static void tell_news(struct lane *l)
{
	for (size_t i = 0; i < NEWS_WORDS; i++) {
		if (l->db.news[i])
			atomic_fetch_or(&l->harvest->news[i], l->db.news[i]);
		l->db.news[i] = 0;
	}
}

/* One group: begin, run, commit. Every job of it comes out in `group`, at least one. */
static void write_group(struct lane *l, struct list *batch, struct list *group)
{
	int64_t before = sqlite3_total_changes64(l->db.chat);
	uint64_t since = clock_mono_us();
	char *why = NULL;
	int r = db_begin(l->db.chat, &why);

	if (r != 0) {
		list_splice(group, batch);
	} else {
		r = gather(l, batch, group, &why);
		since = clock_mono_us();
		if (r == 0)
			r = db_commit(l->db.chat, &why);
	}
	if (r != 0) {
		db_rollback(l->db.chat);
		lane_fail_group(group, r, why);
	}
	tell_news(l);
	note_commit(l, r, since, sqlite3_total_changes64(l->db.chat) > before);
	list_foreach(it, group)
		if (is_disk_error(list_entry(it, struct job, link)->r))
			note_commit(l, list_entry(it, struct job, link)->r, since, false);
	mem_free(why);
}

static int on_wal(void *arg, sqlite3 *conn, const char *schema, int pages)
{
	struct lane *l = arg;

	(void)conn;
	(void)schema;
	l->wal_pages = (unsigned)pages;
	return SQLITE_OK;
}

/* After the answers have gone out, and only by this connection: see store.h. */
static void checkpoint(struct lane *l)
{
	int rc;

	if (l->db.scrub) {
		(void)sqlite3_busy_timeout(l->db.chat, SCRUB_MS);
		rc = sqlite3_wal_checkpoint_v2(l->db.chat, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		(void)sqlite3_busy_timeout(l->db.chat, BUSY_MS);
		l->db.scrub = rc != SQLITE_OK; /* a reader is in the middle of something: another time */
		l->wal_pages = rc == SQLITE_OK ? 0 : l->wal_pages;
	}
	if (l->wal_pages < CHECKPOINT_PAGES)
		return;
	l->wal_pages = 0;
	rc = sqlite3_wal_checkpoint_v2(l->db.chat, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		log_warn("checkpoint: %s", sqlite3_errstr(rc));
}

void lane_write_main(struct lane *l)
{
	struct list batch, group;

	list_init(&batch);
	list_init(&group);
	/* In place of SQLite's own checkpoint, which would be part of COMMIT. */
	(void)sqlite3_wal_hook(l->db.chat, on_wal, l);
	while (lane_take(l, &batch))
		while (!list_empty(&batch)) {
			write_group(l, &batch, &group);
			lane_deliver(l, &group);
			checkpoint(l);
		}
}
