/*
 * ragchatd-extract: a document in, text with places out. One process for one document, locked in
 * before it reads a byte of it.
 *
 *	ragchatd-extract --plain < report.docx          by hand
 *	ragchatd-extract [--max-text N]                 as the daemon runs it
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <libxml/parser.h>

#include "common/fd.h"
#include "common/magic.h"
#include "common/str.h"
#include "daemon/extract/charset.h"
#include "daemon/extract/extract.h"
#include "daemon/extract/mail.h"
#include "daemon/extract/profiles.h"
#include "daemon/extract/report.h"
#include "daemon/worker/helper.h"
#include "daemon/worker/records.h"

static const char usage[] =
	"usage: ragchatd-extract [--plain [--name NAME]] [--pdf] [--max-text BYTES] < FILE\n"
	"       ragchatd-extract --sandbox-selftest | --version\n"
	"Reads one document and writes its text; run by ragchatd, in a sandbox.\n"
	"      --plain        text for people, not records for the daemon\n"
	"      --name NAME    with --plain: the file's name, whose suffix tells texts apart\n"
	"      --pdf          a PDF from a pipe: ragchatd-pdftext reads it\n"
	"example: ragchatd-extract --plain < report.docx | less\n";

struct run {
	bool plain, pdf;
	const char *name;
	int64_t max_text;
	char level[SANDBOX_LEVEL];
	char header[EXTRACT_HEADER_MAX + 1];
};

/* ---- before the lock ---- */

static void quiet(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

/* All that is opened or made at its first use, while that is still possible. */
static void load(void)
{
	(void)setenv("TZ", "UTC0", 1); /* libzip asks for local times; /etc would be read for them */
	tzset();
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, quiet);
	charset_load();
	mail_load();
}

static int lock(struct run *run)
{
	int r = sandbox_begin();

	if (r != 0)
		return EX_OSERR;
	load();
	r = sandbox_lock(&profile_text, run->level);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "ragchatd-extract: no sandbox, so no work: %s\n", run->level);
	return EX_OSERR;
}

/* ---- behind it ---- */

static bool read_exactly(uint8_t *p, size_t n)
{
	while (n) {
		ssize_t got = fd_read(0, p, n);

		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static int read_header(struct run *run, struct extract *x)
{
	uint8_t head[8];
	size_t n;

	if (!read_exactly(head, sizeof(head)) || memcmp(head, RECORDS_MAGIC, 4) != 0)
		return extract_fail(x, EXTRACT_E_FAILED, "no request came (by hand: --plain)");
	n = get_u32(head + 4);
	if (n > EXTRACT_HEADER_MAX || !read_exactly((uint8_t *)run->header, n))
		return extract_fail(x, EXTRACT_E_FAILED, "the request is not whole");
	run->header[n] = '\0';
	x->name = run->header;
	return 0;
}

static int read_document(struct run *run, struct extract *x)
{
	struct buf bytes;
	int r = run->plain ? 0 : read_header(run, x);

	buf_init(&bytes, 0);
	if (r == 0 && fd_read_all(0, &bytes) != 0)
		r = extract_no_memory(x);
	if (r == 0 && !bytes.len)
		r = extract_fail(x, EXTRACT_E_EMPTY, "the document is empty");
	if (r == 0)
		r = extract_document(x, bytes.data, bytes.len);
	buf_fini(&bytes);
	return r;
}

static int work(struct run *run)
{
	struct out out;
	struct extract x;
	int status;

	out_init(&out, 1, (size_t)run->max_text);
	out.plain = run->plain;
	extract_init(&x, &out, run->name);
	(void)read_document(run, &x);
	status = report_end(&x, run->level);
	extract_fini(&x);
	out_fini(&out);
	return status;
}

/* ---- the program ---- */

/* By hand and from a file five bytes are looked at; a pipe's would be lost. */
static bool is_pdf_file(void)
{
	char head[5];

	return pread(0, head, sizeof(head), 0) == sizeof(head) && magic_of(head, sizeof(head)) == MAGIC_PDF;
}

/* A PDF has a reader of its own; this one has neither its rights nor its libraries. */
static int become_pdftext(bool plain)
{
	char *const path = helper_path("ragchatd-pdftext");
	char flag[] = "--plain";
	char *const argv[] = { path, plain ? flag : NULL, NULL };

	(void)execv(path, argv);
	(void)fprintf(stderr, "ragchatd-extract: cannot run '%s': %s\n", path, strerror(errno));
	return EX_OSERR;
}

static int bad_usage(void)
{
	(void)fputs(usage, stderr);
	return EX_USAGE;
}

static int take(struct run *run, char **argv, int *i)
{
	const char *arg = argv[*i], *value = argv[*i + 1];

	if (!strcmp(arg, "--plain"))
		run->plain = true;
	else if (!strcmp(arg, "--pdf"))
		run->pdf = true;
	else if (!strcmp(arg, "--name") && value)
		run->name = argv[++*i];
	else if (!strcmp(arg, "--max-text") && value)
		return str_int(argv[++*i], 1024, (int64_t)EXTRACT_TEXT_MAX, &run->max_text);
	else
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	static struct run run = { .name = "", .max_text = (int64_t)EXTRACT_TEXT_MAX };
	int r;

	if (argc == 2 && !strcmp(argv[1], "--sandbox-selftest"))
		return sandbox_selftest(&profile_text);
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("ragchatd-extract " RAGCHAT_VERSION) < 0;
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	for (int i = 1; i < argc; i++)
		if (take(&run, argv, &i) != 0)
			return bad_usage();
	if (!run.plain && isatty(0))
		return bad_usage();
	if (run.pdf || (run.plain && is_pdf_file()))
		return become_pdftext(run.plain);
	r = lock(&run);
	return r ? r : work(&run);
}
