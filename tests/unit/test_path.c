/* Descriptors and paths, on a real file system below a folder of their own. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"

static char *scratch_new(void)
{
	return mkdtemp(mem_dup("/tmp/ragchat-test-XXXXXX"));
}

/* Takes the name, and everything below it. */
static void scratch_free(char *dir)
{
	static const char *const left[] = { "a/b/c", "a/b", "a", "link", "file", "private" };

	for (size_t i = 0; i < array_len(left); i++) {
		char *path = path_join(dir, left[i]);

		remove(path);
		mem_free(path);
	}
	remove(dir);
	mem_free(dir);
}

/* ---- fd ---- */

TEST(closing_keeps_errno_and_gives_minus_one)
{
	int fd = open("/dev/null", O_RDONLY);

	errno = ERANGE;
	check_int(fd_close(fd), -1);
	check_int(fd_close(-1), -1);
	check_int(errno, ERANGE);
	check(fcntl(fd, F_GETFD) < 0);
}

TEST(flags_are_set_and_taken_back)
{
	int fd = open("/dev/null", O_RDWR);

	check_int(fd_nonblock(fd, true), 0);
	check(fcntl(fd, F_GETFL) & O_NONBLOCK);
	check_int(fd_nonblock(fd, false), 0);
	check(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	check_int(fd_cloexec(fd), 0);
	check(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(fd);
	check_int(fd_nonblock(fd, true), -EBADF);
	check_int(fd_cloexec(fd), -EBADF);
}

struct reader {
	int fd;
	struct buf got;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;

	fd_read_all(r->fd, &r->got);
	return NULL;
}

TEST(a_write_is_whole_though_the_socket_is_small_and_nonblocking)
{
	size_t n = 1 << 20;
	char *sent = mem_new(n);
	struct reader reader = { 0 };
	pthread_t thread;
	int pair[2];

	for (size_t i = 0; i < n; i++)
		sent[i] = (char)(i * 7 >> 3);
	check_int(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	check_int(fd_nonblock(pair[0], true), 0);
	reader.fd = pair[1];
	buf_init(&reader.got, 0);
	check_int(pthread_create(&thread, NULL, read_all, &reader), 0);
	check_int(fd_write_all(pair[0], sent, n), 0);
	fd_close(pair[0]);
	pthread_join(thread, NULL);
	check(reader.got.len == n && !memcmp(reader.got.data, sent, n));
	fd_close(pair[1]);
	buf_fini(&reader.got);
	mem_free(sent);
	check_int(fd_write_all(-1, "x", 1), -EBADF);
	check_int(fd_read(-1, NULL, 0), -EBADF);
}

TEST(a_file_is_read_up_to_its_cap)
{
	char *dir = scratch_new(), *path = path_join(dir, "file");
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	struct buf b;

	check_int(fd_write_all(fd, "0123456789", 10), 0);
	fd_close(fd);
	buf_init(&b, 10);
	check_int(file_read(path, &b), 0);
	check_str(buf_cstr(&b), "0123456789");
	buf_fini(&b);
	buf_init(&b, 9);
	check_int(file_read(path, &b), -ENOBUFS);
	check(b.failed && b.len == 0);
	buf_fini(&b);
	buf_init(&b, 0);
	buf_add_str(&b, "before ");
	check_int(file_read(path, &b), 0);
	check_str(buf_cstr(&b), "before 0123456789");
	check_int(file_read("/nowhere/at/all", &b), -ENOENT);
	check_int(file_read(dir, &b), -EISDIR);
	check_int(b.len, 17);
	buf_fini(&b);
	mem_free(path);
	scratch_free(dir);
}

TEST(a_file_that_does_not_know_its_size_is_read)
{
	struct buf b;

	buf_init(&b, 0);
	check_int(file_read("/proc/self/status", &b), 0);
	check(strstr(buf_cstr(&b), "Uid:"));
	buf_fini(&b);
	buf_init(&b, 100000);
	check_int(file_read("/dev/zero", &b), -ENOBUFS);
	buf_fini(&b);
}

/* ---- path ---- */

static bool is(char *got, const char *want)
{
	bool same = got && !strcmp(got, want);

	if (!same)
		printf("# got '%s', wanted '%s'\n", got ? got : "(null)", want);
	mem_free(got);
	return same;
}

TEST(paths_are_put_together_and_taken_apart)
{
	check(is(path_join("/a", "b"), "/a/b"));
	check(is(path_join("/a/", "b"), "/a/b"));
	check(is(path_join("/", "b"), "/b"));
	check(is(path_join("", "b"), "b"));
	check(is(path_dirname("/a/b"), "/a"));
	check(is(path_dirname("/a//b/"), "/a"));
	check(is(path_dirname("/a"), "/"));
	check(is(path_dirname("/"), "/"));
	check(is(path_dirname("//"), "/"));
	check(is(path_dirname("a"), "."));
	check(is(path_dirname("a/"), "."));
	check(is(path_dirname("a/b"), "a"));
	check(is(path_dirname(""), "."));
	check_str(path_basename("/a/b.txt"), "b.txt");
	check_str(path_basename("b.txt"), "b.txt");
	check_str(path_basename("/a/"), "");
}

TEST(xdg_decides_where_things_are)
{
	setenv("HOME", "/home/ada", 1);
	setenv("XDG_CONFIG_HOME", "/cfg", 1);
	setenv("XDG_DATA_HOME", "/data", 1);
	setenv("XDG_RUNTIME_DIR", "/run/xdg", 1);
	check(is(path_config_file(), "/cfg/ragchat/ragchat.conf"));
	check(is(path_data_dir(), "/data/ragchat"));
	check(is(path_runtime_dir(), "/run/xdg/ragchat"));
	check(is(path_user_socket(), "/run/xdg/ragchat/sock"));
	setenv("XDG_CONFIG_HOME", "relative", 1); /* as good as not set */
	setenv("XDG_DATA_HOME", "", 1);
	check(is(path_config_file(), "/home/ada/.config/ragchat/ragchat.conf"));
	check(is(path_data_dir(), "/home/ada/.local/share/ragchat"));
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	check(is(path_config_file(), "/home/ada/.config/ragchat/ragchat.conf"));
	check(is(path_data_dir(), "/home/ada/.local/share/ragchat"));
}

TEST(without_xdg_the_runtime_folder_is_ours_or_in_tmp)
{
	char run[64], want[128];
	struct stat st;

	unsetenv("XDG_RUNTIME_DIR");
	snprintf(run, sizeof(run), "/run/user/%lu", (unsigned long)geteuid());
	if (lstat(run, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
		snprintf(want, sizeof(want), "%s/ragchat", run);
	else
		snprintf(want, sizeof(want), "/tmp/ragchat-%lu", (unsigned long)geteuid());
	check(is(path_runtime_dir(), want));
}

TEST(a_tilde_is_the_home)
{
	char *home;

	setenv("HOME", "/home/ada", 1);
	check(is(path_home(), "/home/ada"));
	check(is(path_expand("~/x"), "/home/ada/x"));
	check(is(path_expand("~"), "/home/ada"));
	check(is(path_expand("~bob/x"), "~bob/x"));
	check(is(path_expand("/a/~/x"), "/a/~/x"));
	unsetenv("HOME");
	home = path_home(); /* of passwd, where there is an entry */
	check(!home || home[0] == '/');
	check(is(path_expand("~"), home ? home : "~"));
	mem_free(home);
}

TEST(folders_are_made_private)
{
	char *dir = scratch_new(), *deep = path_join(dir, "a/b//c/"),
	     *file = path_join(dir, "file");
	char *below = path_join(file, "x");
	struct stat st;

	umask(022);
	check_int(path_make_dirs(deep), 0);
	check_int(path_make_dirs(deep), 0);
	check(stat(deep, &st) == 0 && (st.st_mode & 0777) == 0700);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	check_int(path_make_dirs(file), -ENOTDIR);
	check_int(path_make_dirs(below), -ENOTDIR);
	check_int(path_make_dirs("/"), 0);
	check_int(path_make_dirs(""), -ENOENT);
	mem_free(below);
	mem_free(file);
	mem_free(deep);
	scratch_free(dir);
}

TEST(a_private_folder_passes_and_is_resolved)
{
	char *dir = scratch_new(), *private = path_join(dir, "private"),
	     *link = path_join(dir, "link");
	char why[160] = "?", *real = NULL;

	check_int(mkdir(private, 0700), 0);
	check_int(symlink("private", link), 0);
	check_int(path_check_private_dir(link, &real, why), 0);
	check_str(why, "");
	check(is(real, private));
	check_int(path_check_private_dir(private, NULL, why), 0);
	mem_free(link);
	mem_free(private);
	scratch_free(dir);
}

TEST(an_open_folder_is_refused_and_the_remedy_said)
{
	char *dir = scratch_new(), *private = path_join(dir, "private"),
	     *file = path_join(dir, "file");
	char why[160], want[200], *real = NULL;

	check_int(mkdir(private, 0700), 0);
	check_int(chmod(private, 0710), 0);
	check_int(path_check_private_dir(private, &real, why), -EACCES);
	snprintf(want, sizeof(want), "'%s' is open to others (mode 0710): chmod 700 it", private);
	check_str(why, want);
	check_int(chmod(private, 0701), 0);
	check_int(path_check_private_dir(private, &real, why), -EACCES);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	check_int(path_check_private_dir(file, &real, why), -ENOTDIR);
	check(strstr(why, "is not a folder"));
	check_int(path_check_private_dir("/nowhere/at/all", &real, why), -ENOENT);
	check(strstr(why, "cannot open '/nowhere/at/all': No such file"));
	check(!real);
	mem_free(file);
	mem_free(private);
	scratch_free(dir);
}

/* Root has to give a folder away to have a foreign one, everybody else finds root's. */
TEST(a_foreign_folder_or_link_is_refused)
{
	char *dir = scratch_new(), *private = path_join(dir, "private"),
	     *link = path_join(dir, "link");
	bool root = geteuid() == 0;
	char why[160];

	check_int(mkdir(private, 0700), 0);
	check_int(symlink("private", link), 0);
	if (root) {
		check_int(lchown(link, 65534, 65534), 0);
		check_int(path_check_private_dir(link, NULL, why), -EPERM);
		check(strstr(why, "is a link made by uid 65534"));
		check_int(chown(private, 65534, 65534), 0);
	}
	check_int(path_check_private_dir(root ? private : "/", NULL, why), -EPERM);
	check(strstr(why, "belongs to uid"));
	mem_free(link);
	mem_free(private);
	scratch_free(dir);
}

TEST(what_is_long_is_cut_in_the_reason)
{
	char longer[4000], why[160];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	check_int(path_check_private_dir(longer, NULL, why), -ENAMETOOLONG);
	check(strlen(why) < 160 && strstr(why, "File name too long"));
}

TEST(what_is_here_is_not_on_the_network)
{
	check(!path_is_network_fs("/proc"));
	check(!path_is_network_fs("/proc/self/not/there"));
	check(!path_is_network_fs("/dev/shm"));
	check(!path_is_network_fs("not/there"));
}

TEST_MAIN()
