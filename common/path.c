/* Where things are, and whether a folder is fit to hold secrets or a database. */
#include "common/path.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/mem.h"

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	return mem_printf("%s%s%s", dir, n && dir[n - 1] != '/' ? "/" : "", name);
}

char *path_dirname(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n ? mem_ndup(path, n) : mem_dup(".");
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The variable, when it holds an absolute path. */
static const char *absolute_env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

char *path_home(void)
{
	const char *home = absolute_env("HOME");
	struct passwd pw, *found = NULL;
	char text[4096];

	if (home)
		return mem_dup(home);
	if (getpwuid_r(geteuid(), &pw, text, sizeof(text), &found) != 0 || !found)
		return NULL;
	return found->pw_dir && found->pw_dir[0] == '/' ? mem_dup(found->pw_dir) : NULL;
}

static char *below_home(const char *name)
{
	char *home = path_home();
	char *path = home ? path_join(home, name) : NULL;

	mem_free(home);
	return path;
}

char *path_expand(const char *path)
{
	char *expanded = NULL;

	if (!strcmp(path, "~"))
		expanded = path_home();
	else if (path[0] == '~' && path[1] == '/')
		expanded = below_home(path + 2);
	return expanded ? expanded : mem_dup(path);
}

char *path_config_file(void)
{
	const char *xdg = absolute_env("XDG_CONFIG_HOME");

	return xdg ? path_join(xdg, "ragchat/ragchat.conf")
		   : below_home(".config/ragchat/ragchat.conf");
}

char *path_data_dir(void)
{
	const char *xdg = absolute_env("XDG_DATA_HOME");

	return xdg ? path_join(xdg, "ragchat") : below_home(".local/share/ragchat");
}

char *path_runtime_dir(void)
{
	const char *xdg = absolute_env("XDG_RUNTIME_DIR");
	unsigned long uid = geteuid();
	char run[64];
	struct stat st;

	if (xdg)
		return path_join(xdg, "ragchat");
	snprintf(run, sizeof(run), "/run/user/%lu", uid);
	if (lstat(run, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid)
		return path_join(run, "ragchat");
	return mem_printf("/tmp/ragchat-%lu", uid);
}

char *path_user_socket(void)
{
	char *dir = path_runtime_dir();
	char *path = path_join(dir, "sock");

	mem_free(dir);
	return path;
}

static int make_dir(const char *dir)
{
	struct stat st;
	int r;

	if (mkdir(dir, 0700) == 0)
		return 0;
	r = -errno;
	/* A read-only or foreign parent is said before EEXIST is: look, then judge. */
	if (stat(dir, &st) < 0)
		return r;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int path_make_dirs(const char *dir)
{
	char *path = mem_dup(dir);
	int r = *path ? 0 : -ENOENT;

	for (char *slash = path; r == 0 && slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		r = make_dir(path);
		if (slash)
			*slash = '/';
	}
	mem_free(path);
	return r;
}

attr_printf(3, 4) static int refuse(char why[160], int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, 160, fmt, ap);
	va_end(ap);
	return r;
}

/* In /tmp anybody may leave a link under the name we are going to use. */
static int check_link(const char *dir, char why[160])
{
	struct stat st;

	if (lstat(dir, &st) < 0)
		return refuse(why, -errno, "cannot open '%.80s': %s", dir, strerror(errno));
	if (S_ISLNK(st.st_mode) && st.st_uid != geteuid() && st.st_uid != 0)
		return refuse(why, -EPERM, "'%.80s' is a link made by uid %lu: remove it", dir,
			(unsigned long)st.st_uid);
	return 0;
}

static int check_dir(const char *dir, char why[160])
{
	struct stat st;

	if (lstat(dir, &st) < 0)
		return refuse(why, -errno, "cannot open '%.80s': %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return refuse(why, -ENOTDIR, "'%.80s' is not a folder", dir);
	if (st.st_uid != geteuid())
		return refuse(why, -EPERM, "'%.80s' belongs to uid %lu, not to uid %lu", dir,
			(unsigned long)st.st_uid, (unsigned long)geteuid());
	if (st.st_mode & 077)
		return refuse(why, -EACCES, "'%.80s' is open to others (mode %04o): chmod 700 it",
			dir, (unsigned)(st.st_mode & 07777));
	return 0;
}

int path_check_private_dir(const char *dir, char **real, char why[160])
{
	char *resolved = NULL;
	int r;

	why[0] = '\0';
	r = check_link(dir, why);
	if (r < 0)
		return r;
	resolved = realpath(dir, NULL);
	if (!resolved)
		return refuse(why, -errno, "cannot open '%.80s': %s", dir, strerror(errno));
	r = check_dir(resolved, why);
	if (r == 0 && real) {
		*real = resolved;
		resolved = NULL;
	}
	mem_free(resolved);
	return r;
}
