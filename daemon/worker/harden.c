/*
 * Which files the daemon can reach, and the limits it lives under.
 *
 * The system's part of the list is what libcurl, OpenSSL, the resolver and the dynamic linker
 * open in a running process: found with strace, each with a line of its own.
 */
#define LOG_TAG "harden"
#include "daemon/worker/harden.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"
#include "daemon/worker/landlock.h"

static const char *const system_places[] = {
	"/etc", /* resolv.conf, hosts, nsswitch.conf, ssl, passwd, localtime */
	"/usr", /* shared libraries that are loaded late, zoneinfo, ca-certificates */
	"/lib",
	"/lib64",     /* where these are folders of their own */
	"/proc/self", /* statm for `ragchat status`; other processes' environments are not for us */
	"/sys/devices/system/cpu", /* glibc counts processors */
	"/dev/urandom",
	"/run/systemd/resolve", /* behind a linked resolv.conf, before it is there */
	"/var/lib/sss/mc",      /* names of users and hosts, where sssd keeps them */
	"/var/lib/extrausers",
	"/var/cache/nscd",
};

/* The folder, so that a file replaced in it is reached too. Of "/" the file alone. */
static void allow_beside(struct landlock *l, const char *path, uint64_t rights)
{
	char *dir = path_dirname(path);

	landlock_allow(l, strcmp(dir, "/") ? dir : path, rights);
	free(dir);
}

static void allow_folder_of(struct landlock *l, const char *path, uint64_t rights)
{
	char real[PATH_MAX];

	allow_beside(l, path, rights);
	if (realpath(path, real)) /* of a link: what it leads to */
		allow_beside(l, real, rights);
}

static void allow_readable(struct landlock *l, const char *path)
{
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		landlock_allow(l, path, LL_READ);
	else
		allow_folder_of(l, path, LL_READ_FILE);
}

/* A configuration may be written after the start and be read by a reload: its folder has to be
 * there. */
static void allow_configuration(struct landlock *l)
{
	const char *named = getenv("RAGCHAT_CONFIG");
	char *file = path_config_file(), *dir = file ? path_dirname(file) : NULL;

	if (dir && path_make_dirs(dir) == 0)
		landlock_allow(l, dir, LL_READ);
	if (named && *named)
		allow_readable(l, named);
	free(dir);
	free(file);
}

static void allow_system(struct landlock *l)
{
	char real[PATH_MAX];

	for (size_t i = 0; i < array_len(system_places); i++)
		landlock_allow(l, system_places[i], LL_READ);
	landlock_allow(l, "/dev/null", LL_READ_FILE | LL_WRITE_FILE);
	/* Linked elsewhere by systemd, NetworkManager, WSL; replaced by rename. */
	if (realpath("/etc/resolv.conf", real) && !str_starts(real, "/etc/"))
		allow_folder_of(l, real, LL_READ_FILE);
	allow_readable(l, getenv("SSL_CERT_FILE"));
	allow_readable(l, getenv("SSL_CERT_DIR"));
}

/*
 * The socket's folder may be removed as a whole and is then made again. That takes rights in the
 * folder above it, which are given only where that is the user's own runtime folder: in /tmp or a
 * home they would be rights over everything there.
 */
static void allow_runtime(struct landlock *l, const char *runtime)
{
	uint64_t rights = LL_KEEP | LL_MAKE_SOCK;
	char *usual, *above;

	if (!runtime)
		return;
	usual = path_runtime_dir();
	above = path_dirname(runtime);
	landlock_allow(l, runtime, rights);
	if (!strcmp(runtime, usual) && strcmp(above, "/tmp") != 0)
		landlock_allow(l, above, rights & ~LL_REMOVE_DIR);
	free(usual);
	free(above);
}

static int find_interpreter(struct dl_phdr_info *info, size_t size attr_unused, void *found)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)found =
				(const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	}
	return 1; /* the first object is the program itself */
}

/* To run a helper takes the right on its file and on the dynamic linker that the kernel opens for
 * it. */
static void allow_helpers(struct landlock *l, const char *libexec)
{
	const char *linker = NULL;

	if (!libexec)
		return;
	landlock_allow(l, libexec, LL_READ | LL_EXECUTE);
	dl_iterate_phdr(find_interpreter, &linker);
	landlock_allow(l, linker, LL_READ_FILE | LL_EXECUTE);
	landlock_allow(l, "/usr/bin/pdftotext", LL_READ_FILE | LL_EXECUTE); /* of ragchatd-pdftext */
}

static int restrict_files(const struct harden_paths *p)
{
	struct landlock l;
	int r = landlock_begin(&l);

	if (r < 0)
		return r;
	allow_system(&l);
	if (!p->config_named)
		allow_configuration(&l);
	allow_helpers(&l, p->libexec);
	for (size_t i = 0; i < array_len(p->helpers); i++)
		landlock_allow(&l, p->helpers[i], LL_READ_FILE | LL_EXECUTE);
	for (size_t i = 0; i < p->nreadable; i++)
		allow_readable(&l, p->readable[i]);
	landlock_allow(&l, p->data, LL_KEEP);
	landlock_allow(&l, p->log, LL_KEEP);
	allow_runtime(&l, p->runtime);
	r = landlock_enforce(&l);
	landlock_end(&l);
	return r;
}

static void limit_resources(void)
{
	struct rlimit none = { 0, 0 }, files;

	setrlimit(RLIMIT_CORE, &none);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

#ifdef RAGCHAT_SANITIZER
/* The leak checker traces the process, and the symbolizer is another program. */
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

int harden_daemon(const struct harden_paths *paths, char **report)
{
	int r;

	umask(077);
	limit_resources();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	if (is_sanitized) {
		*report = mem_dup("no_new_privs, landlock: none (sanitizer build)");
		return 0;
	}
	prctl(PR_SET_DUMPABLE, 0);
	r = restrict_files(paths);
	*report = r == 0 ? mem_printf("no_new_privs, landlock: abi %d", landlock_abi())
			 : mem_printf("no_new_privs, landlock: none (%s)", strerror(-r));
	return 0;
}

char *harden_layers(void)
{
	int abi = is_sanitized ? 0 : landlock_abi();

	return abi ? mem_printf("no_new_privs, landlock: abi %d", abi)
		   : mem_printf("no_new_privs, landlock: none (%s)",
			     is_sanitized ? "sanitizer build" : "not in this kernel");
}
