/* Sending a document. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/link.h"
#include "client/progress.h"
#include "client/say.h"
#include "client/upload_in.h"
#include "common/attr.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/sha256.h"
#include "common/utf8.h"
#include "proto/errors.h"
#include "proto/limits.h"

#define HASH_MAX ((int64_t)256 << 20) /* bytes of a file that is read twice; a larger one is mostly refused */

struct sending {
	struct uploads *all;
	const struct upload *u;
	int fd;
	int64_t size; /* < 0 unknown */
	int64_t id, off;
	char sha256[SHA256_HEX + 1]; /* "" not known */
};

char *upload_name(const char *path)
{
	const char *base = path_basename(path);

	if (!*base || !strcmp(base, "..") || !strcmp(base, "."))
		return NULL;
	return mem_dup(base);
}

/* ---- one file ---- */

static int cannot_read(struct uploads *all, const char *path, int e)
{
	progress_clear(all->progress);
	return say_fail(STATUS_INPUT, "cannot read '%s': %s", path,
		e == ESTALE ? "it changed while it was read: try again" : strerror(e));
}

static int open_source(struct sending *s)
{
	const char *path = s->u->path;
	struct stat st;

	s->fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				       : dup(STDIN_FILENO);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return cannot_read(s->all, path, errno);
	if (S_ISDIR(st.st_mode)) {
		progress_clear(s->all->progress);
		return say_fail(
			STATUS_INPUT, "'%s' is a folder: -r takes it with what is in it", path);
	}
	/* those of /proc say 0 and have something */
	s->size = S_ISREG(st.st_mode) && st.st_size > 0 && strcmp(path, "-") != 0 ? (int64_t)st.st_size : -1;
	return 0;
}

/* Of a file that can be read twice. One that changes in between is sent as it is then. */
static void hash(struct sending *s, uint8_t *piece)
{
	struct sha256 sum;
	ssize_t n;

	if (s->size <= 0 || s->size > HASH_MAX)
		return;
	sha256_init(&sum);
	while ((n = fd_read(s->fd, piece, LIMIT_CHUNK)) > 0)
		sha256_add(&sum, piece, (size_t)n);
	if (n == 0)
		sha256_end_hex(&sum, s->sha256);
	(void)lseek(s->fd, 0, SEEK_SET);
}

/* A link_result. s->id 0: the library has it already. */
static int begin(struct sending *s)
{
	struct pack *p = link_request(s->all->link, "doc.begin");
	struct val result;
	int r;

	pack_kv_text(p, "name", s->u->name);
	pack_kv_int_opt(p, "size", s->size);
	pack_kv_text_opt(p, "collection", s->u->collection);
	pack_kv_text_opt(p, "sha256", s->sha256[0] ? s->sha256 : NULL);
	r = link_call(s->all->link, LINK_ONCE);
	if (r)
		return r;
	result = s->all->link->msg.result;
	s->id = val_get_int(result, "upload", 0);
	s->all->single = val_str_is(val_get(result, "target"), "backend");
	if (s->all->single && s->u->collection && !s->all->told) {
		s->all->told = true;
		progress_clear(s->all->progress);
		say("the backend keeps documents in its own way: there is no collection '%s' (retrieval = local has them)", s->u->collection);
	}
	return 0;
}

/*
 * A whole piece, or what is left: pipes give less at a time than a message can carry. Of a file that
 * grows meanwhile, as a log does, what was there at first.
 */
static ssize_t read_piece(const struct sending *s, uint8_t *piece)
{
	size_t have = 0, want = LIMIT_CHUNK;

	if (s->size > 0)
		want = (size_t)min_of((int64_t)want, s->size - s->off);
	while (have < want) {
		ssize_t n = fd_read(s->fd, piece + have, want - have);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* A link_result. */
static int send_piece(struct sending *s, const uint8_t *piece, size_t n)
{
	struct pack *p = link_request(s->all->link, "doc.chunk");
	int r;

	pack_kv_int(p, "upload", s->id);
	pack_kv_int(p, "off", s->off);
	pack_key(p, "data");
	pack_bin(p, piece, n);
	/* The reply comes when there is room for more: as slowly as a backend reads. */
	r = link_call(s->all->link, LINK_ONCE | LINK_PATIENT);
	if (r)
		return r;
	s->off += (int64_t)n;
	uploads_tell(s->all, &(struct upload_news){ .name = s->u->name, .kind = UPLOAD_SENDING, .off = s->off, .size = s->size });
	return 0;
}

static void give_up(struct sending *s)
{
	pack_kv_int(link_request(s->all->link, "doc.abort"), "upload", s->id);
	(void)link_call(s->all->link, LINK_ONCE);
}

/* *e: errno of a file that cannot be read. */
static int send_all(struct sending *s, uint8_t *piece, int *e)
{
	ssize_t n;
	int r = 0;

	while (!r && (n = read_piece(s, piece)) != 0) {
		if (n < 0) {
			*e = (int)-n;
			give_up(s);
			return 0;
		}
		r = send_piece(s, piece, (size_t)n);
	}
	if (!r && s->off < s->size) { /* it became shorter */
		*e = ESTALE;
		give_up(s);
	}
	return r;
}

/* When the daemon holds too much already, its other ends are waited for. */
static int try_again(struct sending *s, int r)
{
	struct uploads *all = s->all;

	if (r != LINK_E_REMOTE || all->link->error.code != PROTO_E_BUSY || !all->n || lseek(s->fd, 0, SEEK_SET) != 0)
		return r;
	s->off = s->id = 0;
	uploads_wait_below(all, all->n);
	return all->lost ? r : 0;
}

static int send_bytes(struct sending *s, int *e)
{
	uint8_t *piece = mem_new(LIMIT_CHUNK);
	int r;

	hash(s, piece);
	do {
		s->id = -1;
		r = begin(s);
		if (!r && s->id)
			r = send_all(s, piece, e);
	} while (r && try_again(s, r) == 0);
	mem_free(piece);
	return r;
}

static void commit(struct sending *s)
{
	struct uploads *all = s->all;
	struct pending p = { .upload = s->id, .size = max_of(s->off, (int64_t)0) };
	struct pack *pack = link_request(all->link, "doc.commit");
	int r;

	pack_kv_int(pack, "upload", s->id);
	if (all->events.news)
		pack_kv_bool(pack, "progress", true);
	r = link_send(all->link, &p.id);
	if (r) {
		uploads_failed(all, s->u, uploads_refused(all, s->u, r));
		return;
	}
	p.found = s->u->found;
	p.path = mem_dup(s->u->path);
	p.name = mem_dup(s->u->name);
	all->v[all->n++] = p;
	/* A backend may read a long document for minutes; its own time limits end that, not ours. */
	uploads_wait_below(all, uploads_most(all));
}

/* On its way each byte that is no UTF-8 becomes the same mark, and one file would replace another. */
static int look_at_name(struct uploads *all, const struct upload *u)
{
	if (utf8_valid(u->name, strlen(u->name)))
		return 0;
	progress_clear(all->progress);
	return say_fail(STATUS_DATA, "the name of '%s' is not UTF-8: rename it%s", u->path, u->found ? "" : ", or call it otherwise with --name");
}

bool uploads_send(struct uploads *all, const struct upload *u)
{
	struct sending s = { .all = all, .u = u, .fd = -1 };
	int r = 0, e = 0, status = all->lost ? STATUS_UNAVAILABLE : look_at_name(all, u);

	if (!status)
		status = open_source(&s);
	if (!status) {
		uploads_wait_for_room(all, s.size);
		status = all->lost ? STATUS_UNAVAILABLE : 0;
	}
	if (!status) {
		r = send_bytes(&s, &e);
		status = r ? uploads_refused(all, u, r) : e ? cannot_read(all, u->path, e) : 0;
	}
	if (r && all->lost && all->n)
		uploads_lose(all, LINK_E_LOST);
	if (status)
		uploads_failed(all, u, status);
	else if (s.id)
		commit(&s);
	else
		uploads_told(all, u, 0, all->link->msg.result);
	fd_close(s.fd);
	return !all->lost;
}
