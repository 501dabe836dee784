/*
 * Starting the daemon: one of many clients does it, and what goes wrong is said in its own words.
 * The daemon here is this program, started again with the arguments that a ragchatd gets; what it
 * is to do stands in XDG_TEST_MODE, which the reduced environment lets pass.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/autostart.h"
#include "client/autostart_child.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "tests/unit/test.h"

static char dir[64], sock[100], self[PATH_MAX];

static char *place(const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(path[i], PATH_MAX, "%s/%s", getenv("XDG_TEST_DIR"), name);
	return path[i];
}

/* ---- the daemon ---- */

static void note(const char *name, const char *text)
{
	int fd = open(place(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		_exit(9);
	fd_close(fd);
}

/* What it was born with, for the test to look at. */
static void describe(char **argv)
{
	struct dirent *d;
	DIR *fds = opendir("/proc/self/fd");
	char cwd[PATH_MAX], line[PATH_MAX + 64];
	sigset_t blocked;

	for (size_t i = 0; environ[i]; i++) {
		note("env", environ[i]);
		note("env", "\n");
	}
	for (size_t i = 1; argv[i]; i++) {
		note("argv", argv[i]);
		note("argv", " ");
	}
	while ((d = readdir(fds)) != NULL) {
		if (atoi(d->d_name) > 2 && atoi(d->d_name) != dirfd(fds))
			note("fds", d->d_name);
	}
	closedir(fds);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	snprintf(line, sizeof(line), "cwd %s leader %d pipe %d blocked %d",
		getcwd(cwd, sizeof(cwd)), getsid(0) == getpid(),
		signal(SIGPIPE, SIG_DFL) == SIG_DFL, sigismember(&blocked, SIGTERM));
	note("life", line);
}

attr_noreturn static void serve(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), c;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char pid[16], byte;

	snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", path);
	unlink(path);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	note("pid", pid);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 64))
		_exit(8);
	alarm(30);
	for (;;) { /* until somebody sends a q */
		c = accept(fd, NULL, NULL);
		if (read(c, &byte, 1) == 1 && byte == 'q')
			_exit(0);
		close(c);
	}
}

attr_noreturn static void play_daemon(char **argv)
{
	const char *mode = getenv("XDG_TEST_MODE");

	note("starts", "x");
	if (!strcmp(mode, "good"))
		describe(argv);
	if (!strcmp(mode, "slow"))
		usleep(300000);
	if (!strcmp(mode, "fail"))
		dprintf(2, "2026-01-02T03:04:05.678Z info main: hello\n"
			   "2026-01-02T03:04:05.678Z error config: the file: is wrong\n");
	if (!strcmp(mode, "plain"))
		dprintf(2, "ragchatd: so not\n");
	if (!strcmp(mode, "fail") || !strcmp(mode, "plain") || !strcmp(mode, "silent"))
		_exit(3);
	if (!strcmp(mode, "abort"))
		raise(SIGKILL);
	if (!strcmp(mode, "hang"))
		poll(NULL, 0, 3000);
	if (!strcmp(mode, "later") && access(place("later"), F_OK)) {
		note("later", "x");
		_exit(75);
	}
	if (!strcmp(mode, "never"))
		dprintf(2, "ragchatd: the database is in use\n");
	if (!strcmp(mode, "never"))
		_exit(75);
	if (!strcmp(mode, "hang"))
		_exit(0);
	serve(argv[3]);
}

__attribute__((constructor(101))) static void maybe_daemon(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--autostarted") && !strcmp(argv[2], "-S"))
		play_daemon(argv);
}

/* ---- the scene ---- */

static void scene(const char *mode)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	snprintf(dir, sizeof(dir), "/tmp/ragchat-test-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	setenv("XDG_TEST_DIR", dir, 1);
	setenv("XDG_TEST_MODE", mode, 1);
	setenv("XDG_STATE_HOME", place("state"), 1);
	snprintf(sock, sizeof(sock), "%s/run/sock", dir);
	unsetenv("RAGCHAT_START_TIMEOUT_MS");
}

static int connect_to(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", path);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? fd : fd_close(fd);
}

static void scene_end(void)
{
	static const char *const names[] = { "run/sock", "run/sock.lock", "run/sock.start.lock",
		"run", "state/ragchat/ragchatd.log", "state/ragchat/ragchatd.log.1",
		"state/ragchat", "state", "env", "argv", "fds", "life", "pid", "starts", "later",
		"my.conf" };
	int fd = connect_to(sock);

	if (fd >= 0)
		(void)!write(fd, "q", 1);
	fd_close(fd);
	for (size_t i = 0; i < array_len(names); i++)
		remove(place(names[i]));
	rmdir(dir);
}

static const char *text_of(const char *name)
{
	static struct buf text;

	buf_reset(&text);
	(void)file_read(place(name), &text);
	return buf_cstr(&text);
}

static int start(char **why)
{
	return autostart_daemon(sock, self, why);
}

TEST(a_daemon_is_started_and_ready)
{
	char *why;
	int fd;

	scene("good");
	check_int(start(&why), 0);
	check(!why);
	fd = connect_to(sock);
	check(fd >= 0);
	fd_close(fd);
	check_int(start(&why), 0); /* it is there: not a second one */
	check_str(text_of("starts"), "x");
	scene_end();
}

TEST(it_is_born_with_nothing_of_ours)
{
	char *why;
	const char *env;
	int leaked;
	sigset_t term;

	scene("good");
	setenv("API_KEY", "secret", 1);
	setenv("FASTAPI_URL", "http://h", 1);
	setenv("LD_PRELOAD_X", "x", 1);
	setenv("LC_TIME", "C", 1);
	setenv("https_proxy", "http://p", 1);
	setenv("RAGCHAT_CONFIG", "my.conf", 1);
	check_int(chdir(dir), 0);
	leaked = open("/dev/null", O_RDONLY); /* not close-on-exec */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	check_int(start(&why), 0);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	signal(SIGPIPE, SIG_DFL);
	fd_close(leaked);
	check_int(chdir("/"), 0);
	env = text_of("env");
	check(!strstr(env, "secret") && !strstr(env, "FASTAPI") && !strstr(env, "LD_"));
	check(strstr(env, "LC_TIME=C\n") && strstr(env, "https_proxy=http://p\n") &&
		strstr(env, "PATH="));
	check(strstr(env,
		"RAGCHAT_CONFIG=/tmp/ragchat-test-")); /* from "/" the name still leads there */
	check_str(text_of("fds"), "");
	check_str(text_of("life"), "cwd / leader 0 pipe 1 blocked 0");
	check(!strncmp(text_of("argv"), "--autostarted -S /tmp/ragchat-test-", 35));
	unsetenv("RAGCHAT_CONFIG");
	unsetenv("API_KEY");
	unsetenv("FASTAPI_URL");
	unsetenv("https_proxy");
	scene_end();
}

TEST(eight_clients_at_once_start_one_daemon)
{
	char *why;
	pid_t pids[8];

	scene("slow");
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(start(&why) == 0 && connect_to(sock) >= 0 ? 0 : 1);
	}
	for (int i = 0; i < 8; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		check_int(status, 0);
	}
	check_str(text_of("starts"), "x");
	scene_end();
}

TEST(a_client_that_is_killed_does_not_take_the_daemon_along)
{
	char *why;
	pid_t pid;
	int fd;
	uint64_t until = clock_mono_ms() + 10000;

	scene("slow");
	pid = fork();
	if (!pid)
		_exit(start(&why));
	while (!*text_of("starts") && clock_mono_ms() < until)
		poll(NULL, 0, 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while ((fd = connect_to(sock)) < 0 && clock_mono_ms() < until)
		poll(NULL, 0, 5);
	check(fd >= 0);
	fd_close(fd);
	check_int(start(&why), 0); /* the lock went with the client */
	check_str(text_of("starts"), "x");
	scene_end();
}

TEST(the_last_line_of_a_daemon_that_failed_is_the_error)
{
	char *why;

	scene("fail");
	check_int(start(&why), -ECHILD);
	check_str(why, "the file: is wrong");
	free(why);
	setenv("XDG_TEST_MODE", "plain", 1);
	check_int(start(&why), -ECHILD);
	check_str(why, "so not");
	free(why);
	setenv("XDG_TEST_MODE", "silent", 1);
	check_int(start(&why), -ECHILD); /* the line of the one before is not taken for its own */
	check(!strncmp(
		why, "ragchatd ended with status 3 and said nothing; its log is '/tmp/", 62));
	free(why);
	setenv("XDG_TEST_MODE", "abort", 1);
	check_int(start(&why), -ECHILD);
	check(strstr(why, "was ended by signal 9"));
	free(why);
	scene_end();
}

TEST(a_daemon_that_hangs_is_told_at_the_deadline)
{
	uint64_t begin = clock_mono_ms();
	char *why;

	scene("hang");
	setenv("RAGCHAT_START_TIMEOUT_MS", "300", 1);
	check_int(start(&why), -ETIMEDOUT);
	check(strstr(why, "ragchatd was started and is not ready after 0.3 s; its log is '"));
	check(clock_mono_ms() - begin < 2500);
	free(why);
	scene_end();
}

static bool at_the_third_look(void *ctx)
{
	return ++*(int *)ctx >= 3;
}

TEST(who_wants_it_no_more_does_not_wait)
{
	uint64_t begin = clock_mono_ms();
	int looks = 0;
	char *why;

	scene("hang");
	autostart_heed(at_the_third_look, &looks);
	check_int(start(&why), -EINTR);
	check(!why && looks == 3 && clock_mono_ms() - begin < 5000);
	autostart_heed(NULL, NULL);
	scene_end();
}

TEST(a_daemon_that_is_to_try_later_is_started_again)
{
	char *why;

	scene("later");
	check_int(start(&why), 0);
	check_str(text_of("starts"), "xx");
	scene_end();
	scene("never");
	setenv("RAGCHAT_START_TIMEOUT_MS", "2500", 1);
	check_int(start(&why), -ETIMEDOUT);
	check_str(why, "the database is in use");
	check(strlen(text_of("starts")) > 2);
	free(why);
	scene_end();
}

TEST(who_loses_the_race_waits_no_longer_than_the_deadline)
{
	char *why, lock[160];
	int fd;

	scene("good");
	check_int(mkdir(place("run"), 0700), 0);
	snprintf(lock, sizeof(lock), "%s.start.lock", sock);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	check_int(flock(fd, LOCK_EX), 0); /* another client that gets nowhere */
	setenv("RAGCHAT_START_TIMEOUT_MS", "200", 1);
	check_int(start(&why), -ETIMEDOUT);
	check_str(why, "another ragchat is starting it, and it is not ready after 0.2 s");
	free(why);
	check_str(text_of("starts"), "");
	fd_close(fd);
	scene_end();
}

TEST(places_that_cannot_be_are_told)
{
	char *why, path[256];

	scene("good");
	snprintf(path, sizeof(path), "%s/%0100d", dir, 0);
	check_int(autostart_daemon(path, self, &why), -ENAMETOOLONG);
	check(strstr(why, "at most 107 are possible"));
	free(why);
	check_int(mkdir(place("run"), 0700), 0);
	check_int(chmod(place("run"), 0755), 0);
	check_int(start(&why), -EACCES);
	check(strstr(why, "chmod 700"));
	free(why);
	check_int(chmod(place("run"), 0700), 0);
	check_int(autostart_daemon(sock, "/nowhere/ragchatd", &why), -ECHILD);
	check_str(why, "cannot run '/nowhere/ragchatd': No such file or directory");
	free(why);
	scene_end();
}

TEST(the_program_is_found_beside_ours_and_then_in_path)
{
	char *old = mem_dup(getenv("PATH")), *found, *near;
	char bin[PATH_MAX], path[PATH_MAX];

	scene("good");
	found = autostart_find_program();
	near = found ? mem_dup(found) : NULL;
	free(found);
	check_int(mkdir(place("run"), 0700), 0);
	snprintf(bin, sizeof(bin), "%s/run/ragchatd", dir);
	fd_close(open(bin, O_CREAT | O_WRONLY, 0700));
	snprintf(path, sizeof(path), ".:%s/nowhere:%s/run", dir, dir);
	setenv("PATH", path, 1);
	found = autostart_find_program();
	check_str(found, near && strncmp(near, "/usr", 4) ? near : bin);
	free(found);
	free(near);
	unlink(bin);
	setenv("PATH", old, 1);
	free(old);
	scene_end();
}

TEST(a_log_that_has_grown_is_begun_anew)
{
	char *why, *path;
	struct stat st;
	int fd;

	scene("good");
	fd = autostart_open_log(&path);
	check(fd >= 0);
	check_int(fstat(fd, &st), 0);
	check_int(st.st_mode & 07777, 0600);
	check_int(ftruncate(fd, 5 << 20), 0);
	fd_close(fd);
	free(path);
	check_int(start(&why), 0);
	check(stat(place("state/ragchat/ragchatd.log"), &st) == 0 && st.st_size < 4096);
	check(stat(place("state/ragchat/ragchatd.log.1"), &st) == 0 && st.st_size == 5 << 20);
	scene_end();
}

TEST_MAIN()
