/* The answer's text on its way out: decoded, joined, counted, thinking and status lines taken
 * apart. */
#include "daemon/upstream/dialect_in.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/errors.h"

#define SUSPECT_MAX 2000
#define PARTS_DEPTH 4 /* lists of parts within parts */

/* Counts n bytes of text against the bound; what is past it is cut. */
static size_t allowed(struct dialect *d, const char *s, size_t n)
{
	size_t room = d->max_answer - d->given;

	if (n > room) {
		n = utf8_floor(s, n, room);
		d->given = d->max_answer;
		dialect_fail(d, UPSTREAM_E_TOO_LARGE,
			mem_printf(
				"the answer is longer than %zu bytes (max_answer)", d->max_answer));
		return n;
	}
	d->given += n;
	return n;
}

static void on_split_text(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	n = allowed(d, s, n);
	d->text_given += n;
	if (n && !d->mute && d->ev->on_delta)
		d->ev->on_delta(d->ctx, s, n);
}

static void on_split_status(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	if (!d->mute && d->ev->on_status)
		d->ev->on_status(d->ctx, s, n);
}

static void on_split_metadata(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	if (!d->mute && d->ev->on_metadata)
		d->ev->on_metadata(d->ctx, s, n);
}

static const struct split_events split_events = { on_split_text, on_split_status,
	on_split_metadata };

static void on_reasoning(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	n = allowed(d, s, n);
	if (n && !d->mute && d->ev->on_reasoning)
		d->ev->on_reasoning(d->ctx, s, n);
}

static void on_content(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	/* The tag was taken off the front, so the white space after it goes too. */
	if (d->think.found && !d->split.began)
		d->split.stripped = true;
	if (split_feed(&d->split, s, n, &split_events, d) < 0)
		dialect_fail(d, UPSTREAM_E_TOO_LARGE, mem_dup("no memory for the answer"));
}

static const struct think_events think_events = { on_reasoning, on_content };

/* The seed backend tells a failure as its last piece of text: "\n[Error: ...]", and then ends well.
 */
static void watch_suspect(struct dialect *d, const char *s, size_t n)
{
	static const char opening[] = "\n[Error: ";
	size_t len = sizeof(opening) - 1;

	if (d->suspect)
		d->suspect = mem_free(d->suspect);
	if (n > len && s[n - 1] == ']' && !memcmp(s, opening, len))
		d->suspect = errors_line(s + 2, n - 3, SUSPECT_MAX);
}

static void content(struct dialect *d, const char *s, size_t n)
{
	if (!n)
		return;
	watch_suspect(d, s, n);
	d->progress = true;
	if (think_off(&d->think))
		on_content(d, s, n);
	else
		think_feed(&d->think, s, n, &think_events, d);
}

/* Bytes at the end of s that begin a sequence whose rest may come with the next piece. */
static size_t cut_off(const char *s, size_t n)
{
	for (size_t k = 1; k <= 3 && k <= n; k++) {
		unsigned char c = (unsigned char)s[n - k];

		if (c >= 0xC0)
			return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) > k ? k : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

/* Raw bytes that continue what the last piece of this kind ended with. Returns how many. */
static size_t join(struct dialect_text *t, const char *s, size_t n, struct buf *out)
{
	size_t i = 0;

	while (t->bytes.nheld && i < n && ((unsigned char)s[i] & 0xC0) == 0x80)
		(void)utf8_clean_feed(&t->bytes, s + i++, 1, out);
	if (t->bytes.nheld && i < n)
		(void)utf8_clean_end(&t->bytes, out);
	return i;
}

/* The decoded text of a string, joined with what came before: a view into the string or the
 * scratch. */
static int decode(struct dialect *d, struct dialect_text *t, const struct json_slice *s,
	const char **p, size_t *n)
{
	struct json_slice rest = *s;
	size_t used, cut;
	int r;

	if (!t->high && !t->bytes.nheld && !s->escaped && utf8_span(s->p, s->n) == s->n) {
		*p = s->p;
		*n = s->n;
		return 0;
	}
	buf_reset(d->scratch);
	used = join(t, s->p, s->n, d->scratch);
	rest.p += used;
	rest.n -= used;
	cut = cut_off(rest.p, rest.n);
	rest.n -= cut;
	r = rest.n ? json_unescape(&rest, d->scratch, &t->high) : 0;
	if (r == 0 && cut) {
		if (t->high)
			r = buf_add_str(d->scratch, "\xEF\xBF\xBD");
		t->high = 0;
		if (r == 0)
			r = utf8_clean_feed(&t->bytes, rest.p + rest.n, cut, d->scratch);
	}
	*p = buf_cstr(d->scratch);
	*n = d->scratch->len;
	return r;
}

void dialect_no_memory(struct dialect *d)
{
	dialect_fail(d, UPSTREAM_E_TOO_LARGE, mem_dup("no memory for an event of the answer"));
}

void dialect_content(struct dialect *d, const struct json_slice *s)
{
	const char *p;
	size_t n;

	if (!s->n)
		return;
	d->pieces = true;
	if (decode(d, &d->content, s, &p, &n) < 0)
		dialect_no_memory(d);
	else
		content(d, p, n);
}

void dialect_reasoning(struct dialect *d, const struct json_slice *s)
{
	const char *p;
	size_t n;

	if (!s->n)
		return;
	d->progress = true;
	if (decode(d, &d->reasoning, s, &p, &n) < 0)
		dialect_no_memory(d);
	else
		on_reasoning(d, p, n);
}

static bool part_text(const struct json_slice *key)
{
	return key_is(key, "text") || key_is(key, "summary") || key_is(key, "thinking") ||
	       key_is(key, "content");
}

/* Content or reasoning as a list of parts: Mistral's text and thinking, OpenRouter's
 * reasoning_details. */
static void take_parts(
	struct dialect *d, const struct json_slice *raw, bool reasoning, unsigned depth)
{
	struct json_slice s, key, type, text, inner;
	struct json j;

	json_init(&j, raw->p, raw->n, COMPLETION_DEPTH);
	if (depth > PARTS_DEPTH || !json_array(&j))
		return;
	while (json_item(&j)) {
		bool thinking = reasoning;

		text = inner = type = (struct json_slice){ 0 };
		if (json_string(&j, &s))
			text = s;
		else if (!json_object(&j))
			continue;
		else
			while (json_key(&j, &key)) {
				if (key_is(&key, "type") && json_string(&j, &type))
					thinking = thinking || json_slice_is(&type, "thinking") ||
						   json_slice_is(&type, "reasoning");
				else if (!part_text(&key))
					continue;
				else if (!json_string(&j, &text))
					json_raw(&j, &inner);
			}
		if (inner.p)
			take_parts(d, &inner, thinking, depth + 1);
		else if (thinking)
			dialect_reasoning(d, &text);
		else
			dialect_content(d, &text);
	}
}

void dialect_parts(struct dialect *d, const struct json_slice *raw, bool reasoning)
{
	take_parts(d, raw, reasoning, 0);
}

static uint64_t hash_bytes(uint64_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(1099511628211);
	return h;
}

/*
 * Text as a whole message. Some backends repeat it, each time longer, beside or instead of deltas:
 * what has been given already is not given again. What does not begin with it is a further piece.
 */
void dialect_whole(struct dialect *d, const struct json_slice *s)
{
	uint64_t seed = UINT64_C(14695981039346656037);
	struct buf text = { 0 };
	size_t from = 0;

	if (!s->n || d->pieces)
		return; /* deltas brought it */
	if (json_unescape(s, &text, NULL) < 0) {
		dialect_no_memory(d);
	} else {
		const char *p = buf_cstr(&text);

		if (d->whole_n && text.len >= d->whole_n &&
			hash_bytes(seed, p, d->whole_n) == d->whole_hash)
			from = d->whole_n;
		d->whole_hash = hash_bytes(
			from || d->whole_n ? d->whole_hash : seed, p + from, text.len - from);
		d->whole_n += text.len - from;
		content(d, p + from, text.len - from);
	}
	buf_fini(&text);
}

/* The half of something whose other half will not come. */
static void end_text(struct dialect *d, struct dialect_text *t, bool reasoning)
{
	buf_reset(d->scratch);
	(void)utf8_clean_end(&t->bytes, d->scratch);
	if (t->high)
		(void)buf_add_str(d->scratch, "\xEF\xBF\xBD");
	t->high = 0;
	if (d->scratch->len && reasoning)
		on_reasoning(d, buf_cstr(d->scratch), d->scratch->len);
	else
		content(d, buf_cstr(d->scratch), d->scratch->len);
}

void dialect_end_text(struct dialect *d)
{
	end_text(d, &d->reasoning, true);
	end_text(d, &d->content, false);
	think_end(&d->think, &think_events, d);
	(void)split_end(&d->split, &split_events, d);
}
