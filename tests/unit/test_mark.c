/* Verdicts on markers: drawn into text, kept as JSON; and a terminal that never sees half a marker. */
#include <stdio.h>

#include "client/hold.h"
#include "common/mark.h"
#include "tests/unit/test.h"

static const char *drawn(const char *text, const struct marks *l)
{
	static char out[512];
	struct buf b;

	buf_init(&b, 0);
	marks_draw(l, text, strlen(text), &b);
	snprintf(out, sizeof(out), "%s", buf_cstr(&b));
	buf_fini(&b);
	return out;
}

TEST(what_does_not_hold_is_drawn)
{
	struct marks l = { .n = 0 };

	marks_add(&l, (struct mark){ .n = 1, .off = 2, .len = 3, .verdict = MARK_OK, .support = 1 });
	check_str(drawn("A [1].", &l), "A [1].");
	check(marks_all_hold(&l));
	marks_add(&l, (struct mark){ .n = 1, .off = 8, .len = 6, .verdict = MARK_OK, .support = 1 });
	marks_add(&l, (struct mark){ .n = 2, .off = 8, .len = 6, .verdict = MARK_WEAK, .support = .1 });
	marks_add(&l, (struct mark){ .n = 9, .off = 17, .len = 3, .verdict = MARK_UNKNOWN, .support = -1 });
	check_str(drawn("A [1]. B[1, 2]. C[9]", &l), "A [1]. B[1][2?]. C[~~9~~]");
	check(!marks_all_hold(&l));
	/* a text that was changed since keeps its bytes */
	check_str(drawn("short", &l), "short");
	check_str(drawn("no brackets in this text at all", &l), "no brackets in this text at all");
	marks_fini(&l);
}

TEST(what_is_glued_to_a_number_is_not_struck_with_it)
{
	static const char text[] = "Bar[9]. Bar [8][9] and [1, 9] \xe6\x97\xa5[9]\xe3\x81\xa7 [9], [9]";
	static const struct mark marks[] = { { 9, 3, 3, MARK_UNKNOWN, -1 }, { 8, 12, 3, MARK_UNKNOWN, -1 },
		{ 9, 15, 3, MARK_UNKNOWN, -1 }, { 1, 23, 6, MARK_OK, 1 }, { 9, 23, 6, MARK_UNKNOWN, -1 },
		{ 9, 33, 3, MARK_UNKNOWN, -1 }, { 9, 40, 3, MARK_UNKNOWN, -1 }, { 9, 45, 3, MARK_UNKNOWN, -1 } };
	struct marks l = { .n = 0 };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		marks_add(&l, marks[i]);
	check_str(drawn(text, &l),
		"Bar[~~9~~]. Bar [~~8~~][~~9~~] and [1][~~9~~] \xe6\x97\xa5[~~9~~]\xe3\x81\xa7 ~~[9]~~, ~~[9]~~");
	marks_fini(&l);
}

static const char *strangers(const char *json)
{
	static char out[512];
	struct marks l = { .n = 0 };
	struct buf b;

	marks_read(&l, json, strlen(json));
	buf_init(&b, 0);
	marks_strangers(&l, &b);
	snprintf(out, sizeof(out), "%s", b.len ? buf_cstr(&b) : "");
	buf_fini(&b);
	marks_fini(&l);
	return out;
}

#define M(n, off, verdict) "{\"n\":" n ",\"off\":" off ",\"len\":3,\"verdict\":\"" verdict "\"}"

TEST(numbers_without_a_source_are_told_once_and_in_one_line)
{
	check_str(strangers("[" M("1", "1", "ok") "," M("2", "4", "weak") "]"), "");
	check_str(strangers("[" M("7", "1", "unknown") "," M("7", "9", "unknown") "]"), "[7] names no source\n");
	check_str(strangers("[" M("7", "1", "unknown") "," M("9", "9", "unknown") "]"), "[7], [9] name no source\n");
	check_str(strangers("[" M("1", "1", "unknown") "," M("2", "1", "unknown") "," M("3", "1", "unknown") "," M(
			  "4", "1", "unknown") "," M("5", "1", "unknown") "," M("6", "1", "unknown") "," M(
			  "7", "1", "unknown") "," M("8", "1", "unknown") "," M("9", "1", "unknown") "," M("10", "1", "unknown") "]"),
		"[1], [2], [3], [4], [5], [6], [7], [8] and 2 more name no source\n");
}

TEST(verdicts_survive_as_json)
{
	static const char text[] = "[{\"n\":1,\"off\":2,\"len\":3,\"verdict\":\"ok\",\"support\":0.5},"
				   "{\"n\":9,\"off\":9,\"len\":3,\"verdict\":\"unknown\"}]";
	struct marks l = { .n = 0 };
	struct buf b;

	marks_read(&l, text, strlen(text));
	check_int(l.n, 2);
	check(l.v[1].support < 0);
	buf_init(&b, 0);
	marks_write(&l, &b);
	check_str(buf_cstr(&b), text);
	buf_fini(&b);
	marks_fini(&l);
	marks_read(&l, "[{\"n\":1,\"off\":-2,\"len\":3,\"verdict\":\"ok\"},7,{\"verdict\":\"odd\"},[", 56);
	check_int(l.n, 0);
	marks_fini(&l);
}

/* What is out after each byte, "|" between. */
static const char *pieces(const char *text)
{
	static char out[256];
	struct hold h = { .n = 0 };
	size_t n = 0;

	for (; *text; text++) {
		struct buf b;

		buf_init(&b, 0);
		hold_feed(&h, text, 1, &b);
		if (b.len)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%s|", buf_cstr(&b));
		buf_fini(&b);
	}
	snprintf(out + n, sizeof(out) - n, "%.*s", (int)h.n, h.held);
	return out;
}

TEST(half_a_marker_is_never_seen)
{
	check_str(pieces("a[1]b"), "a|[1]|b|");
	check_str(pieces("x[12"), "x|[12");
	check_str(pieces("[abcdefghi"), "[abcdefg|h|i|");
	check_str(pieces("[[2]"), "[|[2]|");
	check_str(pieces("\xe3\x80\x90" "3\xe3\x80\x91."), "\xe3\x80\x90" "3\xe3\x80\x91|.|");
	check_str(pieces("\xe3\x81\x82"), "\xe3\x81|\x82|");
}

TEST_MAIN()
