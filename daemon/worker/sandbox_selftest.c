/*
 * The self-test: every probe behind each layer alone and behind all of them, printed as a table.
 *
 * Each probe is a forked child that takes the layers, acts, and leaves with the errno as its exit
 * status; a child killed by the filter is SIGSYS. The layers alone say what each is worth; only the
 * last column is judged.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/fd.h"
#include "daemon/worker/sandbox.h"
#include "daemon/worker/sandbox_probe.h"

#define REFUSED 250 /* exit status: the layers could not be taken; above every errno */
#define NOT_LINKED 127 /* of a program that was executed, but found no library */

static const struct {
	const char *name;
	unsigned layers;
} columns[] = {
	{ "none", 0 },
	{ "fds", SANDBOX_FDS },
	{ "namespaces", SANDBOX_NAMESPACES },
	{ "landlock", SANDBOX_LANDLOCK },
	{ "rlimits", SANDBOX_RLIMITS },
	{ "seccomp", SANDBOX_SECCOMP },
	{ "no seccomp", SANDBOX_ALL & ~SANDBOX_SECCOMP },
	{ "ALL", SANDBOX_ALL },
};

static int bind_socket(int type, struct sockaddr_in *a)
{
	socklen_t n = sizeof(*a);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)a, n) < 0 || getsockname(fd, (struct sockaddr *)a, &n) < 0)
		return fd_close(fd);
	if (type == SOCK_STREAM)
		listen(fd, 64);
	return fd;
}

static int bind_abstract(struct probe_scene *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n;

	s->unix_name.sun_family = AF_UNIX;
	n = snprintf(s->unix_name.sun_path + 1, 64, "ragchat-probe-%d", (int)s->parent);
	s->unix_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	if (fd < 0 || bind(fd, (struct sockaddr *)&s->unix_name, s->unix_len) < 0 || listen(fd, 64) < 0)
		return fd_close(fd);
	return fd;
}

static bool scene_set(struct probe_scene *s)
{
	const char *tmp = getenv("TMPDIR");

	*s = (struct probe_scene){ .parent = getpid(), .secret = "the parent's" };
	snprintf(s->dir, sizeof(s->dir), "%.40s/ragchat-probe-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(s->dir)) {
		fprintf(stderr, "sandbox: cannot make a folder '%s': %s\n", s->dir, strerror(errno));
		return false;
	}
	snprintf(s->file, sizeof(s->file), "%s/file", s->dir);
	snprintf(s->other, sizeof(s->other), "%s/other", s->dir);
	s->listener = bind_socket(SOCK_STREAM, &s->tcp);
	s->datagram = bind_socket(SOCK_DGRAM, &s->udp);
	s->abstract = bind_abstract(s);
	return true;
}

static void scene_strike(struct probe_scene *s)
{
	unlink(s->file);
	unlink(s->other);
	rmdir(s->dir);
	fd_close(s->listener);
	fd_close(s->datagram);
	fd_close(s->abstract);
}

/* The act itself, as its exit status. */
static void attr_noreturn act(const struct sandbox_profile *p, const struct probe *probe, unsigned layers,
	struct probe_scene *s)
{
	char level[SANDBOX_LEVEL];
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(nowhere, 2); /* for what an executed program complains about */
	alarm(10);
	if (sandbox_apply(p, layers, level) != 0)
		_exit(REFUSED);
	_exit(probe->act(s) & 0xFF);
}

/* As waitpid(2) says it; -1: could not be tried. */
static int try_probe(const struct sandbox_profile *p, const struct probe *probe, unsigned layers,
	struct probe_scene *s)
{
	int status = -1;
	pid_t pid;

	unlink(s->other);
	s->leaked = open(s->file, O_RDWR | O_CREAT | O_TRUNC, 0600); /* without CLOEXEC: it is to leak */
	if (s->leaked < 0 || write(s->leaked, "secret", 6) != 6)
		return -1;
	pid = fork();
	if (!pid)
		act(p, probe, layers, s);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	fd_close(s->leaked);
	return status;
}

static bool worked(int status)
{
	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool was_tried(int status)
{
	return status >= 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == REFUSED);
}

static const char *words(int status)
{
	static char text[32];

	if (!was_tried(status))
		return "?";
	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "SIG%s", sigabbrev_np(WTERMSIG(status)));
		return text;
	}
	if (WEXITSTATUS(status) == NOT_LINKED)
		return "no libc";
	return worked(status) ? "ok!" : strerrorname_np(WEXITSTATUS(status));
}

static bool is_granted(const struct sandbox_profile *p, const char *name)
{
	for (const char *const *g = p->granted; g && *g; g++) {
		if (!strcmp(*g, name))
			return true;
	}
	return false;
}

/* One line. false: what all layers together do is not what they must. */
static bool try_row(const struct sandbox_profile *p, const struct probe *probe, struct probe_scene *s)
{
	bool granted = is_granted(p, probe->name), right;
	int status = -1;

	printf("%-28s", probe->name);
	for (size_t i = 0; i < array_len(columns); i++) {
		status = try_probe(p, probe, columns[i].layers, s);
		printf(" %-11s", words(status));
	}
	right = was_tried(status) && (granted || worked(status) == (probe->needed != 0));
	printf(" %s\n", !right ? "WRONG" : granted ? "open" : probe->needed ? "needed" : "denied");
	return right;
}

static void print_head(const struct sandbox_profile *p)
{
	printf("profile %s\n%-28s", p->name, "");
	for (size_t i = 0; i < array_len(columns); i++)
		printf(" %-11s", columns[i].name);
	printf("\n");
}

/* What the layers call themselves, asked in a child. */
static void print_level(const struct sandbox_profile *p)
{
	char level[SANDBOX_LEVEL] = "";
	int fds[2];
	pid_t pid;

	if (pipe(fds) < 0)
		return;
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		(void)sandbox_lock(p, level);
		_exit(write(1, level, strlen(level)) < 0);
	}
	close(fds[1]);
	(void)!read(fds[0], level, sizeof(level) - 1);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	printf("sandbox: %s\n", level);
}

int sandbox_selftest(const struct sandbox_profile *p)
{
	struct probe_scene s;
	size_t wrong = 0;

	setvbuf(stdout, NULL, _IOLBF, 0); /* nothing waits in a buffer when a child is forked */
	if (!sandbox_is_compiled_in()) {
		printf("sandbox: none (sanitizer build)\n");
		return 77;
	}
	if (!scene_set(&s))
		return 1;
	print_head(p);
	for (size_t i = 0; i < nprobes; i++)
		wrong += !try_row(p, &probes[i], &s);
	scene_strike(&s);
	print_level(p);
	if (wrong)
		printf("%zu of %zu probes are WRONG: this sandbox does not hold here\n", wrong, nprobes);
	return wrong ? 1 : 0;
}
