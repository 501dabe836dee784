/* Any text in any style, direction and width: lines go forward, glyphs stay in their line, nothing asserts. */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "daemon/pdf/report.h"
#include "daemon/pdf/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fonts *fonts;

static void check_line(const struct line *l, uint32_t before)
{
	if (l->start != before || l->end <= l->start || l->width < 0)
		abort();
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->pieces[i].n; k++) {
			const struct glyph *g = &l->pieces[i].glyphs[k];

			if (g->text_len && (g->text_at < l->start || g->text_at + g->text_len > l->end))
				abort();
		}
}

static void lay_out(const char *utf8, size_t n, const uint8_t head[4])
{
	static struct report report;
	struct arena *a = arena_new();
	uint32_t middle = (uint32_t)utf8_floor(utf8, n, n * head[1] / 255), at = 0, before = 0;
	struct span spans[2] = {
		{ .end = middle, .style = head[0] & 7, .size = 10, .tint = TINT_NONE },
		{ .start = middle, .end = (uint32_t)n, .style = (head[0] >> 3) & 7, .size = 8, .rise = 3, .tint = TINT_NONE },
	};
	struct text *t;
	struct line line;

	report_init(&report);
	t = text_new(a, fonts, &report, utf8, n, spans, 2, (enum text_direction)(head[2] % 3));
	if (text_widest_word(t) > text_natural_width(t) + 0.01)
		abort();
	while (text_line(t, &at, head[3] * 2.0, &line)) {
		check_line(&line, before);
		before = line.end;
	}
	if (before != n)
		abort();
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct utf8_clean clean = { .nheld = 0 };
	struct buf b;

	if (size < 4)
		return 0;
	if (!fonts)
		fonts = fonts_open();
	buf_init(&b, 0);
	if (!utf8_clean_feed(&clean, (const char *)data + 4, size - 4, &b) && !utf8_clean_end(&clean, &b))
		lay_out(buf_cstr(&b), b.len, data);
	buf_fini(&b);
	return 0;
}
