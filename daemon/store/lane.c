/*
 * The threads: their queues, and what is common to all. What each does with its jobs stands in files
 * of its own: lane_write.c, lane_library.c, lane_read.c.
 */
#include "daemon/store/lane.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/lane_in.h"

#define QUEUE_MAX 4096
#define LOW_PRIORITY 10          /* as nice(1) */
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

void lane_deliver(struct lane *l, struct list *finished)
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
		j->slice_ms = 0;
		if (j->ahead && l->ahead)
			ahead_push(l->ahead, j);
		list_push_back(&l->queue, &j->link);
		if (j->account != l->serving)
			atomic_store(&l->db.others, true);
		uv_cond_signal(&l->wake);
	}
	uv_mutex_unlock(&l->mutex);
	return r;
}

uint64_t lane_busy_us(struct lane *l)
{
	uint64_t us;

	if (!l->running)
		return 0;
	uv_mutex_lock(&l->mutex);
	us = busy_us(&l->busy);
	uv_mutex_unlock(&l->mutex);
	return us;
}

/* With the mutex: until there is a job, or the end. Memory is given back after a while of nothing. */
void lane_wait(struct lane *l)
{
	bool calm = false;

	if (list_empty(&l->queue))
		busy_wait(&l->busy);
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
	busy_work(&l->busy);
}

/* All that is queued into `batch`; false: stopped and empty. */
bool lane_take(struct lane *l, struct list *batch)
{
	bool more;

	uv_mutex_lock(&l->mutex);
	lane_wait(l);
	list_splice(batch, &l->queue);
	more = !list_empty(batch);
	uv_mutex_unlock(&l->mutex);
	return more;
}

struct job *lane_pop(struct list *batch)
{
	struct job *j = list_first(batch, struct job, link);

	list_remove(&j->link);
	return j;
}

/* Jobs that had succeeded share the fate of their transaction. */
void lane_fail_group(struct list *group, int r, const char *why)
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

/* ---- those that work behind the back of the others: what is said, segments ---- */

static void index_main(struct lane *l)
{
	struct list batch, finished;

	if (l->db.lane == STORE_SEGMENTS) /* long jobs: others come first, on every CPU */
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY);
	list_init(&batch);
	list_init(&finished);
	while (lane_take(l, &batch))
		while (!list_empty(&batch)) {
			struct job *j = lane_pop(&batch);

			j->r = j->run(&l->db, j);
			if (l->db.lane == STORE_SEGMENTS)
				db_rollback(l->db.lib);
			list_push_back(&finished, &j->link);
			lane_deliver(l, &finished);
		}
}

/* ---- start and stop ---- */

static void (*main_of(enum store_lane lane))(struct lane *)
{
	switch (lane) {
	case STORE_WRITER:
		return lane_write_main;
	case STORE_SCAN:
		return lane_scan_main;
	case STORE_LIBRARY:
		return lane_library_main;
	case STORE_INDEX:
	case STORE_SEGMENTS:
		return index_main;
	default:
		return lane_read_main;
	}
}

static void run(void *arg)
{
	struct lane *l = arg;

	pthread_setname_np(pthread_self(), names[l->db.lane]);
	main_of(l->db.lane)(l);
}

/* The loop's thread alone takes signals. */
int lane_thread(uv_thread_t *thread, void (*fn)(void *), void *arg)
{
	uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE,
		.stack_size = STACK_SIZE };
	sigset_t all, old;
	int r;

	sigfillset(&all);
	r = -pthread_sigmask(SIG_SETMASK, &all, &old);
	if (r == 0) {
		r = uv_thread_create_ex(thread, &options, fn, arg);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	return r;
}

static int start_ahead(struct lane *l)
{
	int r;

	if (l->db.lane != STORE_LIBRARY)
		return 0;
	l->ahead = mem_new(sizeof(*l->ahead));
	r = ahead_start(l->ahead);
	if (r != 0)
		l->ahead = mem_free(l->ahead);
	return r;
}

/* After the lane, which leaves nothing for it to do. */
static void stop_ahead(struct lane *l)
{
	if (!l->ahead)
		return;
	ahead_stop(l->ahead);
	l->ahead = mem_free(l->ahead);
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
		r = start_ahead(l);
		if (r == 0)
			r = lane_thread(&l->thread, run, l);
		if (r == 0) {
			l->running = true;
			return 0;
		}
		stop_ahead(l);
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
	stop_ahead(l);
	uv_cond_destroy(&l->wake);
	uv_mutex_destroy(&l->mutex);
	shares_fini(&l->shares);
	l->running = false;
}
