/*
 * Markdown on a terminal: whatever the text, its pieces make no difference, and no sequence goes out but
 * SGR and the links that the look allows. The first byte says width and look, the second how it is cut.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/filter.h"
#include "client/markdown.h"

static char *draw(const struct markdown_look *look, enum filter_mode mode, const char *s, size_t n, size_t piece, size_t *len)
{
	struct markdown *m = markdown_new(look);
	struct buf out = { 0 }, rest = { 0 };
	struct filter f;

	filter_init(&f, mode);
	for (size_t at = 0; at < n;) {
		size_t some = piece < n - at ? piece : n - at;
		struct buf clean = { 0 };

		filter_feed(&f, s + at, some, &clean);
		markdown_feed(m, (const char *)clean.data, clean.len, &out);
		buf_fini(&clean);
		at += some;
		piece = piece % 61 + 1; /* not always the same */
	}
	filter_end(&f, &rest);
	markdown_feed(m, (const char *)rest.data, rest.len, &out);
	markdown_end(m, &out);
	markdown_free(m);
	filter_fini(&f);
	buf_fini(&rest);
	(void)buf_cstr(&out);
	return buf_steal(&out, len);
}

static size_t sequence(const char *s, const struct markdown_look *look)
{
	size_t n;

	if (s[1] == '[') {
		n = 2 + strspn(s + 2, "0123456789;");
		return look->styled && s[n] == 'm' ? n + 1 : 0;
	}
	if (!look->hyperlinks || strncmp(s, "\033]8;;", 5) != 0)
		return 0;
	for (n = 5; s[n] > ' ' && s[n] <= '~'; n++)
		;
	return s[n] == '\033' && s[n + 1] == '\\' ? n + 2 : 0;
}

static void look_at(const char *s, size_t n, const struct markdown_look *look)
{
	size_t step;

	for (size_t i = 0; i < n; i += step) {
		uint8_t c = (uint8_t)s[i];

		step = c == '\033' ? sequence(s + i, look) : 1;
		if (!step || (c < ' ' && c != '\n' && c != '\t' && c != '\033') || c == 0x7F)
			abort();
		if (c == 0xC2 && (uint8_t)s[i + 1] >= 0x80 && (uint8_t)s[i + 1] < 0xA0)
			abort(); /* C1 */
		if (!look->utf8 && c >= 0x80)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const unsigned widths[] = { 0, 1, 10, 24, 80, 100, 3, 40 };
	struct markdown_look look;
	size_t whole_len, pieces_len;
	char *whole, *pieces;

	if (n < 3 || n > 20000)
		return 0;
	look = (struct markdown_look){ .width = widths[data[0] & 7], .styled = data[0] & 8, .utf8 = data[0] & 16 };
	look.hyperlinks = look.styled && (data[0] & 32);
	whole = draw(&look, look.utf8 ? FILTER_TERMINAL : FILTER_ASCII, (const char *)data + 2, n - 2, n, &whole_len);
	pieces = draw(&look, look.utf8 ? FILTER_TERMINAL : FILTER_ASCII, (const char *)data + 2, n - 2, data[1] % 16 + 1u, &pieces_len);
	if (whole_len != pieces_len || memcmp(whole, pieces, whole_len) != 0)
		abort();
	look_at(whole, whole_len, &look);
	free(whole);
	free(pieces);
	return 0;
}
