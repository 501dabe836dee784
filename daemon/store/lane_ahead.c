/* The thread that works ahead of the library's writer, and what the writer asks it. */
#include "daemon/store/ahead.h"

#include <pthread.h>

#include "common/clock.h"
#include "daemon/store/lane_in.h"

/*
 * Bytes of text that are ready or on the way: several hundred small documents, a few books. What is made
 * of a byte takes two or three. One that is larger is begun when nothing else is held.
 */
#define HELD_MAX ((size_t)8 << 20)

static bool has_room(const struct ahead *a, const struct job *j)
{
	return !a->held || (a->held < HELD_MAX && j->ahead_bytes <= HELD_MAX - a->held);
}

/* With the mutex. NULL: the end. */
static struct job *next_job(struct ahead *a)
{
	while (!a->stop) {
		struct job *j = list_empty(&a->queue) ? NULL : list_first(&a->queue, struct job, ahead_link);

		if (j && has_room(a, j)) {
			busy_work(&a->busy);
			return j;
		}
		busy_wait(&a->busy);
		uv_cond_wait(&a->wake, &a->mutex);
	}
	return NULL;
}

/* With the mutex. */
static void begin(struct ahead *a, struct job *j)
{
	list_remove(&j->ahead_link);
	j->ahead_state = AHEAD_RUNS;
	a->held += j->ahead_bytes;
}

static void run(void *arg)
{
	struct ahead *a = arg;
	struct job *j;

	pthread_setname_np(pthread_self(), "store-ahead");
	uv_mutex_lock(&a->mutex);
	while ((j = next_job(a))) {
		begin(a, j);
		uv_mutex_unlock(&a->mutex);
		j->ahead(j);
		uv_mutex_lock(&a->mutex);
		j->ahead_state = AHEAD_DONE;
		a->queued--;
		a->jobs_done++;
		uv_cond_signal(&a->done);
	}
	uv_mutex_unlock(&a->mutex);
}

int ahead_start(struct ahead *a)
{
	int r;

	*a = (struct ahead){ .held = 0 };
	list_init(&a->queue);
	r = uv_mutex_init(&a->mutex);
	if (r != 0)
		return r;
	r = uv_cond_init(&a->wake);
	if (r == 0) {
		r = uv_cond_init(&a->done);
		if (r == 0) {
			r = lane_thread(&a->thread, run, a);
			if (r == 0)
				return 0;
			uv_cond_destroy(&a->done);
		}
		uv_cond_destroy(&a->wake);
	}
	uv_mutex_destroy(&a->mutex);
	return r;
}

void ahead_stop(struct ahead *a)
{
	uv_mutex_lock(&a->mutex);
	a->stop = true;
	uv_cond_signal(&a->wake);
	uv_mutex_unlock(&a->mutex);
	uv_thread_join(&a->thread);
	uv_cond_destroy(&a->done);
	uv_cond_destroy(&a->wake);
	uv_mutex_destroy(&a->mutex);
}

void ahead_push(struct ahead *a, struct job *j)
{
	uv_mutex_lock(&a->mutex);
	j->ahead_state = AHEAD_WAITS;
	list_push_back(&a->queue, &j->ahead_link);
	a->queued++;
	uv_cond_signal(&a->wake);
	uv_mutex_unlock(&a->mutex);
}

struct ahead_figures ahead_figures(struct ahead *a)
{
	struct ahead_figures f;

	uv_mutex_lock(&a->mutex);
	f = (struct ahead_figures){ a->queued, a->jobs_done, busy_us(&a->busy) };
	uv_mutex_unlock(&a->mutex);
	return f;
}

/* ---- on the lane's thread ---- */

static bool is_done(const struct job *j)
{
	return !j->ahead || j->ahead_state == AHEAD_DONE;
}

bool ahead_is_done(struct ahead *a, const struct job *j)
{
	bool done;

	uv_mutex_lock(&a->mutex);
	done = is_done(j);
	uv_mutex_unlock(&a->mutex);
	return done;
}

/* With the mutex. Are the first of them, up to `most` that share, done? */
static bool are_done(const struct list *batch, size_t most)
{
	size_t n = 0;

	list_foreach(it, batch) {
		const struct job *j = list_entry(it, struct job, link);

		if (n++ == most || !j->shares)
			return true;
		if (!is_done(j))
			return false;
	}
	return true;
}

void ahead_gather(struct ahead *a, const struct list *batch, size_t most, uint64_t until_us)
{
	uint64_t now;

	uv_mutex_lock(&a->mutex);
	while (!are_done(batch, most) && (now = clock_mono_us()) < until_us)
		(void)uv_cond_timedwait(&a->done, &a->mutex, (until_us - now) * 1000);
	uv_mutex_unlock(&a->mutex);
}

void ahead_finish(struct ahead *a, struct job *j)
{
	bool here;

	if (!j->ahead)
		return;
	uv_mutex_lock(&a->mutex);
	here = j->ahead_state == AHEAD_WAITS;
	if (here) {
		begin(a, j);
		a->queued--;
		j->ahead_state = AHEAD_DONE;
	}
	while (!here && j->ahead_state == AHEAD_RUNS)
		uv_cond_wait(&a->done, &a->mutex);
	uv_mutex_unlock(&a->mutex);
	if (here)
		j->ahead(j);
}

void ahead_over(struct ahead *a, struct job *j)
{
	if (!j->ahead)
		return;
	uv_mutex_lock(&a->mutex);
	a->held -= j->ahead_bytes;
	uv_cond_signal(&a->wake);
	uv_mutex_unlock(&a->mutex);
}
