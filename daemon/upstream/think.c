/* Inline reasoning, as a matcher of two fixed tags. */
#include "daemon/upstream/think.h"

#include <string.h>

enum { PROBE, INSIDE, OFF };

static const char open_tag[] = "<think>";
static const char close_tag[] = "</think>";

void think_init(struct think *t, bool off)
{
	*t = (struct think){ .state = off ? OFF : PROBE };
}

bool think_off(const struct think *t)
{
	return t->state == OFF;
}

static void content_from_now(struct think *t, const struct think_events *ev, void *ctx)
{
	t->state = OFF;
	if (t->nheld)
		ev->on_content(ctx, t->held, t->nheld);
	t->nheld = 0;
}

/* Returns how many bytes it took. */
static size_t probe(
	struct think *t, const char *p, size_t n, const struct think_events *ev, void *ctx)
{
	for (size_t i = 0; i < n; i++) {
		bool space = p[i] == ' ' || (p[i] >= '\t' && p[i] <= '\r');
		bool fits = t->matched || !space ? p[i] == open_tag[t->matched] : true;

		if (!fits || t->nheld == sizeof(t->held)) {
			content_from_now(t, ev, ctx);
			return i;
		}
		t->held[t->nheld++] = p[i];
		t->matched += t->matched || !space;
		if (t->matched == sizeof(open_tag) - 1) {
			*t = (struct think){ .state = INSIDE, .found = true };
			return i + 1;
		}
	}
	return n;
}

/* A part of the closing tag that led nowhere is reasoning. */
static void give_up_tag(struct think *t, const struct think_events *ev, void *ctx)
{
	if (t->matched)
		ev->on_reasoning(ctx, close_tag, t->matched);
	t->matched = 0;
}

static size_t inside(
	struct think *t, const char *p, size_t n, const struct think_events *ev, void *ctx)
{
	const char *lt;

	if (t->matched) {
		if (*p != close_tag[t->matched]) {
			give_up_tag(t, ev, ctx);
			return 0;
		}
		if (++t->matched == sizeof(close_tag) - 1)
			t->state = OFF;
		return 1;
	}
	lt = memchr(p, '<', n);
	if (lt != p)
		ev->on_reasoning(ctx, p, lt ? (size_t)(lt - p) : n);
	t->matched = lt ? 1 : 0;
	return lt ? (size_t)(lt - p) + 1 : n;
}

void think_feed(struct think *t, const char *p, size_t n, const struct think_events *ev, void *ctx)
{
	while (n && t->state != OFF) {
		size_t used =
			t->state == PROBE ? probe(t, p, n, ev, ctx) : inside(t, p, n, ev, ctx);

		p += used;
		n -= used;
	}
	if (n)
		ev->on_content(ctx, p, n);
}

void think_end(struct think *t, const struct think_events *ev, void *ctx)
{
	if (t->state == PROBE)
		content_from_now(t, ev, ctx);
	else if (t->state == INSIDE)
		give_up_tag(t, ev, ctx);
	t->state = OFF;
}
