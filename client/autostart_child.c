/*
 * The daemon's birth. Between the client and the daemon stands a watcher for as long as the start
 * takes: it is the daemon's parent, so it alone learns how it ended, and tells. Once the client has
 * closed its end the watcher leaves and the daemon belongs to init.
 */
#include "client/autostart_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"
#include "common/utf8.h"

#define LOG_MAX (4 << 20) /* then the old one is put aside at the next start */
#define TAIL_BYTES 4096
#define CANNOT_EXEC 127

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *program_in(const char *dir, size_t n)
{
	char *path = n ? mem_printf("%.*s/ragchatd", (int)n, dir) : mem_dup("./ragchatd");

	return is_program(path) ? path : mem_free(path);
}

char *autostart_find_program(void)
{
	char self[PATH_MAX], *found = NULL;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dirs = getenv("PATH");
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		found = slash ? program_in(self, (size_t)(slash - self)) : NULL;
		/* The conversation lies in libexec. */
		if (!found && slash && slash - self > 16 && !strncmp(slash - 16, "/libexec/ragchat", 16)) {
			memcpy(slash - 16, "/bin", 5);
			found = program_in(self, (size_t)(slash - 16 - self) + 4);
		}
	}
	/* A relative entry would be another program in every folder. */
	for (size_t k; !found && dirs && *dirs; dirs += k + (dirs[k] == ':')) {
		k = strcspn(dirs, ":");
		if (*dirs == '/')
			found = program_in(dirs, k);
	}
	return found;
}

static bool is_passed_on(const char *entry)
{
	static const char *const names[] = { "HOME", "USER", "LOGNAME", "PATH", "LANG", "TZ",
		"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
		"ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "RAGCHAT_CONFIG" };
	size_t n = strcspn(entry, "=");

	if (!entry[n])
		return false;
	if (str_starts(entry, "LC_") || str_starts(entry, "XDG_"))
		return true;
	for (size_t i = 0; i < array_len(names); i++) {
		if (strlen(names[i]) == n && !memcmp(names[i], entry, n))
			return true;
	}
	return false;
}

/* A name relative to our folder means nothing in the daemon's. */
static char *absolute_entry(const char *entry)
{
	static const char *const files[] = { "RAGCHAT_CONFIG=", "SSL_CERT_FILE=", "SSL_CERT_DIR=" };
	char cwd[PATH_MAX];

	for (size_t i = 0; i < array_len(files); i++) {
		const char *value = entry + strlen(files[i]);

		if (str_starts(entry, files[i]) && *value && *value != '/' && *value != '~' &&
			getcwd(cwd, sizeof(cwd)))
			return mem_printf("%s%s/%s", files[i], cwd, value);
	}
	return mem_dup(entry);
}

char **autostart_environment(void)
{
	size_t n = 0, total = 0;
	char **env;

	while (environ && environ[total])
		total++;
	env = mem_new((total + 1) * sizeof(*env));
	for (size_t i = 0; i < total; i++) {
		if (is_passed_on(environ[i]))
			env[n++] = absolute_entry(environ[i]);
	}
	return env;
}

void autostart_environment_free(char **env)
{
	for (size_t i = 0; env && env[i]; i++)
		free(env[i]);
	free(env);
}

static char *log_folder(void)
{
	const char *state = getenv("XDG_STATE_HOME");
	char *home, *dir;

	if (state && *state == '/')
		return path_join(state, "ragchat");
	home = path_home();
	dir = home ? path_join(home, ".local/state/ragchat") : NULL;
	free(home);
	return dir;
}

int autostart_open_log(char **path)
{
	char *dir = log_folder(), *old;
	int fd, r = dir ? path_make_dirs(dir) : -ENOENT;
	struct stat st;

	*path = path_join(dir ? dir : "~", "ragchatd.log");
	free(dir);
	if (r < 0)
		return r;
	if (lstat(*path, &st) == 0 && st.st_size > LOG_MAX) {
		old = mem_printf("%s.1", *path);
		(void)rename(*path, old);
		free(old);
	}
	fd = open(*path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* "2026-01-02T03:04:05.678Z error store: words" and "ragchatd: words" both begin at the words. */
static const char *line_words(const char *line)
{
	const char *p = line;

	if (strlen(line) > 24 && line[4] == '-' && line[10] == 'T') {
		p = strstr(line, ": ");
		return p ? p + 2 : line;
	}
	return str_starts(line, "ragchatd: ") ? line + strlen("ragchatd: ") : line;
}

char *autostart_last_line(const char *path, off_t from)
{
	struct buf text, clean;
	struct utf8_clean filter = { 0 };
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char *s, *line, *words = NULL;

	buf_init(&text, TAIL_BYTES + 1);
	buf_init(&clean, 0);
	if (end <= from || lseek(fd, max_of(from, end - TAIL_BYTES), SEEK_SET) < 0 ||
		fd_read_all(fd, &text) < 0)
		goto out;
	if (utf8_clean_feed(&filter, buf_cstr(&text), text.len, &clean) < 0)
		goto out;
	s = str_trim((char *)(uintptr_t)buf_cstr(&clean));
	line = strrchr(s, '\n');
	line = line ? line + 1 : s;
	if (*line)
		words = mem_dup(line_words(line));
out:
	fd_close(fd);
	buf_fini(&text);
	buf_fini(&clean);
	return words;
}

/* In the new process: only what is async-signal-safe. */
attr_noreturn static void become_daemon(
	const char *program, char *const argv[], char *const env[], int log)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		signal(sig, SIG_DFL); /* exec keeps what is ignored */
	umask(077);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || chdir("/") < 0)
		_exit(CANNOT_EXEC);
	close_range(3, ~0U, 0);
	execve(program, argv, env);
	dprintf(2, "cannot run '%s': %s\n", program, strerror(errno));
	_exit(CANNOT_EXEC);
}

/* Waits for the daemon to end or the client to lose interest, whichever is first. */
attr_noreturn static void watch_child(pid_t pid, int out)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;
	struct pollfd p[] = { { .fd = pidfd, .events = POLLIN }, { .fd = out } };

	if (pidfd < 0)
		_exit(0);
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[0].revents && waitpid(pid, &status, 0) == pid)
		(void)!write(out, &status, sizeof(status));
	_exit(0);
}

attr_noreturn static void watcher(
	const char *program, char *const argv[], char *const env[], int log, int out)
{
	pid_t pid;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	/* The lock is open here too: while it is, nobody else could start a daemon. */
	if (dup2(out, 0) < 0 || dup2(log, 1) < 0)
		_exit(1);
	close_range(2, ~0U, 0);
	pid = fork();
	if (!pid)
		become_daemon(program, argv, env, 1);
	if (pid < 0)
		_exit(1);
	close(1);
	watch_child(pid, 0);
}

int autostart_spawn(const char *program, char *const argv[], char *const env[], int log,
	struct autostart_child *c)
{
	int ends[2], r;

	*c = (struct autostart_child){ .watch = -1 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	c->watcher = fork();
	if (!c->watcher)
		watcher(program, argv, env, log, ends[1]);
	r = c->watcher < 0 ? -errno : 0;
	fd_close(ends[1]);
	if (r < 0)
		fd_close(ends[0]);
	else
		c->watch = ends[0];
	return r;
}

void autostart_let_go(struct autostart_child *c)
{
	c->watch = fd_close(c->watch);
	while (waitpid(c->watcher, NULL, 0) < 0 && errno == EINTR)
		;
}
