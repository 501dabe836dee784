/*
 * The splitter is a small machine over the bytes at the start of the answer and at the start of
 * lines; everything between is passed on in one span per call.
 *
 *	HEAD    nothing of the answer was given out yet; white space is held (or dropped)
 *	TICK    one backtick: a status line or a block may begin here
 *	STATUS  "`[" and on
 *	BLOCK   "``" and on, at the head only
 *	TEXT    given out; fences are tracked line by line
 */
#include "common/split.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"

enum { HEAD, TICK, STATUS, BLOCK, TEXT };
enum { PART_LITERAL, PART_OPEN, PART_BODY, PART_CLOSE, PART_AFTER }; /* of a block */
enum { LINE_INDENT, LINE_RUN, LINE_REST, LINE_PLAIN };               /* of a line given out */

static const char fence_json[] = "```json";
static const char status_tail[] = " working...]`";

void split_init(struct split *s, bool off)
{
	*s = (struct split){ .off = off, .bol = true };
}

void split_fini(struct split *s)
{
	buf_fini(&s->held);
	buf_fini(&s->block);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* One byte of a line that may still open or close a fence (CommonMark 4.5). */
static void line_byte(struct split *s, char c)
{
	switch (s->line) {
	case LINE_INDENT:
		if (c == ' ' && s->indent < 3) {
			s->indent++;
		} else if (c == '`' || c == '~') {
			s->line = LINE_RUN;
			s->run_char = c;
			s->run_len = 1;
		} else {
			s->line = LINE_PLAIN;
		}
		return;
	case LINE_RUN:
		if (c == s->run_char) {
			s->run_len++;
			return;
		}
		if (s->run_len < 3) {
			s->line = LINE_PLAIN;
			return;
		}
		s->line = LINE_REST;
		/* fall through */
	case LINE_REST:
		if (s->in_fence ? !is_space(c) : s->run_char == '`' && c == '`')
			s->line = LINE_PLAIN;
		return;
	default:
		return;
	}
}

static void line_done(struct split *s)
{
	bool whole = s->line == LINE_REST || (s->line == LINE_RUN && s->run_len >= 3);

	if (whole && !s->in_fence) {
		s->in_fence = true;
		s->fence_char = s->run_char;
		s->fence_len = s->run_len;
	} else if (whole && s->run_char == s->fence_char && s->run_len >= s->fence_len) {
		s->in_fence = false;
	}
	s->line = LINE_INDENT;
	s->indent = 0;
	s->bol = true;
}

/* Notes what p..end means for fences, up to the end of its first line. Returns where it stopped. */
static const char *line_pass(struct split *s, const char *p, const char *end)
{
	s->bol = false;
	while (p < end && s->line != LINE_PLAIN && *p != '\n')
		line_byte(s, *p++);
	if (p < end && *p != '\n') {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return end;
	}
	if (p < end) {
		line_done(s);
		p++;
	}
	return p;
}

static void give(const struct split_events *ev, void *ctx, const char *p, size_t n)
{
	if (n)
		ev->on_text(ctx, p, n);
}

/* The answer begins: what was taken off before it is final now. */
static void begin(struct split *s, const struct split_events *ev, void *ctx)
{
	s->began = true;
	if (!s->block.len)
		return;
	ev->on_metadata(ctx, (const char *)s->block.data + s->object, s->object_n);
	buf_fini(&s->block);
}

/* What was held is text after all. */
static void release(struct split *s, const struct split_events *ev, void *ctx)
{
	const char *p = buf_cstr(&s->held), *end = p + s->held.len;

	if (!s->began)
		begin(s, ev, ctx);
	s->state = TEXT;
	give(ev, ctx, p, s->held.len);
	while (p < end)
		p = line_pass(s, p, end);
	buf_fini(&s->held);
	s->lead = 0;
}

static void status_done(struct split *s, const struct split_events *ev, void *ctx)
{
	const char *p = (const char *)s->held.data + s->lead + 2;
	const char *tail = memchr(p, '`', s->held.len - s->lead - 2);

	ev->on_status(ctx, p, (size_t)(tail - p) - 1);
	buf_fini(&s->held);
	s->lead = 0;
	s->stripped = s->stripped || !s->began;
	s->state = s->began ? TEXT : HEAD;
	s->bol = true;
	s->line = LINE_INDENT;
	s->indent = 0;
}

enum verdict { MORE, DONE, NOT };

/* One more byte c of what began with "`[". DONE: it is a status line and c its newline. */
static enum verdict status_byte(struct split *s, char c)
{
	const char *p = (const char *)s->held.data + s->lead;
	size_t n = s->held.len - s->lead, tail = sizeof(status_tail) - 1;
	bool closed = n > 2 && (p[n - 1] == '`' || p[n - 1] == '\r');

	if (closed)
		return c == '\n' ? DONE : c == '\r' && p[n - 1] == '`' ? MORE : NOT;
	if (c == '\n' || c == '\r' || (n >= SPLIT_STATUS_MAX && !is_continuation(c)))
		return NOT;
	if (c != '`')
		return MORE;
	/* "`[" X " working...]": X is not empty. */
	return n > 2 + tail - 1 && !memcmp(p + n - (tail - 1), status_tail, tail - 1) ? MORE : NOT;
}

static enum verdict block_json_byte(struct split *s, char c)
{
	/* A raw newline and a fence end the block, whatever the JSON thinks: it is none. */
	if (c == '`' && (s->after_newline || s->ticks)) {
		s->ticks++;
		s->after_newline = false;
		return s->ticks < 3 ? MORE : NOT;
	}
	s->ticks = 0;
	s->after_newline = c == '\n';
	if (s->in_string) {
		if (s->escape)
			s->escape = false;
		else if (c == '\\')
			s->escape = true;
		else if (c == '"')
			s->in_string = false;
		return MORE;
	}
	if (c == '"') {
		s->in_string = true;
	} else if (c == '{' || c == '[') {
		s->depth++;
	} else if ((c == '}' || c == ']') && --s->depth == 0) {
		s->part = PART_CLOSE;
		s->object_n = (uint32_t)s->held.len + 1 - s->object;
	}
	return MORE;
}

static bool block_is_object(const struct split *s)
{
	struct json j;

	json_init(&j, (const char *)s->held.data + s->object, s->object_n, 64);
	return json_skip(&j) && json_end(&j) == 0;
}

/* One more byte of what began with "``" at the head. DONE: the block is whole and c comes after it.
 */
static enum verdict block_byte(struct split *s, char c)
{
	size_t n = s->held.len - s->lead;

	if (n >= SPLIT_METADATA_MAX && !is_continuation(c))
		return NOT;
	switch (s->part) {
	case PART_LITERAL:
		if (c != fence_json[n])
			return NOT;
		if (n + 2 == sizeof(fence_json))
			s->part = PART_OPEN;
		return MORE;
	case PART_OPEN:
		if (is_space(c))
			return MORE;
		if (c != '{')
			return NOT;
		s->part = PART_BODY;
		s->object = (uint32_t)s->held.len;
		s->depth = 1;
		return MORE;
	case PART_BODY:
		return block_json_byte(s, c);
	case PART_CLOSE:
		if (is_space(c) && !s->ticks)
			return MORE;
		if (c != '`')
			return NOT;
		if (++s->ticks == 3)
			s->part = PART_AFTER;
		return MORE;
	default:
		return c != '`' && block_is_object(s) ? DONE : NOT;
	}
}

/* The block waits, white space and all, until something follows that it leads. */
static void block_done(struct split *s)
{
	s->block = s->held;
	s->held = (struct buf){ 0 };
	s->lead = 0;
	s->had_block = true;
	s->state = HEAD;
	s->bol = false;
}

/* White space before the answer: held in case nothing will be stripped, else gone. */
static int head_space(struct split *s, char c, const struct split_events *ev, void *ctx)
{
	int r = 0;

	s->bol = c == '\n';
	if (s->block.len && s->block.len < 2 * SPLIT_METADATA_MAX)
		return buf_add_byte(&s->block, (uint8_t)c);
	if (s->stripped || s->block.len)
		return 0;
	r = buf_add_byte(&s->held, (uint8_t)c);
	s->lead = (uint32_t)s->held.len;
	if (r == 0 && s->lead >= SPLIT_METADATA_MAX)
		release(s, ev, ctx);
	return r;
}

static int hold(struct split *s, char c, uint8_t state)
{
	s->state = state;
	return buf_add_byte(&s->held, (uint8_t)c);
}

static int head_byte(struct split *s, char c, bool *used, const struct split_events *ev, void *ctx)
{
	*used = true;
	if (is_space(c))
		return head_space(s, c, ev, ctx);
	if (c == '`' && (s->bol || !s->had_block))
		return hold(s, c, TICK);
	*used = false;
	if (s->stripped || s->had_block) {
		s->line = LINE_INDENT;
		s->indent = 0;
	}
	release(s, ev, ctx);
	return 0;
}

/* One byte in a state that is not TEXT. `used` false: the state has changed and c is to be looked
 * at again. */
static int held_byte(struct split *s, char c, bool *used, const struct split_events *ev, void *ctx)
{
	enum verdict v = NOT;

	if (s->state == HEAD)
		return head_byte(s, c, used, ev, ctx);
	if (s->state == TICK) {
		*used = true;
		if (c == '[' && s->bol)
			return hold(s, c, STATUS);
		s->part = PART_LITERAL;
		s->ticks = 0;
		s->in_string = s->escape = s->after_newline = false;
		if (c == '`' && !s->began && !s->had_block)
			return hold(s, c, BLOCK);
	} else {
		v = s->state == STATUS ? status_byte(s, c) : block_byte(s, c);
	}
	*used = v != NOT && !(v == DONE && s->state == BLOCK);
	if (v == MORE)
		return buf_add_byte(&s->held, (uint8_t)c);
	if (v == NOT)
		release(s, ev, ctx);
	else if (s->state == STATUS)
		status_done(s, ev, ctx);
	else
		block_done(s);
	return 0;
}

int split_feed(struct split *s, const char *p, size_t n, const struct split_events *ev, void *ctx)
{
	const char *end = p + n, *from = p;
	int r = 0;

	if (s->off) {
		give(ev, ctx, p, n);
		return 0;
	}
	while (r == 0 && p < end) {
		bool used = true;

		if (s->state != TEXT) {
			r = held_byte(s, *p, &used, ev, ctx);
			p += used;
			from = p;
		} else if (s->bol && !s->in_fence && *p == '`') {
			give(ev, ctx, from, (size_t)(p - from));
			r = hold(s, *p++, TICK);
			from = p;
		} else {
			p = line_pass(s, p, end);
		}
	}
	if (r == 0)
		give(ev, ctx, from, (size_t)(p - from));
	return r;
}

static bool is_whole_status(const struct split *s)
{
	size_t n = s->held.len;

	return s->state == STATUS && n > s->lead + 2 &&
	       (s->held.data[n - 1] == '`' || s->held.data[n - 1] == '\r');
}

int split_end(struct split *s, const struct split_events *ev, void *ctx)
{
	if (is_whole_status(s))
		status_done(s, ev, ctx);
	if (s->state == HEAD && s->block.len) {
		give(ev, ctx, (const char *)s->block.data, s->block.len);
		buf_fini(&s->block);
		s->began = true;
	}
	if (s->held.len)
		release(s, ev, ctx);
	return 0;
}
