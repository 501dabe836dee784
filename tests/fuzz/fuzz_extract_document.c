/*
 * Any bytes as any format: the reading ends, within its bounds, and what comes out is whole and
 * clean. The first byte chooses the name; ZIPs are tried whatever it says.
 */
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "common/attr.h"
#include "daemon/extract/charset.h"
#include "daemon/extract/extract.h"
#include "daemon/extract/mail.h"
#include "daemon/worker/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define TEXT_MAX ((size_t)1 << 20)

static void quiet(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, quiet);
	charset_load();
	mail_load();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.html", "a.eml", "a.mbox", "a.txt", "a.docx" };
	struct records back;
	struct extract x;
	struct out out;

	if (size < 2)
		return 0;
	out_init(&out, -1, TEXT_MAX);
	extract_init(&x, &out, names[data[0] % array_len(names)]);
	(void)extract_document(&x, data + 1, size - 1);
	if (extract_state(&x) == 0) {
		out_end(&out);
		records_init(&back, TEXT_MAX);
		if (out.r == 0 && (records_feed(&back, out.wire.data, out.wire.len) != 0 ||
			(x.formed && records_end(&back) != 0)))
			abort();
		records_fini(&back);
	} else if (!x.why[0]) {
		abort();
	}
	extract_fini(&x);
	out_fini(&out);
	return 0;
}
