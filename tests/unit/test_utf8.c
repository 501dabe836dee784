/* UTF-8: the grammar, its borders, and cleaning that does not depend on how the bytes arrive. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdint.h>

#include "common/utf8.h"

#define R "\xEF\xBF\xBD"

TEST(every_code_point_survives_encode_and_decode)
{
	for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
		char utf8[4];
		uint32_t back = 0;
		size_t n = utf8_encode(cp, utf8);
		bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;

		check_msg(utf8_decode(utf8, n, &back) == (int)n, "U+%04X", (unsigned)cp);
		check_msg(back == (surrogate ? 0xFFFD : cp), "U+%04X", (unsigned)cp);
		check_msg(n == (cp < 0x80             ? 1u
				       : cp < 0x800   ? 2u
				       : cp < 0x10000 ? 3u
						      : 4u),
			"U+%04X", (unsigned)cp);
	}
}

TEST(what_is_past_unicode_is_encoded_as_replacement)
{
	char utf8[4];

	check_int(utf8_encode(0x110000, utf8), 3);
	check_mem(utf8, 3, R, 3);
	check_int(utf8_encode(UINT32_MAX, utf8), 3);
}

TEST(decode_says_how_much_of_bad_input_to_skip)
{
	static const struct {
		const char *s;
		size_t n;
		int result;
	} cases[] = {
		{ "", 0, 0 },
		{ "\x80", 1, -1 },
		{ "\xC0\xAF", 2, -1 },
		{ "\xC3", 1, -1 },
		{ "\xC3(", 2, -1 },
		{ "\xE2\x82", 2, -2 },
		{ "\xE2\x82(", 3, -2 },
		{ "\xED\xA0\x80", 3, -1 },
		{ "\xF0\x9F\x98", 3, -3 },
		{ "\xF0\x9F\x98\x80", 4, 4 },
		{ "\xF4\x90\x80\x80", 4, -1 },
		{ "\xF5\x80\x80\x80", 4, -1 },
		{ "\xFF", 1, -1 },
	};

	for (size_t i = 0; i < array_len(cases); i++) {
		uint32_t cp = 0;
		int r = utf8_decode(cases[i].s, cases[i].n, &cp);

		check_msg(r == cases[i].result, "case %zu: %d", i, r);
		check_msg(r >= 0 || cp == 0xFFFD, "case %zu", i);
	}
}

TEST(valid_or_not)
{
	check(utf8_valid("", 0));
	check(utf8_valid("plain ascii, longer than a word", 31));
	check(utf8_valid("gr\xC3\xBC\xC3\x9F "
			 "\xF0\x9F\x99\x82",
		11));
	check(utf8_valid("a\0b", 3));
	check(!utf8_valid_no_nul("a\0b", 3));
	check(!utf8_valid_no_nul("1234567\0", 8));
	check(!utf8_valid_no_nul("12345678\0", 9));
	check(!utf8_valid("12345678\xC3", 9));
	check(!utf8_valid("\xED\xA0\x80", 3));
	check_int(utf8_span("ab\xC3\xBC\xFFz", 6), 4);
	check_int(utf8_span("abcdefgh\0", 9), 8);
}

TEST(floor_never_cuts_a_code_point)
{
	static const char s[] =
		"a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x99\x82z"; /* borders 0 1 3 6 10 11 */
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };

	for (size_t at = 0; at < array_len(want); at++)
		check_msg(utf8_floor(s, sizeof(s) - 1, at) == want[at], "at %zu", at);
	check_int(utf8_floor("", 0, 5), 0);
	check_int(utf8_count(s, sizeof(s) - 1), 5);
}

TEST(controls_are_what_a_terminal_would_act_on)
{
	static const uint32_t yes[] = { 0, 9, 10, 0x1B, 0x1F, 0x7F, 0x80, 0x9B, 0x9F, 0x61C, 0x200E,
		0x200F, 0x2028, 0x2029, 0x202A, 0x202E, 0x2066, 0x2069, 0xFEFF };
	static const uint32_t no[] = { ' ', '~', 0xA0, 0xFC, 0x200D, 0x2027, 0x202F, 0x2065, 0x206A,
		0xFFFD, 0x1F642 };

	for (size_t i = 0; i < array_len(yes); i++)
		check_msg(utf8_is_control(yes[i]), "U+%04X", (unsigned)yes[i]);
	for (size_t i = 0; i < array_len(no); i++)
		check_msg(!utf8_is_control(no[i]), "U+%04X", (unsigned)no[i]);
}

static void clean_whole(const char *s, size_t n, struct buf *out)
{
	struct utf8_clean c = { 0 };

	utf8_clean_feed(&c, s, n, out);
	utf8_clean_end(&c, out);
}

/* The examples of the Unicode Standard 3.9, tables 3-8 to 3-11, and what stands around them. */
static const struct {
	const char *dirty;
	size_t n;
	const char *clean;
} cleanings[] = {
	{ "", 0, "" },
	{ "hello", 5, "hello" },
	{ "\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", 9, R R R R R R R R "A" },
	{ "\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", 9, R R R R R R R R "A" },
	{ "\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", 9, R R R R R "A" R R "B" },
	{ "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 9, R R R R "A" },
	{ "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", 13, "a" R R R "b" R "c" R R "d" },
	{ "a\0b", 3, "a" R "b" },
	{ "\0", 1, R },
	{ "\xE2\x82", 2, R },
	{ "\xE2\x82\0", 3, R R },
	{ "\xF0\x9F\x98", 3, R },
	{ "\xF0\x9F\x98\x80", 4, "\xF0\x9F\x98\x80" },
	{ "\xF0\x9F\xF0\x9F\x98\x80", 6, R "\xF0\x9F\x98\x80" },
	{ "\xE2\xE2\x82\xAC", 4, R "\xE2\x82\xAC" },
	{ "0123456789\xC3", 11, "0123456789" R },
	{ "\xEF\xBB\xBF"
	  "bom stays",
		12,
		"\xEF\xBB\xBF"
		"bom stays" },
};

TEST(each_maximal_subpart_becomes_one_replacement)
{
	struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; i < array_len(cleanings); i++) {
		buf_reset(&out);
		clean_whole(cleanings[i].dirty, cleanings[i].n, &out);
		check_msg(!strcmp(buf_cstr(&out), cleanings[i].clean), "case %zu: '%s'", i,
			buf_cstr(&out));
	}
	buf_fini(&out);
}

/* Bytes that are often on the border of being UTF-8. */
static uint8_t tricky_byte(void)
{
	static const uint8_t bytes[] = { 0, 'a', 'z', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
		0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5,
		0xFF };

	return rand() % 4 ? bytes[(size_t)rand() % sizeof(bytes)] : (uint8_t)rand();
}

/* An independent reading of the same rule: whatever decodes is kept, whatever does not is replaced.
 */
static void clean_by_decoding(const char *s, size_t n, struct buf *out)
{
	while (n) {
		char utf8[4];
		uint32_t cp;
		int r = utf8_decode(s, n, &cp);

		buf_add(out, utf8, utf8_encode(cp ? cp : 0xFFFD, utf8));
		s += abs(r);
		n -= (size_t)abs(r);
	}
}

TEST(fed_in_any_pieces_it_says_the_same_as_at_once)
{
	struct buf whole, pieces, decoded;

	srand(1);
	buf_init(&whole, 0);
	buf_init(&pieces, 0);
	buf_init(&decoded, 0);
	for (int round = 0; round < 20000; round++) {
		char s[40];
		size_t n = (size_t)rand() % sizeof(s), most = 1 + (size_t)rand() % 5;
		struct utf8_clean c = { 0 };

		for (size_t i = 0; i < n; i++)
			s[i] = (char)tricky_byte();
		buf_reset(&whole);
		buf_reset(&pieces);
		buf_reset(&decoded);
		clean_whole(s, n, &whole);
		clean_by_decoding(s, n, &decoded);
		for (size_t i = 0, k; i < n; i += k) {
			k = 1 + (size_t)rand() % most;
			k = min_of(k, n - i);
			utf8_clean_feed(&c, s + i, k, &pieces);
		}
		utf8_clean_end(&c, &pieces);
		check_mem(pieces.data, pieces.len, whole.data, whole.len);
		check_mem(decoded.data, decoded.len, whole.data, whole.len);
		check(utf8_valid_no_nul((char *)whole.data, whole.len));
	}
	buf_fini(&whole);
	buf_fini(&pieces);
	buf_fini(&decoded);
}

TEST(a_held_beginning_waits_and_is_replaced_at_the_end)
{
	struct utf8_clean c = { 0 };
	struct buf out;

	buf_init(&out, 0);
	check_int(utf8_clean_feed(&c, "x\xE2", 2, &out), 0);
	check_str(buf_cstr(&out), "x");
	check_int(utf8_clean_feed(&c, "", 0, &out), 0);
	check_int(utf8_clean_feed(&c, "\x82", 1, &out), 0);
	check_str(buf_cstr(&out), "x");
	check_int(utf8_clean_end(&c, &out), 0);
	check_str(buf_cstr(&out), "x" R);
	check_int(utf8_clean_end(&c, &out), 0); /* nothing is held twice */
	check_str(buf_cstr(&out), "x" R);
	buf_fini(&out);
}

TEST(a_full_buffer_is_reported)
{
	struct utf8_clean c = { 0 };
	struct buf out;

	buf_init(&out, 4);
	check_int(utf8_clean_feed(&c, "ab\xFF", 3, &out), -ENOBUFS);
	check(out.failed);
	buf_fini(&out);
}

TEST_MAIN()
