/*
 * JSON: what the reader accepts, refuses and survives, and what the writer writes. On valid input
 * jansson is the oracle; it is loaded at run time, since its functions have the names of ours.
 */
#include "tests/unit/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>

#include "common/json.h"
#include "common/utf8.h"

#define R "\xEF\xBF\xBD"

static bool accepts(const char *s, size_t n, unsigned depth)
{
	struct json j;

	json_init(&j, s, n, depth);
	return json_skip(&j) && json_end(&j) == 0;
}

/* ---- the grammar ---- */

TEST(good_texts_are_accepted)
{
	static const char *const good[] = { "null", " true ", "false\n", "\"\"", "0", "-0",
		"-0.0e-0", "1E5", "1e400", "-1e-400", "123456789012345678901234567890", "[]", "[ ]",
		"{}", "{ }", "[1,2]", "[[],{},\"\"]", "{\"a\":1,\"a\":2}", "\t[\r\n1 , 2 ]\t",
		"\"\\u0000\"", "\"\\ud83d\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\uAbCd\"",
		"\"\x01\x1F\n\x7F\"", "\"\xFF\xC0\"", "{\"\":{\"\":[]}}",
		"\"12345678\\n12345678\"" };

	for (size_t i = 0; i < array_len(good); i++)
		check_msg(accepts(good[i], strlen(good[i]), 64), "%s", good[i]);
	check(accepts("\"a\0b\"", 5, 64));
}

TEST(bad_texts_are_refused)
{
	static const char *const bad[] = { "", " ", "nul", "nulll", "True", "NaN", "Infinity",
		"-Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "0x1", "1 2",
		"'a'", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
		"\"\\u\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1}", "{", "}",
		"{]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}",
		"{1:1}", "{\"a\" 1}", "{\"a\":}", "{\"a\"}", "{\"a\":1 \"b\":2}", "[] []", "{} x",
		"[1]]", "// c\n1", "[1]//", "\357\273\2771", "\f1", "[\"a\":1]", "{\"a\",1}", "tru",
		"[true,fals]", "--1", "1-", "1e1.5", "u", "\v" };

	for (size_t i = 0; i < array_len(bad); i++)
		check_msg(!accepts(bad[i], strlen(bad[i]), 64), "%s", bad[i]);
	check(!accepts("1\0", 2, 64));
	check(!accepts("[\0]", 3, 64));
}

TEST(every_beginning_of_a_text_is_refused)
{
	static const char s[] =
		"{\"a\":[1,-2.5e+3,\"x\\n\\u00fc\"],\"b\":{\"c\":true},\"d\":[null,false]}";

	for (size_t n = 0; n < sizeof(s) - 1; n++) {
		/* Its own allocation: a look past the end is seen by the sanitizer. */
		char *part = malloc(n ? n : 1);

		memcpy(part, s, n);
		check_msg(!accepts(part, n, 64), "%zu bytes", n);
		free(part);
	}
	check(accepts(s, sizeof(s) - 1, 64));
}

static bool nested(
	unsigned levels, unsigned max, const char *open, const char *middle, const char *close)
{
	struct buf b;
	bool ok;

	buf_init(&b, 0);
	for (unsigned i = 0; i < levels; i++)
		buf_add_str(&b, open);
	buf_add_str(&b, middle);
	for (unsigned i = 0; i < levels; i++)
		buf_add_str(&b, close);
	ok = accepts((char *)b.data, b.len, max);
	buf_fini(&b);
	return ok;
}

TEST(depth_is_bounded)
{
	check(nested(64, 64, "[", "1", "]"));
	check(!nested(65, 64, "[", "1", "]"));
	check(nested(512, 512, "{\"a\":", "{}", "}") == false);
	check(nested(511, 512, "{\"a\":", "{}", "}"));
	check(nested(256, 512, "[{\"a\":", "0", "}]"));
	check(!nested(513, 100000, "[", "", "]")); /* more than 512 is never given */
	check(accepts("7", 1, 0));
	check(!accepts("[]", 2, 0));
}

TEST(a_hundred_thousand_brackets_are_refused_at_once)
{
	check(!nested(100000, 512, "[", "", "]"));
	check(!nested(100000, 512, "{\"\":[", "", "]}"));
}

/* ---- the reader as its callers use it ---- */

TEST(a_chunk_of_a_stream_is_read)
{
	static const char s[] =
		"{\"id\":\"c1\",\"created\":1764000000,\"choices\":[{\"index\":0,"
		"\"delta\":{\"role\":\"assistant\",\"content\":\"Hi \\ud83d\\ude42\"},"
		"\"finish_reason\":null}],\"usage\":{\"total_tokens\":12}}";
	struct json_slice key, id = { 0 }, content = { 0 };
	int64_t created = 0, total = 0;
	bool finish_is_null = false;
	char *text;
	struct json j;

	json_init(&j, s, sizeof(s) - 1, 64);
	check(json_object(&j));
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "id"))
			json_string(&j, &id);
		else if (json_slice_is(&key, "created"))
			json_integer(&j, &created);
		else if (json_slice_is(&key, "choices") && json_array(&j))
			while (json_item(&j))
				for (json_object(&j); json_key(&j, &key);) {
					if (json_slice_is(&key, "delta") && json_object(&j))
						while (json_key(&j, &key))
							if (json_slice_is(&key, "content"))
								json_string(&j, &content);
							else
								json_skip(&j);
					else if (json_slice_is(&key, "finish_reason"))
						finish_is_null = json_null(&j);
					else
						json_skip(&j);
				}
		else if (json_slice_is(&key, "usage") && json_object(&j))
			while (json_key(&j, &key))
				json_integer(&j, &total);
	}
	check_int(json_end(&j), 0);
	check(json_slice_is(&id, "c1"));
	check_int(created, 1764000000);
	check_int(total, 12);
	check(finish_is_null);
	text = json_strdup(&content, 100);
	check_str(text, "Hi \xF0\x9F\x99\x82");
	free(text);
}

TEST(a_value_of_another_type_is_left_alone)
{
	struct json_slice s;
	struct json j;
	int64_t i = 5;
	double d = 5;
	bool b = true;

	json_init(&j, "[\"text\"]", 8, 64);
	check_int(json_peek(&j), JSON_ARRAY);
	check(!json_object(&j) && !json_string(&j, &s) && !json_null(&j));
	check(json_array(&j));
	check(json_item(&j));
	check_int(json_peek(&j), JSON_STRING);
	check(!json_integer(&j, &i) && !json_number(&j, &d) && !json_bool(&j, &b) &&
		!json_null(&j));
	check(!json_object(&j) && !json_array(&j));
	check(i == 5 && d == 5 && b);
	check(json_string(&j, &s) && json_slice_is(&s, "text"));
	check(!json_string(&j, &s)); /* read once */
	check(!json_item(&j));
	check_int(json_end(&j), 0);
}

TEST(a_value_nobody_read_is_skipped)
{
	static const char s[] = "{\"a\":{\"x\":[1,{}]},\"b\":[[1],[2]],\"c\":7}";
	struct json_slice key;
	struct json j;
	int64_t c = 0;
	int keys = 0, items = 0;

	json_init(&j, s, sizeof(s) - 1, 64);
	check(json_object(&j));
	while (json_key(&j, &key)) {
		keys++;
		if (json_slice_is(&key, "b") && json_array(&j))
			while (json_item(&j))
				items++;
		else if (json_slice_is(&key, "c"))
			json_integer(&j, &c);
	}
	check_int(json_end(&j), 0);
	check_int(keys, 3);
	check_int(items, 2);
	check_int(c, 7);
}

TEST(after_an_error_everything_says_no)
{
	struct json_slice s;
	struct json j;

	json_init(&j, "[1 2]", 5, 64);
	check(json_array(&j) && json_item(&j) && json_skip(&j));
	check(!json_item(&j));
	check(j.failed);
	check(!json_item(&j) && !json_skip(&j) && !json_raw(&j, &s) && !json_array(&j));
	check_int(json_peek(&j), JSON_NONE);
	check_int(json_end(&j), -EBADMSG);
}

TEST(peek_names_every_type)
{
	static const struct {
		const char *s;
		enum json_type type;
	} cases[] = { { "{}", JSON_OBJECT }, { "[]", JSON_ARRAY }, { "\"\"", JSON_STRING },
		{ "-1", JSON_NUMBER }, { "0", JSON_NUMBER }, { "9", JSON_NUMBER },
		{ "true", JSON_TRUE }, { "false", JSON_FALSE }, { " null", JSON_NULL },
		{ "", JSON_NONE }, { "x", JSON_NONE } };

	for (size_t i = 0; i < array_len(cases); i++) {
		struct json j;

		json_init(&j, cases[i].s, strlen(cases[i].s), 64);
		check_msg(json_peek(&j) == cases[i].type, "%s", cases[i].s);
	}
}

TEST(raw_gives_the_bytes_of_any_value)
{
	static const char s[] = "{\"a\": {\"x\" : [1, \"\\n\"]} , \"b\":\"q\\\"\"}";
	struct json_slice key, a, b;
	struct json j;

	json_init(&j, s, sizeof(s) - 1, 64);
	check(json_object(&j) && json_key(&j, &key) && json_raw(&j, &a));
	check(json_key(&j, &key) && json_raw(&j, &b) && !json_key(&j, &key));
	check_int(json_end(&j), 0);
	check_mem(a.p, a.n, "{\"x\" : [1, \"\\n\"]}", 17);
	check_mem(b.p, b.n, "\"q\\\"\"", 5);
	check(a.escaped && b.escaped);
}

TEST(keys_are_compared_decoded)
{
	static const char s[] =
		"{\"c\\u006fntent\":1,\"\\ud83d\\ude42\":2,\"\\ud83d\":3,\"\\\"\":4}";
	static const char *const want[] = { "content", "\xF0\x9F\x99\x82", R, "\"" };
	struct json_slice key;
	struct json j;

	json_init(&j, s, sizeof(s) - 1, 64);
	check(json_object(&j));
	for (size_t i = 0; i < array_len(want); i++) {
		check(json_key(&j, &key));
		check_msg(json_slice_is(&key, want[i]), "key %zu", i);
		check(!json_slice_is(&key, "conten") && !json_slice_is(&key, "contents"));
		check(!json_slice_is(&key, ""));
	}
}

/* ---- numbers ---- */

TEST(numbers_are_read_as_strtod_reads_them)
{
	static const char *const texts[] = { "0", "-0", "1", "-1", "0.1", "123456789012345",
		"1234567890123456", "9007199254740993", "0.30000000000000004", "1e22", "1e23",
		"1e-22", "1e-23", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
		"1.7976931348623157e308", "2.2250738585072011e-308",
		"123456789012345678901234567890", "0.000001e6", "100000e-5",
		"1797693134862315807937289714053034150799341327100378269361737789804449682927647509"
		"46649017"
		"9775872070963302864166928879109465555478519404026306574886715058206819089020007083"
		"836762738"
		"5484581771153176447573027006985557136695962284291481986083493647529271907416844436"
		"551070434"
		"271195525900561171875000000000000000000000000000000000000000000000000e-40" };

	for (size_t i = 0; i < array_len(texts); i++) {
		double want = strtod(texts[i], NULL), got = 1;
		struct json j;

		json_init(&j, texts[i], strlen(texts[i]), 1);
		check_msg(json_number(&j, &got) && json_end(&j) == 0, "%s", texts[i]);
		check_msg(
			got == want && signbit(got) == signbit(want), "%s is %.17g", texts[i], got);
	}
}

TEST(numbers_of_any_length_are_read)
{
	struct buf b;
	struct json j;
	double d;

	/* Half way between two doubles, and one digit far behind decides. */
	buf_init(&b, 0);
	buf_add_str(&b, "9007199254740993.");
	for (int i = 0; i < 5000; i++)
		buf_add_byte(&b, '0');
	json_init(&j, (char *)b.data, b.len, 1);
	check(json_number(&j, &d) && d == 9007199254740992.0);
	buf_add_byte(&b, '1');
	json_init(&j, (char *)b.data, b.len, 1);
	check(json_number(&j, &d) && d == 9007199254740994.0);
	buf_reset(&b);
	buf_add_str(&b, "0.");
	for (int i = 0; i < 100000; i++)
		buf_add_byte(&b, '0');
	buf_add_str(&b, "17e100001");
	json_init(&j, (char *)b.data, b.len, 1);
	check(json_number(&j, &d) && d == 1.7);
	buf_fini(&b);
}

TEST(numbers_out_of_range_are_clamped)
{
	static const struct {
		const char *s;
		double d;
		int64_t i;
	} cases[] = {
		{ "1e400", HUGE_VAL, INT64_MAX },
		{ "-1e400", -HUGE_VAL, INT64_MIN },
		{ "1e99999999999999999999", HUGE_VAL, INT64_MAX },
		{ "0e99999999999999999999", 0, 0 },
		{ "1e-99999999999999999999", 0, 0 },
		{ "9223372036854775807", 0x1p63, INT64_MAX },
		{ "-9223372036854775808", -0x1p63, INT64_MIN },
		{ "9223372036854775808", 0x1p63, INT64_MAX },
		{ "-9223372036854775809", -0x1p63, INT64_MIN },
		{ "18446744073709551616", 0x1p64, INT64_MAX },
		{ "123456789012345678901234567890", 123456789012345678901234567890.0, INT64_MAX },
		{ "2.9", 2.9, 2 },
		{ "-2.9", -2.9, -2 },
		{ "1.5e3", 1500, 1500 },
		{ "1500e-3", 1.5, 1 },
		{ "9007199254740993.5", 9007199254740994.0, 9007199254740993 },
	};

	for (size_t i = 0; i < array_len(cases); i++) {
		size_t n = strlen(cases[i].s);
		struct json j;
		int64_t v = 99;
		double d = 99;

		json_init(&j, cases[i].s, n, 1);
		check_msg(json_number(&j, &d) && d == cases[i].d, "%s is %.17g", cases[i].s, d);
		json_init(&j, cases[i].s, n, 1);
		check_msg(json_integer(&j, &v) && v == cases[i].i, "%s is %lld", cases[i].s,
			(long long)v);
	}
}

/* ---- strings ---- */

static struct json_slice slice_of(const char *s, size_t n)
{
	return (struct json_slice){ .p = s, .n = n, .escaped = memchr(s, '\\', n) != NULL };
}

TEST(whatever_is_in_a_string_comes_out_clean)
{
	static const struct {
		const char *raw;
		size_t n;
		const char *text;
	} cases[] = {
		{ "", 0, "" },
		{ "plain", 5, "plain" },
		{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", 16, "\"\\/\b\f\n\r\t" },
		{ "\\u00fc\\u20AC", 12, "\xC3\xBC\xE2\x82\xAC" },
		{ "\\ud83d\\ude42", 12, "\xF0\x9F\x99\x82" },
		{ "\\udbff\\udfff", 12, "\xF4\x8F\xBF\xBF" },
		{ "\\ud83d", 6, R },
		{ "\\ude42", 6, R },
		{ "\\ud83d!", 7, R "!" },
		{ "\\ud83d\\n", 8, R "\n" },
		{ "\\ud83d\\ud83d\\ude42", 18, R "\xF0\x9F\x99\x82" },
		{ "\\ude42\\ud83d", 12, R R },
		{ "a\\u0000b", 8, "a" R "b" },
		{ "a\0b", 3, "a" R "b" },
		{ "\xFF\xE2\x82", 3, R R },
		{ "\xE2\x82\\n\xAC", 5, R "\n" R }, /* an escape ends a sequence */
		{ "\xED\xA0\xBD\xED\xB9\x82", 6, R R R R R R },
		{ "ctrl \x01\x1b", 7, "ctrl \x01\x1b" },
	};
	struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; i < array_len(cases); i++) {
		struct json_slice s = slice_of(cases[i].raw, cases[i].n);

		buf_reset(&out);
		check_int(json_unescape(&s, &out, NULL), 0);
		check_msg(!strcmp(buf_cstr(&out), cases[i].text), "case %zu: '%s'", i,
			buf_cstr(&out));
		if (utf8_valid_no_nul(s.p, s.n))
			check_msg(json_slice_is(&s, cases[i].text), "case %zu", i);
	}
	buf_fini(&out);
}

TEST(a_pair_split_over_two_deltas_is_joined)
{
	static const struct {
		const char *deltas[4];
		const char *text;
		bool held;
	} cases[] = {
		{ { "\\ud83d", "\\ude42" }, "\xF0\x9F\x99\x82", false },
		{ { "a\\ud83d", "\\ude42z" }, "a\xF0\x9F\x99\x82z", false },
		{ { "\\ud83d", "", "\\ude42" }, "\xF0\x9F\x99\x82", false },
		{ { "\\ud83d", "x" }, R "x", false },
		{ { "\\ud83d", "\\n" }, R "\n", false },
		{ { "\\ud83d", "\\ud83d", "\\ude42" }, R "\xF0\x9F\x99\x82", false },
		{ { "\\ud83d", "\\ud83d\\ude42" }, R "\xF0\x9F\x99\x82", false },
		{ { "\\ude42", "\\ud83d" }, R, true },
		{ { "x\\ud83d" }, "x", true },
		{ { "\\ud83dx", "\\ude42" }, R "x" R, false },
	};
	struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; i < array_len(cases); i++) {
		uint16_t high = 0;

		buf_reset(&out);
		for (int k = 0; k < 4 && cases[i].deltas[k]; k++) {
			struct json_slice s =
				slice_of(cases[i].deltas[k], strlen(cases[i].deltas[k]));

			check_int(json_unescape(&s, &out, &high), 0);
		}
		check_msg(!strcmp(buf_cstr(&out), cases[i].text), "case %zu: '%s'", i,
			buf_cstr(&out));
		check_msg((high != 0) == cases[i].held, "case %zu", i);
	}
	buf_fini(&out);
}

TEST(a_refused_string_leaves_no_half)
{
	struct json_slice s = slice_of("abc\\ud83d", 9);
	uint16_t high = 0;
	struct buf out;

	buf_init(&out, 4);
	buf_add_str(&out, "xy");
	check_int(json_unescape(&s, &out, &high), -ENOBUFS);
	check_str(buf_cstr(&out), "xy");
	check_int(high, 0);
	buf_fini(&out);
}

TEST(strdup_is_bounded)
{
	struct json_slice s = slice_of("ab\\n", 4), none = slice_of("", 0);
	char *text = json_strdup(&s, 3);

	check_str(text, "ab\n");
	free(text);
	check(!json_strdup(&s, 2));
	check(!json_strdup(&s, 0));
	text = json_strdup(&none, 0);
	check_str(text, "");
	free(text);
}

/* ---- the writer ---- */

static void write_sample(struct json_out *w)
{
	json_out_object(w);
	json_out_key(w, "a");
	json_out_int(w, -5);
	json_out_key(w, "b");
	json_out_array(w);
	json_out_bool(w, true);
	json_out_bool(w, false);
	json_out_null(w);
	json_out_str(w, NULL);
	json_out_str(w, "\xC3\xBC\xF0\x9F\x99\x82");
	json_out_object(w);
	json_out_object_end(w);
	json_out_array_end(w);
	json_out_key(w, "c");
	json_out_raw(w, "[1]", 3);
	json_out_object_end(w);
}

TEST(commas_and_colons_fall_into_place)
{
	struct json_out w;
	struct buf out;

	buf_init(&out, 0);
	json_out_init(&w, &out);
	write_sample(&w);
	check_str(buf_cstr(&out),
		"{\"a\":-5,\"b\":[true,false,null,null,\"\xC3\xBC\xF0\x9F\x99\x82\",{}],"
		"\"c\":[1]}");
	buf_fini(&out);
}

TEST(python_style_is_that_of_json_dumps)
{
	struct json_out w;
	struct buf out;

	buf_init(&out, 0);
	json_out_init(&w, &out);
	w.python_style = w.ascii = true;
	write_sample(&w);
	check_str(buf_cstr(&out),
		"{\"a\": -5, \"b\": [true, false, null, null, \"\\u00fc\\ud83d\\ude42\", {}], "
		"\"c\": [1]}");
	buf_fini(&out);
}

static void check_written(const char *s, size_t n, bool ascii, const char *want)
{
	struct json_out w;
	struct buf out;

	buf_init(&out, 0);
	json_out_init(&w, &out);
	w.ascii = ascii;
	json_out_string(&w, s, n);
	check_str(buf_cstr(&out), want);
	buf_fini(&out);
}

TEST(what_a_terminal_acts_on_is_escaped)
{
	check_written("\"\\/", 3, false, "\"\\\"\\\\/\"");
	check_written("\b\f\n\r\t", 5, false, "\"\\b\\f\\n\\r\\t\"");
	check_written("\0\x1b\x7f", 3, false, "\"\\u0000\\u001b\\u007f\"");
	check_written("\xC2\x9B", 2, false, "\"\\u009b\"");
	check_written("\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6\xEF\xBB\xBF", 12, false,
		"\"\\u2028\\u202e\\u2066\\ufeff\"");
	check_written("a\xFFz", 3, false, "\"a" R "z\"");
	check_written("a\xFFz", 3, true, "\"a\\ufffdz\"");
	check_written("\xE2\x82", 2, false, "\"" R "\"");
	check_written("\xE2\x82\xAC and \xF0\x9F\x99\x82", 12, false,
		"\"\xE2\x82\xAC and \xF0\x9F\x99\x82\"");
	check_written("\xF4\x8F\xBF\xBF", 4, true, "\"\\udbff\\udfff\"");
}

TEST(doubles_are_short_and_read_back_the_same)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = { { 0, "0" }, { -0.0, "-0" }, { 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 1, "1" }, { -2.5, "-2.5" },
		{ 1e300, "1e+300" }, { 5e-324, "5e-324" }, { 1.0 / 3, "0.3333333333333333" },
		{ 123456789, "123456789" }, { HUGE_VAL, "null" }, { -HUGE_VAL, "null" },
		{ NAN, "null" } };
	struct json_out w;
	struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; i < array_len(cases); i++) {
		buf_reset(&out);
		json_out_init(&w, &out);
		json_out_double(&w, cases[i].v);
		check_str(buf_cstr(&out), cases[i].text);
	}
	srand(2);
	for (int i = 0; i < 20000; i++) {
		union {
			uint64_t bits;
			double v;
		} u = { .bits = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^
				(uint64_t)rand() };
		struct json j;
		double back = 0;

		if (!isfinite(u.v))
			continue;
		buf_reset(&out);
		json_out_init(&w, &out);
		json_out_double(&w, u.v);
		json_init(&j, (char *)out.data, out.len, 1);
		check_msg(json_number(&j, &back) && json_end(&j) == 0 && back == u.v, "%s",
			buf_cstr(&out));
	}
	buf_fini(&out);
}

TEST(a_full_buffer_is_remembered)
{
	struct json_out w;
	struct buf out;

	buf_init(&out, 10);
	json_out_init(&w, &out);
	write_sample(&w);
	check(out.failed);
	check(out.len <= 10);
	buf_fini(&out);
}

/* ---- against jansson ---- */

static struct {
	void *(*loadb)(const char *s, size_t n, size_t flags, void *error);
	int (*equal)(const void *a, const void *b);
	void (*destroy)(void *value);
} jansson;

#define JANSSON_DECODE_ANY 4

static bool jansson_open(void)
{
	void *lib = dlopen("libjansson.so.4", RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return false;
	*(void **)&jansson.loadb = dlsym(lib, "json_loadb");
	*(void **)&jansson.equal = dlsym(lib, "json_equal");
	*(void **)&jansson.destroy = dlsym(lib, "json_delete");
	return jansson.loadb && jansson.equal && jansson.destroy;
}

static void add_space(struct buf *b)
{
	while (rand() % 6 == 0)
		buf_add_byte(b, (uint8_t) " \n\r\t"[rand() % 4]);
}

static void add_random_string(struct buf *b)
{
	static const char *const parts[] = { "a", "zz", " ", "\\n", "\\\"", "\\\\", "\\/",
		"\\b\\f\\r\\t", "\\u00fc", "\\u20aC", "\\uD83D\\uDE42", "\xC3\xBC", "\xE2\x82\xAC",
		"\xF0\x9F\x99\x82", "12345678", "\x7f", "\\u001b", "\\u2028", "\xE2\x80\xA8", "key",
		"{", "]", ",", ":" };

	buf_add_byte(b, '"');
	for (int n = rand() % 8; n > 0; n--)
		buf_add_str(b, parts[(size_t)rand() % array_len(parts)]);
	buf_add_byte(b, '"');
}

static void add_random_number(struct buf *b)
{
	buf_addf(b, "%s%d", rand() % 3 ? "" : "-", rand() % 4 ? rand() : 0);
	if (rand() % 2)
		buf_addf(b, ".%0*d", 1 + rand() % 8, rand() % 10);
	if (rand() % 3 == 0)
		buf_addf(b, "%c%s%d", "eE"[rand() % 2],
			rand() % 2   ? "-"
			: rand() % 2 ? "+"
				     : "",
			rand() % 40);
}

static void add_random_value(struct buf *b, int depth)
{
	static const char *const words[] = { "null", "true", "false" };
	int kind = rand() % (depth ? 6 : 4);

	add_space(b);
	if (kind == 0)
		buf_add_str(b, words[rand() % 3]);
	else if (kind == 1)
		add_random_number(b);
	else if (kind <= 3)
		add_random_string(b);
	if (kind >= 4) {
		buf_add_byte(b, (uint8_t) "[{"[kind - 4]);
		add_space(b);
		for (int i = 0, n = rand() % 5; i < n; i++) {
			if (i)
				buf_add_byte(b, ',');
			add_space(b);
			if (kind == 5) {
				add_random_string(b);
				add_space(b);
				buf_add_byte(b, ':');
			}
			add_random_value(b, depth - 1);
		}
		buf_add_byte(b, (uint8_t) "]}"[kind - 4]);
	}
	add_space(b);
}

static void copy_string(struct json_out *w, const struct json_slice *s, bool is_key)
{
	char *text = json_strdup(s, 4096);

	if (is_key)
		json_out_key(w, text);
	else
		json_out_str(w, text);
	free(text);
}

/* jansson tells 1 from 1.0: a real that came out short gets its point back. */
static void copy_number(struct json_out *w, struct json *j)
{
	struct json look = *j;
	struct json_slice raw;
	struct json_out number;
	struct buf text;
	int64_t i;
	double d;

	json_raw(&look, &raw);
	if (!memchr(raw.p, '.', raw.n) && !memchr(raw.p, 'e', raw.n) &&
		!memchr(raw.p, 'E', raw.n)) {
		json_integer(j, &i);
		json_out_int(w, i);
		return;
	}
	json_number(j, &d);
	buf_init(&text, 0);
	json_out_init(&number, &text);
	json_out_double(&number, d);
	if (!strpbrk(buf_cstr(&text), ".e"))
		buf_add_str(&text, ".0");
	json_out_raw(w, buf_cstr(&text), text.len);
	buf_fini(&text);
}

static void copy_value(struct json *j, struct json_out *w)
{
	struct json_slice s;
	bool b;

	if (json_object(j)) {
		json_out_object(w);
		while (json_key(j, &s)) {
			copy_string(w, &s, true);
			copy_value(j, w);
		}
		json_out_object_end(w);
	} else if (json_array(j)) {
		json_out_array(w);
		while (json_item(j))
			copy_value(j, w);
		json_out_array_end(w);
	} else if (json_string(j, &s)) {
		copy_string(w, &s, false);
	} else if (json_bool(j, &b)) {
		json_out_bool(w, b);
	} else if (json_null(j)) {
		json_out_null(w);
	} else {
		copy_number(w, j);
	}
}

TEST(read_and_written_again_jansson_finds_it_equal)
{
	struct buf in, out;

	check_msg(jansson_open(), "libjansson.so.4 is missing: install libjansson-dev");
	srand(3);
	buf_init(&in, 0);
	buf_init(&out, 0);
	for (int round = 0; round < 5000; round++) {
		struct json_out w;
		struct json j;
		void *a, *b;

		buf_reset(&in);
		buf_reset(&out);
		add_random_value(&in, 5);
		json_init(&j, (char *)in.data, in.len, 64);
		json_out_init(&w, &out);
		w.python_style = round % 2;
		w.ascii = round % 3;
		copy_value(&j, &w);
		check_msg(json_end(&j) == 0, "refused: %s", buf_cstr(&in));
		a = jansson.loadb((char *)in.data, in.len, JANSSON_DECODE_ANY, NULL);
		b = jansson.loadb((char *)out.data, out.len, JANSSON_DECODE_ANY, NULL);
		check_msg(a && b && jansson.equal(a, b), "%s became %s", buf_cstr(&in),
			buf_cstr(&out));
		jansson.destroy(a);
		jansson.destroy(b);
	}
	buf_fini(&in);
	buf_fini(&out);
}

TEST(what_jansson_accepts_is_accepted)
{
	struct buf in;
	int accepted = 0;

	check_msg(jansson_open(), "libjansson.so.4 is missing: install libjansson-dev");
	srand(4);
	buf_init(&in, 0);
	for (int round = 0; round < 20000; round++) {
		void *a;

		buf_reset(&in);
		add_random_value(&in, 3);
		for (int k = 1 + rand() % 2; k > 0; k--)
			in.data[(size_t)rand() % in.len] =
				(uint8_t) "[]{},:\"\\0-.eEtn x"[rand() % 17];
		a = jansson.loadb((char *)in.data, in.len, JANSSON_DECODE_ANY, NULL);
		check_msg(!a || accepts((char *)in.data, in.len, 64), "%s", buf_cstr(&in));
		if (a) {
			accepted++;
			jansson.destroy(a);
		}
	}
	check(accepted > 1000); /* else the test shows nothing */
	buf_fini(&in);
}

TEST_MAIN()
