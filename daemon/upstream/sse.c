/*
 * Server-sent events. An event that lies whole in one piece is given out as a view into it; only
 * what is cut by a piece's end is copied, and that memory goes back as soon as its event is out:
 * of thousands of streams nearly all hold nothing at any moment.
 */
#include "daemon/upstream/sse.h"

#include <errno.h>
#include <string.h>

/* One call of sse_feed: the event's only data line so far, not copied yet, and whom to tell. */
struct feed {
	struct sse *s;
	sse_event_fn fn;
	void *ctx;
	const char *view;
	size_t view_n;
};

void sse_init(struct sse *s, size_t max_event)
{
	*s = (struct sse){ .max_event = max_event };
}

void sse_fini(struct sse *s)
{
	buf_fini(&s->line);
	buf_fini(&s->data);
}

static int view_keep(struct feed *f)
{
	int r = 0;

	if (f->view)
		r = buf_add(&f->s->data, f->view, f->view_n);
	f->view = NULL;
	return r;
}

static int dispatch(struct feed *f)
{
	struct sse *s = f->s;
	const char *data = f->view ? f->view : (const char *)s->data.data;
	size_t n = f->view ? f->view_n : s->data.len;
	int r = 0;

	if (s->has_data)
		r = f->fn(f->ctx, s->name, s->name_len, data ? data : "", n);
	f->view = NULL;
	buf_fini(&s->data);
	s->has_data = false;
	s->name_len = 0;
	return r;
}

/* The second and later data lines are joined by newlines, so these are copied. */
static int take_data(struct feed *f, const char *p, size_t n)
{
	struct sse *s = f->s;
	int r;

	if (!s->has_data) {
		s->has_data = true;
		f->view = p;
		f->view_n = n;
		return 0;
	}
	r = view_keep(f);
	if (r == 0 && n >= s->max_event - min_of(s->data.len, s->max_event))
		r = -ENOBUFS;
	if (r == 0)
		r = buf_add_byte(&s->data, '\n');
	return r < 0 ? r : buf_add(&s->data, p, n);
}

static int take_field(struct feed *f, const char *p, size_t n)
{
	struct sse *s = f->s;
	const char *colon = memchr(p, ':', n);
	size_t name = colon ? (size_t)(colon - p) : n;
	size_t skip = colon ? name + 1 : n;

	if (skip < n && p[skip] == ' ')
		skip++;
	if (name == 4 && !memcmp(p, "data", 4))
		return take_data(f, p + skip, n - skip);
	if (name == 5 && !memcmp(p, "event", 5)) {
		/* A longer name is one nobody knows; its beginning says so just as well. */
		s->name_len = (uint8_t)min_of(n - skip, sizeof(s->name));
		memcpy(s->name, p + skip, s->name_len);
	}
	return 0; /* a comment (no name), id, retry, anything else */
}

static int take_line(struct feed *f, const char *p, size_t n)
{
	struct sse *s = f->s;

	if (n > s->max_event)
		return -ENOBUFS;
	if (!s->started) {
		s->started = true;
		if (n >= 3 && !memcmp(p, "\xEF\xBB\xBF", 3)) {
			p += 3;
			n -= 3;
		}
	}
	return n ? take_field(f, p, n) : dispatch(f);
}

/* A line whose beginning came earlier. Its view would end with the line buffer, so it is kept at
 * once. */
static int take_joined(struct feed *f, const char *p, size_t n)
{
	struct sse *s = f->s;
	int r;

	if (n > s->max_event - min_of(s->line.len, s->max_event))
		return -ENOBUFS;
	r = buf_add(&s->line, p, n);
	if (r == 0)
		r = take_line(f, (const char *)s->line.data, s->line.len);
	if (r == 0)
		r = view_keep(f);
	buf_fini(&s->line);
	return r;
}

static int keep_rest(struct sse *s, const char *p, size_t n)
{
	if (n > s->max_event - min_of(s->line.len, s->max_event))
		return -ENOBUFS;
	return buf_add(&s->line, p, n);
}

/* The next CR or LF. `lf` remembers the LF found ahead, so that CR-only streams are not scanned
 * over and over. */
static const char *line_end(const char *p, const char *end, const char **lf)
{
	const char *cr;

	if (!*lf || *lf < p) {
		*lf = memchr(p, '\n', (size_t)(end - p));
		if (!*lf)
			*lf = end;
	}
	cr = memchr(p, '\r', (size_t)(*lf - p));
	return cr ? cr : *lf;
}

int sse_feed(struct sse *s, const char *p, size_t n, sse_event_fn fn, void *ctx)
{
	struct feed f = { .s = s, .fn = fn, .ctx = ctx };
	const char *end = p + n, *lf = NULL;
	int r = 0;

	while (r == 0 && p < end) {
		const char *eol;

		if (s->skip_lf) {
			s->skip_lf = false;
			if (*p == '\n') {
				p++;
				continue;
			}
		}
		eol = line_end(p, end, &lf);
		if (eol == end) {
			r = keep_rest(s, p, (size_t)(end - p));
			break;
		}
		if (s->line.len)
			r = take_joined(&f, p, (size_t)(eol - p));
		else
			r = take_line(&f, p, (size_t)(eol - p));
		s->skip_lf = *eol == '\r';
		p = eol + 1;
	}
	return r ? r : view_keep(&f);
}

int sse_end(struct sse *s, sse_event_fn fn, void *ctx)
{
	struct feed f = { .s = s, .fn = fn, .ctx = ctx };
	int r = 0;

	if (s->line.len)
		r = take_joined(&f, NULL, 0);
	return r ? r : dispatch(&f);
}
