/* The sandbox of helpers: every probe denied, and a self-test that can fail. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/fd.h"
#include "daemon/worker/sandbox.h"
#include "daemon/worker/sandbox_bpf.h"
#include "tests/unit/test.h"

/* The self-test in a process of its own, its table in `out`. */
static int selftest(const struct sandbox_profile *p, struct buf *out)
{
	int fds[2], status = -1;
	pid_t pid;

	if (pipe(fds))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		exit(sandbox_selftest(p));
	}
	close(fds[1]);
	fd_read_all(fds[0], out);
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(every_probe_is_denied)
{
	struct buf table = { 0 };
	int status = selftest(&sandbox_reader, &table);
	const char *text = buf_cstr(&table);

	if (sandbox_is_compiled_in()) {
		check_msg(status == 0, "%s", text);
		check(strstr(text, "open /etc/passwd"));
		check(!strstr(text, "WRONG"));
		check(strstr(text, "seccomp, rlimits, no_new_privs, "));
	} else {
		check_int(status, 77);
		check(strstr(text, "sanitizer build"));
	}
	buf_fini(&table);
}

/* A list that lets too much pass, one that grants it on purpose, and one that lets too little. */
TEST(the_self_test_can_fail)
{
	static struct sandbox_call wide[SANDBOX_CALLS_MIN + 1];
	static const char *const granted[] = { "getrandom", NULL };
	struct sandbox_profile p = sandbox_reader;
	struct buf table = { 0 };

	if (!sandbox_is_compiled_in())
		return;
	memcpy(wide, sandbox_calls_min, sizeof(sandbox_calls_min));
	wide[SANDBOX_CALLS_MIN] = (struct sandbox_call){ .nr = SYS_getrandom };
	p.calls = wide;
	p.ncalls = array_len(wide);
	check_int(selftest(&p, &table), 1);
	check(strstr(buf_cstr(&table), "WRONG"));
	p.granted = granted;
	check_int(selftest(&p, &table), 0);
	p.granted = NULL;
	p.ncalls = 3; /* no memory, no end */
	check_int(selftest(&p, &table), 1);
	buf_fini(&table);
}

/* In a child: what the call gives behind the profile. The status as waitpid says it. */
static int behind(const struct sandbox_profile *p, long (*act)(void))
{
	char level[SANDBOX_LEVEL];
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (sandbox_apply(p, SANDBOX_SECCOMP, level) != 0)
			_exit(250);
		_exit((int)act());
	}
	waitpid(pid, &status, 0);
	return status;
}

static long ask_pid(void)
{
	return getpid() > 0 ? 0 : errno;
}

static long open_soft(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static long seek_by_the_high_half(void)
{
	return syscall(SYS_lseek, 0, 0x500000000L, SEEK_SET) >= 0 || errno != EPERM ? 0 : errno;
}

TEST(rows_are_alternatives_soft_denials_and_whole_arguments)
{
	const struct sandbox_call calls[] = {
		{ .nr = SYS_exit_group },
		{ .nr = SYS_openat, .error = EACCES },
		/* The same low half, another high half: not this row. */
		{ .nr = SYS_lseek, .check = { { 1, UINT64_MAX, 0 } } },
		{ .nr = SYS_lseek, .error = EPERM, .check = { { 1, UINT64_MAX, 0x500000000 } } },
	};
	struct sandbox_profile p = sandbox_reader;
	int status;

	if (!sandbox_is_compiled_in())
		return;
	p.calls = calls;
	p.ncalls = array_len(calls);
	status = behind(&p, open_soft);
	check(WIFEXITED(status) && WEXITSTATUS(status) == EACCES);
	status = behind(&p, seek_by_the_high_half);
	check(WIFEXITED(status) && WEXITSTATUS(status) == EPERM);
	status = behind(&p, ask_pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

TEST(a_list_that_is_too_long_is_refused)
{
	static struct sandbox_call many[SANDBOX_FILTER_MAX / 3 + 1];
	static struct sandbox_filter f;

	check_int(sandbox_filter_build(&f, many, array_len(many)), -E2BIG);
	check_int(sandbox_filter_build(&f, many, 10), 0);
}

static int begin_in_child(int (*before)(void))
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		int extra = before();
		int r = sandbox_begin();

		if (r == 0 && sandbox_is_compiled_in() && fcntl(extra, F_GETFD) >= 0)
			_exit(251);
		_exit(-r);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int leak_one(void)
{
	return fcntl(0, F_DUPFD, 100);
}

static int close_stdin(void)
{
	close(0);
	return 99;
}

TEST(what_was_inherited_is_closed_and_what_is_needed_must_be_there)
{
	check_int(begin_in_child(leak_one), 0);
	check_int(begin_in_child(close_stdin), EBADF);
}

TEST_MAIN()
