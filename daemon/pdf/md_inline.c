/*
 * The flat text of one block: pieces come in with the marks of the moment, stand-ins go out as what they
 * stand for, equal neighbours become one span.
 */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/md_in.h"

/* In the order of IN_FIRST, IN_FIRST + 1, ... */
const char md_plain_chars[] = "!$&*.:<@[\\]_`|~";

_Static_assert(IN_FIRST + sizeof(md_plain_chars) - 2 < IN_SOFT, "one byte for each");

void md_text_begin(struct md_job *j)
{
	size_t n = strlen(j->label);

	buf_reset(&j->text);
	j->nspans = 0;
	j->plain = j->table = false;
	j->bold = j->italic = j->strike = j->image = 0;
	j->url = NULL;
	if (n)
		md_put_marked(j, j->label, n, 0, 0);
	j->label[0] = 0;
}

static void span_extend(struct md_job *j, unsigned marks, const char *url, int number)
{
	struct md_span *last = j->nspans ? &j->spans[j->nspans - 1] : NULL;

	if (last && last->marks == marks && last->url == url && last->number == number && !number) {
		last->end = (uint32_t)j->text.len;
		return;
	}
	if (j->nspans == j->cap_spans)
		j->spans = arena_grow(j->a, j->spans, &j->cap_spans, j->nspans + 1, sizeof(*j->spans));
	j->spans[j->nspans++] = (struct md_span){
		.start = last ? last->end : 0,
		.end = (uint32_t)j->text.len,
		.marks = marks,
		.url = url,
		.number = number,
	};
}

static void add(struct md_job *j, const char *s, size_t n)
{
	if (buf_add(&j->text, s, n) != 0)
		arena_out_of_memory();
}

/* NEL, LS and PS break a line whatever the text is. */
static size_t is_line_break(const char *s, size_t n)
{
	if (n >= 2 && !memcmp(s, "\xC2\x85", 2))
		return 2;
	return n >= 3 && (!memcmp(s, "\xE2\x80\xA8", 3) || !memcmp(s, "\xE2\x80\xA9", 3)) ? 3 : 0;
}

/* Bytes of s that a stand-in there takes; *c what it is shown as, 0: nothing. */
static size_t stand_in(struct md_job *j, const char *s, size_t n, char *c)
{
	const char *end;

	*c = 0;
	switch (*s) {
	case IN_BACKSLASH:
		*c = '\\';
		return 1;
	case IN_END:
		return n;
	case IN_LABEL:
		end = memchr(s + 1, IN_LABEL, n - 1);
		return end ? (size_t)(end - s) + 1 : 1;
	case IN_TABLE:
		j->table = true;
		return 1;
	default:
		if (*s < IN_FIRST || (size_t)(*s - IN_FIRST) >= sizeof(md_plain_chars) - 1)
			return 1;
		j->plain = true;
		*c = md_plain_chars[*s - IN_FIRST];
		return 1;
	}
}

static void add_shown(struct md_job *j, const char *s, size_t n)
{
	size_t from = 0, at = 0;

	while (at < n) {
		unsigned char b = (unsigned char)s[at];
		size_t k = 0;
		char c = '\n';

		if (b < 0x20 && b != '\n' && b != '\t' && b != IN_SOFT)
			k = stand_in(j, s + at, n - at, &c);
		else if (b == 0xC2 || b == 0xE2)
			k = is_line_break(s + at, n - at);
		if (!k) {
			at++;
			continue;
		}
		add(j, s + from, at - from);
		if (c)
			add(j, &c, 1);
		at += k;
		from = at;
	}
	add(j, s + from, n - from);
}

void md_put_marked(struct md_job *j, const char *s, size_t n, unsigned marks, int number)
{
	size_t before = j->text.len;

	add_shown(j, s, n);
	if (j->text.len > before)
		span_extend(j, marks, j->url, number);
}

void md_put(struct md_job *j, const char *s, size_t n)
{
	unsigned marks = (j->bold ? MD_STRONG : 0) | (j->italic ? MD_EM : 0) | (j->strike ? MD_STRIKE : 0) |
			 (j->image ? MD_IMAGE : 0);

	md_put_marked(j, s, n, marks, 0);
}

void md_text_end(struct md_job *j, struct md_block *b)
{
	b->text = arena_dup(j->a, j->text.data, j->text.len);
	b->len = j->text.len;
	for (char *p = b->text, *end = p + b->len; (p = memchr(p, IN_SOFT, (size_t)(end - p))); p++)
		*p = j->plain ? '\n' : ' ';
	if (j->plain || !j->nspans)
		return;
	b->nspans = j->nspans;
	b->spans = arena_dup(j->a, j->spans, j->nspans * sizeof(*j->spans));
}

/* ---- citations ---- */

bool md_is_source(const struct md_options *o, int n)
{
	for (size_t i = 0; i < o->nsource_numbers; i++)
		if (o->source_numbers[i] == n)
			return true;
	return !o->source_numbers && n >= 1 && n <= o->sources;
}

static size_t read_number(const char *s, size_t n, int *out)
{
	size_t k = 0;

	for (*out = 0; k < n && k < 5 && s[k] >= '0' && s[k] <= '9'; k++)
		*out = *out * 10 + (s[k] - '0');
	return k;
}

/* Between two numbers of one bracket: ", ", ";", "-", an en dash. */
static size_t read_separator(const char *s, size_t n)
{
	size_t k = 0;

	while (k < n && k < 8) {
		if (memchr(" ,;-^", s[k], 5))
			k++;
		else if (n - k >= 3 && !memcmp(s + k, "\xE2\x80\x93", 3))
			k += 3;
		else
			break;
	}
	return k;
}

/* "[n]" is one span with its brackets; of "[1, 3]" each number is one. */
struct cite {
	uint32_t start, end;
	int number;
};

#define CITES_MAX 16 /* numbers in one bracket */

/* The bracket at s: its bytes, 0 when it holds anything but numbers of sources. */
static size_t read_cites(const struct md_options *o, const char *s, size_t n, struct cite *v, size_t *count)
{
	size_t at = n > 1 && s[1] == '^' ? 2 : 1;

	for (*count = 0; at < n && *count < CITES_MAX;) {
		int number;
		size_t k = read_number(s + at, n - at, &number);

		if (!k || !md_is_source(o, number))
			return 0;
		v[(*count)++] = (struct cite){ (uint32_t)at, (uint32_t)(at + k), number };
		at += k;
		if (*count == 1 && n - at >= 2 && s[at] == '?' && s[at + 1] == ']')
			at++; /* [2?]: of weak support */
		if (at < n && s[at] == ']') {
			if (*count == 1)
				v[0] = (struct cite){ 0, (uint32_t)at + 1, v[0].number };
			return at + 1;
		}
		k = read_separator(s + at, n - at);
		if (!k)
			return 0;
		at += k;
	}
	return 0;
}

static void copy_span(struct md_job *j, const struct md_span *like, uint32_t start, uint32_t end, int number)
{
	if (start == end)
		return;
	j->spans = arena_grow(j->a, j->spans, &j->cap_spans, j->nspans + 1, sizeof(*j->spans));
	j->spans[j->nspans] = *like;
	j->spans[j->nspans].start = start;
	j->spans[j->nspans].end = end;
	if (number) {
		j->spans[j->nspans].marks |= MD_CITE;
		j->spans[j->nspans].number = number;
	}
	j->nspans++;
}

static void split_span(struct md_job *j, const char *text, const struct md_span *s)
{
	struct cite v[CITES_MAX];
	uint32_t done = s->start;

	for (uint32_t at = s->start; at < s->end;) {
		const char *p = memchr(text + at, '[', s->end - at);
		size_t count, n;

		if (!p)
			break;
		at = (uint32_t)(p - text);
		n = read_cites(j->options, p, s->end - at, v, &count);
		for (size_t i = 0; n && i < count; i++) {
			copy_span(j, s, done, at + v[i].start, 0);
			copy_span(j, s, at + v[i].start, at + v[i].end, v[i].number);
			done = at + v[i].end;
		}
		at += n ? (uint32_t)n : 1;
	}
	copy_span(j, s, done, s->end, 0);
}

void md_cites(struct md_job *j, struct md_block *b)
{
	const struct md_span *v = b->spans;
	size_t n = b->nspans;

	if ((!j->options->sources && !j->options->nsource_numbers) || !n || !memchr(b->text, '[', b->len))
		return;
	j->nspans = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i].url || (v[i].marks & (MD_MONO | MD_INLINE_MATH | MD_IMAGE | MD_NOTE_REF)))
			copy_span(j, &v[i], v[i].start, v[i].end, 0);
		else
			split_span(j, b->text, &v[i]);
	}
	b->spans = arena_dup(j->a, j->spans, j->nspans * sizeof(*j->spans));
	b->nspans = j->nspans;
}
