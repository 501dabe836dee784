/* Landlock and prctl for the daemon itself. */
#include "daemon/worker/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOG_TAG "harden"
#include "common/attr.h"
#include "common/buf.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"

/* Rights of newer kernels that Debian's header does not name (landlock(7)). */
#define RIGHT_REFER (1ULL << 13)
#define RIGHT_TRUNCATE (1ULL << 14)
#define RIGHT_IOCTL_DEV (1ULL << 15)

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_FILE                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
		RIGHT_TRUNCATE | RIGHT_IOCTL_DEV)
#define RIGHTS_WRITE                                                                               \
	(RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                 \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_DIR | \
		RIGHT_TRUNCATE)

static int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static uint64_t rights_of_abi(int abi)
{
	uint64_t rights = (1ULL << 13) - 1;

	if (abi >= 2)
		rights |= RIGHT_REFER;
	if (abi >= 3)
		rights |= RIGHT_TRUNCATE;
	if (abi >= 5)
		rights |= RIGHT_IOCTL_DEV;
	return rights;
}

/* A path that is not there needs no rule. */
static void allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat st;

	if (!path)
		return;
	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= RIGHTS_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		log_debug("landlock: no rule for '%s': %s", path, strerror(errno));
	fd_close(rule.parent_fd);
}

static int restrict_files(const struct harden_paths *p, int abi)
{
	static const char *const system_read[] = { "/etc", "/usr", "/lib", "/lib64", "/bin", "/run/systemd/resolve", "/run/resolvconf",
		"/proc", "/sys/fs/cgroup", "/dev/urandom", "/var/lib/ca-certificates" };
	uint64_t handled = rights_of_abi(abi);
	struct landlock_ruleset_attr attr = { .handled_access_fs = handled };
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	int r;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < array_len(system_read); i++)
		allow(fd, system_read[i], (RIGHTS_READ | LANDLOCK_ACCESS_FS_EXECUTE) & handled);
	allow(fd, "/dev/null", (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE) & handled);
	allow(fd, p->data, RIGHTS_WRITE & handled);
	allow(fd, p->runtime, RIGHTS_WRITE & handled);
	allow(fd, p->log, RIGHTS_WRITE & handled);
	for (size_t i = 0; i < p->nreadable; i++)
		allow(fd, p->readable[i], RIGHTS_READ & handled);
	r = syscall(SYS_landlock_restrict_self, fd, 0) == 0 ? 0 : -errno;
	fd_close(fd);
	return r;
}

static void limit_resources(void)
{
	struct rlimit lim = { 0, 0 };

	setrlimit(RLIMIT_CORE, &lim);
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

int harden_daemon(const struct harden_paths *paths, char **report)
{
	int abi = landlock_abi(), r = -ENOSYS;

	umask(077);
	limit_resources();
#ifndef RAGCHAT_SANITIZER
	prctl(PR_SET_DUMPABLE, 0);
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
#ifdef RAGCHAT_SANITIZER
	(void)paths;
	(void)restrict_files;
	(void)abi;
	(void)r;
	*report = mem_dup("no_new_privs (sanitizer build)");
#else
	if (abi > 0)
		r = restrict_files(paths, abi);
	*report = r == 0 ? mem_printf("no_new_privs, landlock abi %d", abi)
			 : mem_printf("no_new_privs, no landlock (%s)", abi > 0 ? strerror(-r) : "not in this kernel");
#endif
	return 0;
}

char *harden_layers(void)
{
	int abi = landlock_abi();

#ifdef RAGCHAT_SANITIZER
	(void)abi;
	return mem_dup("none (sanitizer build)");
#else
	return abi > 0 ? mem_printf("no_new_privs, landlock abi %d", abi) : mem_dup("no_new_privs, no landlock in this kernel");
#endif
}
