/* Landlock by its system calls: glibc 2.36 has no wrappers. */
#define LOG_TAG "harden"
#include "daemon/worker/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"

#define CREATE_VERSION 1u
#define RULE_PATH_BENEATH 1

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* 4 */
	uint64_t scoped;             /* 6 */
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static uint64_t rights_of(int abi)
{
	uint64_t rights = LL_REFER - 1;

	if (abi >= 2)
		rights |= LL_REFER;
	if (abi >= 3)
		rights |= LL_TRUNCATE;
	if (abi >= 5)
		rights |= LL_IOCTL_DEV;
	return rights;
}

/* The kernel knows the struct as it was in its ABI. */
static int begin(struct landlock *l, uint64_t net, uint64_t scoped)
{
	int abi = landlock_abi();
	struct ruleset_attr attr = { .handled_access_fs = rights_of(abi),
		.handled_access_net = net, .scoped = scoped };
	size_t size = abi >= 6 ? sizeof(attr) :
		      abi >= 4 ? offsetof(struct ruleset_attr, scoped) :
				 sizeof(attr.handled_access_fs);

	*l = (struct landlock){ .fd = -1, .abi = abi, .handled = attr.handled_access_fs };
	if (!abi)
		return -ENOSYS;
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	return l->fd < 0 ? -errno : 0;
}

/* The ports that the daemon connects to are its configuration's business, and so are sockets. */
int landlock_begin(struct landlock *l)
{
	return begin(l, 0, LL_SCOPE_SIGNAL);
}

int landlock_begin_closed(struct landlock *l, bool parent)
{
	return begin(l, LL_NET, LL_SCOPE_ABSTRACT | (parent ? 0 : LL_SCOPE_SIGNAL));
}

void landlock_allow(struct landlock *l, const char *path, uint64_t rights)
{
	struct path_beneath_attr rule = { .allowed_access = rights & l->handled, .parent_fd = -1 };
	struct stat st;

	if (path)
		rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= LL_ON_FILE;
	if (syscall(SYS_landlock_add_rule, l->fd, RULE_PATH_BENEATH, &rule, 0) != 0)
		log_warn("landlock takes no rule for '%s': %s", path, strerror(errno));
	fd_close(rule.parent_fd);
}

int landlock_enforce(struct landlock *l)
{
	return syscall(SYS_landlock_restrict_self, l->fd, 0) == 0 ? 0 : -errno;
}

void landlock_end(struct landlock *l)
{
	l->fd = fd_close(l->fd);
}
