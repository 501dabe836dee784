/* The helper's output taken apart. Every length is looked at before a byte of it is kept. */
#include "daemon/worker/records.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/utf8.h"

#define TEXT_RECORD ((size_t)1 << 20)  /* no 'T' is longer */
#define SMALL_RECORD ((size_t)4 << 10) /* nor any other but 'C' */
#define CHILD_BYTES ((size_t)64 << 20) /* of all 'C' together */

void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

uint32_t get_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int get_i32(const uint8_t *p)
{
	uint32_t v = get_u32(p);

	return v <= INT_MAX ? (int)v : -1;
}

void record_head(uint8_t out[RECORD_HEAD], char type, size_t n)
{
	out[0] = (uint8_t)type;
	put_u32(out + 1, (uint32_t)n);
}

void records_init(struct records *r, size_t max_text)
{
	*r = (struct records){ .max = max_text };
	buf_init(&r->in, 0);
	buf_init(&r->text, max_text);
}

void records_fini(struct records *r)
{
	buf_fini(&r->in);
	buf_fini(&r->text);
	mem_free(r->title);
	mem_free(r->places);
	for (size_t i = 0; i < r->nlabels; i++)
		mem_free(r->labels[i]);
	mem_free(r->labels);
	for (size_t i = 0; i < r->nchildren; i++) {
		mem_free(r->children[i].name);
		mem_free(r->children[i].bytes);
	}
	mem_free(r->children);
	*r = (struct records){ .max = r->max };
}

/* ---- one record ---- */

static bool is_clean(const char *s, size_t n)
{
	return utf8_span(s, n) == n;
}

static int take_form(struct records *r, const uint8_t *p, size_t n)
{
	if (r->form || r->text.len || n < 1 || !is_clean((const char *)p + 1, n - 1) ||
		(p[0] != FORM_FILE && p[0] != FORM_MARKDOWN && p[0] != FORM_PAGES))
		return -EBADMSG;
	r->form = (char)p[0];
	r->title = n > 1 ? mem_ndup((const char *)p + 1, n - 1) : NULL;
	return 0;
}

static int label_add(struct records *r, const char *s, size_t n, int *at)
{
	const char *last = r->nlabels ? r->labels[r->nlabels - 1] : NULL;

	*at = -1;
	if (!n)
		return 0;
	*at = (int)r->nlabels - 1;
	if (last && strlen(last) == n && !memcmp(last, s, n))
		return 0;
	if (r->nlabels >= RECORDS_LABELS)
		return -ENOBUFS;
	r->labels = mem_grow(r->labels, &r->clabels, r->nlabels, sizeof(*r->labels));
	r->labels[r->nlabels++] = mem_ndup(s, n);
	*at = (int)r->nlabels - 1;
	return 0;
}

static int take_place(struct records *r, const uint8_t *p, size_t n)
{
	struct text_place place = { .off = r->text.len };
	int e;

	if (n < 8 || !is_clean((const char *)p + 8, n - 8))
		return -EBADMSG;
	place.page = get_i32(p);
	place.line = get_i32(p + 4);
	e = label_add(r, (const char *)p + 8, n - 8, &place.label);
	if (e != 0)
		return e;
	if (r->nplaces && r->places[r->nplaces - 1].off == place.off)
		r->nplaces--;
	if (r->nplaces >= RECORDS_PLACES)
		return -ENOBUFS;
	r->places = mem_grow(r->places, &r->cplaces, r->nplaces, sizeof(*r->places));
	r->places[r->nplaces++] = place;
	r->page = max_of(r->page, place.page);
	return 0;
}

static int take_child(struct records *r, const uint8_t *p, size_t n)
{
	struct text_child c = { .off = r->text.len, .label = -1 };
	size_t name = n >= 4 ? get_u32(p) : 0;

	if (n < 4 || name > n - 4 || name > SMALL_RECORD || !is_clean((const char *)p + 4, name))
		return -EBADMSG;
	c.n = n - 4 - name;
	if (r->nchildren >= RECORDS_CHILDREN || c.n > CHILD_BYTES - r->child_bytes)
		return -ENOBUFS;
	c.bytes = mem_try_dup(p + 4 + name, c.n);
	if (!c.bytes)
		return -ENOMEM;
	c.name = mem_ndup((const char *)p + 4, name);
	if (r->nplaces)
		c.label = r->places[r->nplaces - 1].label;
	r->child_bytes += c.n;
	r->children = mem_grow(r->children, &r->cchildren, r->nchildren, sizeof(*r->children));
	r->children[r->nchildren++] = c;
	return 0;
}

static int take_end(struct records *r, const uint8_t *p, size_t n)
{
	uint64_t total = n == 8 ? get_u32(p) | (uint64_t)get_u32(p + 4) << 32 : UINT64_MAX;

	if (total != r->text.len || !r->form)
		return -EBADMSG;
	r->ended = true;
	return 0;
}

static int take(struct records *r, char type, const uint8_t *p, size_t n)
{
	if (r->ended)
		return -EBADMSG;
	switch (type) {
	case 'F':
		return take_form(r, p, n);
	case 'P':
		return take_place(r, p, n);
	case 'T':
		return r->form ? buf_add(&r->text, p, n) : -EBADMSG;
	case 'C':
		return take_child(r, p, n);
	case 'E':
		return take_end(r, p, n);
	}
	return -EBADMSG;
}

static size_t longest(char type)
{
	return type == 'T' ? TEXT_RECORD : type == 'C' ? CHILD_BYTES : SMALL_RECORD;
}

/* ---- the stream of them ---- */

/* Whole records at the front of p: how many bytes they are, or < 0. */
static int take_whole(struct records *r, const uint8_t *p, size_t n, size_t *used)
{
	int e = 0;

	for (*used = 0; e == 0 && n - *used >= RECORD_HEAD;) {
		const uint8_t *at = p + *used;
		size_t len = get_u32(at + 1);

		if (len > longest((char)at[0]))
			return -EBADMSG;
		if (n - *used - RECORD_HEAD < len)
			break;
		e = take(r, (char)at[0], at + RECORD_HEAD, len);
		*used += RECORD_HEAD + len;
	}
	return e;
}

int records_feed(struct records *r, const void *p, size_t n)
{
	size_t used = 0;
	int e = r->failed ? -EBADMSG : 0;

	if (e == 0 && !r->in.len) { /* most pieces are whole records: no copy */
		e = take_whole(r, p, n, &used);
		p = (const uint8_t *)p + used;
		n -= used;
	}
	if (e == 0 && n)
		e = buf_add(&r->in, p, n);
	if (e == 0 && r->in.len) {
		e = take_whole(r, r->in.data, r->in.len, &used);
		if (used)
			buf_consume(&r->in, used);
	}
	r->failed = r->failed || e != 0;
	return e;
}

int records_end(struct records *r)
{
	bool whole = !r->failed && r->ended && !r->in.len;

	return whole && is_clean((const char *)r->text.data, r->text.len) ? 0 : -EBADMSG;
}

int records_append(struct records *r, const struct records *more, const char *label)
{
	static const struct text_place nowhere = { 0, -1, -1, -1 };
	size_t n = strlen(label), places = max_of(more->nplaces, (size_t)1);
	int at, e = buf_add_str(&r->text, "\n\n");

	if (e == 0)
		e = label_add(r, label, min_of(n, SMALL_RECORD), &at);
	for (size_t i = 0; e == 0 && i < places; i++) {
		struct text_place p = more->nplaces ? more->places[i] : nowhere;

		if (r->nplaces >= RECORDS_PLACES)
			e = -ENOBUFS;
		p.off += r->text.len;
		p.label = at;
		r->places = mem_grow(r->places, &r->cplaces, r->nplaces, sizeof(*r->places));
		r->places[r->nplaces++] = p;
	}
	return e ? e : buf_add(&r->text, more->text.data, more->text.len);
}
