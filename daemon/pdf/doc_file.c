/* Object streams and the cross-reference stream. */
#include "daemon/pdf/doc_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/attr.h"
#include "common/sha256.h"
#include "daemon/pdf/doc.h"
#include "daemon/pdf/doc_put.h"

#define PACK_OBJECTS 200          /* of one object stream: a reader unpacks the whole of it for one object */
#define PACK_BYTES (64u << 10)
#define ROW 7                     /* bytes of a cross-reference: type 1, offset or stream 4, index 2 */

struct where {
	uint8_t type;             /* 0 free, 1 at an offset, 2 in an object stream */
	uint32_t at;
	uint16_t index;
};

static void fail(struct file *f, int r)
{
	if (!f->failed)
		f->failed = r;
}

void file_begin(struct file *f, struct buf *out, uint32_t next)
{
	*f = (struct file){ .out = out, .next = next };
	f->packed = malloc(PACK_OBJECTS * 2 * sizeof(*f->packed));
	if (!f->packed)
		fail(f, DOC_E_MEMORY);
	buf_add_str(out, "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n");
}

uint32_t file_ids(struct file *f, uint32_t n)
{
	uint32_t first = f->next;

	f->next += n;
	return first;
}

static void place(struct file *f, uint32_t id, struct where where)
{
	if (id >= f->cap) {
		size_t cap = max_of(f->next + 1024, f->cap * 2);
		struct where *more = realloc(f->where, cap * sizeof(*more));

		if (!more) {
			fail(f, DOC_E_MEMORY);
			return;
		}
		memset(more + f->cap, 0, (cap - f->cap) * sizeof(*more));
		f->where = more;
		f->cap = cap;
	}
	f->where[id] = where;
}

struct buf *file_alone(struct file *f, uint32_t id)
{
	if (f->out->len > UINT32_MAX)
		fail(f, -ENOBUFS);
	place(f, id, (struct where){ 1, (uint32_t)f->out->len, 0 });
	put_int(f->out, id);
	buf_add_str(f->out, " 0 obj\n");
	return f->out;
}

void file_alone_end(struct file *f)
{
	buf_add_str(f->out, "\nendobj\n");
}

/* `head` is a dictionary's inside without Length and Filter. */
static void deflated(struct file *f, uint32_t id, const struct buf *head, const struct buf *data)
{
	uLongf size = compressBound(data->len);
	uint8_t *small = malloc(size);
	struct buf *out = file_alone(f, id);

	if (head->failed || data->failed || !small || compress2(small, &size, data->data, data->len, 6) != Z_OK)
		fail(f, DOC_E_MEMORY);
	else {
		buf_add_str(out, "<<");
		buf_add(out, head->data, head->len);
		buf_add_str(out, "/Filter/FlateDecode/Length ");
		put_int(out, (int64_t)size);
		buf_add_str(out, ">>\nstream\n");
		buf_add(out, small, size);
		buf_add_str(out, "\nendstream");
	}
	file_alone_end(f);
	free(small);
}

static void flush(struct file *f)
{
	struct buf head = { 0 }, data = { 0 };

	if (!f->npacked || f->failed)
		return;
	for (size_t i = 0; i < f->npacked; i++) {
		put_int(&data, f->packed[2 * i]);
		buf_add_byte(&data, ' ');
		put_int(&data, f->packed[2 * i + 1]);
		buf_add_byte(&data, ' ');
	}
	buf_add_str(&head, "/Type/ObjStm/N ");
	put_int(&head, (int64_t)f->npacked);
	buf_add_str(&head, "/First ");
	put_int(&head, (int64_t)data.len);
	buf_add(&data, f->pack.data, f->pack.len);
	if (f->pack.failed)
		fail(f, DOC_E_MEMORY);
	deflated(f, f->pack_id, &head, &data);
	buf_fini(&head);
	buf_fini(&data);
	buf_reset(&f->pack);
	f->npacked = 0;
}

struct buf *file_object(struct file *f, uint32_t id)
{
	if (f->npacked == PACK_OBJECTS || f->pack.len >= PACK_BYTES)
		flush(f);
	if (f->failed) {
		buf_reset(&f->pack);
		return &f->pack;
	}
	if (!f->npacked)
		f->pack_id = file_ids(f, 1);
	if (f->pack.len)
		buf_add_byte(&f->pack, '\n');
	place(f, id, (struct where){ 2, f->pack_id, (uint16_t)f->npacked });
	f->packed[2 * f->npacked] = id;
	f->packed[2 * f->npacked + 1] = (uint32_t)f->pack.len;
	f->npacked++;
	return &f->pack;
}

/* Each row as the difference to the one above (PNG's "up"): most rows differ in a byte or two. */
static void table(struct file *f, uint32_t size, struct buf *data)
{
	uint8_t above[ROW] = { 0 };

	for (uint32_t id = 0; id < size; id++) {
		struct where w = id < f->cap ? f->where[id] : (struct where){ 0 };
		uint8_t row[ROW] = { w.type, (uint8_t)(w.at >> 24), (uint8_t)(w.at >> 16), (uint8_t)(w.at >> 8),
			(uint8_t)w.at, (uint8_t)(w.index >> 8), (uint8_t)w.index };

		if (id == 0) /* the head of the free list */
			row[5] = row[6] = 0xFF;
		buf_add_byte(data, 2);
		for (size_t i = 0; i < ROW; i++)
			buf_add_byte(data, (uint8_t)(row[i] - above[i]));
		memcpy(above, row, ROW);
	}
}

static void put_file_id(const struct file *f, struct buf *head)
{
	uint8_t sum[SHA256_LEN];
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, f->out->data, f->out->len);
	sha256_end(&s, sum);
	buf_add_str(head, "/ID[");
	for (int twice = 0; twice < 2; twice++) {
		buf_add_byte(head, '<');
		for (size_t i = 0; i < 16; i++)
			put_hex(head, sum[i], 2);
		buf_add_byte(head, '>');
	}
	buf_add_byte(head, ']');
}

static void cross_references(struct file *f, uint32_t root, uint32_t info)
{
	struct buf head = { 0 }, data = { 0 };
	uint32_t id = file_ids(f, 1);
	uint64_t at = f->out->len;

	place(f, id, (struct where){ 1, (uint32_t)at, 0 });
	table(f, f->next, &data);
	buf_add_str(&head, "/Type/XRef/W[1 4 2]/DecodeParms<</Predictor 12/Columns 7>>/Size ");
	put_int(&head, f->next);
	buf_add_str(&head, "/Root ");
	put_ref(&head, root);
	buf_add_str(&head, "/Info ");
	put_ref(&head, info);
	put_file_id(f, &head);
	deflated(f, id, &head, &data);
	buf_add_str(f->out, "startxref\n");
	put_int(f->out, (int64_t)at);
	buf_add_str(f->out, "\n%%EOF\n");
	buf_fini(&head);
	buf_fini(&data);
}

int file_end(struct file *f, uint32_t root, uint32_t info)
{
	int r;

	flush(f);
	if (!f->failed)
		cross_references(f, root, info);
	r = f->failed;
	if (f->out->failed && !r)
		r = f->out->max ? -ENOBUFS : DOC_E_MEMORY;
	buf_fini(&f->pack);
	free(f->where);
	free(f->packed);
	*f = (struct file){ 0 };
	return r;
}
