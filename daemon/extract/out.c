/* Records, or plain text, written in large pieces. */
#include "daemon/extract/out.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/fd.h"
#include "daemon/extract/limits.h"
#include "daemon/worker/records.h"

#define PIECE ((size_t)64 << 10)

void out_init(struct out *o, int fd, size_t max)
{
	*o = (struct out){ .fd = fd, .max = max };
	buf_init(&o->wire, 0);
	buf_init(&o->text, 0);
}

void out_fini(struct out *o)
{
	buf_fini(&o->wire);
	buf_fini(&o->text);
}

bool out_failed(const struct out *o)
{
	return o->r != 0;
}

static void note(struct out *o, int r)
{
	if (o->r == 0)
		o->r = r;
}

static void flush(struct out *o)
{
	if (o->fd < 0 || !o->wire.len || o->r != 0)
		return;
	note(o, fd_write_all(o->fd, o->wire.data, o->wire.len));
	buf_reset(&o->wire);
}

static void record(struct out *o, char type, const void *a, size_t na, const void *b, size_t nb)
{
	uint8_t head[RECORD_HEAD];

	if (o->r != 0)
		return;
	record_head(head, type, na + nb);
	note(o, buf_add(&o->wire, head, sizeof(head)));
	if (na)
		note(o, buf_add(&o->wire, a, na));
	if (nb)
		note(o, buf_add(&o->wire, b, nb));
	if (o->wire.len >= PIECE)
		flush(o);
}

/* Names come from strangers too: in the records they are clean UTF-8, of a bounded length. */
static struct buf clean_name(struct out *o, const char *s, size_t n, size_t max)
{
	struct utf8_clean state = { 0 };
	struct buf clean;

	buf_init(&clean, 0);
	note(o, utf8_clean_feed(&state, s, utf8_floor(s, n, max), &clean));
	note(o, utf8_clean_end(&state, &clean));
	if (clean.len)
		clean.len = utf8_floor((char *)clean.data, clean.len, max);
	for (size_t i = 0; i < clean.len; i++)
		if (clean.data[i] < ' ' || clean.data[i] == 0x7f)
			clean.data[i] = ' ';
	return clean;
}

/* The text gathered so far becomes a record. */
static void close_text(struct out *o)
{
	if (o->text.len && o->plain)
		note(o, buf_add(&o->wire, o->text.data, o->text.len));
	else if (o->text.len)
		record(o, 'T', o->text.data, o->text.len, NULL, 0);
	buf_reset(&o->text);
	if (o->wire.len >= PIECE)
		flush(o);
}

void out_form(struct out *o, char form, const char *title, size_t n)
{
	struct buf clean;

	if (o->plain)
		return;
	clean = clean_name(o, title, n, EXTRACT_TITLE_MAX);
	record(o, 'F', &form, 1, clean.data, clean.len);
	buf_fini(&clean);
}

/* Clean UTF-8 in place: without controls, \r among them. */
static size_t drop_controls(struct out *o, uint8_t *s, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = s[i];

		if (c == 0x7f || (c < ' ' && c != '\n' && c != '\t' && c != '\f'))
			continue;
		o->visible += c > ' ';
		s[len++] = c;
	}
	return len;
}

void out_text(struct out *o, const char *s, size_t n)
{
	while (n && o->r == 0) {
		size_t piece = min_of(n, PIECE), from = o->text.len;

		note(o, utf8_clean_feed(&o->clean, s, piece, &o->text));
		if (o->text.len > from)
			o->text.len = from + drop_controls(o, o->text.data + from,
						     o->text.len - from);
		o->total += o->text.len - from;
		if (o->total > o->max)
			note(o, OUT_E_FULL);
		if (o->text.len >= PIECE)
			close_text(o);
		s += piece;
		n -= piece;
	}
}

static void settle(struct out *o)
{
	size_t from = o->text.len;

	note(o, utf8_clean_end(&o->clean, &o->text));
	o->total += o->text.len - from;
	close_text(o);
}

void out_place(struct out *o, int page, int line, const char *label)
{
	struct buf clean;
	uint8_t head[8];

	settle(o);
	if (o->plain) {
		if (page > 1 && (size_t)page > o->pages)
			note(o, buf_add_byte(&o->wire, '\f'));
	} else {
		put_u32(head, (uint32_t)page);
		put_u32(head + 4, (uint32_t)line);
		clean = clean_name(o, label, strlen(label), EXTRACT_NAME_MAX);
		record(o, 'P', head, sizeof(head), clean.data, clean.len);
		buf_fini(&clean);
	}
	o->pages = page > 0 ? max_of(o->pages, (size_t)page) : o->pages;
}

void out_child(struct out *o, const char *name, const void *p, size_t n)
{
	struct buf head, clean;
	uint8_t length[4];

	if (o->plain)
		return;
	settle(o);
	clean = clean_name(o, name, strlen(name), EXTRACT_NAME_MAX);
	buf_init(&head, 0);
	put_u32(length, (uint32_t)clean.len);
	note(o, buf_add(&head, length, sizeof(length)));
	note(o, buf_add(&head, clean.data, clean.len));
	record(o, 'C', head.data, head.len, p, n);
	buf_fini(&clean);
	buf_fini(&head);
}

void out_end(struct out *o)
{
	uint8_t total[8];

	settle(o);
	if (!o->plain) {
		put_u32(total, (uint32_t)o->total);
		put_u32(total + 4, (uint32_t)((uint64_t)o->total >> 32));
		record(o, 'E', total, sizeof(total), NULL, 0);
	}
	flush(o);
}
