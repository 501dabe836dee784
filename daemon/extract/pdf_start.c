/* Starting pdftotext, twice, before the parent locks itself in. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/fd.h"
#include "daemon/extract/pdf.h"
#include "daemon/extract/profiles.h"

#define TEXT_PIPE (1 << 18)

struct pipes {
	int in[2], text[2], words[2];
};

static int open_pipes(struct pipes *p)
{
	if (pipe2(p->in, O_CLOEXEC) < 0 || pipe2(p->text, O_CLOEXEC) < 0 || pipe2(p->words, O_CLOEXEC) < 0)
		return -errno;
	/* what it complains about beyond a pipe's worth is lost rather than waited for */
	(void)fd_nonblock(p->words[1], true);
	(void)fcntl(p->text[0], F_SETPIPE_SZ, TEXT_PIPE);
	return 0;
}

/* ---- a child ---- */

/* false: there is nothing to do. */
static bool wait_for_order(char page[12])
{
	struct pdf_order order;

	if (fd_read(0, &order, sizeof(order)) != (ssize_t)sizeof(order))
		return false;
	(void)snprintf(page, 12, "%d", order.page);
	return true;
}

static void attr_noreturn become(int child, const struct pipes *p, pid_t parent)
{
	/* -htmlmeta: <title> in a head before the text, which stays as it is, and tags after it */
	char page[12] = "1";
	/* text needs no fonts: a form whose own is missing would have all of the system's read */
	char *const environment[] = { (char[]){ "FONTCONFIG_FILE=/nonexistent" }, NULL };
	char *const argv[] = { (char[]){ "pdftotext" }, (char[]){ "-htmlmeta" }, (char[]){ "-f" }, page, (char[]){ "-enc" },
		(char[]){ "UTF-8" }, (char[]){ "-" }, (char[]){ "-" }, NULL };
	char level[SANDBOX_LEVEL];

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	if (dup2(p->in[0], 0) < 0 || dup2(p->text[1], 1) < 0 || dup2(p->words[1], 2) < 0)
		_exit(1);
	if (close_range(3, ~0u, 0) != 0 || sandbox_lock(&profile_pdf, level) != 0)
		_exit(PDF_NO_SANDBOX);
	if (child == PDF_SECOND && !wait_for_order(page))
		_exit(0);
	execve(PDF_PROGRAM, argv, environment);
	_exit(PDF_NO_PROGRAM);
}

/* ---- the parent ---- */

/* Away from the numbers that they are to have in the end. */
static int put_away(int *fd)
{
	int far = fcntl(*fd, F_DUPFD_CLOEXEC, PDF_FDS);

	if (far < 0)
		return -errno;
	close(*fd);
	*fd = far;
	return 0;
}

static int start_child(struct pdf_reader *r, int child, int far[3])
{
	struct pipes p;
	pid_t parent = getpid();
	int e = open_pipes(&p);

	if (e < 0)
		return e;
	r->pid[child] = fork();
	if (r->pid[child] < 0)
		return -errno;
	if (r->pid[child] == 0)
		become(child, &p, parent);
	close(p.in[0]);
	close(p.text[1]);
	close(p.words[1]);
	far[0] = p.words[0];
	far[1] = p.text[0];
	far[2] = p.in[1];
	for (int i = 0; e == 0 && i < 3; i++)
		e = put_away(&far[i]);
	return e;
}

static bool has_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

int pdf_start(struct pdf_reader *p)
{
	int far[PDF_CHILDREN][3], r = 0;

	*p = (struct pdf_reader){ .several = has_processors() };
	for (int i = 0; r == 0 && i < PDF_CHILDREN; i++)
		r = start_child(p, i, far[i]);
	if (r != 0)
		return r;
	for (int i = 0; i < PDF_CHILDREN; i++)
		for (int k = 0; k < 3; k++)
			if (dup2(far[i][k], 3 + 3 * i + k) < 0)
				return -errno;
	if (close_range(PDF_FDS, ~0u, 0) != 0)
		return -errno;
	/* a child that ends before it has read all tells why by its end */
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0;
}
