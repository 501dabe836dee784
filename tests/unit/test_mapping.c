/* A mapped file that is cut short ends nobody. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/mapping.h"
#include "tests/unit/test.h"

static int file_of(size_t n)
{
	char path[] = "/tmp/ragchat-mapping-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	for (size_t i = 0; i < n; i++)
		if (write(fd, "x", 1) != 1)
			abort();
	return fd;
}

static unsigned sum(const struct mapping *m)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->p[i];
	return n;
}

TEST(what_is_cut_off_is_zeros_and_it_says_so)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = file_of(3 * page), other = file_of(page);
	struct mapping a, b;

	check_int(mapping_open(&a, fd, 3 * page), 0);
	check_int(mapping_open(&b, other, page), 0);
	check_int(sum(&a), 3 * page * 'x');
	check(!*mapping_lost(&a));
	check_int(ftruncate(fd, (off_t)page), 0);
	check_int(sum(&a), page * 'x');
	check(*mapping_lost(&a));
	check(!*mapping_lost(&b));
	check_int(sum(&b), page * 'x');
	mapping_close(&a);
	check_int(mapping_open(&a, other, page), 0);
	check(!*mapping_lost(&a));
	mapping_close(&a);
	mapping_close(&b);
	close(fd);
	close(other);
}

/* Only what is mapped by this is forgiven. */
TEST(any_other_sigbus_ends_the_process)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		int fd = file_of(1);
		struct mapping m;

		if (mapping_open(&m, fd, 1) != 0)
			_exit(1);
		raise(SIGBUS);
		_exit(0);
	}
	check(waitpid(child, &status, 0) == child);
	check(WIFSIGNALED(status));
	check_int(WTERMSIG(status), SIGBUS);
}

TEST_MAIN()
