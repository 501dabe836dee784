/*
 * The threads. The writer takes its whole queue into one transaction, each job in a savepoint of
 * its own, and commits without waiting for more: while one commit is on its way to the disk the
 * next group gathers by itself. The readers take one job after another, each in one read
 * transaction; the one that scans lets accounts take turns.
 */
#define LOG_TAG "store"
#include "daemon/store/lane.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#define QUEUE_MAX 4096
#define GROUP_MAX 512            /* jobs in one transaction */
#define GROUP_US 20000           /* and how long it may gather */
#define SHARE_US 5000            /* the same for the library: leaves room for its commit */
#define CHECKPOINT_PAGES 1000    /* SQLite's own default */
#define SCRUB_MS 10              /* for readers to come to an end */
#define LOW_PRIORITY 10          /* as nice(1) */
#define SLICE_MS 20              /* a scan that keeps nobody waiting goes on past it */
#define CALM_NS 5000000000ull    /* idle for so long: give memory back */
#ifdef RAGCHAT_SANITIZER
#define STACK_SIZE (2 << 20)
#else
#define STACK_SIZE (256 << 10)
#endif

static const char *const names[STORE_LANES] = { "store-writer", "store-keyed", "store-scan",
	"store-library", "store-index", "store-segments" };

void job_fini(struct job *j)
{
	j->why = mem_free(j->why);
}

/* ---- handing over ---- */

static void deliver(struct lane *l, struct list *finished)
{
	unsigned n = 0;

	if (list_empty(finished))
		return;
	list_foreach(it, finished)
		n++;
	atomic_fetch_add(&l->jobs_done, n);
	atomic_fetch_sub(&l->queued, n);
	uv_mutex_lock(&l->harvest->mutex);
	list_splice(&l->harvest->done, finished);
	uv_mutex_unlock(&l->harvest->mutex);
	uv_async_send(&l->harvest->async);
}

int lane_submit(struct lane *l, struct job *j)
{
	int r = 0;

	if (!l->running)
		return STORE_E_BUSY;
	j->r = 0;
	uv_mutex_lock(&l->mutex);
	if (l->stop || atomic_load(&l->queued) >= QUEUE_MAX) {
		r = STORE_E_BUSY;
	} else {
		atomic_fetch_add(&l->queued, 1);
		j->slice_ms = SLICE_MS;
		list_push_back(&l->queue, &j->link);
		if (j->account != l->serving)
			atomic_store(&l->db.others, true);
		uv_cond_signal(&l->wake);
	}
	uv_mutex_unlock(&l->mutex);
	return r;
}

/* With the mutex: until there is a job, or the end. Memory is given back after a while of nothing. */
static void wait_for_work(struct lane *l)
{
	bool calm = false;

	while (list_empty(&l->queue) && !l->stop) {
		if (calm) {
			uv_cond_wait(&l->wake, &l->mutex);
		} else if (uv_cond_timedwait(&l->wake, &l->mutex, CALM_NS) == UV_ETIMEDOUT) {
			calm = true;
			uv_mutex_unlock(&l->mutex);
			db_calm(&l->db);
			uv_mutex_lock(&l->mutex);
		}
	}
}

/* All that is queued into `batch`; false: stopped and empty. */
static bool take(struct lane *l, struct list *batch)
{
	bool more;

	uv_mutex_lock(&l->mutex);
	wait_for_work(l);
	list_splice(batch, &l->queue);
	more = !list_empty(batch);
	uv_mutex_unlock(&l->mutex);
	return more;
}

static struct job *pop(struct list *batch)
{
	struct job *j = list_first(batch, struct job, link);

	list_remove(&j->link);
	return j;
}

static int run_job(struct lane *l, struct job *j)
{
	int r;

	atomic_store(&l->started_ms, clock_mono_ms());
	r = j->run(&l->db, j);
	atomic_store(&l->started_ms, 0);
	return r;
}

/* ---- the writer ---- */

/* Jobs that had succeeded share the fate of their transaction. */
static void fail_group(struct list *group, int r, const char *why)
{
	list_foreach(it, group) {
		struct job *j = list_entry(it, struct job, link);

		if (j->r != 0)
			continue;
		j->r = r;
		mem_free(j->why);
		j->why = mem_dup(why);
	}
}

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
	j->r = run_job(l, j);
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
		struct job *j = pop(batch);
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
		fail_group(group, r, why);
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

static void writer_main(void *arg)
{
	struct lane *l = arg;
	struct list batch, group;

	pthread_setname_np(pthread_self(), names[l->db.lane]);
	list_init(&batch);
	list_init(&group);
	/* In place of SQLite's own checkpoint, which would be part of COMMIT. */
	(void)sqlite3_wal_hook(l->db.chat, on_wal, l);
	while (take(l, &batch))
		while (!list_empty(&batch)) {
			write_group(l, &batch, &group);
			deliver(l, &group);
			checkpoint(l);
		}
}

/* ---- the others ---- */

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
		db_give_way(&l->db, j->again ? clock_mono_ms() + j->slice_ms : 0);
		db_deadline(&l->db, j->deadline_ms);
		r = run_job(l, j);
		db_deadline(&l->db, 0);
	}
	end_read(&l->db);
	return r;
}

static void reader_main(void *arg)
{
	struct lane *l = arg;
	struct list batch, finished;

	pthread_setname_np(pthread_self(), names[l->db.lane]);
	list_init(&batch);
	list_init(&finished);
	while (take(l, &batch))
		while (!list_empty(&batch)) {
			struct job *j = pop(&batch);

			j->r = read_job(l, j);
			list_push_back(&finished, &j->link);
			deliver(l, &finished);
		}
}

/* ---- those that work behind the back of the others: what is said, segments ---- */

static void index_main(void *arg)
{
	struct lane *l = arg;
	struct list batch, finished;

	pthread_setname_np(pthread_self(), names[l->db.lane]);
	if (l->db.lane == STORE_SEGMENTS) /* long jobs: others come first, on every CPU */
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY);
	list_init(&batch);
	list_init(&finished);
	while (take(l, &batch))
		while (!list_empty(&batch)) {
			struct job *j = pop(&batch);

			j->r = run_job(l, j);
			if (l->db.lane == STORE_SEGMENTS)
				db_rollback(l->db.lib);
			list_push_back(&finished, &j->link);
			deliver(l, &finished);
		}
}

/* ---- the library's ---- */

/* A job in its savepoint. False: the error took the whole transaction with it. */
static bool share_job(struct lane *l, struct job *j)
{
	sqlite3 *lib = l->db.lib;

	j->r = db_savepoint(lib, &j->why);
	if (j->r == 0) {
		j->r = run_job(l, j);
		if (!sqlite3_get_autocommit(lib))
			db_savepoint_end(lib, j->r == 0);
	}
	return !sqlite3_get_autocommit(lib);
}

/* As many small jobs as fit into one transaction: each would wait for the disk by itself. */
static void share_group(struct lane *l, struct list *batch, struct list *group)
{
	uint64_t end = clock_mono_us() + SHARE_US;
	char *why = NULL;
	int r = library_begin(&l->db, &why);

	do {
		struct job *j = pop(batch);
		bool open = r != 0 || share_job(l, j);

		list_push_back(group, &j->link);
		if (!open) {
			r = j->r ? j->r : -EIO;
			why = mem_dup(j->why);
		}
	} while (r == 0 && !list_empty(batch) && clock_mono_us() < end &&
		 list_first(batch, struct job, link)->shares);
	if (r == 0)
		r = library_commit(&l->db, &why);
	if (r != 0) {
		db_rollback(l->db.lib);
		fail_group(group, r, why);
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

static void library_main(void *arg)
{
	struct lane *l = arg;
	struct list batch, finished;

	pthread_setname_np(pthread_self(), names[l->db.lane]);
	list_init(&batch);
	list_init(&finished);
	(void)sqlite3_wal_hook(l->db.lib, on_library_wal, l);
	while (take(l, &batch))
		while (!list_empty(&batch)) {
			bool shares = list_first(&batch, struct job, link)->shares;

			if (shares) {
				share_group(l, &batch, &finished);
			} else {
				struct job *j = pop(&batch);

				j->r = run_job(l, j);
				list_push_back(&finished, &j->link);
			}
			db_rollback(l->db.lib); /* what a job left open it did not mean to keep */
			if (l->db.outbox)
				atomic_store(&l->harvest->carry, true);
			l->db.outbox = false;
			if (l->db.tend)
				atomic_store(&l->harvest->tend, true);
			l->db.tend = false;
			deliver(l, &finished);
			if (shares)
				library_shared(&l->db);
		}
}

/* ---- the one that scans ---- */

/* The job whose account's turn it is; NULL: stopped and empty. */
static struct job *take_turn(struct lane *l)
{
	struct job *best = NULL;
	bool others = false;

	uv_mutex_lock(&l->mutex);
	wait_for_work(l);
	list_foreach(it, &l->queue) {
		struct job *j = list_entry(it, struct job, link);

		if (!best || fair_before(&l->turns, j->account, best->account))
			best = j;
	}
	if (best) {
		list_remove(&best->link);
		list_foreach(it, &l->queue)
			others |= list_entry(it, struct job, link)->account != best->account;
		fair_take(&l->turns, best->account);
		l->serving = best->account;
		atomic_store(&l->db.others, others);
	}
	uv_mutex_unlock(&l->mutex);
	return best;
}

/* It was broken off. Its next time is longer: somebody always waits, and it has to end, too. */
static void put_back(struct lane *l, struct job *j)
{
	j->why = mem_free(j->why);
	j->slice_ms *= 2;
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

static void scan_main(void *arg)
{
	struct lane *l = arg;
	struct list finished;
	struct job *j;

	pthread_setname_np(pthread_self(), names[l->db.lane]);
	list_init(&finished);
	while ((j = take_turn(l))) {
		j->r = read_job(l, j);
		uv_mutex_lock(&l->mutex);
		fair_give(&l->turns, l->serving);
		uv_mutex_unlock(&l->mutex);
		tell_broken(l);
		if (l->db.yielded) {
			put_back(l, j);
			continue;
		}
		list_push_back(&finished, &j->link);
		deliver(l, &finished);
	}
}

/* ---- start and stop ---- */

static void (*main_of(enum store_lane lane))(void *)
{
	switch (lane) {
	case STORE_WRITER:
		return writer_main;
	case STORE_SCAN:
		return scan_main;
	case STORE_LIBRARY:
		return library_main;
	case STORE_INDEX:
	case STORE_SEGMENTS:
		return index_main;
	default:
		return reader_main;
	}
}

/* The loop's thread alone takes signals. */
static int create_thread(struct lane *l)
{
	uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE,
		.stack_size = STACK_SIZE };
	sigset_t all, old;
	int r;

	sigfillset(&all);
	r = -pthread_sigmask(SIG_SETMASK, &all, &old);
	if (r == 0) {
		r = uv_thread_create_ex(&l->thread, &options, main_of(l->db.lane), l);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	return r;
}

int lane_start(struct lane *l, enum store_lane which, struct harvest *harvest)
{
	int r;

	l->db.lane = which;
	l->harvest = harvest;
	list_init(&l->queue);
	r = uv_mutex_init(&l->mutex);
	if (r != 0)
		return r;
	r = uv_cond_init(&l->wake);
	if (r == 0) {
		r = create_thread(l);
		if (r == 0) {
			l->running = true;
			return 0;
		}
		uv_cond_destroy(&l->wake);
	}
	uv_mutex_destroy(&l->mutex);
	return r;
}

void lane_stop(struct lane *l)
{
	if (!l->running)
		return;
	uv_mutex_lock(&l->mutex);
	l->stop = true;
	atomic_store(&l->db.stopping, true);
	uv_cond_signal(&l->wake);
	uv_mutex_unlock(&l->mutex);
	uv_thread_join(&l->thread);
	uv_cond_destroy(&l->wake);
	uv_mutex_destroy(&l->mutex);
	fair_fini(&l->turns);
	l->running = false;
}
