/* The control-character filter: one code point in, at most one out. */
#include "client/filter.h"

#include <string.h>

#include "common/utf8.h"

#define REPLACEMENT 0xFFFDu
#define PICTURES 0x2400u /* U+2400 is the picture of NUL, U+241F that of US */
#define PICTURE_DEL 0x2421u
#define BLACK_FLAG 0x1F3F4u
#define FLAG_TAGS 7 /* "gbeng" and the like, and the tag that ends it */
#define ISOLATE_FIRST 0x2066u
#define ISOLATE_LAST 0x2068u
#define ISOLATE_POP 0x2069u
#define HELD_MAX 4096 /* an isolate that is longer is not waited for */

void filter_init(struct filter *f, enum filter_mode mode)
{
	*f = (struct filter){ .mode = mode };
}

void filter_fini(struct filter *f)
{
	buf_fini(&f->held);
}

/* Out of memory drops text; it never lets a control character through. */
static void put(struct filter *f, uint32_t cp, struct buf *out)
{
	char bytes[4];
	size_t n;

	if (f->mode == FILTER_ASCII && cp > 0x7E)
		cp = '?';
	n = utf8_encode(cp, bytes);
	(void)buf_add(f->depth ? &f->held : out, bytes, n);
}

static bool is_tag(uint32_t cp)
{
	return cp >= 0xE0000 && cp <= 0xE007F;
}

static bool is_forbidden(uint32_t cp)
{
	return (cp >= 0x202A && cp <= 0x202E) || (cp >= 0xFFF9 && cp <= 0xFFFB) || cp == 0xFEFF;
}

/*
 * The held stretch begins with an isolate that was not closed: it and its like become U+FFFD, which
 * is as long as they are; pairs inside stay. From the right, each closing mark takes the nearest
 * one.
 */
static void give_up_held(struct filter *f, struct buf *out)
{
	static const uint8_t replacement[3] = { 0xEF, 0xBF, 0xBD };
	size_t closers = 0;

	for (size_t i = f->held.len; i-- > 0;) {
		uint8_t *p = f->held.data + i;

		if (f->held.len - i < 3 || p[0] != 0xE2 || p[1] != 0x81 || p[2] < 0xA6 ||
			p[2] > 0xA9)
			continue;
		if (p[2] == 0xA9)
			closers++;
		else if (closers)
			closers--;
		else
			memcpy(p, replacement, sizeof(replacement));
	}
	(void)buf_add(out, f->held.data, f->held.len);
	buf_reset(&f->held);
	f->depth = 0;
}

static void put_isolate(struct filter *f, uint32_t cp, struct buf *out)
{
	if (cp == ISOLATE_POP && !f->depth) {
		put(f, REPLACEMENT, out);
		return;
	}
	if (cp != ISOLATE_POP)
		f->depth++;
	put(f, cp, out);
	if (cp == ISOLATE_POP && --f->depth == 0) {
		(void)buf_add(out, f->held.data, f->held.len);
		buf_reset(&f->held);
	}
}

static void put_newline(struct filter *f, struct buf *out)
{
	if (f->depth)
		give_up_held(f, out);
	put(f, '\n', out);
}

static void put_tag(struct filter *f, uint32_t cp, struct buf *out)
{
	bool passes = f->tags && cp >= 0xE0020;

	f->tags = passes && cp != 0xE007F ? f->tags - 1 : 0;
	put(f, passes ? cp : REPLACEMENT, out);
}

/* What only a terminal takes amiss. */
static void put_for_terminal(struct filter *f, uint32_t cp, struct buf *out)
{
	if (is_tag(cp)) {
		put_tag(f, cp, out);
		return;
	}
	f->tags = cp == BLACK_FLAG ? FLAG_TAGS : 0;
	if (cp == '\n' || cp == 0x2028 || cp == 0x2029)
		put_newline(f, out);
	else if (cp >= ISOLATE_FIRST && cp <= ISOLATE_POP)
		put_isolate(f, cp, out);
	else
		put(f, is_forbidden(cp) ? REPLACEMENT : cp, out);
	if (f->held.len > HELD_MAX)
		give_up_held(f, out);
}

static void put_visible(struct filter *f, uint32_t cp, struct buf *out)
{
	if (cp < 0x20 && cp != '\t' && cp != '\n')
		cp += PICTURES;
	else if (cp == 0x7F)
		cp = PICTURE_DEL;
	else if (cp >= 0x80 && cp < 0xA0)
		cp = REPLACEMENT;
	if (f->mode == FILTER_PIPE)
		put(f, cp, out);
	else
		put_for_terminal(f, cp, out);
}

static void take(struct filter *f, uint32_t cp, struct buf *out)
{
	if (f->cr) {
		f->cr = false;
		if (cp != '\n')
			put_visible(f, '\r', out);
		else if (f->mode == FILTER_PIPE)
			put(f, '\r', out);
	}
	if (cp == '\r')
		f->cr = true;
	else
		put_visible(f, cp, out);
}

/* Printable ASCII and newlines, which is most of a text, pass in one piece. */
static size_t plain_run(const struct filter *f, const char *s, size_t n)
{
	size_t i = 0;

	if (f->npart || f->cr || f->tags || f->depth)
		return 0;
	while (i < n &&
		(((uint8_t)s[i] >= 0x20 && (uint8_t)s[i] < 0x7F) || s[i] == '\n' || s[i] == '\t'))
		i++;
	return i;
}

/* One code point from the part that is held and s; the bytes of s that it took. */
static size_t take_one(struct filter *f, const char *s, size_t n, struct buf *out)
{
	char joined[4];
	uint32_t cp;
	size_t had = f->npart, more = n < 4 - had ? n : 4 - had;
	int used;

	memcpy(joined, f->part, had);
	memcpy(joined + had, s, more);
	used = utf8_decode(joined, had + more, &cp);
	if (used < 0 && (size_t)-used == had + more && more == n && had + more < 4) {
		/* Cut off at the end, or wrong only there: either way it waits for what comes. */
		memcpy(f->part, joined, had + more);
		f->npart = (uint8_t)(had + more);
		return n;
	}
	f->npart = 0;
	take(f, used < 0 ? REPLACEMENT : cp, out);
	used = used < 0 ? -used : used;
	return (size_t)used - had;
}

void filter_feed(struct filter *f, const char *s, size_t n, struct buf *out)
{
	if (f->mode == FILTER_NONE) {
		(void)buf_add(out, s, n);
		return;
	}
	for (size_t i = 0; i < n;) {
		size_t run = plain_run(f, s + i, n - i);

		(void)buf_add(out, s + i, run);
		i += run;
		if (i < n)
			i += take_one(f, s + i, n - i, out);
	}
}

void filter_end(struct filter *f, struct buf *out)
{
	if (f->npart) {
		f->npart = 0;
		take(f, REPLACEMENT, out);
	}
	if (f->cr) {
		f->cr = false;
		put_visible(f, '\r', out);
	}
	if (f->depth)
		give_up_held(f, out);
	f->tags = 0;
}

void filter_text(enum filter_mode mode, const char *s, size_t n, struct buf *out)
{
	struct filter f;

	filter_init(&f, mode);
	filter_feed(&f, s, n, out);
	filter_end(&f, out);
	filter_fini(&f);
}

void filter_close(struct buf *b, size_t from)
{
	size_t open = 0;

	for (size_t i = from; i + 2 < b->len; i++) {
		const uint8_t *p = b->data + i;

		if (p[0] != 0xE2 || p[1] != 0x81 || p[2] < 0xA6 || p[2] > 0xA9)
			continue;
		if (p[2] != 0xA9)
			open++;
		else if (open)
			open--;
	}
	for (; open; open--)
		(void)buf_add_str(b, "\xE2\x81\xA9");
}

void filter_line(enum filter_mode mode, const char *s, size_t n, size_t max, struct buf *out)
{
	struct buf line = { 0 };
	size_t len, from;

	filter_text(mode == FILTER_PIPE || mode == FILTER_NONE ? FILTER_TERMINAL : mode, s, n, &line);
	while (line.len && line.data[line.len - 1] == '\n')
		line.len--;
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == '\n' || line.data[i] == '\t')
			line.data[i] = ' ';
	len = line.len <= max ? line.len : utf8_floor((const char *)line.data, line.len, max);
	from = out->len;
	(void)buf_add(out, line.data, len);
	if (len < line.len) {
		filter_close(out, from);
		(void)buf_add_str(out, "...");
	}
	buf_fini(&line);
}
