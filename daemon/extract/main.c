/*
 * ragchatd-extract: a document in, text with places out. One process for one document, locked in
 * before it reads a byte of it.
 *
 *	ragchatd-extract --plain < report.docx          by hand
 *	ragchatd-extract [--pdf] [--light] [--max-text N]    as the daemon runs it
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <libxml/parser.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/magic.h"
#include "common/str.h"
#include "common/utf8.h"
#include "daemon/extract/charset.h"
#include "daemon/extract/extract.h"
#include "daemon/extract/mail.h"
#include "daemon/extract/pdf.h"
#include "daemon/extract/profiles.h"
#include "daemon/worker/records.h"

static const char usage[] =
	"usage: ragchatd-extract [--plain [--name NAME]] [--pdf] [--light] [--max-text BYTES] < FILE\n"
	"       ragchatd-extract --sandbox-selftest | --version\n"
	"Reads one document and writes its text; run by ragchatd, in a sandbox.\n"
	"      --plain        text for people, not records for the daemon\n"
	"      --name NAME    with --plain: the file's name, whose suffix tells texts apart\n"
	"      --pdf          the document is a PDF (from a pipe this has to be said)\n"
	"      --light        neither mail nor any encoding but UTF-8 and UTF-16: starts faster\n"
	"example: ragchatd-extract --plain < report.docx | less\n";

struct run {
	bool plain, pdf, light;
	const char *name;
	int64_t max_text;
	char level[SANDBOX_LEVEL];
	char header[EXTRACT_HEADER_MAX + 1];
	struct pdf_reader reader;
};

/* ---- the status line ---- */

static const char *code_name(int r)
{
	static const char *const names[] = { "ok", "broken", "type", "limit", "locked", "empty", "failed" };

	return names[r];
}

static void add_pair(struct json_out *w, const char *key, const char *value)
{
	json_out_key(w, key);
	json_out_str(w, value);
}

static void put_status(const struct run *run, const struct extract *x)
{
	struct buf line;
	struct json_out w;

	buf_init(&line, 0);
	json_out_init(&w, &line);
	json_out_object(&w);
	add_pair(&w, "status", code_name(x->r));
	if (x->r)
		add_pair(&w, "error", x->why);
	add_pair(&w, "format", x->format);
	json_out_key(&w, "pages");
	json_out_int(&w, (int64_t)x->out->pages);
	add_pair(&w, "sandbox", run->level);
	json_out_object_end(&w);
	(void)buf_add_byte(&line, '\n');
	(void)fd_write_all(2, line.data, line.len);
	buf_fini(&line);
}

static int finish(const struct run *run, struct extract *x)
{
	if (extract_state(x) == 0 && !x->out->visible && !x->children)
		extract_fail(x, EXTRACT_E_EMPTY, "there is no text in it");
	if (x->r == 0)
		out_end(x->out);
	(void)extract_state(x);
	if (!run->plain) {
		put_status(run, x);
	} else if (x->r) {
		char words[EXTRACT_WHY_MAX + 32];
		int n = snprintf(words, sizeof(words), "ragchatd-extract: %s\n", x->why);

		(void)fd_write_all(2, words, (size_t)n);
	}
	return x->r == 0 ? 0 : x->r == EXTRACT_E_FAILED ? EX_SOFTWARE : EX_DATAERR;
}

/* ---- before the lock ---- */

static void quiet(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

/* All that is opened or made at its first use, while that is still possible. */
static void load(const struct run *run)
{
	(void)setenv("TZ", "UTC0", 1); /* libzip asks for local times; /etc would be read for them */
	tzset();
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, quiet);
	if (run->light)
		return;
	charset_load();
	mail_load();
}

static int lock(struct run *run)
{
	int r = 0;

	if (run->pdf)
		r = pdf_start(&run->reader);
	if (r != 0) {
		(void)fprintf(stderr, "ragchatd-extract: cannot start pdftotext: %s\n", strerror(-r));
		return EX_OSERR;
	}
	if (!run->pdf)
		load(run);
	if (!run->pdf || !sandbox_is_compiled_in())
		r = sandbox_lock(&profile_text, run->level);
	else
		r = sandbox_apply(&profile_text, SANDBOX_ALL & ~(unsigned)SANDBOX_FDS, run->level);
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
		r = extract_fail(x, EXTRACT_E_LIMIT, "it needs more memory than a document may");
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
	if (run->pdf)
		(void)extract_pdf(&x, &run->reader);
	else
		(void)read_document(run, &x);
	status = finish(run, &x);
	extract_fini(&x);
	out_fini(&out);
	return status;
}

/* ---- the program ---- */

static int selftest(void)
{
	int text = sandbox_selftest(&profile_text), pdf = sandbox_selftest(&profile_pdf);

	return text ? text : pdf;
}

/* By hand and from a file five bytes are looked at; a pipe's would be lost. */
static bool is_pdf_file(void)
{
	char head[5];

	return pread(0, head, sizeof(head), 0) == sizeof(head) && magic_of(head, sizeof(head)) == MAGIC_PDF;
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
	else if (!strcmp(arg, "--light"))
		run->light = true;
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
		return selftest();
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("ragchatd-extract " RAGCHAT_VERSION) < 0;
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	for (int i = 1; i < argc; i++)
		if (take(&run, argv, &i) != 0)
			return bad_usage();
	if (!run.plain && isatty(0))
		return bad_usage();
	r = sandbox_begin();
	if (r != 0)
		return EX_OSERR;
	run.pdf = run.pdf || (run.plain && is_pdf_file());
	r = lock(&run);
	return r ? r : work(&run);
}
