/* Whatever the text, its passages cover it, none is too long, and cuts lie between code points. */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/library/chunk.h"
#include "daemon/library/format.h"
#include "daemon/library/sentence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

static void check_passages(const char *text, size_t n, enum text_kind kind)
{
	struct passage *v;
	size_t count, at = 0;
	int line = 0;

	require(chunk_text(text, n, kind, &v, &count) == 0);
	for (size_t i = 0; i < count; i++) {
		require(v[i].start == at && v[i].end > at && v[i].end - at <= CHUNK_MAX);
		require(v[i].line >= line && v[i].line > 0);
		require(!v[i].heading || utf8_valid_no_nul(v[i].heading, strlen(v[i].heading)));
		require(utf8_floor(text, n, v[i].start) == v[i].start);
		at = v[i].end;
		line = v[i].line;
	}
	require(at == n);
	passages_free(v, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[256], *text;
	size_t n;

	if (size < 1)
		return 0;
	(void)format_route(data, size, "a.txt", true);
	if (format_text(data, size, &text, &n, why) != 0)
		return 0;
	for (int kind = TEXT_PLAIN; kind <= TEXT_ROWS; kind++)
		check_passages(text, n, (enum text_kind)kind);
	for (size_t at = sentence_skip_space(text, n, 0); at < n;
		at = sentence_skip_space(text, n, at)) {
		size_t end = sentence_end(text, n, at);

		require(end > at && end <= n);
		at = end;
	}
	mem_free(text);
	return 0;
}
