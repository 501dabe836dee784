/* The listening socket: one winner of many, a private place, and a path that stays ours. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/listener.h"
#include "tests/unit/test.h"

#define DEADLINE_MS 10000

struct scene {
	uv_loop_t loop;
	uv_timer_t tick;
	struct listener *l;
	char *why;
	int r;
	bool take; /* accept what comes */
	unsigned seen, taken;
	uv_pipe_t *pipes[64];
	struct peer peer;
	bool closed;
	char dir[64], path[PATH_MAX];
};

static void on_tick(uv_timer_t *t attr_unused)
{
}

static void on_connection(void *ctx, struct listener *l)
{
	struct scene *s = ctx;
	uv_pipe_t *pipe;

	s->seen++;
	if (!s->take || s->taken == 64)
		return;
	pipe = mem_new(sizeof(*pipe));
	uv_pipe_init(&s->loop, pipe, 0);
	if (listener_accept(l, pipe, &s->peer) == 0)
		s->pipes[s->taken++] = pipe;
}

static void scene_folder(struct scene *s)
{
	snprintf(s->dir, sizeof(s->dir), "/tmp/ragchat-test-XXXXXX");
	if (!mkdtemp(s->dir))
		abort();
	snprintf(s->path, sizeof(s->path), "%s/run/sock", s->dir);
}

static int scene_listen(struct scene *s, const char *path)
{
	struct listener_config c = {
		.path = path, .check_ms = 20, .on_connection = on_connection, .ctx = s
	};

	uv_loop_init(&s->loop);
	uv_timer_init(&s->loop, &s->tick);
	uv_timer_start(&s->tick, on_tick, 5, 5);
	s->take = true;
	s->l = NULL;
	s->closed = false;
	s->r = listener_new(&s->l, &s->loop, &c, &s->why);
	return s->r;
}

static void on_closed(void *ctx)
{
	((struct scene *)ctx)->closed = true;
}

static void free_pipe(uv_handle_t *h)
{
	free(h);
}

static void scene_hang_up(struct scene *s)
{
	while (s->taken)
		uv_close((uv_handle_t *)s->pipes[--s->taken], free_pipe);
}

static void scene_end_loop(struct scene *s)
{
	if (s->l)
		listener_close(s->l, on_closed, s);
	scene_hang_up(s);
	uv_close((uv_handle_t *)&s->tick, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&s->loop) || (s->l && !s->closed))
		abort(); /* a handle was forgotten */
	s->l = NULL;
	s->why = mem_free(s->why);
}

/* The names a test may have left, inner ones first. */
static void scene_remove(struct scene *s)
{
	static const char *const names[] = { "run/sock", "run/sock.lock", "run/link", "run", "real",
		"link" };
	char path[PATH_MAX];

	for (size_t i = 0; i < array_len(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, names[i]);
		remove(path);
	}
	rmdir(s->dir);
}

static void scene_end(struct scene *s)
{
	scene_end_loop(s);
	scene_remove(s);
}

static int connect_to(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%.107s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	fd_close(fd);
	return -errno;
}

/* Another program's socket at this path. */
static int bind_at(const char *path, bool listens)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%.107s", path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || (listens && listen(fd, 16)))
		abort();
	return fd;
}

/* Turns the loop until the count of connections seen is reached. */
static bool wait_seen(struct scene *s, unsigned n)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;

	while (s->seen < n && clock_mono_ms() < until)
		uv_run(&s->loop, UV_RUN_ONCE);
	return s->seen >= n;
}

/* Turns the loop until a client can connect. */
static int wait_connect(struct scene *s)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;
	int fd;

	while ((fd = connect_to(s->path)) < 0 && clock_mono_ms() < until)
		uv_run(&s->loop, UV_RUN_ONCE);
	return fd;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

static const char *lock_of(const struct scene *s)
{
	static char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s.lock", s->path);
	return path;
}

static bool says(const struct scene *s, const char *part)
{
	if (s->why && strstr(s->why, part))
		return true;
	printf("'%s' does not hold '%s'\n", s->why ? s->why : "(null)", part);
	return false;
}

TEST(the_place_is_made_private)
{
	struct scene s = { 0 };
	mode_t old = umask(0);
	char dir[PATH_MAX];

	scene_folder(&s);
	check_int(scene_listen(&s, s.path), 0);
	umask(old);
	check(!listener_activated(s.l));
	check_str(listener_path(s.l), s.path);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(mode_of(dir), 0700);
	check_int(mode_of(s.path), 0600);
	check_int(mode_of(lock_of(&s)), 0600);
	listener_stop(s.l);
	listener_stop(s.l); /* twice is once */
	check_int(mode_of(s.path), 0);
	check_int(mode_of(lock_of(&s)), 0600); /* the lock stays */
	scene_end(&s);
}

TEST(a_client_is_accepted_with_its_credentials)
{
	struct scene s = { 0 };
	int fd;

	scene_folder(&s);
	check_int(scene_listen(&s, s.path), 0);
	fd = connect_to(s.path);
	check(fd >= 0 && wait_seen(&s, 1));
	check_int(s.taken, 1);
	check_int(s.peer.uid, geteuid());
	check_int(s.peer.pid, getpid());
	fd_close(fd);
	scene_end(&s);
}

TEST(who_is_let_be_is_closed)
{
	struct scene s = { 0 };
	char c;
	int fd;

	scene_folder(&s);
	check_int(scene_listen(&s, s.path), 0);
	s.take = false;
	fd = connect_to(s.path);
	check(fd >= 0 && wait_seen(&s, 1));
	check_int(read(fd, &c, 1), 0);
	fd_close(fd);
	scene_end(&s);
}

TEST(a_path_of_108_bytes_is_refused_and_one_of_107_serves)
{
	struct scene s = { 0 };
	int fd;

	scene_folder(&s);
	while (strlen(s.path) < 108)
		strncat(s.path, "k", 2);
	check_int(scene_listen(&s, s.path), LISTENER_E_PATH);
	check(says(&s, "the socket's path has 108 bytes and at most 107 are possible"));
	scene_end_loop(&s);
	s.path[107] = '\0';
	check_int(scene_listen(&s, s.path), 0);
	fd = connect_to(s.path);
	check(fd >= 0);
	fd_close(fd);
	unlink(lock_of(&s));
	scene_end(&s);
}

TEST(a_path_that_names_a_folder_is_refused)
{
	struct scene s = { 0 };

	scene_folder(&s);
	snprintf(s.path, sizeof(s.path), "%s/run/", s.dir);
	check_int(scene_listen(&s, s.path), LISTENER_E_PATH);
	check(says(&s, "does not name a socket"));
	scene_end_loop(&s);
	check_int(scene_listen(&s, ""), LISTENER_E_PATH);
	scene_end(&s);
}

TEST(a_folder_that_others_can_open_is_refused)
{
	struct scene s = { 0 };
	char dir[PATH_MAX];

	scene_folder(&s);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(mkdir(dir, 0700), 0);
	check_int(chmod(dir, 0750), 0);
	check_int(scene_listen(&s, s.path), LISTENER_E_PATH);
	check(says(&s, "is not private") && says(&s, "chmod 700"));
	check_int(mode_of(s.path), 0);
	scene_end(&s);
}

TEST(a_link_in_a_folder_open_to_all_is_refused)
{
	struct scene s = { 0 };
	char real[PATH_MAX], link[PATH_MAX];

	scene_folder(&s);
	snprintf(real, sizeof(real), "%s/real", s.dir);
	snprintf(link, sizeof(link), "%s/link", s.dir);
	check_int(mkdir(real, 0700), 0);
	check_int(symlink(real, link), 0);
	snprintf(s.path, sizeof(s.path), "%s/link/sock", s.dir);
	check_int(chmod(s.dir, 01777), 0);
	check_int(scene_listen(&s, s.path), LISTENER_E_PATH);
	check(says(&s, "is a link or a file"));
	scene_end(&s);
}

TEST(a_stale_socket_is_replaced)
{
	struct scene s = { 0 };
	char dir[PATH_MAX];
	int fd;

	scene_folder(&s);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(mkdir(dir, 0700), 0);
	fd_close(bind_at(s.path, true)); /* as a killed daemon leaves it */
	check_int(connect_to(s.path), -ECONNREFUSED);
	check_int(scene_listen(&s, s.path), 0);
	fd = connect_to(s.path);
	check(fd >= 0);
	fd_close(fd);
	scene_end(&s);
}

TEST(a_live_socket_is_not_taken_away)
{
	struct scene s = { 0 };
	char dir[PATH_MAX];
	int other, fd;

	scene_folder(&s);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(mkdir(dir, 0700), 0);
	other = bind_at(s.path, true);
	check_int(scene_listen(&s, s.path), LISTENER_E_TAKEN);
	check(says(&s, "another daemon answers on"));
	fd = connect_to(s.path);
	check(fd >= 0);
	fd_close(fd);
	fd_close(other);
	scene_end(&s);
}

TEST(a_live_socket_with_a_full_queue_is_alive)
{
	struct scene s = { 0 };
	char dir[PATH_MAX];
	int other, waiting;

	scene_folder(&s);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(mkdir(dir, 0700), 0);
	other = bind_at(s.path, false);
	check_int(listen(other, 0), 0);
	waiting = connect_to(s.path);
	check(waiting >= 0);
	check_int(scene_listen(&s, s.path), LISTENER_E_TAKEN);
	fd_close(waiting);
	fd_close(other);
	scene_end(&s);
}

TEST(what_is_no_socket_is_left_alone)
{
	struct scene s = { 0 };
	char dir[PATH_MAX];

	scene_folder(&s);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(mkdir(dir, 0700), 0);
	fd_close(open(s.path, O_CREAT | O_WRONLY, 0600));
	check_int(scene_listen(&s, s.path), LISTENER_E_PATH);
	check(says(&s, "is there and is not a socket"));
	check_int(mode_of(s.path), 0600);
	unlink(s.path);
	scene_end_loop(&s);
	check_int(symlink("/nowhere", s.path), 0);
	check_int(scene_listen(&s, s.path), LISTENER_E_PATH);
	scene_end(&s);
}

TEST(a_lock_that_is_a_link_is_not_followed)
{
	struct scene s = { 0 };
	char path[PATH_MAX];

	scene_folder(&s);
	snprintf(path, sizeof(path), "%s/run", s.dir);
	check_int(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/real", s.dir);
	check_int(symlink(path, lock_of(&s)), 0);
	check_int(scene_listen(&s, s.path), LISTENER_E_PATH);
	check(says(&s, "cannot open the lock"));
	check_int(mode_of(path), 0);
	scene_end(&s);
}

TEST(the_second_daemon_is_told_the_pid_of_the_first)
{
	struct scene a = { 0 }, b = { 0 };
	char words[64];

	scene_folder(&a);
	check_int(scene_listen(&a, a.path), 0);
	snprintf(words, sizeof(words), "another ragchatd with pid %d holds '/tmp/", (int)getpid());
	check_int(scene_listen(&b, a.path), LISTENER_E_TAKEN);
	check(says(&b, words));
	scene_end_loop(&b);
	check(connect_to(a.path) >= 0);
	scene_end(&a);
}

/* One of the racers: 'w' when it won, 't' when it was told so; then holds until the pipe closes. */
static void race(const char *path, int start, int out)
{
	struct scene s = { 0 };
	char c, said;

	(void)!read(start, &c, 1); /* all at once: the writer closes */
	scene_listen(&s, path);
	said = s.r == 0 ? 'w' : s.r == LISTENER_E_TAKEN ? 't' : '?';
	(void)!write(out, &said, 1);
	close(out);
	pause();
	_exit(0);
}

static bool race_once(struct scene *s, char said[9])
{
	int start[2], out[2];
	pid_t pids[8];
	size_t n = 0;

	if (pipe(start) || pipe(out))
		return false;
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			close(start[1]);
			close(out[0]);
			race(s->path, start[0], out[1]);
		}
	}
	close(start[0]);
	close(out[1]);
	close(start[1]);
	while (n < 8 && read(out[0], said + n, 1) == 1)
		n++;
	close(out[0]);
	said[n] = '\0';
	for (int i = 0; i < 8; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return n == 8;
}

TEST(eight_starters_at_once_make_one_daemon)
{
	struct scene s = { 0 };
	char said[9];

	scene_folder(&s);
	for (int round = 0; round < 20;
		round++) { /* from the second on over the socket of a killed one */
		unsigned won = 0;

		check(race_once(&s, said));
		for (int i = 0; i < 8; i++)
			won += said[i] == 'w';
		check_msg(won == 1, "round %d said '%s'", round, said);
		check_msg(strspn(said, "wt") == 8, "round %d said '%s'", round, said);
	}
	scene_remove(&s);
}

TEST(a_path_that_vanished_is_bound_again)
{
	struct scene s = { 0 };
	int early, fd;

	scene_folder(&s);
	check_int(scene_listen(&s, s.path), 0);
	early = connect_to(s.path); /* in the queue of the old socket */
	check(early >= 0);
	check_int(unlink(s.path), 0);
	fd = wait_connect(&s);
	check(fd >= 0 && wait_seen(&s, 2));
	check_int(s.taken, 2);
	check_int(mode_of(s.path), 0600);
	fd_close(early);
	fd_close(fd);
	scene_end(&s);
}

TEST(a_folder_that_vanished_is_made_again_with_its_lock)
{
	struct scene s = { 0 }, second = { 0 };
	char dir[PATH_MAX];
	int fd;

	scene_folder(&s);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(scene_listen(&s, s.path), 0);
	check(!unlink(s.path) && !unlink(lock_of(&s)) && !rmdir(dir));
	fd = wait_connect(&s);
	check(fd >= 0);
	fd_close(fd);
	check_int(scene_listen(&second, s.path), LISTENER_E_TAKEN);
	scene_end_loop(&second);
	scene_end(&s);
}

TEST(a_path_that_another_took_stays_his)
{
	struct scene s = { 0 };
	int other, fd;

	scene_folder(&s);
	check_int(scene_listen(&s, s.path), 0);
	check_int(unlink(s.path), 0);
	other = bind_at(s.path, true);
	for (int i = 0; i < 30; i++)
		uv_run(&s.loop, UV_RUN_ONCE); /* several checks */
	fd = connect_to(s.path);
	check(fd >= 0);
	check_int(s.seen, 0);
	listener_stop(s.l);
	check(mode_of(s.path) != 0); /* not ours to remove */
	fd_close(fd);
	fd_close(other);
	scene_end(&s);
}

TEST(a_stale_socket_over_ours_is_replaced)
{
	struct scene s = { 0 };
	int fd;

	scene_folder(&s);
	check_int(scene_listen(&s, s.path), 0);
	check_int(unlink(s.path), 0);
	fd_close(bind_at(s.path, true));
	fd = wait_connect(&s);
	check(fd >= 0 && wait_seen(&s, 1));
	fd_close(fd);
	scene_end(&s);
}

/* In a child: descriptor 3 is `fd` and the variables tell of it. */
static void hand_over(int fd, const char *count)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	setenv("LISTEN_FDNAMES", "ragchat", 1);
	if (fd != 3 && dup2(fd, 3) < 0)
		_exit(2);
}

static int child_status(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What a daemon started by a service manager does with its socket. 0, or where it went wrong. */
static int serve_activated(struct scene *s, int fd)
{
	int client;

	hand_over(fd, "1");
	if (scene_listen(s, "/nowhere/sock"))
		return 1;
	if (!listener_activated(s->l) || strcmp(listener_path(s->l), s->path) != 0)
		return 2;
	if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
		return 3;
	if (!(fcntl(3, F_GETFD) & FD_CLOEXEC))
		return 4;
	client = connect_to(s->path);
	if (client < 0 || !wait_seen(s, 1) || s->taken != 1)
		return 5;
	listener_stop(s->l);
	return mode_of(s->path) ? 0 : 6; /* the manager's socket stays */
}

TEST(a_socket_of_the_service_manager_is_taken)
{
	struct scene s = { 0 };
	char dir[PATH_MAX];
	pid_t pid;
	int fd;

	scene_folder(&s);
	snprintf(dir, sizeof(dir), "%s/run", s.dir);
	check_int(mkdir(dir, 0700), 0);
	fd = bind_at(s.path, true);
	pid = fork();
	if (!pid)
		_exit(serve_activated(&s, fd));
	check_int(child_status(pid), 0);
	fd_close(fd);
	scene_remove(&s);
}

static int refuse_activated(struct scene *s, int fd, const char *count, const char *words)
{
	hand_over(fd, count);
	return scene_listen(s, "/nowhere/sock") == LISTENER_E_PATH && says(s, words) ? 0 : 1;
}

TEST(other_descriptors_of_the_service_manager_are_refused)
{
	static const char words[] =
		"descriptor 3 of the service manager is not a listening Unix stream socket";
	struct scene s = { 0 };
	int fds[4];
	pid_t pid;

	fds[0] = open("/dev/null", O_RDONLY);
	fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	fds[2] = socket(AF_INET, SOCK_STREAM, 0);
	fds[3] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	for (int i = 0; i < 4; i++) {
		pid = fork();
		if (!pid)
			_exit(refuse_activated(&s, fds[i], "1", words));
		check_int(child_status(pid), 0);
	}
	pid = fork();
	if (!pid)
		_exit(refuse_activated(&s, fds[0], "2", "hands over 2 sockets and one is wanted"));
	check_int(child_status(pid), 0);
	for (int i = 0; i < 4; i++)
		fd_close(fds[i]);
}

TEST(sockets_meant_for_another_process_are_not_taken)
{
	struct scene s = { 0 };

	scene_folder(&s);
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	check_int(scene_listen(&s, s.path), 0);
	check(!listener_activated(s.l));
	check(!getenv("LISTEN_FDS"));
	scene_end(&s);
}

static uint64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void run_for(struct scene *s, uint64_t ms)
{
	uint64_t until = clock_mono_ms() + ms;

	while (clock_mono_ms() < until)
		uv_run(&s->loop, UV_RUN_ONCE);
}

/* A client process: connects n times, tells how many of them were closed by the daemon, then ends.
 */
static void knock(const char *path, unsigned n, int out)
{
	int fds[64];
	char c;
	unsigned char closed = 0;

	for (unsigned i = 0; i < n; i++)
		fds[i] = connect_to(path);
	for (unsigned i = n - 1; i < n; i--) {
		struct timeval tv = { .tv_usec = 300000 };

		setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
		if (read(fds[i], &c, 1) == 0)
			closed++;
	}
	(void)!write(out, &closed, 1);
	_exit(0);
}

/* With few descriptors left: 0, or where it went wrong. */
static int run_out(struct scene *s, int highest)
{
	struct rlimit few = { .rlim_cur = (rlim_t)highest + 6, .rlim_max = (rlim_t)highest + 6 };
	unsigned char closed = 0;
	uint64_t before;
	int out[2], fd;
	pid_t pid;

	if (pipe(out))
		return 1;
	pid = fork();
	if (!pid)
		knock(s->path, 30, out[1]);
	close(out[1]);
	if (setrlimit(RLIMIT_NOFILE, &few))
		return 2;
	before = cpu_us();
	run_for(s, 1500);
	if (cpu_us() - before > 700000)
		return 3; /* it spins */
	fd_nonblock(out[0], true);
	for (uint64_t until = clock_mono_ms() + DEADLINE_MS; read(out[0], &closed, 1) != 1;) {
		if (clock_mono_ms() > until)
			return 4;
		uv_run(&s->loop, UV_RUN_ONCE);
	}
	close(out[0]);
	waitpid(pid, NULL, 0);
	if (!s->taken || s->taken + closed != 30)
		return 5; /* each was served or turned away, none was left hanging */
	scene_hang_up(s);
	run_for(s, 50);
	s->seen = 0;
	fd = connect_to(s->path);
	return fd >= 0 && wait_seen(s, 1) && s->taken == 1 ? 0 : 6;
}

TEST(out_of_descriptors_it_neither_spins_nor_dies)
{
	struct scene s = { 0 };
	pid_t pid;
	int highest;

	scene_folder(&s);
	pid = fork();
	if (!pid) {
		log_setup("error");
		if (scene_listen(&s, s.path))
			_exit(7);
		highest = dup(0);
		close(highest);
		_exit(run_out(&s, highest));
	}
	check_int(child_status(pid), 0);
	scene_remove(&s);
}

TEST_MAIN()
