/*
 * The packer: bytes straight into the buf, every object in its shortest form.
 *
 * A map or array begins with the one byte of its short form. When its 16th element comes, and only
 * then, what it holds so far is moved up by two bytes to make room for a 16-bit count: at that
 * moment it is the innermost one open, so no other offset moves. LIMIT_NODES keeps every count
 * below 2^16.
 */
#include "proto/pack.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/utf8.h"
#include "proto/errors.h"
#include "proto/limits.h"

#define SAFE_INT ((INT64_C(1) << 53) - 1) /* what every client language holds exactly */
#define FIX_MAX 15u                       /* elements in the short form of a map or array */

_Static_assert(LIMIT_NODES < 1u << 16, "counts are packed in 16 bits");
_Static_assert(LIMIT_DEPTH <= PACK_DEPTH, "open[] holds every level");

static void fail(struct pack *p, int r)
{
	if (!p->r)
		p->r = r;
}

/* Where n more bytes of the frame go, or NULL. The caller then counts them with `took`. */
static uint8_t *room(struct pack *p, size_t n)
{
	struct buf *out = p->out;
	int r;

	if (p->r)
		return NULL;
	if (n > LIMIT_FRAME - (out->len - p->start)) {
		fail(p, -EMSGSIZE);
		return NULL;
	}
	r = buf_reserve(out, n);
	if (r) {
		fail(p, r);
		return NULL;
	}
	return out->data + out->len;
}

static void took(struct pack *p, size_t n)
{
	p->out->len += n;
}

static void put(struct pack *p, const void *bytes, size_t n)
{
	uint8_t *to = room(p, n);

	if (to && n)
		memcpy(to, bytes, n);
	if (to)
		took(p, n);
}

/* A type byte and a big-endian number of `width` bytes; returns their length. */
static size_t head_write(uint8_t *to, uint8_t type, uint64_t v, unsigned width)
{
	*to++ = type;
	for (unsigned i = 0; i < width; i++)
		to[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
	return 1 + width;
}

static void put_head(struct pack *p, uint8_t type, uint64_t v, unsigned width)
{
	uint8_t *to = room(p, 1 + width);

	if (to)
		took(p, head_write(to, type, v, width));
}

/* Room for a 16-bit count in a map or array that outgrows its short form. */
static void widen(struct pack *p, size_t at)
{
	uint8_t *end = room(p, 2);
	uint8_t *first;

	if (!end)
		return;
	first = p->out->data + at + 1;
	memmove(first + 2, first, (size_t)(end - first));
	took(p, 2);
}

static void count_node(struct pack *p)
{
	if (++p->nodes > LIMIT_NODES)
		fail(p, -EMSGSIZE);
}

static void count_element(struct pack *p)
{
	if (p->open[p->depth - 1].n++ == FIX_MAX)
		widen(p, p->open[p->depth - 1].at);
}

/* Every value passes here first. In an array it counts itself, in a map its key was counted. */
static void value_begin(struct pack *p)
{
	if (p->r)
		return;
	count_node(p);
	if (p->depth && !p->open[p->depth - 1].map)
		count_element(p);
}

unsigned pack_levels(const struct pack *p)
{
	return LIMIT_DEPTH - p->base - p->depth;
}

bool pack_half_full(const struct pack *p)
{
	return p->out->len - p->start > LIMIT_FRAME / 2 || p->nodes > LIMIT_NODES / 2;
}

static void open_level(struct pack *p, bool map)
{
	value_begin(p);
	if (!pack_levels(p))
		fail(p, -EMSGSIZE);
	if (p->r)
		return;
	p->open[p->depth].at = p->out->len;
	p->open[p->depth].n = 0;
	p->open[p->depth].map = map;
	put(p, "", 1); /* its head, written by pack_close */
	p->depth += !p->r;
}

void pack_map(struct pack *p)
{
	open_level(p, true);
}

void pack_array(struct pack *p)
{
	open_level(p, false);
}

void pack_close(struct pack *p)
{
	uint8_t *head;
	uint32_t n;
	bool map;

	if (p->r || !p->depth)
		return;
	p->depth--;
	head = p->out->data + p->open[p->depth].at;
	n = p->open[p->depth].n;
	map = p->open[p->depth].map;
	if (n <= FIX_MAX)
		*head = (uint8_t)((map ? 0x80u : 0x90u) | n);
	else
		(void)head_write(head, map ? 0xde : 0xdc, n, 2);
}

/* Heads */

static void frame_begin(struct pack *p, struct buf *out, uint8_t base, uint32_t nodes)
{
	*p = (struct pack){ .out = out, .start = out->len, .base = base, .nodes = nodes };
}

static void put_uint(struct pack *p, uint64_t v)
{
	if (v < 0x80)
		put_head(p, (uint8_t)v, 0, 0);
	else if (v <= UINT8_MAX)
		put_head(p, 0xcc, v, 1);
	else if (v <= UINT16_MAX)
		put_head(p, 0xcd, v, 2);
	else if (v <= UINT32_MAX)
		put_head(p, 0xce, v, 4);
	else
		put_head(p, 0xcf, v, 8);
}

static void put_neg(struct pack *p, int64_t v)
{
	const uint64_t bits = (uint64_t)v;

	if (v >= -32)
		put_head(p, (uint8_t)bits, 0, 0);
	else if (v >= INT8_MIN)
		put_head(p, 0xd0, bits, 1);
	else if (v >= INT16_MIN)
		put_head(p, 0xd1, bits, 2);
	else if (v >= INT32_MIN)
		put_head(p, 0xd2, bits, 4);
	else
		put_head(p, 0xd3, bits, 8);
}

static unsigned str_width(size_t n)
{
	return n < 32 ? 0 : n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : 4;
}

static void str_head(uint8_t *to, size_t n)
{
	static const uint8_t types[] = { 0xa0, 0xd9, 0xda, 0, 0xdb };
	const unsigned width = str_width(n);

	(void)head_write(to, (uint8_t)(width ? types[width] : types[0] | n), n, width);
}

static void put_clean_str(struct pack *p, const char *s, size_t n)
{
	const size_t head = 1 + str_width(n);
	uint8_t *to = room(p, head + n);

	if (!to)
		return;
	str_head(to, n);
	if (n)
		memcpy(to + head, s, n);
	took(p, head + n);
}

void pack_request(struct pack *p, struct buf *out, uint32_t id, const char *method)
{
	frame_begin(p, out, 2, 5);
	p->wide = true;
	put(p, "\x94\x00", 2);
	put_uint(p, id);
	put_clean_str(p, method, strlen(method));
	put(p, "\x91", 1);
	pack_map(p);
}

void pack_hello(struct buf *out, uint32_t id, const char *client)
{
	struct pack p;

	pack_request(&p, out, id, "hello");
	pack_key(&p, "protocol");
	pack_array(&p);
	pack_int(&p, PROTO_VERSION);
	pack_int(&p, PROTO_VERSION);
	pack_close(&p);
	pack_kv_text(&p, "client", client);
	pack_kv_text(&p, "version", RAGCHAT_VERSION);
	(void)pack_end(&p);
}

void pack_notification(struct pack *p, struct buf *out, const char *method)
{
	frame_begin(p, out, 2, 4);
	put(p, "\x93\x02", 2);
	put_clean_str(p, method, strlen(method));
	put(p, "\x91", 1);
	pack_map(p);
}

static void response_head(struct pack *p, struct buf *out, uint32_t id)
{
	frame_begin(p, out, 1, 4);
	put(p, "\x94\x01", 2);
	put_uint(p, id);
}

void pack_response(struct pack *p, struct buf *out, uint32_t id)
{
	response_head(p, out, id);
	put(p, "\xc0", 1);
	pack_map(p);
}

void pack_error_begin(struct pack *p, struct buf *out, uint32_t id, int code, const char *message,
	int64_t retry_ms)
{
	response_head(p, out, id);
	p->nil_after = true;
	pack_map(p);
	pack_kv_int(p, "code", code);
	pack_kv_text(p, "name", proto_error_name(code));
	pack_kv_text(p, "message", message ? message : proto_error_text(code));
	pack_kv_int_opt(p, "retry_ms", retry_ms);
}

int pack_end(struct pack *p)
{
	while (p->depth && !p->r)
		pack_close(p);
	if (p->nil_after)
		put(p, "\xc0", 1);
	if (p->r)
		p->out->len = p->start;
	return p->r;
}

/* Values */

/*
 * The clean form of a string is written in place behind room for the longest head, because its
 * length is not known before; then the shortest head takes that room.
 */
static void put_cleaned_str(struct pack *p, const char *s, size_t n)
{
	struct utf8_clean clean = { .nheld = 0 };
	const size_t at = p->out->len, text = at + 5;
	size_t head, len;
	int r;

	put(p, "\0\0\0\0", 5);
	if (p->r)
		return;
	r = n > LIMIT_FRAME ? -EMSGSIZE : utf8_clean_feed(&clean, s, n, p->out);
	if (!r)
		r = utf8_clean_end(&clean, p->out);
	if (!r && p->out->len - p->start > LIMIT_FRAME)
		r = -EMSGSIZE;
	if (r) {
		fail(p, r);
		return;
	}
	len = p->out->len - text;
	head = 1 + str_width(len);
	memmove(p->out->data + at + head, p->out->data + text, len);
	str_head(p->out->data + at, len);
	p->out->len = at + head + len;
}

static void put_str(struct pack *p, const char *s, size_t n)
{
	if (utf8_valid_no_nul(s, n))
		put_clean_str(p, s, n);
	else
		put_cleaned_str(p, s, n);
}

void pack_key_n(struct pack *p, const char *key, size_t n)
{
	if (p->r)
		return;
	assert(p->depth && p->open[p->depth - 1].map);
	count_node(p);
	count_element(p);
	put_str(p, key, n);
}

void pack_key(struct pack *p, const char *key)
{
	pack_key_n(p, key, strlen(key));
}

void pack_str(struct pack *p, const char *s, size_t n)
{
	value_begin(p);
	if (!p->r)
		put_str(p, s, n);
}

void pack_text(struct pack *p, const char *s)
{
	if (s)
		pack_str(p, s, strlen(s));
	else
		pack_nil(p);
}

void pack_bin(struct pack *p, const void *data, size_t n)
{
	value_begin(p);
	if (n <= UINT8_MAX)
		put_head(p, 0xc4, n, 1);
	else if (n <= UINT16_MAX)
		put_head(p, 0xc5, n, 2);
	else
		put_head(p, 0xc6, n, 4);
	put(p, data, n);
}

static void put_float(struct pack *p, double v)
{
	uint64_t bits;

	_Static_assert(sizeof(bits) == sizeof(v), "IEEE 754 binary64");
	memcpy(&bits, &v, sizeof(bits));
	put_head(p, 0xcb, bits, 8);
}

void pack_int(struct pack *p, int64_t v)
{
	value_begin(p);
	if (!p->wide && (v > SAFE_INT || v < -SAFE_INT))
		put_float(p, (double)v);
	else if (v >= 0)
		put_uint(p, (uint64_t)v);
	else
		put_neg(p, v);
}

void pack_uint(struct pack *p, uint64_t v)
{
	value_begin(p);
	if (!p->wide && v > SAFE_INT)
		put_float(p, (double)v);
	else
		put_uint(p, v);
}

void pack_bool(struct pack *p, bool v)
{
	value_begin(p);
	put(p, v ? "\xc3" : "\xc2", 1);
}

void pack_float(struct pack *p, double v)
{
	if (!isfinite(v)) {
		pack_nil(p);
		return;
	}
	value_begin(p);
	put_float(p, v);
}

void pack_nil(struct pack *p)
{
	value_begin(p);
	put(p, "\xc0", 1);
}
