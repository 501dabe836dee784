/*
 * Keeping segments: a task is made on the thread that makes them, committed by the library's writer,
 * and then there may be another one. Between two tasks the writer's queue has its turn.
 */
#define LOG_TAG "library"
#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/segments.h"

struct task {
	struct job job;
	struct tender *tender;
	struct segments_work w;
	bool more;
	char broken[40];
};

static void *task_free(struct task *t)
{
	mem_free(t->w.gone);
	job_fini(&t->job);
	return mem_free(t);
}

/* A full disk stays full for a while, which is said once. */
static void hold_off(struct tender *tender, const struct job *j)
{
	if (!tender->told)
		log_warn("the index waits: %s", j->why ? j->why : strerror(j->r < 0 ? -j->r : EIO));
	tender->told = true;
	store_later(tender->store, &tender->later);
}

static void end(struct task *t)
{
	struct tender *tender = t->tender;

	tender->running = false;
	if (t->job.r != 0 && t->job.r != -ECANCELED) {
		hold_off(tender, &t->job);
	} else if (t->job.r == 0 && tender->told) {
		log_info("the index goes on");
		tender->told = false;
	}
	task_free(t);
	if (tender->wanted)
		tend_go(tender);
}

static void step(struct task *t, enum store_lane lane, int (*run)(struct db *, struct job *),
	void (*done)(struct job *))
{
	t->job.run = run;
	t->job.done = done;
	if (store_submit(t->tender->store, lane, &t->job) == 0)
		return;
	t->tender->running = false; /* busy, or at its end: another time */
	store_later(t->tender->store, &t->tender->later);
	task_free(t);
}

/* ---- on the library's writer ---- */

static int housekeep_run(struct db *db, struct job *j)
{
	struct task *t = container_of(j, struct task, job);
	int r = t->broken[0] ? segments_broken(db, t->broken, &j->why) : 0;

	return r ? r : segments_housekeep(db, &t->more, &j->why);
}

static int commit_run(struct db *db, struct job *j)
{
	struct task *t = container_of(j, struct task, job);

	return segments_commit(db, &t->w, &j->why);
}

/* ---- on the thread that makes them ---- */

static int make_run(struct db *db, struct job *j)
{
	struct task *t = container_of(j, struct task, job);

	return segments_make(db, &t->w, &j->why);
}

/* ---- on the loop ---- */

static void on_committed(struct job *j)
{
	struct task *t = container_of(j, struct task, job);

	t->tender->wanted = t->tender->wanted || j->r == 0;
	end(t);
}

static void on_made(struct job *j)
{
	struct task *t = container_of(j, struct task, job);

	if (j->r == STORE_E_CORRUPT && t->w.file[0]) {
		memcpy(t->tender->broken, t->w.file, sizeof(t->w.file));
		t->tender->wanted = true;
		j->r = -ECANCELED;
	}
	if (j->r != 0 || t->w.task == SEGMENTS_NOTHING)
		end(t);
	else
		step(t, STORE_LIBRARY, commit_run, on_committed);
}

static void on_housekept(struct job *j)
{
	struct task *t = container_of(j, struct task, job);

	if (j->r != 0) {
		end(t);
	} else if (t->more) {
		t->more = false;
		t->broken[0] = '\0';
		step(t, STORE_LIBRARY, housekeep_run, on_housekept);
	} else {
		step(t, STORE_SEGMENTS, make_run, on_made);
	}
}

void tend_go(struct tender *tender)
{
	struct task *t;

	tender->wanted = true;
	if (tender->running || store_waits(&tender->later))
		return;
	tender->wanted = false;
	tender->running = true;
	t = mem_new(sizeof(*t));
	t->tender = tender;
	memcpy(t->broken, tender->broken, sizeof(t->broken));
	tender->broken[0] = '\0';
	step(t, STORE_LIBRARY, housekeep_run, on_housekept);
}

static void on_later(struct store_later *l)
{
	tend_go(container_of(l, struct tender, later));
}

void tend_init(struct tender *t, struct store *store)
{
	*t = (struct tender){ .store = store, .later.fn = on_later };
}
