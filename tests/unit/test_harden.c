/* The daemon's own walls: what it needs still works behind them, and the rest does not. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "daemon/worker/harden.h"
#include "daemon/worker/landlock.h"
#include "tests/unit/test.h"

static char dir[64];

static char *place(const char *name)
{
	static char path[8][PATH_MAX];
	static unsigned i;

	i = (i + 1) % 8;
	snprintf(path[i], PATH_MAX, "%s/%s", dir, name);
	return path[i];
}

static const char *const folders[] = { "data", "run", "run/ragchat", "log", "config",
	"config/ragchat", "libexec", "keys", "other" };

static void put(const char *name, const char *text)
{
	int fd = open(place(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		abort();
	fd_close(fd);
}

static void scene(void)
{
	snprintf(dir, sizeof(dir), "/tmp/ragchat-test-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	for (size_t i = 0; i < array_len(folders); i++) {
		if (mkdir(place(folders[i]), 0700))
			abort();
	}
	setenv("XDG_CONFIG_HOME", place("config"), 1);
	setenv("XDG_RUNTIME_DIR", place("run"), 1);
	put("keys/key", "sk-1");
	put("other/secret", "not yours");
}

static void scene_end(void)
{
	static const char *const files[] = { "data/a", "data/sub/a", "data/sub", "run/ragchat/sock",
		"run/ragchat/sock.lock", "log/log", "config/ragchat/ragchat.conf", "libexec/helper",
		"keys/key", "other/secret", "other/sock", "other/link", "elsewhere.conf" };

	for (size_t i = 0; i < array_len(files); i++)
		remove(place(files[i]));
	for (size_t i = array_len(folders); i--;)
		rmdir(place(folders[i]));
	rmdir(dir);
}

/* In a child, behind the walls. The first line that does not hold is the exit status. */
static char *report;
#define HOLDS(cond) \
	do { \
		if (!(cond)) { \
			printf("line %d: %s (%s)\n", __LINE__, #cond, strerror(errno)); \
			return 1; \
		} \
	} while (0)

static void raise_walls(void)
{
	const char *const readable[] = { NULL, place("keys/key"), place("config/ragchat") };
	const struct harden_paths p = { .data = place("data"),
		.runtime = place("run/ragchat"),
		.log = place("log"),
		.libexec = place("libexec"),
		.readable = readable,
		.nreadable = array_len(readable) };

	if (harden_daemon(&p, &report) < 0)
		_exit(2);
}

static bool has_landlock(void)
{
	return report && !strstr(report, "landlock: none");
}

/* meanwhile, when not NULL, happens outside after the walls are up and before the story. */
static int behind_walls(int (*story)(void), void (*meanwhile)(void))
{
	int ready[2], go[2], status = -1;
	pid_t pid;
	char c;

	if (pipe(ready) || pipe(go))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(go[1]);
		raise_walls();
		close(ready[1]);
		(void)!read(go[0], &c, 1);
		status = story();
		free(report);
		fflush(stdout);
		_exit(status);
	}
	close(ready[1]);
	close(go[0]);
	(void)!read(ready[0], &c, 1);
	if (meanwhile)
		meanwhile();
	close(go[1]);
	close(ready[0]);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static bool can(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	fd_close(fd);
	return fd >= 0;
}

static int limits_story(void)
{
	struct rlimit lim;
	bool sanitized = strstr(report, "sanitizer");

	HOLDS(umask(0) == 077);
	HOLDS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	HOLDS(sanitized || prctl(PR_GET_DUMPABLE) == 0);
	HOLDS(getrlimit(RLIMIT_CORE, &lim) == 0 && lim.rlim_cur == 0 && lim.rlim_max == 0);
	HOLDS(getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur == lim.rlim_max);
	return 0;
}

TEST(limits_are_set)
{
	scene();
	check_int(behind_walls(limits_story, NULL), 0);
	scene_end();
}

static int report_story(void)
{
	char want[64];

	snprintf(want, sizeof(want), "no_new_privs, landlock: abi %d", landlock_abi());
	if (has_landlock())
		HOLDS(!strcmp(report, want));
	else
		HOLDS(strstr(report, "sanitizer build") || landlock_abi() == 0);
	return 0;
}

TEST(the_report_names_the_layer)
{
	char *layers = harden_layers();

	scene();
	check_int(behind_walls(report_story, NULL), 0);
	check(strstr(layers, "landlock: "));
	free(layers);
	scene_end();
}

static int database_story(void)
{
	int fd;

	put("data/a", "text");
	fd = open(place("data/a"), O_RDWR | O_CLOEXEC);
	HOLDS(fd >= 0 && ftruncate(fd, 2) == 0);
	fd_close(fd);
	HOLDS(can(place("data/a"), O_WRONLY | O_TRUNC));
	HOLDS(mkdir(place("data/sub"), 0700) == 0);
	HOLDS(landlock_abi() < 2 || rename(place("data/a"), place("data/sub/a")) == 0);
	HOLDS(landlock_abi() < 2 || unlink(place("data/sub/a")) == 0);
	HOLDS(rmdir(place("data/sub")) == 0);
	HOLDS(can(place("data"), O_RDONLY | O_DIRECTORY)); /* fsync of the folder */
	HOLDS(can(place("log/log"), O_WRONLY | O_CREAT | O_APPEND));
	return 0;
}

TEST(the_database_and_the_log_are_at_home)
{
	scene();
	check_int(behind_walls(database_story, NULL), 0);
	scene_end();
}

static int configuration_story(void)
{
	HOLDS(can(place("keys/key"), O_RDONLY));
	HOLDS(can(place("config/ragchat/ragchat.conf"),
		O_RDONLY)); /* written after the walls were raised */
	HOLDS(!has_landlock() || !can(place("keys/key"), O_WRONLY));
	HOLDS(!has_landlock() || !can(place("config/ragchat/ragchat.conf"), O_WRONLY));
	return 0;
}

static void replace_files(void)
{
	put("other/secret", "sk-2");
	if (rename(place("other/secret"), place("keys/key")))
		abort();
	put("config/ragchat/ragchat.conf", "retries = 1");
}

/* The user's editor stands outside and replaces the files by rename while the daemon lives. */
TEST(a_reload_finds_files_that_were_replaced)
{
	scene();
	check_int(behind_walls(configuration_story, replace_files), 0);
	scene_end();
}

static int bind_at(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%.107s", path);
	return bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4) ? fd_close(fd) : fd;
}

static bool can_connect(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	bool yes;

	snprintf(a.sun_path, sizeof(a.sun_path), "%.107s", path);
	yes = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	fd_close(fd);
	return yes;
}

static int socket_story(void)
{
	HOLDS(can(place("run/ragchat/sock.lock"), O_RDWR | O_CREAT));
	HOLDS(bind_at(place("run/ragchat/sock")) >= 0);
	HOLDS(unlink(place("run/ragchat/sock")) == 0);
	HOLDS(bind_at(place("run/ragchat/sock")) >= 0);
	return 0;
}

static int folder_story(void)
{
	HOLDS(mkdir(place("run/ragchat"), 0700) == 0);
	HOLDS(can(place("run/ragchat/sock.lock"), O_RDWR | O_CREAT));
	HOLDS(bind_at(place("run/ragchat/sock")) >= 0);
	HOLDS(unlink(place("run/ragchat/sock")) == 0);
	return 0;
}

TEST(the_socket_can_be_bound_again)
{
	scene();
	check_int(behind_walls(socket_story, NULL), 0);
	scene_end();
}

static void remove_folder(void)
{
	if (rmdir(place("run/ragchat")))
		abort();
}

TEST(a_runtime_folder_that_was_removed_is_made_again)
{
	scene();
	check_int(behind_walls(folder_story, remove_folder), 0);
	scene_end();
}

static void *nothing(void *arg)
{
	return arg;
}

static int world_story(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	pthread_t thread;
	char c[16];
	int fd;

	HOLDS(getaddrinfo("localhost", "80", &hints, &found) == 0);
	freeaddrinfo(found);
	HOLDS(can("/etc/passwd", O_RDONLY));
	HOLDS(can("/etc/hosts", O_RDONLY) || errno == ENOENT); /* a minimal installation has none */
	HOLDS(can("/dev/null", O_RDWR) && can("/dev/urandom", O_RDONLY));
	fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && read(fd, c, sizeof(c)) > 0);
	HOLDS(can_connect(place("other/sock"))); /* a backend behind unix: */
	HOLDS(pthread_create(&thread, NULL, nothing, NULL) == 0);
	pthread_join(thread, NULL);
	return 0;
}

TEST(names_threads_and_socket_backends_work)
{
	int fd;

	scene();
	fd = bind_at(place("other/sock"));
	check(fd >= 0);
	check_int(behind_walls(world_story, NULL), 0);
	fd_close(fd);
	scene_end();
}

static int outside_story(void)
{
	char init[64];

	if (!has_landlock())
		return 0;
	HOLDS(!can(place("other/secret"), O_RDONLY) && errno == EACCES);
	HOLDS(!can(place("other/new"), O_WRONLY | O_CREAT));
	HOLDS(symlink("/etc", place("data/link")) < 0);
	HOLDS(!can("/etc/ragchat-test", O_WRONLY | O_CREAT));
	HOLDS(!can("/dev/mem", O_RDONLY) && !can("/dev/kmsg", O_RDONLY));
	snprintf(init, sizeof(init), "/proc/%d/environ", (int)getppid());
	HOLDS(!can(init, O_RDONLY));
	HOLDS(rename(place("data"), place("elsewhere")) < 0);
	if (landlock_abi() >= 6)
		HOLDS(kill(getppid(), 0) < 0 && errno == EPERM);
	return 0;
}

TEST(the_rest_is_out_of_reach)
{
	scene();
	check_int(behind_walls(outside_story, NULL), 0);
	scene_end();
}

static int run_program(const char *path)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };
	int status = -1;
	pid_t pid;

	if (posix_spawn(&pid, path, NULL, NULL, argv, environ) != 0)
		return -1;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int helper_story(void)
{
	HOLDS(run_program(place("libexec/helper")) == 0);
	HOLDS(!has_landlock() || run_program("/bin/true") != 0);
	return 0;
}

TEST(helpers_run_and_nothing_else_does)
{
	struct buf program = { 0 };
	int fd;

	scene();
	check_int(file_read("/bin/true", &program), 0);
	fd = open(place("libexec/helper"), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	check_int(fd_write_all(fd, program.data, program.len), 0);
	fd_close(fd);
	buf_fini(&program);
	check_int(behind_walls(helper_story, NULL), 0);
	scene_end();
}

TEST_MAIN()
