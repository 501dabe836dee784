/*
 * The sandbox of a helper: a program that reads what strangers wrote. It opens what it needs, locks
 * itself in, and only then reads its first byte of input.
 *
 *	sandbox_begin()     closes what was inherited, dies with its parent
 *	... fonts are opened, mapped, closed; whatever is lazy is used once ...
 *	sandbox_lock()      from here: only the profile's calls
 *
 * Mandatory: no_new_privs, resource limits, seccomp(2); without them the helper refuses to work.
 * Landlock and namespaces are taken where the kernel gives them, and reported. What each layer holds,
 * alone and together with the others, is what sandbox_selftest() tries out and prints.
 *
 * To see which call broke a helper: strace it; the last line is the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_LEVEL 160

enum sandbox_layer {
	SANDBOX_FDS = 1 << 0,        /* close_range(2) of all above 2 */
	SANDBOX_NAMESPACES = 1 << 1,
	SANDBOX_LANDLOCK = 1 << 2,   /* brings no_new_privs, which it needs */
	SANDBOX_RLIMITS = 1 << 3,
	SANDBOX_SECCOMP = 1 << 4,    /* likewise */
	SANDBOX_ALL = (1 << 5) - 1,
};

/* One argument: (arg & mask) == value. A mask of 0 ends the checks. */
struct sandbox_check {
	unsigned arg;
	uint64_t mask, value;
};

/* An allowed call. All checks must hold; several rows of one call are alternatives, the first that holds counts. */
struct sandbox_call {
	int nr;
	int error;                   /* 0: it is made; else it fails with this errno, and the process lives */
	struct sandbox_check check[3];
};

struct sandbox_path {
	const char *path;            /* one that is not there needs no rule */
	uint64_t rights;             /* LL_* of daemon/worker/landlock.h */
};

struct sandbox_profile {
	const char *name;
	bool parent;                                 /* of processes that lock themselves in, and end with it */
	struct {
		uint64_t cpu_s, memory, file, files; /* RLIMIT_CPU, AS, FSIZE (never 0: stderr may be a file), NOFILE */
	} limit;                                     /* NPROC and CORE are 0 */
	const struct sandbox_call *calls;
	size_t ncalls;
	const struct sandbox_path *paths;            /* what Landlock leaves open; none: nothing */
	size_t npaths;
	const char *const *granted;                  /* names of probes that this profile lets pass on purpose; NULL at the end */
};

/* The tightest list: read stdin, write stdout and stderr, memory that cannot be executed, and the end. */
#define SANDBOX_CALLS_MIN 8
extern const struct sandbox_call sandbox_calls_min[SANDBOX_CALLS_MIN];
/* That list, CPU 10 s, memory 768 MiB, files 64 MiB, no descriptor: ragchatd-pdf's, ragchatd-extract's for most formats. */
extern const struct sandbox_profile sandbox_reader;

/* -EBADF when 0, 1 or 2 is not open, else 0 or -errno. Does not return when the parent has gone. */
int sandbox_begin(void);
/*
 * 0, or -errno when a mandatory layer is refused. level: the layers reached, or the one that was
 * refused, in words: "seccomp, rlimits, no_new_privs, landlock abi 7, namespaces". A sanitizer build
 * cannot live under these limits: 0 and "none (sanitizer build)".
 */
int sandbox_lock(const struct sandbox_profile *p, char level[SANDBOX_LEVEL]);
/* The same with some layers only: for the self-test. */
int sandbox_apply(const struct sandbox_profile *p, unsigned layers, char level[SANDBOX_LEVEL]);
bool sandbox_is_compiled_in(void);

/*
 * Tries every forbidden act in a child of its own behind each layer alone and all of them, and prints
 * the table on stdout. 0: all that must be denied is, and what must work does; 1: not so; 77: a
 * sanitizer build, nothing to try.
 */
int sandbox_selftest(const struct sandbox_profile *p);
