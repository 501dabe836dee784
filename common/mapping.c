/* Mapped files and the one handler of SIGBUS. What it reads are atomics that other threads fill in. */
#include "common/mapping.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 1024

static struct slot {
	atomic_bool taken;
	atomic_uintptr_t from, to; /* both 0: nothing */
	atomic_bool lost;
} slots[SLOTS];
static size_t page_size;

static struct slot *slot_at(uintptr_t at)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (at >= atomic_load(&slots[i].from) && at < atomic_load(&slots[i].to))
			return &slots[i];
	return NULL;
}

/* Whatever else strikes ends the process, as it would without this. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	struct slot *slot = info->si_code > 0 ? slot_at(at) : NULL;
	int saved = errno;

	(void)context;
	if (slot && mmap((void *)(at & ~(uintptr_t)(page_size - 1)), page_size, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		atomic_store(&slot->lost, true);
	else
		(void)signal(sig, SIG_DFL); /* the same read comes again, or the signal was sent by hand */
	if (!slot && info->si_code <= 0)
		(void)raise(sig);
	errno = saved;
}

static void install(void)
{
	struct sigaction act = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_RESTART };

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	(void)sigemptyset(&act.sa_mask);
	(void)sigaction(SIGBUS, &act, NULL);
}

static int take_slot(void)
{
	for (int i = 0; i < SLOTS; i++) {
		bool taken = false;

		if (atomic_compare_exchange_strong(&slots[i].taken, &taken, true))
			return i;
	}
	return -1;
}

int mapping_open(struct mapping *m, int fd, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	void *p;

	*m = (struct mapping){ .slot = take_slot() };
	if (m->slot < 0)
		return -EMFILE;
	(void)pthread_once(&once, install);
	p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		int r = -errno;

		atomic_store(&slots[m->slot].taken, false);
		return r;
	}
	m->p = p;
	m->n = n;
	atomic_store(&slots[m->slot].lost, false);
	atomic_store(&slots[m->slot].from, (uintptr_t)p);
	atomic_store(&slots[m->slot].to, (uintptr_t)p + n);
	return 0;
}

void mapping_close(struct mapping *m)
{
	struct slot *slot = &slots[m->slot];

	if (!m->p)
		return;
	atomic_store(&slot->to, 0);
	atomic_store(&slot->from, 0);
	(void)munmap((void *)(uintptr_t)m->p, m->n);
	atomic_store(&slot->taken, false);
	m->p = NULL;
}

const atomic_bool *mapping_lost(const struct mapping *m)
{
	return &slots[m->slot].lost;
}
