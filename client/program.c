/* One program, its output, its end. */
#include "client/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"

extern char **environ;

static int spawn(char *const argv[], int to, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	(void)posix_spawnattr_init(&attr);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, to, STDERR_FILENO);
	r = posix_spawn(pid, argv[0], &actions, &attr, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return -r;
}

/* Until it closes its output; false: the time is over. */
static bool hear_out(int fd, uint64_t until_ms, struct buf *out)
{
	char piece[4096];
	ssize_t n = 1;

	while (n > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_mono_ms();

		if (now >= until_ms || poll(&p, 1, (int)(until_ms - now)) == 0)
			return false;
		n = fd_read(fd, piece, sizeof(piece));
		if (n > 0 && !out->failed)
			(void)buf_add(out, piece, (size_t)n);
	}
	return true;
}

int program_run(char *const argv[], uint64_t timeout_ms, struct buf *out)
{
	int ends[2], r, status = 0;
	uint64_t until_ms = clock_mono_ms() + timeout_ms;
	bool in_time;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = spawn(argv, ends[1], &pid);
	fd_close(ends[1]);
	if (r) {
		fd_close(ends[0]);
		return r;
	}
	in_time = hear_out(ends[0], until_ms, out);
	fd_close(ends[0]);
	/* One that has closed its output may still hang. */
	while (in_time && (r = waitpid(pid, &status, WNOHANG)) == 0) {
		in_time = clock_mono_ms() < until_ms;
		(void)poll(NULL, 0, 2);
	}
	if (!in_time) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (!in_time)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *try(char *path)
{
	struct stat st;

	if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
		return path;
	return mem_free(path);
}

char *program_find(const char *name)
{
	char self[PATH_MAX], *found = NULL, *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dirs = getenv("PATH");

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		found = try(mem_printf("%s/%s", self, name));
		found = found ? found : try(mem_printf("%s/../libexec/ragchat/%s", self, name));
	}
	for (size_t k; !found && dirs && *dirs; dirs += k + (dirs[k] == ':')) {
		k = strcspn(dirs, ":");
		if (*dirs == '/')
			found = try(mem_printf("%.*s/%s", (int)k, dirs, name));
	}
	return found;
}
