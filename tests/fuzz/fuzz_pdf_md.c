/* Any bytes as Markdown: spans cover their text without a gap, rows are as wide as their table, nothing aborts. */
#include <stdlib.h>

#include "daemon/pdf/md.h"
#include "daemon/pdf/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_spans(const struct md_block *b)
{
	uint32_t at = 0;

	for (size_t i = 0; i < b->nspans; i++) {
		if (b->spans[i].start != at || b->spans[i].end <= at)
			abort();
		at = b->spans[i].end;
	}
	if (b->nspans && at != b->len)
		abort();
	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->text[i] < 0x20 && b->text[i] != '\n' && b->text[i] != '\t')
			abort();
}

static void check_block(const struct md_block *b, int columns)
{
	int kids = 0;

	check_spans(b);
	for (const struct md_block *k = b->first; k; k = k->next, kids++)
		check_block(k, b->kind == MD_TABLE ? b->columns : 0);
	if (b->kind == MD_ROW && kids != columns)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct report report;
	struct md_options o = { .sources = 3, .strip_status = size && (*data & 1) };
	struct arena *a = arena_new();

	report_init(&report);
	check_block(md_parse(a, &report, (const char *)data, size, &o), 0);
	arena_free(a);
	return 0;
}
