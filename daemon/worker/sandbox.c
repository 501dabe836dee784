/* The layers of a helper's sandbox, in the order in which they can be taken. */
#define LOG_TAG "sandbox"
#include "daemon/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/attr.h"
#include "daemon/worker/landlock.h"
#include "daemon/worker/sandbox_bpf.h"

#define FD 0xFFFFFFFFu /* an int argument: the kernel looks at no more of it */
#define ALL UINT64_MAX

/* Found with strace over every test document: read, brk, mmap, munmap, write, exit_group. */
const struct sandbox_call sandbox_calls_min[SANDBOX_CALLS_MIN] = {
	{ .nr = SYS_read, .check = { { 0, FD, 0 } } },
	{ .nr = SYS_write, .check = { { 0, FD, 1 } } },
	{ .nr = SYS_write, .check = { { 0, FD, 2 } } },
	{ .nr = SYS_brk },
	/* Memory of its own that is never executed: prot, flags, no file. */
	{ .nr = SYS_mmap,
		.check = { { 2, ALL & ~(uint64_t)(PROT_READ | PROT_WRITE), 0 },
			{ 3, ALL & ~(uint64_t)MAP_NORESERVE, MAP_PRIVATE | MAP_ANONYMOUS },
			{ 4, FD, FD } } },
	{ .nr = SYS_munmap },
	{ .nr = SYS_mremap },
	{ .nr = SYS_exit_group },
};

const struct sandbox_profile sandbox_reader = {
	.name = "reader",
	.limit = { .cpu_s = 10, .memory = 768ull << 20, .file = 64ull << 20, .files = 0 },
	.calls = sandbox_calls_min,
	.ncalls = SANDBOX_CALLS_MIN,
};

#ifdef RAGCHAT_SANITIZER
static const bool compiled_in = false;
#else
static const bool compiled_in = true;
#endif

bool sandbox_is_compiled_in(void)
{
	return compiled_in;
}

static int close_inherited(void)
{
	return close_range(3, ~0u, 0) == 0 ? 0 : -errno;
}

/* A parent that went before the kernel was told has closed its end of our output first. */
static bool parent_is_gone(pid_t parent)
{
	struct pollfd out = { .fd = 1 };

	return getppid() != parent || (poll(&out, 1, 0) > 0 && (out.revents & POLLERR));
}

int sandbox_begin(void)
{
	pid_t parent = getppid();

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			return -EBADF;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return -errno;
	if (parent_is_gone(parent))
		_exit(1);
	return compiled_in ? close_inherited() : 0;
}

/* Single-threaded until here, or the user namespace is refused. */
static int enter_namespaces(void)
{
	int kinds = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWNS | CLONE_NEWCGROUP;

	return unshare(kinds) == 0 ? 0 : -errno;
}

static int give_up_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -errno;
}

static int close_files(const struct sandbox_profile *p)
{
	struct landlock l;
	int r = landlock_begin_closed(&l, p->parent);

	if (r < 0)
		return r;
	for (size_t i = 0; i < p->npaths; i++)
		landlock_allow(&l, p->paths[i].path, p->paths[i].rights);
	r = landlock_enforce(&l);
	landlock_end(&l);
	return r;
}

static int limit_one(int what, uint64_t value)
{
	struct rlimit now, l = { value, value };

	/* A hard limit can only be lowered. */
	if (getrlimit(what, &now) == 0 && now.rlim_max < l.rlim_max)
		l.rlim_cur = l.rlim_max = now.rlim_max;
	return setrlimit(what, &l) == 0 ? 0 : -errno;
}

static int limit_resources(const struct sandbox_profile *p)
{
	const struct {
		int what;
		uint64_t value;
	} limits[] = { { RLIMIT_CPU, p->limit.cpu_s }, { RLIMIT_AS, p->limit.memory },
		{ RLIMIT_FSIZE, p->limit.file }, { RLIMIT_NOFILE, p->limit.files },
		{ RLIMIT_NPROC, 0 }, { RLIMIT_CORE, 0 }, { RLIMIT_STACK, 8u << 20 } };

	for (size_t i = 0; i < array_len(limits); i++) {
		int r = limit_one(limits[i].what, limits[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}

/* malloc's first use asks for random bytes, which the list forbids. */
static void warm_malloc(void)
{
	void *volatile p = malloc(1);

	free(p);
}

static int allow_calls(const struct sandbox_profile *p)
{
	struct sandbox_filter f;
	int r = sandbox_filter_build(&f, p->calls, p->ncalls);

	warm_malloc();
	return r < 0 ? r : sandbox_filter_install(&f);
}

static int refuse(char level[SANDBOX_LEVEL], const char *layer, int r)
{
	snprintf(level, SANDBOX_LEVEL, "%s: %s", layer, strerror(-r));
	return r;
}

/* The optional layers, in words, before the last one makes words costly. */
static void describe(char level[SANDBOX_LEVEL], int landlock, int namespaces)
{
	char files[64], spaces[64] = "namespaces";

	if (landlock < 0)
		snprintf(files, sizeof(files), "landlock none (%s)", strerror(-landlock));
	else
		snprintf(files, sizeof(files), "landlock abi %d", landlock_abi());
	if (namespaces < 0)
		snprintf(spaces, sizeof(spaces), "namespaces none (%s)", strerror(-namespaces));
	snprintf(level, SANDBOX_LEVEL, "seccomp, rlimits, no_new_privs, %s, %s", files, spaces);
}

int sandbox_apply(const struct sandbox_profile *p, unsigned layers, char level[SANDBOX_LEVEL])
{
	int landlock = 0, namespaces = 0, r = 0;

	if (layers & SANDBOX_FDS)
		r = close_inherited();
	if (r < 0)
		return refuse(level, "close_range", r);
	if (layers & SANDBOX_NAMESPACES)
		namespaces = enter_namespaces();
	if (layers & (SANDBOX_LANDLOCK | SANDBOX_SECCOMP))
		r = give_up_privileges();
	if (r < 0)
		return refuse(level, "no_new_privs", r);
	if (layers & SANDBOX_LANDLOCK) /* needs a descriptor: before the limits */
		landlock = close_files(p);
	describe(level, landlock, namespaces);
	if (layers & SANDBOX_RLIMITS)
		r = limit_resources(p);
	if (r < 0)
		return refuse(level, "rlimits", r);
	if (layers & SANDBOX_SECCOMP)
		r = allow_calls(p);
	return r < 0 ? refuse(level, "seccomp", r) : 0;
}

int sandbox_lock(const struct sandbox_profile *p, char level[SANDBOX_LEVEL])
{
	if (compiled_in)
		return sandbox_apply(p, SANDBOX_ALL, level);
	snprintf(level, SANDBOX_LEVEL, "none (sanitizer build)");
	return 0;
}
