/*
 * Landlock (landlock(7)) with its own words for the kernel's: Debian's headers are older than many
 * kernels, and what they do not name could not be forbidden.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Access rights of struct landlock_ruleset_attr.handled_access_fs and the ABI that brought them. */
#define LL_EXECUTE (UINT64_C(1) << 0)
#define LL_WRITE_FILE (UINT64_C(1) << 1)
#define LL_READ_FILE (UINT64_C(1) << 2)
#define LL_READ_DIR (UINT64_C(1) << 3)
#define LL_REMOVE_DIR (UINT64_C(1) << 4)
#define LL_REMOVE_FILE (UINT64_C(1) << 5)
#define LL_MAKE_CHAR (UINT64_C(1) << 6)
#define LL_MAKE_DIR (UINT64_C(1) << 7)
#define LL_MAKE_REG (UINT64_C(1) << 8)
#define LL_MAKE_SOCK (UINT64_C(1) << 9)
#define LL_MAKE_FIFO (UINT64_C(1) << 10)
#define LL_MAKE_BLOCK (UINT64_C(1) << 11)
#define LL_MAKE_SYM (UINT64_C(1) << 12)
#define LL_REFER (UINT64_C(1) << 13)     /* 2 */
#define LL_TRUNCATE (UINT64_C(1) << 14)  /* 3 */
#define LL_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */

#define LL_NET (UINT64_C(3))               /* 4: bind and connect of TCP */
#define LL_SCOPE_ABSTRACT (UINT64_C(1) << 0) /* 6: no abstract Unix socket of a process outside */
#define LL_SCOPE_SIGNAL (UINT64_C(1) << 1)   /* 6: no signal to a process outside */

/* What makes sense on a file; the rest is about folders, and the kernel refuses it on a file. */
#define LL_ON_FILE (LL_EXECUTE | LL_WRITE_FILE | LL_READ_FILE | LL_TRUNCATE | LL_IOCTL_DEV)
#define LL_READ (LL_READ_FILE | LL_READ_DIR)
#define LL_KEEP                                                                                    \
	(LL_READ | LL_WRITE_FILE | LL_TRUNCATE | LL_REMOVE_FILE | LL_REMOVE_DIR | LL_MAKE_REG |    \
		LL_MAKE_DIR | LL_REFER)

struct landlock {
	int fd, abi;
	uint64_t handled;
};

int landlock_abi(void);                    /* of this kernel; 0: none */
int landlock_begin(struct landlock *l);    /* handles all that the ABI knows; 0, -errno (-ENOSYS: none) */
/*
 * TCP and abstract sockets too: for a helper. parent: it has children that lock themselves in. They are to end with it
 * (PR_SET_PDEATHSIG), and that signal is sent by its rights.
 */
int landlock_begin_closed(struct landlock *l, bool parent);
/* Grants rights on what lies at path and beneath. A path that is not there, or NULL, needs no rule. */
void landlock_allow(struct landlock *l, const char *path, uint64_t rights);
int landlock_enforce(struct landlock *l);  /* for this thread and those it makes; needs no_new_privs; 0, -errno */
void landlock_end(struct landlock *l);
