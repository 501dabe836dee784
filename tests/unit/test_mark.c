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
	check_str(drawn("A [1]. B[1, 2]. C[9]", &l), "A [1]. B[1][2?]. C~~[9]~~");
	check(!marks_all_hold(&l));
	/* a text that was changed since keeps its bytes */
	check_str(drawn("short", &l), "short");
	check_str(drawn("no brackets in this text at all", &l), "no brackets in this text at all");
	marks_fini(&l);
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
