/*
 * ragchatd-pdftext: a PDF in, its text by pages out. A program apart from ragchatd-extract because it
 * needs none of its libraries: it starts in a millisecond, and nothing of them lies beside pdftotext.
 *
 *	ragchatd-pdftext --plain < report.pdf    by hand
 *	ragchatd-pdftext                         as the daemon runs it
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/extract/extract.h"
#include "daemon/extract/pdf.h"
#include "daemon/extract/profiles.h"
#include "daemon/extract/report.h"

static const char usage[] =
	"usage: ragchatd-pdftext [--plain] < FILE\n"
	"       ragchatd-pdftext --sandbox-selftest | --version\n"
	"Reads one PDF by pdftotext and writes its text; run by ragchatd, in two sandboxes.\n"
	"      --plain        text for people, not records for the daemon\n"
	"example: ragchatd-pdftext --plain < report.pdf | less\n";

static int lock(struct pdf_reader *reader, char level[SANDBOX_LEVEL])
{
	int r = sandbox_begin();

	if (r == 0)
		r = pdf_start(reader);
	if (r != 0) {
		(void)fprintf(stderr, "ragchatd-pdftext: cannot start pdftotext: %s\n", strerror(-r));
		return EX_OSERR;
	}
	if (sandbox_is_compiled_in())
		r = sandbox_apply(&profile_pages, SANDBOX_ALL & ~(unsigned)SANDBOX_FDS, level);
	else
		r = sandbox_lock(&profile_pages, level);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "ragchatd-pdftext: no sandbox, so no work: %s\n", level);
	return EX_OSERR;
}

static int work(struct pdf_reader *reader, bool plain, const char *level)
{
	struct out out;
	struct extract x;
	int status;

	out_init(&out, 1, EXTRACT_TEXT_MAX);
	out.plain = plain;
	extract_init(&x, &out, "");
	(void)extract_pdf(&x, reader);
	status = report_end(&x, level);
	extract_fini(&x);
	out_fini(&out);
	return status;
}

static int selftest(void)
{
	int pages = sandbox_selftest(&profile_pages), pdf = sandbox_selftest(&profile_pdf);

	return pages ? pages : pdf;
}

int main(int argc, char **argv)
{
	bool plain = argc == 2 && !strcmp(argv[1], "--plain");
	char level[SANDBOX_LEVEL];
	struct pdf_reader reader;
	int r;

	if (argc == 2 && !strcmp(argv[1], "--sandbox-selftest"))
		return selftest();
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("ragchatd-pdftext " RAGCHAT_VERSION) < 0;
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	if ((argc > 1 && !plain) || (!plain && isatty(0))) {
		(void)fputs(usage, stderr);
		return EX_USAGE;
	}
	r = lock(&reader, level);
	return r ? r : work(&reader, plain, level);
}
