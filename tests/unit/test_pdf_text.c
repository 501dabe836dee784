/* The text engine of the renderer: what a reader of each script would miss, and that no byte is lost. */
#include "daemon/pdf/text.h"

#include <stdint.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/pdf/linebreak.h"
#include "daemon/pdf/report.h"
#include "tests/unit/test.h"

static struct fonts *fonts;

struct story {
	struct arena *arena;
	struct report report;
	struct span span;
	struct text *text;
	const char *utf8;
	uint32_t at;
	struct line line;
};

static void begin_as(struct story *s, const char *utf8, size_t n, unsigned style, enum text_direction d)
{
	if (!fonts) {
		fonts = fonts_open();
		fonts_warm(fonts);
	}
	*s = (struct story){ .arena = arena_new(), .utf8 = utf8 };
	s->span = (struct span){ .end = (uint32_t)n, .style = (uint8_t)style, .size = 10, .tint = TINT_NONE };
	report_init(&s->report);
	s->text = text_new(s->arena, fonts, &s->report, utf8, n, &s->span, 1, d);
}

static void begin(struct story *s, const char *utf8)
{
	begin_as(s, utf8, strlen(utf8), 0, TEXT_AUTO);
}

static void end(struct story *s)
{
	arena_free(s->arena);
}

static bool next(struct story *s, double width)
{
	return text_line(s->text, &s->at, width, &s->line);
}

/* The lines at this width as "one|two|three". */
static const char *wrapped(const char *utf8, double width)
{
	static char out[1024];
	struct story s;
	size_t n = 0;

	begin(&s, utf8);
	while (next(&s, width))
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", n ? "|" : "", (int)(s.line.end - s.line.start),
			utf8 + s.line.start);
	end(&s);
	return out;
}

/* The line's text as it stands on the page, from left to right, by glyphs. */
static const char *seen(struct story *s)
{
	static char out[1024];
	size_t n = 0;
	double x = -1;

	for (;;) {
		const struct piece *p = NULL;

		for (size_t i = 0; i < s->line.n; i++)
			if (s->line.pieces[i].x > x && s->line.pieces[i].width > 0 && (!p || s->line.pieces[i].x < p->x))
				p = &s->line.pieces[i];
		if (!p)
			break;
		x = p->x;
		for (size_t i = 0; i < p->n; i++)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s", p->glyphs[i].text_len, s->utf8 + p->glyphs[i].text_at);
	}
	out[n] = 0;
	return out;
}

static bool missing(const char *package)
{
	struct story s;
	bool is;

	begin(&s, "x");
	is = strstr(fonts_missing(fonts), package) != NULL;
	if (is)
		printf("skip %s: %s is not installed\n", test_now, package);
	end(&s);
	return is;
}

/* Every byte but line feeds belongs to exactly one glyph of its own line. */
static const char *coverage(const char *utf8, size_t n, unsigned style, double width)
{
	static char why[128];
	uint8_t *count = calloc(n + 1, 1);
	struct story s;
	uint32_t expect = 0;

	*why = 0;
	begin_as(&s, utf8, n, style, TEXT_AUTO);
	while (next(&s, width)) {
		if (s.line.start != expect || s.line.end <= s.line.start)
			snprintf(why, sizeof(why), "line %u..%u after %u", s.line.start, s.line.end, expect);
		expect = s.line.end;
		for (size_t i = 0; i < s.line.n; i++)
			for (size_t k = 0; k < s.line.pieces[i].n; k++) {
				const struct glyph *g = &s.line.pieces[i].glyphs[k];

				if (g->text_len && (g->text_at < s.line.start || g->text_at + g->text_len > s.line.end))
					snprintf(why, sizeof(why), "glyph at %u outside its line", g->text_at);
				else
					for (uint32_t b = 0; b < g->text_len; b++)
						count[g->text_at + b]++;
			}
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t cp = 0;

		if (utf8_decode(utf8 + utf8_floor(utf8, n, i), 4 < n - i ? 4 : n - utf8_floor(utf8, n, i), &cp) > 0 &&
			linebreak_is_hard(cp))
			continue;
		if (count[i] != 1)
			snprintf(why, sizeof(why), "byte %zu is in %u glyphs", i, count[i]);
	}
	if (expect != n)
		snprintf(why, sizeof(why), "the lines end at %u of %zu", expect, n);
	end(&s);
	free(count);
	return why;
}

TEST(english_wraps_at_spaces)
{
	struct story s;

	check_str(wrapped("the quick brown fox", 60), "the quick |brown fox");
	begin(&s, "one two  ");
	check(next(&s, 1000));
	check(s.line.hard && !s.line.split);
	check_int(s.line.end, 9);
	check(s.line.width < text_natural_width(s.text) + 0.01 && text_widest_word(s.text) < s.line.width);
	check(!next(&s, 1000));
	end(&s);
}

TEST(line_feeds_end_lines_and_empty_lines_stay)
{
	struct story s;

	check_str(wrapped("a\n\nb\n", 100), "a\n|\n|b\n");
	begin(&s, "\n");
	check(next(&s, 100) && s.line.hard && !s.line.n && s.line.ascent > 5);
	check(!next(&s, 100));
	end(&s);
	begin(&s, "");
	check(!next(&s, 100));
	end(&s);
}

TEST(arabic_with_english_and_digits)
{
	struct story s;

	begin(&s, "\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85 abc 123"); /* salam, a lam-alef ligature in it */
	check(text_rtl(s.text));
	check(next(&s, 1000));
	check(!strncmp(seen(&s), "abc 123", 7));
	check_int(s.report.missing_total, 0);
	end(&s);
}

TEST(arabic_letters_join)
{
	struct story s;
	uint16_t alone;

	begin(&s, "\xd8\xa8"); /* beh by itself, then three of them */
	check(next(&s, 1000) && s.line.n == 1);
	alone = s.line.pieces[0].glyphs[0].gid;
	check(s.line.pieces[0].rtl);
	end(&s);
	begin(&s, "\xd8\xa8\xd8\xa8\xd8\xa8");
	check(next(&s, 1000));
	for (size_t i = 0; i < s.line.pieces[0].n; i++)
		if (s.line.pieces[0].glyphs[i].text_len)
			check(s.line.pieces[0].glyphs[i].gid != alone);
	end(&s);
}

TEST(hebrew_with_brackets)
{
	struct story s;

	begin(&s, "\xd7\x90(\xd7\x91)"); /* alef ( bet ) */
	check(next(&s, 1000));
	check_str(seen(&s), ")\xd7\x91(\xd7\x90");
	end(&s);
	begin(&s, "a (\xd7\x90) b");
	check(!text_rtl(s.text) && next(&s, 1000));
	check_str(seen(&s), "a (\xd7\x90) b");
	end(&s);
}

TEST(devanagari_vowel_moves_before_its_consonant)
{
	struct story s;
	const struct piece *p;

	begin(&s, "\xe0\xa4\x95\xe0\xa4\xbf"); /* ka, vowel sign i */
	check(next(&s, 1000) && s.line.n == 1);
	p = &s.line.pieces[0];
	check(p->n == 2 && strstr(p->font->name, "Devanagari"));
	check_int(p->glyphs[0].text_len + p->glyphs[1].text_len, 6);
	end(&s);
}

TEST(thai_wraps_without_spaces_and_keeps_leading_vowels)
{
	/* kin khao thi ban: sara e and sara ai may not stand at a line's end */
	static const char thai[] = "\xe0\xb9\x80\xe0\xb8\x82\xe0\xb8\xb2\xe0\xb9\x84\xe0\xb8\x9b\xe0\xb9\x80\xe0\xb8\x82\xe0\xb8\xb2";
	struct story s;

	begin(&s, thai);
	for (int lines = 0; next(&s, 12); lines++)
		if (s.line.end < sizeof(thai) - 1) {
			uint32_t cp;

			utf8_decode(thai + s.line.end - 3, 3, &cp);
			check_msg(s.line.split || (cp != 0xE40 && cp != 0xE44), "line %d ends with U+%X", lines, cp);
		}
	end(&s);
}

TEST(kinsoku)
{
	if (missing("fonts-noto-cjk"))
		return;
	/* ideographs are an em wide: the comma and the closing bracket take the one before along */
	check_str(wrapped("\xe6\xbc\xa2\xe5\xad\x97\xe3\x80\x81\xe6\xbc\xa2", 21), "\xe6\xbc\xa2|\xe5\xad\x97\xe3\x80\x81|\xe6\xbc\xa2");
	check_str(wrapped("\xe6\xbc\xa2\xe3\x80\x8c\xe5\xad\x97\xe3\x80\x8d", 31), "\xe6\xbc\xa2|\xe3\x80\x8c\xe5\xad\x97\xe3\x80\x8d");
}

TEST(the_text_decides_the_cjk_face)
{
	struct story s;
	static const char kana[] = "\xe6\xbc\xa2\xe3\x81\x8b", hangul[] = "\xed\x95\x9c";

	if (missing("fonts-noto-cjk"))
		return;
	fonts_language(fonts, "");
	fonts_language_guess(fonts, kana, strlen(kana));
	begin(&s, kana);
	check(next(&s, 100) && strstr(s.line.pieces[0].font->name, "CJKjp"));
	end(&s);
	fonts_language(fonts, "");
	fonts_language_guess(fonts, hangul, strlen(hangul));
	fonts_language_guess(fonts, "x", 1);
	begin(&s, hangul);
	check(next(&s, 100) && strstr(s.line.pieces[0].font->name, "CJKkr"));
	end(&s);
	fonts_language(fonts, "zh-TW");
	begin(&s, kana);
	check(next(&s, 100) && strstr(s.line.pieces[0].font->name, "CJKtc"));
	end(&s);
	fonts_language(fonts, "");
}

static size_t pictures(const char *utf8)
{
	struct story s;
	size_t n = 0;

	begin(&s, utf8);
	while (next(&s, 1000))
		for (size_t i = 0; i < s.line.n; i++)
			for (size_t k = 0; s.line.pieces[i].font->color && k < s.line.pieces[i].n; k++)
				n += s.line.pieces[i].glyphs[k].advance > 0;
	end(&s);
	return n;
}

TEST(emoji_sequences_are_one_picture)
{
	const uint8_t *png;
	size_t len;
	struct story s;

	if (missing("fonts-noto-color-emoji"))
		return;
	check_int(pictures("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"), 1); /* family */
	check_int(pictures("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab\xf0\x9f\x87\xb7"), 2); /* two flags */
	check_int(pictures("1\xef\xb8\x8f\xe2\x83\xa3"), 1);                /* keycap */
	check_int(pictures("\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd"), 1);         /* thumb, skin */
	check_int(pictures("\xe2\x98\x8e\xef\xb8\x8f"), 1);                 /* telephone with VS16 */
	check_int(pictures("\xe2\x98\x8e\xef\xb8\x8e"), 0);                 /* and with VS15 */
	check_int(pictures("1 # * 23"), 0);
	begin(&s, "\xf0\x9f\x98\x80");
	check(next(&s, 100));
	check(font_png(s.line.pieces[0].font, s.line.pieces[0].glyphs[0].gid, &png, &len));
	check(len > 8 && !memcmp(png, "\x89PNG", 4));
	end(&s);
}

TEST(long_addresses_break_where_a_reader_expects_it)
{
	static const char url[] = "https://example.org/a/very/long/path?x=1&y=2#frag";
	struct story s;

	begin(&s, url);
	while (next(&s, 100)) {
		check(!s.line.split);
		if (s.line.end < sizeof(url) - 1)
			check(strchr("/?&=#", url[s.line.end - 1]) || strchr("._", url[s.line.end]));
	}
	end(&s);
	check_str(wrapped("https://a.b", 200), "https://a.b");
}

TEST(soft_hyphen_is_drawn_only_at_the_break)
{
	struct story s;
	double plain;

	begin(&s, "Donau\xc2\xad" "dampf");
	check(next(&s, 1000) && !s.line.split);
	plain = s.line.width;
	end(&s);
	begin(&s, "Donaudampf");
	check(next(&s, 1000));
	check(plain - s.line.width < 0.5 && s.line.width - plain < 0.5);
	end(&s);
	begin(&s, "Donau\xc2\xad" "dampf");
	check(next(&s, 40));
	check_int(s.line.end, 7);
	check(s.line.pieces[s.line.n - 1].glyphs[s.line.pieces[s.line.n - 1].n - 1].advance > 0);
	check(!s.line.hard && !s.line.split && s.line.width <= 40);
	end(&s);
}

TEST(no_break_space_and_joiner_hold)
{
	check_str(wrapped("10\xc2\xa0km ab", 30), "10\xc2\xa0km |ab");
	check_str(wrapped("a\xe2\x81\xa0" "b c", 12), "a\xe2\x81\xa0" "b |c");
	check_str(wrapped("aaa\xe2\x80\x8b" "bbb", 20), "aaa\xe2\x80\x8b|bbb");
}

TEST(what_fits_nowhere_is_cut_between_clusters)
{
	struct story s;
	size_t lines = 0;

	begin(&s, "e\xcc\x81" "e\xcc\x81" "e\xcc\x81");
	while (next(&s, 1)) {
		check_int(s.line.end - s.line.start, 3);
		check(s.line.hard || s.line.split);
		lines++;
	}
	check_int(lines, 3);
	end(&s);
}

TEST(mono_keeps_the_grid)
{
	static const char box[] = "\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90 a\xc3\xa9 \xe6\xbc\xa2 \xe2\x9c\x93 fi e\xcc\x81";
	struct story s;
	double cells, cell;

	if (missing("fonts-noto-cjk"))
		return;
	begin_as(&s, box, strlen(box), STYLE_MONO, TEXT_LTR);
	cell = text_cell(fonts, 10);
	check(cell > 4 && next(&s, 1000));
	cells = s.line.width / cell;
	check_msg(cells > 15.99 && cells < 16.01, "%f cells", cells);
	end(&s);
}

TEST(a_missing_glyph_is_a_box_that_copies)
{
	struct story s;

	begin(&s, "a\xf3\xb0\x80\x80" "b"); /* private use */
	check(next(&s, 1000) && s.line.n == 3);
	check(s.line.pieces[1].missing && !s.line.pieces[1].glyphs[0].gid && s.line.pieces[1].width > 0);
	check_int(s.line.pieces[1].glyphs[0].text_len, 4);
	check_int(s.report.missing_total, 1);
	check_int(s.report.missing[0], 0xF0000);
	end(&s);
}

TEST(a_mark_without_a_glyph_leaves_its_letter_whole)
{
	struct story s;

	begin(&s, "a\xf3\xa0\x84\x80" "b\xf0\x91\x8d\xb0"); /* a variation selector; a Grantha mark on a Latin letter */
	check(next(&s, 1000));
	check(!s.line.pieces[0].missing && s.line.pieces[0].glyphs[0].gid);
	check(s.report.missing_total <= 1);
	end(&s);
}

TEST(every_script_of_the_core_fonts_has_its_face)
{
	static const char *const words[] = { "\xd0\x9f\xd1\x80\xd0\xb8", "\xce\xba\xce\xb1\xce\xbb", "\xe0\xa6\x95", "\xe0\xae\x95",
		"\xe0\xb0\x95", "\xe0\xb2\x95", "\xe0\xb4\x95", "\xe0\xa8\x95", "\xe0\xaa\x95", "\xe0\xac\x95", "\xe0\xb6\x9a",
		"\xe1\x9e\x80", "\xe0\xba\x81", "\xe1\x80\x80", "\xe0\xbd\x80", "\xd4\xb1", "\xe1\x83\x90", "\xe1\x88\x80",
		"\xe1\x8e\xa0", "\xe2\xb4\xb0", "\xde\x80", "\xdc\x90", "\xf0\x93\x80\x80", "\xe2\x88\x91", "\xe2\x86\x92" };

	for (size_t i = 0; i < array_len(words); i++) {
		struct story s;

		begin(&s, words[i]);
		check(next(&s, 1000));
		check_msg(!s.report.missing_total, "no font for '%s'", words[i]);
		end(&s);
	}
}

TEST(nine_thousand_marks_stay_linear_and_copy)
{
	size_t n = 1 + 2 * 9000;
	char *zalgo = malloc(n);

	zalgo[0] = 'e';
	for (size_t i = 1; i < n; i += 2)
		memcpy(zalgo + i, "\xcc\x81", 2);
	check_str(coverage(zalgo, n, 0, 100), "");
	free(zalgo);
}

static uint32_t seed = 12345;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static size_t random_text(char *out, size_t max)
{
	static const uint32_t starts[] = { ' ', '!', 'a', 0x80, 0xA0, 0x300, 0x5D0, 0x600, 0x627, 0x900, 0xE00, 0x1780, 0x1000,
		0x1100, 0x2000, 0x2028, 0x2066, 0x202A, 0x2190, 0x2500, 0x3000, 0x3041, 0x4E00, 0xAC00, 0xE000, 0xFE00, 0xFFF0,
		0x1F1E6, 0x1F3FB, 0x1F468, 0x1F600, 0x10900, 0x20000, 0xE0020, 0xF0000, '\n', '/', 0xAD, 0x200D };
	size_t n = 0;

	while (n + 4 < max && dice(60))
		n += utf8_encode(starts[dice(array_len(starts))] + (dice(3) ? dice(12) : 0), out + n);
	return n;
}

TEST(no_byte_is_lost_or_doubled_at_any_width)
{
	static const double widths[] = { 0, 7, 33, 90, 450, 1e9 };
	char text[512];

	for (int i = 0; i < 3000; i++) {
		size_t n = random_text(text, sizeof(text));
		const char *why = coverage(text, n, dice(8), widths[i % array_len(widths)]);

		check_msg(!*why, "text %d: %s", i, why);
	}
}

/* Work is counted in bytes of the arena: twice the text is about twice of it. */
static size_t work(const char *piece, size_t times)
{
	size_t n = strlen(piece), glyphs = 0;
	char *text = malloc(n * times);
	struct story s;

	for (size_t i = 0; i < times; i++)
		memcpy(text + i * n, piece, n);
	begin_as(&s, text, n * times, 0, TEXT_AUTO);
	while (next(&s, 200))
		for (size_t i = 0; i < s.line.n; i++)
			glyphs += s.line.pieces[i].n + 1;
	end(&s);
	free(text);
	return glyphs;
}

TEST(twice_the_text_is_twice_the_work)
{
	static const char *const pieces[] = { "w", "\xe6\xbc\xa2", "word \xd7\x90\xd7\x91 ", "\xe2\x81\xa7", "(\xd7\x90" };

	for (size_t i = 0; i < array_len(pieces); i++) {
		size_t one = work(pieces[i], 10000), two = work(pieces[i], 20000);

		check_msg(two < one * 2 + one / 4, "%zu then %zu for '%s'", one, two, pieces[i]);
	}
}

TEST_MAIN()
