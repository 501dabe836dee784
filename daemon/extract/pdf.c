/* The document to pdftotext, and pages of what it says. */
#include "daemon/extract/pdf.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/fd.h"
#include "daemon/worker/records.h"

#define PIECE 65536
#define SPLIT_PAGES 100 /* fewer: the second pdftotext costs more than it brings */
#define STALL_MS 60000  /* without a page: 300 of them come in a second */
#define SPLIT_BYTES ((size_t)32 << 20) /* what is larger is mostly pictures */
#define HEAD_MAX ((size_t)64 << 10) /* title, author and the like; a longer one is no head */
#define TAIL "</pre>\n</body>\n</html>\n"

/* ---- pages ---- */

void pdf_pages_feed(struct pdf_pages *p, const char *s, size_t n)
{
	while (n && (!p->until || p->page <= p->until)) {
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

/* What one child writes, taken apart: a head, text, tags at the end. */
struct stream {
	struct pdf_pages pages;
	struct buf held;
	bool begun, ended, titled; /* titled: the head's title is the document's */
};

/* What stands before the text. True: all of it is there, and *used bytes are it. */
static bool take_head(struct stream *s, size_t *used)
{
	static const char end[] = "<body>\n<pre>\n";
	const char *head = (const char *)s->held.data, *body = memmem(head, s->held.len, end, sizeof(end) - 1);

	if (!body)
		return false;
	if (s->titled) {
		pdf_title(s->pages.x, head, (size_t)(body - head));
		extract_form(s->pages.x, FORM_PAGES);
	}
	*used = (size_t)(body - head) + sizeof(end) - 1;
	return true;
}

/* Text without what stands after it; what might be its beginning is kept until more comes. */
static void feed_text(struct pdf_pages *pages, struct buf *held, const char *s, size_t n)
{
	size_t keep;

	if (buf_add(held, s, n) != 0) {
		extract_no_memory(pages->x);
		return;
	}
	keep = min_of(held->len, sizeof(TAIL) - 1);
	pdf_pages_feed(pages, (const char *)held->data, held->len - keep);
	buf_consume(held, held->len - keep);
}

static void feed_stream(struct stream *s, const char *piece, size_t n)
{
	struct extract *x = s->pages.x;
	size_t used;

	if (s->begun) {
		feed_text(&s->pages, &s->held, piece, n);
		return;
	}
	if (buf_add(&s->held, piece, n) != 0 || s->held.len > HEAD_MAX + PIECE) {
		extract_fail(x, EXTRACT_E_LIMIT, "what it says of itself has no end: print it to a new PDF");
		return;
	}
	s->begun = take_head(s, &used);
	if (s->begun) {
		buf_consume(&s->held, used);
		feed_text(&s->pages, &s->held, "", 0);
	}
}

static void end_stream(struct stream *s)
{
	if (s->begun && (s->held.len != sizeof(TAIL) - 1 || memcmp(s->held.data, TAIL, s->held.len) != 0))
		pdf_pages_feed(&s->pages, (const char *)s->held.data, s->held.len);
	buf_fini(&s->held);
	s->ended = true;
}

/* ---- one child, or two ---- */

struct reading {
	struct extract *x;
	struct stream first, second;
	struct buf ahead; /* what the second has written while the first is at work */
	bool two, second_ended;
};

static bool first_is_over(const struct reading *r)
{
	const struct pdf_pages *p = &r->first.pages;

	return r->first.ended || (p->until && p->page > p->until) || extract_state(r->x);
}

/* What is written by `child` now; false: it has ended. */
static bool take_piece(struct reading *r, int child)
{
	static char piece[PIECE];
	ssize_t n = fd_read(PDF_TEXT(child), piece, sizeof(piece));

	if (n <= 0)
		return false;
	if (child == PDF_FIRST)
		feed_stream(&r->first, piece, (size_t)n);
	else if (first_is_over(r))
		feed_stream(&r->second, piece, (size_t)n);
	else if (r->ahead.len > EXTRACT_TEXT_MAX || buf_add(&r->ahead, piece, (size_t)n) != 0)
		extract_fail(r->x, EXTRACT_E_LIMIT, "its text needs more memory than a document may");
	return true;
}

/* Some text, or an end; false: neither comes. */
static bool wait_for(struct extract *x, struct pollfd fds[PDF_CHILDREN])
{
	if (poll(fds, PDF_CHILDREN, STALL_MS) > 0)
		return true;
	extract_fail(x, EXTRACT_E_LIMIT, "a page of it takes longer than %d s to read: print it to a new PDF", STALL_MS / 1000);
	return false;
}

/* The first one's pages go on at once, the second one's are kept. */
static void read_first(struct reading *r)
{
	struct pollfd fds[PDF_CHILDREN] = { { .fd = PDF_TEXT(PDF_FIRST), .events = POLLIN },
		{ .fd = r->two ? PDF_TEXT(PDF_SECOND) : -1, .events = POLLIN } };

	while (!first_is_over(r)) {
		if (!wait_for(r->x, fds))
			break;
		if (r->two && fds[PDF_SECOND].revents && !take_piece(r, PDF_SECOND)) {
			r->second_ended = true;
			fds[PDF_SECOND].fd = -1;
		}
		if (fds[PDF_FIRST].revents && !take_piece(r, PDF_FIRST))
			end_stream(&r->first);
	}
}

static void read_second(struct reading *r)
{
	struct pollfd fds[PDF_CHILDREN] = { { .fd = -1 }, { .fd = PDF_TEXT(PDF_SECOND), .events = POLLIN } };

	r->second.pages.page = r->first.pages.page;
	for (size_t at = 0, n; at < r->ahead.len; at += n) {
		n = min_of(r->ahead.len - at, (size_t)PIECE);
		feed_stream(&r->second, (const char *)r->ahead.data + at, n);
	}
	buf_fini(&r->ahead);
	while (!r->second_ended && !extract_state(r->x) && wait_for(r->x, fds))
		r->second_ended = !take_piece(r, PDF_SECOND);
	end_stream(&r->second);
}

/* The child whose end counts. */
static int read_pages(struct extract *x, int until)
{
	struct reading r = { .x = x, .two = until > 0 };
	int child = PDF_FIRST;

	r.first = (struct stream){ .pages = { .x = x, .page = 1, .until = until }, .titled = true };
	r.second = (struct stream){ .pages = { .x = x } };
	read_first(&r);
	x->page = r.first.pages.page - 1;
	if (r.two && !r.first.ended && !extract_state(x)) {
		/* it writes on to nobody, and ends of that */
		close(PDF_TEXT(PDF_FIRST));
		read_second(&r);
		x->page = r.second.pages.page - 1;
		child = PDF_SECOND;
	}
	buf_fini(&r.first.held);
	buf_fini(&r.second.held);
	buf_fini(&r.ahead);
	return child;
}

/* ---- the document ---- */

/* All of it to the first; pdftotext reads its input to the end before it writes. */
static void hand_over(struct buf *kept, bool keep)
{
	static uint8_t piece[PIECE];
	ssize_t n;

	while ((n = fd_read(0, piece, sizeof(piece))) > 0) {
		if (fd_write_all(PDF_INPUT(PDF_FIRST), piece, (size_t)n) != 0)
			break;
		keep = keep && kept->len + (size_t)n <= SPLIT_BYTES && buf_add(kept, piece, (size_t)n) == 0;
		if (!keep)
			buf_fini(kept);
	}
	close(PDF_INPUT(PDF_FIRST));
}

/* A long document is halved: the last page of the first half, 0 of one that is not. */
static int halve(const struct buf *kept)
{
	int pages = kept->len ? pdf_count(kept->data, kept->len) : 0;
	struct pdf_order order = { pages / 2 + 1 };

	if (pages < SPLIT_PAGES || fd_write_all(PDF_INPUT(PDF_SECOND), &order, sizeof(order)) != 0 ||
		fd_write_all(PDF_INPUT(PDF_SECOND), kept->data, kept->len) != 0)
		pages = 0;
	close(PDF_INPUT(PDF_SECOND));
	return pages / 2;
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
	if (WEXITSTATUS(status) == PDF_NO_PROGRAM)
		return extract_fail(x, EXTRACT_E_FAILED, PDF_PROGRAM " is missing: install poppler-utils");
	if (WEXITSTATUS(status) == PDF_NO_SANDBOX)
		return extract_fail(x, EXTRACT_E_FAILED, "the sandbox of pdftotext is refused here");
	if (says(words, "Incorrect password") || says(words, "nknown security handler"))
		return extract_locked(x);
	if (says(words, "out of memory") || says(words, "bad_alloc"))
		return extract_no_memory(x);
	return extract_fail(x, EXTRACT_E_BROKEN, "the PDF is damaged: print it to a new PDF");
}

int extract_pdf(struct extract *x, struct pdf_reader *p)
{
	char words[4096] = "";
	int status = 0, until, child;
	struct buf kept;
	ssize_t n;

	x->format = "pdf";
	buf_init(&kept, 0);
	hand_over(&kept, p->several);
	until = halve(&kept);
	buf_fini(&kept);
	child = read_pages(x, until);
	if (extract_state(x))
		return x->r; /* the children die with us */
	n = fd_read(PDF_WORDS(child), words, sizeof(words) - 1);
	words[n > 0 ? n : 0] = '\0';
	if (waitpid(p->pid[child], &status, 0) != p->pid[child])
		return extract_fail(x, EXTRACT_E_FAILED, "pdftotext went away");
	if (status != 0)
		return explain(x, status, words);
	if (!x->out->visible)
		return extract_fail(x, EXTRACT_E_EMPTY,
			"it has no text layer (a scan?): recognize its text first, for example with "
			"ocrmypdf");
	return 0;
}
