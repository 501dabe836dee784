/*
 * A machine whose scheduler takes its time: preloaded, it lets the store's writer sleep behind each commit, for as long as the
 * file LATE_FLAG exists. What was written can be read then, and nobody has been told.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITE_LOCK 120 /* its byte in the -shm file, by SQLite's wal.c and os_unix.c */

static __thread int committed;

static int is_writer(void)
{
	char name[16] = "";

	return pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 && !strcmp(name, "store-writer");
}

/* SQLite gives the lock back at the end of a commit, and holds others while it does. */
int fcntl64(int fd, int cmd, ...)
{
	int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, "fcntl64");
	const struct flock *lock;
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	lock = cmd == F_SETLK ? arg : NULL;
	committed |= lock && lock->l_type == F_UNLCK && lock->l_start == WRITE_LOCK && is_writer();
	return real(fd, cmd, arg);
}

/* The writer looks how long it took. */
int clock_gettime(clockid_t id, struct timespec *at)
{
	int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	const char *flag = committed ? getenv("LATE_FLAG") : NULL;

	committed = 0;
	while (flag && access(flag, F_OK) == 0)
		(void)usleep(1000);
	return real(id, at);
}
