/* blob.read, and the memory of what waits to be read. */
#include "daemon/ipc/blob.h"

#include "common/fd.h"
#include "common/list.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"

struct blob {
	struct list link;     /* conn->blobs, oldest first */
	struct list all;      /* server->blobs, longest unread first */
	struct server *server;
	uint64_t id, touched_ms;
	struct buf data;
	int fd;               /* a file's: >= 0, size bytes */
	uint64_t size;
	bool reading;         /* a piece is on its way from the disk: freed after that */
	bool dropped;
};

static void drop(struct blob *b)
{
	if (!b->dropped)
		b->server->blob_bytes -= b->data.len;
	b->dropped = true;
	list_remove(&b->link);
	list_remove(&b->all);
	if (b->reading)
		return;
	fd_close(b->fd);
	buf_fini(&b->data);
	mem_free(b);
}

void blobs_drop(struct conn *c)
{
	list_foreach_safe(it, &c->blobs)
		drop(list_entry(it, struct blob, link));
}

static size_t count(const struct conn *c)
{
	size_t n = 0;

	list_foreach(it, &c->blobs)
		n++;
	return n;
}

static bool has_room(const struct server *s, size_t n)
{
	size_t max = (size_t)s->config->pdf_memory;

	return n <= max && s->blob_bytes <= max - n;
}

/* Those that nobody fetches make room. */
static void make_room(struct server *s, size_t n)
{
	uint64_t now = uv_now(&s->loop);

	list_foreach_safe(it, &s->blobs) {
		struct blob *b = list_entry(it, struct blob, all);

		if (has_room(s, n) || now - b->touched_ms < BLOB_STALE_MS)
			return;
		drop(b);
	}
}

uint64_t blob_add(struct conn *c, struct buf *data)
{
	struct server *s = c->server;
	struct blob *b;

	if (count(c) >= BLOBS_PER_CONN)
		drop(list_first(&c->blobs, struct blob, link));
	make_room(s, data->len);
	if (!has_room(s, data->len))
		return 0;
	b = mem_new(sizeof(*b));
	*b = (struct blob){ .server = s, .id = ++s->next_blob, .touched_ms = uv_now(&s->loop), .data = *data, .fd = -1 };
	buf_init(data, 0);
	buf_shrink(&b->data, b->data.len);
	s->blob_bytes += b->data.len;
	list_push_back(&c->blobs, &b->link);
	list_push_back(&s->blobs, &b->all);
	return b->id;
}

uint64_t blob_add_file(struct conn *c, int fd, uint64_t size)
{
	struct server *s = c->server;
	struct blob *b = mem_new(sizeof(*b));

	if (count(c) >= BLOBS_PER_CONN)
		drop(list_first(&c->blobs, struct blob, link));
	*b = (struct blob){ .server = s, .id = ++s->next_blob, .touched_ms = uv_now(&s->loop), .fd = fd, .size = size };
	buf_init(&b->data, 0);
	list_push_back(&c->blobs, &b->link);
	list_push_back(&s->blobs, &b->all);
	return b->id;
}

static struct blob *find(const struct conn *c, int64_t id)
{
	list_foreach(it, &c->blobs) {
		struct blob *b = list_entry(it, struct blob, link);

		if (b->id == (uint64_t)id)
			return b;
	}
	return NULL;
}

static void touch(struct blob *b)
{
	b->touched_ms = uv_now(&b->server->loop);
	list_remove(&b->all);
	list_push_back(&b->server->blobs, &b->all);
}

/* ---- of a file: the disk may take its time, so libuv's pool reads ---- */

struct piece {
	uv_fs_t fs;
	uv_buf_t buf;
	struct blob *blob;
	struct call *call;
	uint64_t off;
};

static void on_piece(uv_fs_t *fs)
{
	struct piece *k = fs->data;
	struct blob *b = k->blob;
	bool end = fs->result > 0 && k->off + (uint64_t)fs->result >= b->size;
	struct pack p;

	b->reading = false;
	if (fs->result <= 0) {
		reply_error(k->call, PROTO_E_INTERNAL, "the copy cannot be read");
	} else if (reply_begin(k->call, &p)) {
		pack_key(&p, "data");
		pack_bin(&p, k->buf.base, (size_t)fs->result);
		pack_kv_bool(&p, "eof", end);
		reply_end(k->call, &p);
	}
	if (b->dropped || end)
		drop(b);
	else
		touch(b);
	uv_fs_req_cleanup(fs);
	call_drop(k->call);
	mem_free(k->buf.base);
	mem_free(k);
}

static void read_file(struct call *call, struct blob *b, uint64_t off)
{
	struct piece *k;

	if (b->reading || off >= b->size) {
		reply_error(call, PROTO_E_BAD_PARAMS, "%s", b->reading ? "one piece after the other" : "'off' is past the end");
		return;
	}
	k = mem_new(sizeof(*k));
	*k = (struct piece){ .blob = b, .call = call_keep(call), .off = off };
	k->buf = uv_buf_init(mem_new(BLOB_PIECE), BLOB_PIECE);
	k->fs.data = k;
	b->reading = true;
	if (uv_fs_read(&call->server->loop, &k->fs, b->fd, &k->buf, 1, (int64_t)off, on_piece) != 0) {
		k->fs.result = UV_EIO;
		on_piece(&k->fs);
	}
}

void rpc_blob_read(struct call *call, struct args *a)
{
	int64_t id = args_int_needed(a, "blob", 1, INT64_MAX);
	int64_t off = args_int(a, "off", 0, INT64_MAX, 0);
	struct conn *c = call_conn(call);
	struct blob *b = c ? find(c, id) : NULL;
	struct pack p;
	size_t n;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
	} else if (!b) {
		reply_error(call, PROTO_E_NOT_FOUND, "no such blob on this connection");
	} else if (b->fd >= 0) {
		read_file(call, b, (uint64_t)off);
	} else if ((uint64_t)off > b->data.len) {
		reply_error(call, PROTO_E_BAD_PARAMS, "'off' is past the end");
	} else if (reply_begin(call, &p)) {
		n = min_of(b->data.len - (size_t)off, (size_t)BLOB_PIECE);
		pack_key(&p, "data");
		pack_bin(&p, b->data.data + off, n);
		pack_kv_bool(&p, "eof", (size_t)off + n == b->data.len);
		reply_end(call, &p);
		touch(b);
		if ((size_t)off + n == b->data.len)
			drop(b);
	}
}
