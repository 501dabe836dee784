/* Finding the daemon without being held up. */
#include "client/finder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"

struct finder {
	atomic_int users; /* the thread and the one that waits; the last one frees */
	pthread_t thread;
	int event;
	char *told;
	bool autostart;
	int r;                      /* of the thread, until the event is there */
	struct connect_found found; /* the same */
};

static void unref(struct finder *f)
{
	if (atomic_fetch_sub(&f->users, 1) > 1)
		return;
	connect_found_fini(&f->found);
	fd_close(f->event);
	mem_free(f->told);
	mem_free(f);
}

static void *find(void *arg)
{
	struct finder *f = arg;
	const uint64_t one = 1;

	f->r = connect_find(f->told, f->autostart, &f->found);
	(void)fd_write_all(f->event, &one, sizeof(one));
	unref(f);
	return NULL;
}

/* Signals are the program's: none of its handlers runs here. */
static int start_thread(struct finder *f)
{
	sigset_t all, was;
	int r;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	r = pthread_create(&f->thread, NULL, find, f);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return -r;
}

struct finder *finder_start(const char *told, bool autostart)
{
	struct finder *f = mem_new(sizeof(*f));

	*f = (struct finder){ .users = 2, .event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .told = told ? mem_dup(told) : NULL,
		.autostart = autostart, .found = { .fd = -1 } };
	if (f->event >= 0 && start_thread(f) == 0)
		return f;
	f->users = 1;
	unref(f);
	return NULL;
}

int finder_fd(const struct finder *f)
{
	return f->event;
}

int finder_take(struct finder *f, struct connect_found *found, int *r)
{
	uint64_t n;

	if (fd_read(f->event, &n, sizeof(n)) != sizeof(n))
		return -EAGAIN;
	(void)pthread_join(f->thread, NULL); /* telling was the last that it did */
	*r = f->r;
	*found = f->found;
	f->found = (struct connect_found){ .fd = -1 };
	unref(f);
	return 0;
}

void *finder_leave(struct finder *f)
{
	if (f) {
		(void)pthread_detach(f->thread);
		unref(f);
	}
	return NULL;
}
