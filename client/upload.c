/* Sending one document. */
#include "client/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/link.h"
#include "client/say.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "proto/errors.h"
#include "proto/limits.h"

struct sending {
	const struct upload *u;
	int fd;
	int64_t size; /* < 0 unknown */
	int64_t id, off;
	uint8_t *piece;
};

char *upload_name(const char *path)
{
	const char *base = path_basename(path);

	if (!*base || !strcmp(base, "..") || !strcmp(base, "."))
		return NULL;
	return mem_dup(base);
}

static int cannot_read(const char *path, int e)
{
	return say_fail(STATUS_INPUT, "cannot read '%s': %s", path, strerror(e));
}

static int open_source(struct sending *s)
{
	const char *path = s->u->path;
	struct stat st;

	s->fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				       : dup(STDIN_FILENO);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return cannot_read(path, errno);
	if (S_ISDIR(st.st_mode))
		return say_fail(
			STATUS_INPUT, "'%s' is a folder: -r takes it with what is in it", path);
	s->size = S_ISREG(st.st_mode) && strcmp(path, "-") != 0 ? (int64_t)st.st_size : -1;
	return 0;
}

/* An error that names the file it is about. */
static int refused(const struct sending *s, int r)
{
	const struct link_error *e = &s->u->link->error;

	progress_clear(s->u->progress);
	if (r != LINK_E_REMOTE)
		return link_fail(s->u->link, r);
	say_as(link_culprit(e->name), "%s: %s", s->u->name,
		e->message ? e->message : proto_error_text(e->code));
	return proto_error_exit(e->code);
}

static int begin(struct sending *s)
{
	struct pack *p = link_request(s->u->link, "doc.begin");
	int r;

	pack_kv_text(p, "name", s->u->name);
	pack_kv_int_opt(p, "size", s->size);
	pack_kv_text_opt(p, "collection", s->u->collection);
	r = link_call(s->u->link, LINK_ONCE);
	if (r)
		return refused(s, r);
	s->id = val_get_int(s->u->link->msg.result, "upload", 0);
	return 0;
}

/* A whole piece, or what is left: pipes give less at a time than a message can carry. */
static ssize_t read_piece(struct sending *s)
{
	size_t have = 0;

	while (have < LIMIT_CHUNK) {
		ssize_t n = fd_read(s->fd, s->piece + have, LIMIT_CHUNK - have);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static void show_progress(const struct sending *s)
{
	char text[100];
	double mb = (double)s->off / 1e6;

	if (s->size > 0)
		(void)snprintf(text, sizeof(text), "%.60s  %d%% of %.1f MB", s->u->name,
			(int)(100 * s->off / s->size), (double)s->size / 1e6);
	else
		(void)snprintf(text, sizeof(text), "%.60s  %.1f MB", s->u->name, mb);
	if (!s->u->progress->on)
		return;
	progress_text(s->u->progress, text, strlen(text));
	(void)progress_tick(s->u->progress);
}

static int send_piece(struct sending *s, size_t n)
{
	struct pack *p = link_request(s->u->link, "doc.chunk");
	int r;

	pack_kv_int(p, "upload", s->id);
	pack_kv_int(p, "off", s->off);
	pack_key(p, "data");
	pack_bin(p, s->piece, n);
	/* The reply comes when there is room for more: as slowly as a backend reads. */
	r = link_call(s->u->link, LINK_ONCE | LINK_PATIENT);
	if (r)
		return refused(s, r);
	s->off += (int64_t)n;
	show_progress(s);
	return 0;
}

static void give_up(struct sending *s)
{
	pack_kv_int(link_request(s->u->link, "doc.abort"), "upload", s->id);
	(void)link_call(s->u->link, LINK_ONCE);
}

static int send_all(struct sending *s)
{
	ssize_t n;
	int r = 0;

	s->piece = mem_new(LIMIT_CHUNK);
	while (!r && (n = read_piece(s)) != 0) {
		if (n > 0) {
			r = send_piece(s, (size_t)n);
		} else {
			progress_clear(s->u->progress);
			r = cannot_read(s->u->path, (int)-n);
			give_up(s);
		}
	}
	s->piece = mem_free(s->piece);
	return r;
}

/* Also where it took no file at all: a backend passes over what it cannot read without a word. */
static bool stats_failed(struct val stats)
{
	return val_get_int(stats, "failed", 0) > 0 || val_count(val_get(stats, "errors")) > 0 ||
	       (val_present(val_get(stats, "total")) && val_get_int(stats, "total", 1) == 0);
}

static int commit(struct sending *s)
{
	int r;

	pack_kv_int(link_request(s->u->link, "doc.commit"), "upload", s->id);
	if (s->u->progress->on)
		progress_text(s->u->progress, "waiting for the daemon", 22);
	(void)progress_tick(s->u->progress);
	/* A backend may read a long document for minutes; its own time limits end that, not ours.
	 */
	r = link_call(s->u->link, LINK_ONCE | LINK_PATIENT);
	progress_clear(s->u->progress);
	if (r)
		return refused(s, r);
	return stats_failed(val_get(s->u->link->msg.result, "stats")) ? STATUS_FAILED : 0;
}

int upload_send(const struct upload *u)
{
	struct sending s = { .u = u, .fd = -1 };
	int r = open_source(&s);

	if (!r)
		r = begin(&s);
	if (!r)
		r = send_all(&s);
	if (!r)
		r = commit(&s);
	fd_close(s.fd);
	return r;
}
