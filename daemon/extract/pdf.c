/* Starting pdftotext, and making pages of what it says. */
#include "daemon/extract/pdf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/fd.h"
#include "daemon/extract/profiles.h"
#include "daemon/worker/records.h"

#define PROGRAM "/usr/bin/pdftotext"
#define NO_PROGRAM 126 /* exit status of a child that could not become it */
#define NO_SANDBOX 125
#define HEAD_MAX ((size_t)64 << 10) /* title, author and the like; a longer one is no head */
#define TAIL "</pre>\n</body>\n</html>\n"

/* ---- the child ---- */

static void attr_noreturn become(int text, int words, pid_t parent)
{
	/* -htmlmeta: <title> in a head before the text, which stays as it is, and tags after it */
	char *const argv[] = { (char[]){ "pdftotext" }, (char[]){ "-htmlmeta" }, (char[]){ "-enc" },
		(char[]){ "UTF-8" }, (char[]){ "-" }, (char[]){ "-" }, NULL };
	char *const none[] = { NULL };
	char level[SANDBOX_LEVEL];

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	if (dup2(text, 1) < 0 || dup2(words, 2) < 0)
		_exit(1);
	if (sandbox_lock(&profile_pdf, level) != 0)
		_exit(NO_SANDBOX);
	execve(PROGRAM, argv, none);
	_exit(NO_PROGRAM);
}

int pdf_start(struct pdf_reader *p)
{
	int text[2], words[2];
	pid_t parent = getpid();

	*p = (struct pdf_reader){ .pid = -1 };
	if (pipe2(text, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(words, O_CLOEXEC) < 0)
		return -errno;
	/* what it complains about beyond a pipe's worth is lost rather than waited for */
	(void)fd_nonblock(words[1], true);
	(void)fcntl(text[0], F_SETPIPE_SZ, 1 << 18);
	p->pid = fork();
	if (p->pid < 0)
		return -errno;
	if (p->pid == 0)
		become(text[1], words[1], parent);
	close(text[1]);
	close(words[1]);
	dup2(text[0], 0); /* the document itself is the child's alone */
	dup2(words[0], PDF_WORDS_FD);
	return close_range(PDF_WORDS_FD + 1, ~0u, 0) == 0 ? 0 : -errno;
}

/* ---- pages ---- */

void pdf_pages_feed(struct pdf_pages *p, const char *s, size_t n)
{
	while (n) {
		const char *feed = memchr(s, '\f', n);
		size_t part = feed ? (size_t)(feed - s) : n;

		if (part && !p->begun) {
			out_place(p->x->out, p->page, -1, p->x->label);
			p->begun = true;
		}
		out_text(p->x->out, s, part);
		if (feed) {
			if (p->begun)
				out_text(p->x->out, "\n", 1);
			p->page++;
			p->begun = false;
			part++;
		}
		s += part;
		n -= part;
	}
}

/* What stands before the text. True: all of it is there, and *used bytes are it. */
static bool take_head(struct extract *x, const char *s, size_t n, size_t *used)
{
	static const char end[] = "<body>\n<pre>\n";
	const char *body = memmem(s, n, end, sizeof(end) - 1);

	if (!body)
		return false;
	pdf_title(x, s, (size_t)(body - s));
	*used = (size_t)(body - s) + sizeof(end) - 1;
	return true;
}

/* Text without what stands after it; what might be its beginning is kept until more comes. */
static void feed_text(struct pdf_pages *pages, struct buf *held, const char *s, size_t n)
{
	size_t keep;

	if (buf_add(held, s, n) != 0) {
		extract_fail(pages->x, EXTRACT_E_FAILED, "it needs more memory than a document may");
		return;
	}
	keep = min_of(held->len, sizeof(TAIL) - 1);
	pdf_pages_feed(pages, (const char *)held->data, held->len - keep);
	buf_consume(held, held->len - keep);
}

static int read_pages(struct extract *x)
{
	static char piece[65536];
	struct pdf_pages pages = { .x = x, .page = 1 };
	struct buf held;
	size_t used;
	ssize_t n;
	bool begun = false;

	buf_init(&held, 0);
	while ((n = fd_read(0, piece, sizeof(piece))) > 0 && !extract_state(x)) {
		if (begun) {
			feed_text(&pages, &held, piece, (size_t)n);
			continue;
		}
		if (buf_add(&held, piece, (size_t)n) != 0 || held.len > HEAD_MAX + sizeof(piece)) {
			extract_fail(x, EXTRACT_E_LIMIT, "what it says of itself has no end: print it to a new PDF");
			break;
		}
		begun = take_head(x, (const char *)held.data, held.len, &used);
		if (begun) {
			extract_form(x, FORM_PAGES);
			buf_consume(&held, used);
			feed_text(&pages, &held, "", 0);
		}
	}
	if (begun && (held.len != sizeof(TAIL) - 1 || memcmp(held.data, TAIL, held.len) != 0))
		pdf_pages_feed(&pages, (const char *)held.data, held.len);
	buf_fini(&held);
	x->page = pages.page - 1;
	return extract_state(x);
}

/* ---- its end ---- */

static bool says(const char *words, const char *what)
{
	return strstr(words, what) != NULL;
}

static int explain(struct extract *x, int status, const char *words)
{
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return extract_fail(x, EXTRACT_E_LIMIT,
			"it takes longer than %d s to read: print it to a new PDF", PDF_CPU_S);
	if (WIFSIGNALED(status))
		return extract_fail(x, EXTRACT_E_BROKEN,
			"pdftotext was ended by signal %d over it: print it to a new PDF",
			WTERMSIG(status));
	if (WEXITSTATUS(status) == NO_PROGRAM)
		return extract_fail(x, EXTRACT_E_FAILED, PROGRAM " is missing: install poppler-utils");
	if (WEXITSTATUS(status) == NO_SANDBOX)
		return extract_fail(x, EXTRACT_E_FAILED, "the sandbox of pdftotext is refused here");
	if (says(words, "Incorrect password") || says(words, "nknown security handler"))
		return extract_fail(x, EXTRACT_E_LOCKED,
			"it is protected by a password: save it without one");
	if (says(words, "out of memory") || says(words, "bad_alloc"))
		return extract_fail(x, EXTRACT_E_LIMIT, "it needs more memory than a document may");
	return extract_fail(x, EXTRACT_E_BROKEN, "the PDF is damaged: print it to a new PDF");
}

int extract_pdf(struct extract *x, struct pdf_reader *p)
{
	char words[4096] = "";
	int status = 0, r;
	ssize_t n;

	x->format = "pdf";
	r = read_pages(x);
	if (r)
		return r; /* the child dies with us */
	n = fd_read(PDF_WORDS_FD, words, sizeof(words) - 1);
	words[n > 0 ? n : 0] = '\0';
	if (waitpid(p->pid, &status, 0) != p->pid)
		return extract_fail(x, EXTRACT_E_FAILED, "pdftotext went away");
	if (status != 0)
		return explain(x, status, words);
	if (!x->out->visible)
		return extract_fail(x, EXTRACT_E_EMPTY,
			"it has no text layer (a scan?): recognize its text first, for example with "
			"ocrmypdf");
	return 0;
}
