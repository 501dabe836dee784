/*
 * ragchatd-pdf: a request on stdin, a document on stdout, one line of JSON about it on stderr.
 *
 * Fonts are mapped and everything lazy is used once, then the process locks itself in, and only then
 * reads its first byte. Behind the lock there is memory, the three descriptors, and the end.
 */
#include <cmark-gfm.h>
#include <errno.h>
#include <getopt.h>
#include <hb.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/mem.h"
#include "daemon/pdf/arena.h"
#include "daemon/pdf/fonts.h"
#include "daemon/pdf/md.h"
#include "daemon/pdf/render.h"
#include "daemon/pdf/report.h"
#include "daemon/pdf/request.h"
#include "daemon/worker/sandbox.h"

#define READ_PIECE 65536
#define OUTPUT_MAX (48u << 20) /* below the limit that the sandbox sets to a file */

static const char usage[] =
	"usage: ragchatd-pdf [--plain] [--html] < REQUEST > DOCUMENT\n"
	"       ragchatd-pdf --sandbox-selftest | --version | --help\n"
	"\n"
	"Makes a PDF or an HTML page. ragchatd runs it for each export; by hand it takes Markdown:\n"
	"\n"
	"      --plain             the input is Markdown, not a request of the daemon\n"
	"      --html              write HTML\n"
	"      --sandbox           refuse to work in a build without a sandbox\n"
	"      --sandbox-selftest  try every forbidden act, print what came of it\n"
	"  -V, --version           print the versions and the layers of the sandbox\n"
	"  -h, --help              print this\n"
	"\n"
	"Example: ragchatd-pdf --plain < answer.md > answer.pdf\n";

struct arguments {
	bool plain, html, need_sandbox, selftest, version;
};

static struct report report;

/* The line, then the end: _exit, because a stream that closes asks for calls that are forbidden. */
static void attr_noreturn leave(int status)
{
	struct buf line = { 0 };

	if (report_line(&report, &line) == 0)
		(void)fd_write_all(2, line.data, line.len);
	_exit(status);
}

static void out_of_memory(void)
{
	static const char words[] = "{\"pages\":0,\"error\":\"the document needs more memory than the renderer may use\"}\n";

	(void)fd_write_all(2, words, sizeof(words) - 1);
	_exit(EX_OSERR);
}

static void attr_noreturn fail(int status, const char *words)
{
	report_error(&report, "%s", words);
	leave(status);
}

enum { OPT_PLAIN = 256, OPT_HTML, OPT_SANDBOX, OPT_SELFTEST };

static void parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "plain", no_argument, NULL, OPT_PLAIN },
		{ "html", no_argument, NULL, OPT_HTML },
		{ "sandbox", no_argument, NULL, OPT_SANDBOX },
		{ "sandbox-selftest", no_argument, NULL, OPT_SELFTEST },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "Vh", options, NULL)) != -1) {
		a->plain |= c == OPT_PLAIN;
		a->html |= c == OPT_HTML;
		a->need_sandbox |= c == OPT_SANDBOX;
		a->selftest |= c == OPT_SELFTEST;
		a->version |= c == 'V';
		if (c == 'h') {
			fputs(usage, stdout);
			exit(0);
		}
		if (c == '?')
			exit(EX_USAGE);
	}
	if (optind < argc) {
		fprintf(stderr, "ragchatd-pdf: '%s' is not expected here; try --help\n", argv[optind]);
		exit(EX_USAGE);
	}
}

static int print_version(void)
{
	char level[SANDBOX_LEVEL];

	printf("ragchatd-pdf %s, cmark-gfm %s, harfbuzz %s\n", RAGCHAT_VERSION, cmark_version_string(), hb_version_string());
	fflush(stdout);
	if (sandbox_lock(&sandbox_reader, level) != 0)
		_exit(EX_CONFIG);
	(void)fd_write_all(1, "sandbox: ", 9);
	(void)fd_write_all(1, level, strlen(level));
	(void)fd_write_all(1, "\n", 1);
	_exit(0);
}

/* Everything that needs the world. */
static struct fonts *prepare(void)
{
	struct fonts *fonts = fonts_open();

	md_init();
	fonts_warm(fonts);
	return fonts;
}

/* Not fd_read_all: it asks what kind of file it is, which the lock forbids. One byte past the cap tells. */
static void read_input(struct buf *in)
{
	ssize_t n;

	buf_init(in, PDF_REQUEST_HEAD + PDF_REQUEST_MAX + READ_PIECE);
	do {
		if (buf_reserve(in, READ_PIECE) < 0)
			out_of_memory();
		n = fd_read(0, in->data + in->len, READ_PIECE);
		in->len += n > 0 ? (size_t)n : 0;
		if (in->len > PDF_REQUEST_HEAD + PDF_REQUEST_MAX)
			fail(EX_DATAERR, "the request is larger than 16 MiB");
	} while (n > 0);
	if (n < 0)
		fail(EX_IOERR, strerror((int)-n));
}

static void read_request(const struct arguments *a, struct pdf_request *req)
{
	const char *why = "out of memory";
	struct buf in;
	int r;

	read_input(&in);
	r = a->plain ? pdf_request_plain(req, in.data ? in.data : (const void *)"", in.len) :
		       pdf_request_parse(req, in.data, in.len, &why);
	if (r != 0)
		fail(r < 0 ? EX_OSERR : EX_DATAERR, why);
	buf_fini(&in);
	if (a->html)
		req->format = PDF_FORMAT_HTML;
}

static int render(const struct pdf_request *req, struct fonts *fonts)
{
	struct buf out;
	int r;

	buf_init(&out, OUTPUT_MAX);
	r = req->format == PDF_FORMAT_HTML ? render_html(req, &report, &out) : render_pdf(req, fonts, &report, &out);
	if (r == -ENOBUFS)
		fail(EX_DATAERR, "the document would be larger than 48 MiB");
	if (r == -ENOMEM)
		out_of_memory();
	if (r != 0 || report.error[0])
		fail(EX_SOFTWARE, "the document cannot be made");
	r = fd_write_all(1, out.data, out.len);
	return r < 0 ? EX_IOERR : 0;
}

int main(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct pdf_request req;
	struct fonts *fonts;
	int r;

	parse(argc, argv, &a);
	if (a.version)
		return print_version();
	if (a.selftest)
		return sandbox_selftest(&sandbox_reader);
	report_init(&report);
	arena_out_of_memory = out_of_memory;
	if (a.need_sandbox && !sandbox_is_compiled_in())
		fail(EX_CONFIG, "this build of ragchatd-pdf has no sandbox (sanitizer build)");
	r = sandbox_begin();
	if (r < 0)
		fail(EX_OSERR, strerror(-r));
	fonts = prepare();
	if (sandbox_lock(&sandbox_reader, report.level) != 0) {
		report_error(&report, "the sandbox is refused: %s", report.level);
		leave(EX_CONFIG);
	}
	read_request(&a, &req);
	leave(render(&req, fonts));
}
