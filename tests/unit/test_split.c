/* Status lines and the leading metadata block: every text here is cut at every place, and fed byte by byte. */
#include "common/buf.h"
#include "common/split.h"
#include "tests/unit/test.h"

struct out {
	struct buf text, status, metadata;
	int cut_inside; /* pieces that do not begin at a code point */
};

static void on_text(void *ctx, const char *s, size_t n)
{
	struct out *o = ctx;

	o->cut_inside += ((unsigned char)*s & 0xC0) == 0x80;
	buf_add(&o->text, s, n);
}

static void on_status(void *ctx, const char *s, size_t n)
{
	buf_addf(&((struct out *)ctx)->status, "[%.*s]", (int)n, s);
}

static void on_metadata(void *ctx, const char *s, size_t n)
{
	buf_addf(&((struct out *)ctx)->metadata, "[%.*s]", (int)n, s);
}

static const struct split_events events = { on_text, on_status, on_metadata };

static void out_fini(struct out *o)
{
	buf_fini(&o->text);
	buf_fini(&o->status);
	buf_fini(&o->metadata);
	*o = (struct out){ 0 };
}

static size_t whole_points(const char *s, size_t n, size_t at)
{
	while (at < n && ((unsigned char)s[at] & 0xC0) == 0x80)
		at++;
	return at;
}

static void split_cut(const char *s, size_t n, size_t step, size_t first, struct out *o)
{
	struct split sp;
	size_t at = 0, to = whole_points(s, n, first < n ? first : n);

	split_init(&sp, false);
	while (at < n) {
		split_feed(&sp, s + at, to - at, &events, o);
		at = to;
		to = whole_points(s, n, n - at < step ? n : at + step);
	}
	split_end(&sp, &events, o);
	split_fini(&sp);
}

static bool matches(struct out *o, const char *text, const char *status, const char *metadata, const char *how, size_t at)
{
	bool ok = !strcmp(buf_cstr(&o->text), text) && !strcmp(buf_cstr(&o->status), status) &&
		!strcmp(buf_cstr(&o->metadata), metadata) && !o->cut_inside;

	if (!ok)
		printf("# %s %zu: text '%s' status '%s' metadata '%s'\n", how, at, buf_cstr(&o->text), buf_cstr(&o->status),
			buf_cstr(&o->metadata));
	out_fini(o);
	return ok;
}

static bool splits_as(const char *s, const char *text, const char *status, const char *metadata)
{
	size_t n = strlen(s);
	struct out o = { 0 };

	for (size_t step = 1; step <= 5; step++) {
		split_cut(s, n, step, step, &o);
		if (!matches(&o, text, status, metadata, "in steps of", step))
			return false;
	}
	for (size_t at = 0; at <= n; at++) {
		split_cut(s, n, n, at, &o);
		if (!matches(&o, text, status, metadata, "cut at", at))
			return false;
	}
	return true;
}

#define splits(s, text, status, metadata) check(splits_as(s, text, status, metadata))
#define stays(s) check(splits_as(s, s, "", ""))

TEST(plain_text_is_untouched)
{
	stays("");
	stays("Hello");
	stays("  \n\n leading white space stays when nothing is stripped\n");
	stays("\t\r\n");
	stays("# Title\n\ntext `code` and [link](x)\r\n\n- `a`\n`b`\n\n");
	stays("caf\xC3\xA9 \xE2\x80\x94 \xF0\x9F\x99\x82\n\xE2\x80\xA8`x`\n");
}

TEST(a_status_line_goes_with_its_newline)
{
	splits("`[Researcher working...]`\nText", "Text", "[Researcher working...]", "");
	splits("Text\n`[Writer working...]`\nmore\n", "Text\nmore\n", "[Writer working...]", "");
	splits("Text\n\n`[Writer working...]`\n\nmore", "Text\n\n\nmore", "[Writer working...]", "");
	splits("Text\n`[Writer working...]`\r\nmore", "Text\nmore", "[Writer working...]", "");
	splits("a\n`[A working...]`\n`[B C working...]`\nb", "a\nb", "[A working...][B C working...]", "");
}

TEST(leading_white_space_goes_when_something_was_stripped_there)
{
	splits("\n`[user working...]`\n\n`[Planner working...]`\n\n\n  # Report\n", "# Report\n",
		"[user working...][Planner working...]", "");
	splits(" \n\t\n`[A working...]`\n \n text\n `[B working...]`\n", "text\n `[B working...]`\n", "[A working...]", "");
}

TEST(a_status_line_at_the_very_end_needs_no_newline)
{
	splits("text\n`[A working...]`", "text\n", "[A working...]", "");
	splits("`[A working...]`", "", "[A working...]", "");
	splits("`[A working...]`\r", "", "[A working...]", "");
}

TEST(what_only_looks_like_a_status_line_is_text)
{
	stays("`[A working...]` and more\n");
	stays("see `[A working...]`\n");
	stays(" `[A working...]`\n");
	stays("`[ working...]`x\n");
	stays("`[working...]`\n");
	stays("`[A working..]`\n");
	stays("`[A working...]\n`\n");
	stays("`[A working...]");
	stays("`[A working...");
	stays("`[A `b` working...]`\n");
	stays("`[A working...]``\n");
	stays("`[A working...]`\rx");
	stays("`[");
	stays("`");
	stays("a\n`");
	stays("[A working...]\n");
	stays("``[A working...]``\n");
	stays("`[A working\xE2\x80\xA6]`\n");
}

TEST(a_line_too_long_for_a_status_line_is_text)
{
	char s[600];
	size_t n = 0;

	n += (size_t)snprintf(s, sizeof(s), "`[");
	for (int i = 0; i < 130; i++)
		n += (size_t)snprintf(s + n, sizeof(s) - n, "\xC3\xA9");
	snprintf(s + n, sizeof(s) - n, " working...]`\nrest");
	stays(s);
}

TEST(code_fences_protect_what_is_in_them)
{
	stays("```\n`[A working...]`\n```\n");
	stays("text\n~~~~ py\n`[A working...]`\n~~~\n`[B working...]`\n~~~~\n");
	splits("```\n`[A working...]`\n```\n`[B working...]`\nend", "```\n`[A working...]`\n```\nend", "[B working...]", "");
	splits("   ```x\n`[A working...]`\n ```  \n`[B working...]`\n", "   ```x\n`[A working...]`\n ```  \n", "[B working...]", "");
	/* Four spaces, a backtick in the info string, two backticks: no fence. */
	splits("x\n    ```\n`[A working...]`\n", "x\n    ```\n", "[A working...]", "");
	splits("x\n``` a`b\n`[A working...]`\n", "x\n``` a`b\n", "[A working...]", "");
	splits("x\n``\n`[A working...]`\n", "x\n``\n", "[A working...]", "");
	/* A closing fence is of the same kind, as long, and bare. */
	stays("````\n```\n`[A working...]`\n````\n");
	stays("```\n~~~\n``` x\n`[A working...]`\n```\n");
	stays("```\r\n`[A working...]`\r\n```\r\n");
	stays("```python\nprint(1)\n```");
}

TEST(a_leading_metadata_block_is_split_off)
{
	splits("```json\n{\"a\": [1]}\n```\n\n# Report\n", "# Report\n", "", "[{\"a\": [1]}]");
	splits("\n\n ```json {\"a\": \"}\\\"`x\"} ``` text", "text", "", "[{\"a\": \"}\\\"`x\"}]");
	splits("```json{}```text", "text", "", "[{}]");
	splits("```json\r\n{}\r\n```\r\ntext", "text", "", "[{}]");
	splits("```json\n{\"a\": \"caf\xC3\xA9 \xF0\x9F\x99\x82\"}\n```\n\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9", "",
		"[{\"a\": \"caf\xC3\xA9 \xF0\x9F\x99\x82\"}]");
}

TEST(metadata_and_status_lines_in_either_order)
{
	splits("\n`[A working...]`\n```json\n{\"a\":1}\n```\n\ntext\n", "text\n", "[A working...]", "[{\"a\":1}]");
	splits("```json\n{\"a\":1}\n```\n\n`[A working...]`\ntext\n", "text\n", "[A working...]", "[{\"a\":1}]");
	/* On the closing fence's own line it is no line of its own. */
	splits("```json\n{\"a\":1}\n``` `[A working...]`\ntext\n", "`[A working...]`\ntext\n", "", "[{\"a\":1}]");
}

TEST(only_one_block_and_only_before_the_answer)
{
	splits("```json\n{\"a\":1}\n```\n```json\n{\"b\":2}\n```\nx", "```json\n{\"b\":2}\n```\nx", "", "[{\"a\":1}]");
	stays("text\n```json\n{\"a\":1}\n```\nmore");
}

TEST(a_block_that_leads_nothing_is_the_answer)
{
	stays("```json\n{\"a\": 1}\n```");
	stays("\n```json\n{\"a\": 1}\n```\n\n");
	splits("`[A working...]`\n```json\n{\"a\": 1}\n```\n", "```json\n{\"a\": 1}\n```\n", "[A working...]", "");
}

TEST(what_only_looks_like_metadata_is_text)
{
	stays("```json\n[1, 2]\n```\ntext");
	stays("```json\n{\"a\": }\n```\ntext");
	stays("```json\n{a: 1}\n```\ntext");
	stays("```json\n{\"a\": 1\n```\ntext\n}\n```\n");
	stays("```json\n{\"a\": 1} and\n```\ntext");
	stays("```json\n{\"a\": 1}\n````\ntext");
	stays("```json\n{\"a\": 1}\n``\ntext");
	stays("```json\n{\"a\": 1}\n");
	stays("```json\n{\"a\": \"never closed");
	stays("```json5\n{\"a\": 1}\n```\ntext");
	stays("```js\n{\"a\": 1}\n```\ntext");
	stays("```json");
	stays("``");
	stays("```JSON\n{}\n```\ntext");
	stays("```json\n{]\n```\ntext");
}

TEST(a_block_that_turns_out_to_be_text_still_is_a_fence)
{
	stays("```json\n[\n`[A working...]`\n]\n```\n");
	splits("```json\n[]\n```\n`[A working...]`\nx", "```json\n[]\n```\nx", "[A working...]", "");
}

TEST(an_endless_block_is_given_out_and_costs_no_more_than_its_bound)
{
	size_t n = 3 * SPLIT_METADATA_MAX;
	char *s = malloc(n + 1);
	struct out o = { 0 };
	struct split sp;
	size_t most = 0;

	memset(s, 'x', n);
	memcpy(s, "```json\n{\"a\": \"", 15);
	s[n] = '\0';
	split_init(&sp, false);
	for (size_t at = 0; at < n; at += 100) {
		split_feed(&sp, s + at, n - at < 100 ? n - at : 100, &events, &o);
		if (sp.held.cap > most)
			most = sp.held.cap;
	}
	split_end(&sp, &events, &o);
	check_int(sp.held.cap, 0);
	split_fini(&sp);
	check_mem(buf_cstr(&o.text), o.text.len, s, n);
	check(most <= 2 * SPLIT_METADATA_MAX + 1);
	out_fini(&o);
	memset(s, ' ', n);
	split_cut(s, n, 100, 100, &o);
	check_mem(buf_cstr(&o.text), o.text.len, s, n);
	out_fini(&o);
	free(s);
}

TEST(plain_text_is_passed_on_at_once)
{
	struct out o = { 0 };
	struct split sp;

	split_init(&sp, false);
	split_feed(&sp, "Hel", 3, &events, &o);
	check_str(buf_cstr(&o.text), "Hel");
	split_feed(&sp, "lo\n", 3, &events, &o);
	check_str(buf_cstr(&o.text), "Hello\n");
	split_feed(&sp, "`", 1, &events, &o);
	check_str(buf_cstr(&o.text), "Hello\n");
	split_feed(&sp, "x", 1, &events, &o);
	check_str(buf_cstr(&o.text), "Hello\n`x");
	split_fini(&sp);
	out_fini(&o);
}

TEST(switched_off_it_passes_everything)
{
	struct out o = { 0 };
	struct split sp;
	const char *s = "\n`[A working...]`\n```json\n{}\n```\nx";

	split_init(&sp, true);
	split_feed(&sp, s, strlen(s), &events, &o);
	split_end(&sp, &events, &o);
	check_str(buf_cstr(&o.text), s);
	check_int(o.status.len + o.metadata.len, 0);
	split_fini(&sp);
	out_fini(&o);
}

/* Any text of the alphabet of marks comes out the same in every cut. */
TEST(many_small_texts_say_the_same_in_every_cut)
{
	static const char *const words[] = { "`", "``", "```", "[", "A working...]", "`[A working...]`", "\n", " ", "json", "{", "}", "x", "~~~",
		"```json\n{}\n```" };
	unsigned seed = 12345;

	for (int round = 0; round < 4000; round++) {
		struct out whole = { 0 }, cut = { 0 };
		char s[256] = "";

		for (int i = 0; i < 9; i++) {
			seed = seed * 1103515245 + 12345;
			strncat(s, words[(seed >> 16) % (sizeof(words) / sizeof(words[0]))], sizeof(s) - strlen(s) - 1);
		}
		split_cut(s, strlen(s), strlen(s), strlen(s), &whole);
		for (size_t step = 1; step <= 3; step++) {
			split_cut(s, strlen(s), step, step, &cut);
			check_msg(matches(&cut, buf_cstr(&whole.text), buf_cstr(&whole.status), buf_cstr(&whole.metadata), "in steps of", step),
				"text '%s'", s);
		}
		out_fini(&whole);
	}
}

TEST_MAIN()
