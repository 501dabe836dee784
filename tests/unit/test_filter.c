/* The control-character filter: nothing that drives a terminal comes out, however it is cut. */
#include "client/filter.h"

#include "common/utf8.h"
#include "tests/unit/test.h"

static uint32_t seed = 12345;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Fed in pieces of `step` bytes (0: of random lengths). */
static struct buf filtered(enum filter_mode mode, const char *s, size_t n, size_t step)
{
	struct filter f;
	struct buf out = { 0 };

	filter_init(&f, mode);
	for (size_t i = 0; i < n;) {
		size_t k = step ? step : 1 + pick(5);

		k = k < n - i ? k : n - i;
		filter_feed(&f, s + i, k, &out);
		i += k;
	}
	filter_end(&f, &out);
	filter_fini(&f);
	return out;
}

static bool comes_out_as(enum filter_mode mode, const char *s, size_t n, const char *wanted)
{
	bool ok = true;

	for (size_t step = 1; step <= n + 1; step++) {
		struct buf out = filtered(mode, s, n, step);

		if (strcmp(buf_cstr(&out), wanted) != 0) {
			printf("# step %zu gave '%s'\n", step, buf_cstr(&out));
			ok = false;
		}
		buf_fini(&out);
	}
	return ok;
}

#define as(mode, s, wanted) check(comes_out_as(mode, s, sizeof(s) - 1, wanted))

TEST(text_passes_untouched)
{
	static const char text[] =
		"plain, tab\tnewline\n caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x99\x82 "
		"e\xCC\x81"
		" \xD7\xA9\xE2\x80\x8F \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80\n";

	as(FILTER_PIPE, text, text);
	as(FILTER_TERMINAL, text, text);
}

TEST(controls_become_visible_everywhere)
{
	as(FILTER_PIPE, "a\033[2Jb\ac\bd\x7f", "a\u241b[2Jb\u2407c\u2408d\u2421");
	as(FILTER_TERMINAL, "a\033[2Jb\ac\bd\x7f", "a\u241b[2Jb\u2407c\u2408d\u2421");
	as(FILTER_TERMINAL, "a\0b", "a\u2400b");
	as(FILTER_PIPE,
		"\xC2\x9B"
		"31m \xC2\x85 \xC2\x80",
		"\uFFFD31m \uFFFD \uFFFD");
	as(FILTER_TERMINAL,
		"\xC2\x9D"
		"52;c\xC2\x9C",
		"\uFFFD52;c\uFFFD");
	/* The bytes of C1 by themselves are no UTF-8 at all. */
	as(FILTER_PIPE, "\x9b\x31m", "\uFFFD1m");
}

TEST(line_ends_are_told_apart_from_a_lone_cr)
{
	as(FILTER_PIPE, "a\r\nb\rc\r\r\nd\r", "a\r\nb\u240dc\u240d\r\nd\u240d");
	as(FILTER_TERMINAL, "a\r\nb\rc\r\r\nd\r", "a\nb\u240dc\u240d\nd\u240d");
	as(FILTER_TERMINAL,
		"a\xE2\x80\xA8"
		"b\xE2\x80\xA9"
		"c",
		"a\nb\nc");
	as(FILTER_PIPE,
		"a\xE2\x80\xA8"
		"b",
		"a\u2028b");
}

TEST(broken_utf8_becomes_one_mark_a_piece)
{
	as(FILTER_TERMINAL,
		"a\xFF"
		"b\xC3"
		"c\xE2\x82"
		"d\xED\xA0\x80"
		"e\xF0\x9F\x99",
		"a\uFFFDb\uFFFDc\uFFFDd\uFFFD\uFFFD\uFFFDe\uFFFD");
	as(FILTER_PIPE, "\xC0\x80\xF5\x80", "\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(what_turns_text_around_is_stopped_at_a_terminal_only)
{
	static const char overrides[] =
		"\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD\xE2\x80\xAE";

	as(FILTER_TERMINAL, "\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD\xE2\x80\xAE",
		"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
	as(FILTER_PIPE, "\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD\xE2\x80\xAE", overrides);
	as(FILTER_TERMINAL, "\xEF\xBF\xB9\xEF\xBF\xBB\xEF\xBB\xBF", "\uFFFD\uFFFD\uFFFD");
}

TEST(isolates_pass_when_they_close_within_their_line)
{
	as(FILTER_TERMINAL, "a \u2066b\u2069 c", "a \u2066b\u2069 c");
	as(FILTER_TERMINAL, "\u2067a\u2068b\u2069c\u2069", "\u2067a\u2068b\u2069c\u2069");
	as(FILTER_TERMINAL, "a \u2066b\nc\u2069", "a \uFFFDb\nc\uFFFD");
	as(FILTER_TERMINAL, "\u2066a\u2067b\u2069c\n", "\uFFFDa\u2067b\u2069c\n");
	as(FILTER_TERMINAL, "\u2069x\u2066", "\uFFFDx\uFFFD");
	as(FILTER_TERMINAL, "\u2066\033\u2069", "\u2066\u241b\u2069");
}

TEST(an_endless_isolate_is_not_waited_for)
{
	struct filter f;
	struct buf out = { 0 };

	filter_init(&f, FILTER_TERMINAL);
	filter_feed(&f, "\u2066", 3, &out);
	for (int i = 0; i < 5000; i++)
		filter_feed(&f, "x", 1, &out);
	check(out.len > 4000);
	check(!memcmp(out.data, "\uFFFDxxx", 6));
	filter_end(&f, &out);
	check_int(out.len, 5003);
	filter_fini(&f);
	buf_fini(&out);
}

TEST(tags_pass_in_a_flag_only)
{
	as(FILTER_TERMINAL,
		"\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F!",
		"\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F!");
	as(FILTER_TERMINAL, "a\U000E0041b\U0001F3F4x\U000E0041", "a\uFFFDb\U0001F3F4x\uFFFD");
	/* Hidden text behind a flag is no flag. */
	as(FILTER_TERMINAL, "\U0001F3F4\U000E0067\U000E007F\U000E0041",
		"\U0001F3F4\U000E0067\U000E007F\uFFFD");
	as(FILTER_PIPE, "a\U000E0041b", "a\U000E0041b");
}

TEST(a_locale_without_utf8_gets_ascii)
{
	as(FILTER_ASCII, "caf\xC3\xA9 \033[0m \xF0\x9F\x99\x82\xFF\u2066x\u2069\n",
		"caf? ?[0m ???x?\n");
}

TEST(a_field_stays_on_its_line)
{
	struct buf out = { 0 };

	filter_line(FILTER_TERMINAL, "name\n\ttwo\r\n\033]0;x\n\n", 18, 100, &out);
	check_str(buf_cstr(&out), "name  two \u241b]0;x");
	buf_reset(&out);
	filter_line(FILTER_PIPE, "\xC3\xA9\xC3\xA9\xC3\xA9", 6, 5, &out);
	check_str(buf_cstr(&out), "\xC3\xA9\xC3\xA9...");
	buf_fini(&out);
}

/* Bytes that mean something to terminals, and their neighbours, more often than chance has them. */
static size_t hostile(char *to, size_t max)
{
	static const char *const pieces[] = { "\033", "\033[31m", "\x9b", "\xC2\x9B", "\r", "\n",
		"\r\n", "\t", "\x7f", "\0", "a", "word ", "\xC3", "\xA9", "\xE2", "\x80",
		"\xE2\x81", "\u2066", "\u2067", "\u2069", "\u202E", "\u2028", "\U0001F3F4",
		"\U000E0067", "\U000E007F", "\xF0\x9F", "\xFF", "\uFEFF", "\uFFF9", "\xED\xA0",
		"\x08", "\x0E" };
	size_t n = 0;

	while (n + 8 < max) {
		const char *piece = pieces[pick(sizeof(pieces) / sizeof(pieces[0]))];
		size_t k = *piece ? strlen(piece) : 1;

		memcpy(to + n, piece, k);
		n += k;
	}
	return n;
}

static bool is_dangerous(enum filter_mode mode, uint32_t cp)
{
	if ((cp < 0x20 && cp != '\n' && cp != '\t' && cp != '\r') || (cp >= 0x7F && cp < 0xA0))
		return true;
	if (mode == FILTER_PIPE)
		return false;
	if (mode == FILTER_ASCII && cp > 0x7E)
		return true;
	return cp == '\r' || (cp >= 0x202A && cp <= 0x202E) || (cp >= 0xFFF9 && cp <= 0xFFFB) ||
	       cp == 0xFEFF || cp == 0x2028 || cp == 0x2029 || (cp >= 0xE0000 && cp < 0xE0020);
}

/* No dangerous code point; no CR without LF; isolates balanced in each line. */
static const char *trouble(enum filter_mode mode, const struct buf *out)
{
	const char *s = (const char *)out->data;
	int depth = 0;

	for (size_t i = 0; i < out->len;) {
		uint32_t cp;
		int n = utf8_decode(s + i, out->len - i, &cp);

		if (n <= 0)
			return "invalid UTF-8";
		if (is_dangerous(mode, cp))
			return "a control character";
		if (cp == '\r' && (i + 1 == out->len || s[i + 1] != '\n'))
			return "a lone CR";
		if (mode == FILTER_TERMINAL) {
			depth += (cp >= 0x2066 && cp <= 0x2068) - (cp == 0x2069);
			if (depth < 0 || (cp == '\n' && depth))
				return "an open isolate";
		}
		i += (size_t)n;
	}
	return depth ? "an open isolate at the end" : NULL;
}

TEST(random_hostile_text_never_gets_through_and_never_depends_on_its_pieces)
{
	static const enum filter_mode modes[] = { FILTER_PIPE, FILTER_TERMINAL, FILTER_ASCII };
	char text[200];

	for (int round = 0; round < 20000; round++) {
		size_t n = hostile(text, 20 + pick(sizeof(text) - 20));
		enum filter_mode mode = modes[round % 3];
		struct buf whole = filtered(mode, text, n, n), bytes = filtered(mode, text, n, 1);
		struct buf pieces = filtered(mode, text, n, 0);
		const char *why = trouble(mode, &whole);
		bool same = whole.len == bytes.len && whole.len == pieces.len &&
			    !memcmp(whole.data, bytes.data, whole.len) &&
			    !memcmp(whole.data, pieces.data, whole.len);

		buf_fini(&whole);
		buf_fini(&bytes);
		buf_fini(&pieces);
		check_msg(!why, "round %d, mode %d: %s", round, (int)mode, why);
		check_msg(same, "round %d, mode %d: pieces differ", round, (int)mode);
	}
}

TEST(random_bytes_never_get_through)
{
	char text[64];

	for (int round = 0; round < 20000; round++) {
		size_t n = 1 + pick(sizeof(text));
		struct buf out;
		const char *why;

		for (size_t i = 0; i < n; i++)
			text[i] = (char)pick(256);
		out = filtered(FILTER_TERMINAL, text, n, 0);
		why = trouble(FILTER_TERMINAL, &out);
		buf_fini(&out);
		check_msg(!why, "round %d: %s", round, why);
	}
}

TEST(an_early_cut_closes_what_is_open)
{
	struct buf b = { 0 };
	const char *name = "\xE2\x81\xA7 ab \xE2\x81\xA8 cd \xE2\x81\xA9 efghijkl \xE2\x81\xA9 end";

	filter_line(FILTER_TERMINAL, name, strlen(name), 24, &b);
	check_str(buf_cstr(&b), "\xE2\x81\xA7 ab \xE2\x81\xA8 cd \xE2\x81\xA9 efghij\xE2\x81\xA9...");
	buf_reset(&b);
	filter_line(FILTER_TERMINAL, name, strlen(name), 12, &b);
	check_str(buf_cstr(&b), "\xE2\x81\xA7 ab \xE2\x81\xA8 c\xE2\x81\xA9\xE2\x81\xA9...");
	buf_reset(&b);
	filter_line(FILTER_TERMINAL, name, strlen(name), 100, &b);
	check_str(buf_cstr(&b), name);
	buf_fini(&b);
}

TEST_MAIN()
