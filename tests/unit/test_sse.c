/* Server-sent events: every framing rule, each fed whole, byte by byte and cut at every place. */
#include <errno.h>

#include "common/buf.h"
#include "daemon/upstream/sse.h"
#include "tests/unit/test.h"

struct log {
	struct buf text;
	int stop_after, events;
};

/* "name|data;" */
static int on_event(void *ctx, const char *name, size_t name_len, const char *data, size_t n)
{
	struct log *l = ctx;

	buf_add(&l->text, name, name_len);
	buf_add(&l->text, "|", 1);
	buf_add(&l->text, data, n);
	buf_add(&l->text, ";", 1);
	return ++l->events == l->stop_after ? 7 : 0;
}

/* The events of s cut at `a` and `b`. */
static int feed_cut(const char *s, size_t n, size_t a, size_t b, size_t max, bool end, struct log *l)
{
	size_t cuts[] = { 0, a, b, n };
	struct sse sse;
	int r = 0;

	sse_init(&sse, max);
	for (int i = 0; i < 3 && r == 0; i++)
		r = sse_feed(&sse, s + cuts[i], cuts[i + 1] - cuts[i], on_event, l);
	if (r == 0 && end)
		r = sse_end(&sse, on_event, l);
	sse_fini(&sse);
	return r;
}

static int feed_bytes(const char *s, size_t n, size_t max, bool end, struct log *l)
{
	struct sse sse;
	int r = 0;

	sse_init(&sse, max);
	for (size_t i = 0; i < n && r == 0; i++)
		r = sse_feed(&sse, s + i, 1, on_event, l);
	if (r == 0 && end)
		r = sse_end(&sse, on_event, l);
	sse_fini(&sse);
	return r;
}

static bool same(struct log *l, int r, const char *want, size_t want_n, int want_r, const char *how)
{
	bool ok = r == want_r && l->text.len == want_n && !memcmp(buf_cstr(&l->text), want, want_n);

	if (!ok)
		printf("# %s: %d '%s', wanted %d '%s'\n", how, r, buf_cstr(&l->text), want_r, want);
	buf_fini(&l->text);
	return ok;
}

static bool gives_n(const char *s, size_t n, const char *want, size_t want_n, bool end)
{
	struct log l = { 0 };
	int r = feed_bytes(s, n, 1 << 20, end, &l);

	if (!same(&l, r, want, want_n, 0, "byte by byte"))
		return false;
	for (size_t a = 0; a <= n; a++) {
		for (size_t b = a; b <= n; b += n < 80 ? 1 : 7) {
			l = (struct log){ 0 };
			r = feed_cut(s, n, a, b, 1 << 20, end, &l);
			if (!same(&l, r, want, want_n, 0, "cut"))
				return false;
		}
	}
	return true;
}

#define gives(s, want) check(gives_n(s, sizeof(s) - 1, want, sizeof(want) - 1, false))
#define gives_at_end(s, want) check(gives_n(s, sizeof(s) - 1, want, sizeof(want) - 1, true))

TEST(one_space_after_the_colon_is_optional_and_only_one_goes)
{
	gives("data: a\n\n", "|a;");
	gives("data:a\n\n", "|a;");
	gives("data:  a \n\n", "| a ;");
	gives("data:\ta\n\n", "|\ta;");
}

TEST(comments_may_come_anywhere_and_dispatch_nothing)
{
	gives(": OPENROUTER PROCESSING\n\ndata: a\n\n", "|a;");
	gives(":\n\n:\n\n", "");
	gives("data: a\n: ping - 2026-01-02\ndata: b\n\n", "|a\nb;");
	gives(": ping -\r\n\r\ndata: [DONE]\r\n\r\n: ping\r\n\r\n", "|[DONE];");
}

TEST(lines_end_with_lf_crlf_or_cr)
{
	gives("data: a\n\ndata: b\n\n", "|a;|b;");
	gives("data: a\r\n\r\ndata: b\r\n\r\n", "|a;|b;");
	gives("data: a\r\rdata: b\r\r", "|a;|b;");
	gives("data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", "|a;|b;|c;");
	gives("data: a\r\ndata: b\r\n\r\n", "|a\nb;");
	gives("data: a\rdata: b\ndata: c\r\n\r", "|a\nb\nc;");
}

TEST(nothing_else_ends_a_line)
{
	gives("data: a\xE2\x80\xA8"
	      "b\xE2\x80\xA9"
	      "c\xC2\x85"
	      "d\x0B"
	      "e\x0C"
	      "f\x1C\x1D\x1E"
	      "g\0h\n\n",
		"|a\xE2\x80\xA8"
		"b\xE2\x80\xA9"
		"c\xC2\x85"
		"d\x0B"
		"e\x0C"
		"f\x1C\x1D\x1E"
		"g\0h;");
}

TEST(a_byte_order_mark_is_stripped_once_at_the_start)
{
	gives("\xEF\xBB\xBF"
	      "data: a\n\n\xEF\xBB\xBF"
	      "data: b\n\ndata: \xEF\xBB\xBF\n\n",
		"|a;|\xEF\xBB\xBF;");
	gives("\xEF\xBB\xBF: hi\n\ndata: a\n\n", "|a;");
	gives("\xEF\xBB\xBF\n\ndata: a\n\n", "|a;");
}

TEST(data_of_several_lines_is_joined)
{
	gives("data: {\ndata:  \"a\": 1\ndata: }\n\n", "|{\n \"a\": 1\n};");
	gives("data:\ndata:\n\n", "|\n;");
	gives("data\n\n", "|;");
	gives("data:\n\n", "|;");
	gives("data\ndata: a\n\n", "|\na;");
}

TEST(fields_in_any_order_and_unknown_ones_are_passed_over)
{
	gives("data: a\nid: 7\nevent: x\nretry: 10\n\n", "x|a;");
	gives("event: x\ndata: a\n\ndata: b\n\n", "x|a;|b;");
	gives("event: x\nevent: y\ndata: a\n\n", "y|a;");
	gives("foo: bar\nevent\ndatax: no\nDATA: no\n data: no\ndata: a\n\n", "|a;");
	gives("id: 1\0\ndata: a\n\n", "|a;");
}

TEST(without_data_nothing_is_dispatched)
{
	gives("id: 7\n\nretry: 10\n\nevent: ping\n\n\n\n", "");
	gives("event: ping\n\ndata: a\n\n", "|a;");
}

TEST(a_long_name_is_cut_and_harms_nobody)
{
	char s[400] = "event: ", want[200] = "";

	memset(s + 7, 'n', 100);
	strncat(s, "\ndata: a\n\n", sizeof(s) - strlen(s) - 1);
	memset(want, 'n', 64);
	strncat(want, "|a;", sizeof(want) - strlen(want) - 1);
	check(gives_n(s, strlen(s), want, strlen(want), false));
}

TEST(what_is_unfinished_waits_for_the_end)
{
	gives("data: a\n\ndata: b\n", "|a;");
	gives("data: a\n\ndata: b", "|a;");
	gives_at_end("data: a\n\ndata: b\n", "|a;|b;");
	gives_at_end("data: a\n\ndata: b", "|a;|b;");
	gives_at_end("data: a\ndata: b", "|a\nb;");
	gives_at_end("data: a\r", "|a;");
	gives_at_end("data: a\n\nid: 7", "|a;");
	gives_at_end("event: x", "");
	gives_at_end("", "");
}

TEST(an_event_past_the_bound_is_refused_the_same_in_every_cut)
{
	/* The line of 18 bytes is one too long; so is the join of 17 bytes of data. */
	static const char *const streams[] = { "data: 1\n\ndata: 0123456789AB\n\n", "data: 1\n\ndata: 01234567\ndata: 01234567\n\n",
		"data: 1\n\n: a comment that is too long\n\n" };

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(streams[i]);

		for (size_t a = 0; a <= n; a++) {
			struct log l = { 0 };
			int r = feed_cut(streams[i], n, a, n, i == 1 ? 16 : 17, false, &l);

			check_msg(same(&l, r, "|1;", 3, -ENOBUFS, "past the bound"), "stream %zu cut at %zu", i, a);
		}
		struct log l = { 0 };
		int r = feed_bytes(streams[i], n, i == 1 ? 16 : 17, false, &l);

		check(same(&l, r, "|1;", 3, -ENOBUFS, "byte by byte"));
	}
	struct log l = { 0 };
	int r = feed_bytes("data: 0123456789A\n\n", 19, 17, false, &l);

	check(same(&l, r, "|0123456789A;", 13, 0, "right at the bound"));
}

TEST(the_callback_stops_the_feed)
{
	struct log l = { .stop_after = 2 };
	int r = feed_cut("data: a\n\ndata: b\n\ndata: c\n\n", 27, 27, 27, 1000, true, &l);

	check(same(&l, r, "|a;|b;", 6, 7, "stopped"));
}

TEST(a_large_event_gives_its_memory_back)
{
	size_t n = 3 << 20;
	char *s = malloc(n + 64);
	struct log l = { 0 };
	struct sse sse;

	memset(s, 'x', n);
	memcpy(s, "data: ", 6);
	memcpy(s + n, "\n\n", 2);
	sse_init(&sse, 16 << 20);
	for (size_t at = 0; at < n + 2; at += 4096)
		check_int(sse_feed(&sse, s + at, n + 2 - at < 4096 ? n + 2 - at : 4096, on_event, &l), 0);
	check_int(l.text.len, n - 6 + 2);
	check_int(sse.line.cap, 0);
	check_int(sse.data.cap, 0);
	sse_fini(&sse);
	buf_fini(&l.text);
	free(s);
}

TEST(streams_of_carriage_returns_alone_are_not_scanned_over_and_over)
{
	size_t n = 400000;
	char *s = malloc(n);
	struct log l = { 0 };
	struct sse sse;

	for (size_t i = 0; i < n; i += 8)
		memcpy(s + i, "data: a\r", 8);
	sse_init(&sse, 16 << 20);
	check_int(sse_feed(&sse, s, n, on_event, &l), 0);
	check_int(sse_end(&sse, on_event, &l), 0);
	check_int(l.events, 1);
	check_int(l.text.len, n / 8 * 2 - 1 + 2);
	sse_fini(&sse);
	buf_fini(&l.text);
	free(s);
}

TEST_MAIN()
