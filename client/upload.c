/* Sending documents, a few at once. */
#include "client/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/link.h"
#include "client/often.h"
#include "client/progress.h"
#include "client/say.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/sha256.h"
#include "common/utf8.h"
#include "proto/errors.h"
#include "proto/limits.h"

#define AT_ONCE 4                       /* documents of which the commit is not answered */
#define SMALL_AT_ONCE 24 /* ... while they are small: the daemon writes several with one commit */
#define SMALL_BYTES ((int64_t)1 << 20) /* ... all of them together */
#define BYTES_AT_ONCE ((int64_t)96 << 20) /* ... and their bytes, which the daemon holds; one always may */
#define HASH_MAX ((int64_t)256 << 20) /* bytes of a file that is read twice; a larger one is mostly refused */
#define LOOK_MS 100                     /* the wheel of the progress line */

struct pending {
	char *path, *name;
	bool found;
	uint32_t id; /* of the request doc.commit */
	int64_t upload, size;
};

struct uploads {
	struct link *link;
	struct progress *progress;
	struct upload_events events;
	struct pending v[SMALL_AT_ONCE];
	size_t n, done;
	int lost;    /* the status with which the loss of the daemon was said; 0: it is there */
	struct often often;
	bool quiet;  /* of what is passed over */
	bool single; /* one after the other: they go to a backend */
	bool told;   /* that it has no collections */
};

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

/* ---- ends ---- */

static void told(struct uploads *all, const struct upload *u, int status, struct val result)
{
	all->done++;
	progress_clear(all->progress);
	if (all->events.done)
		all->events.done(all->events.ctx, u, status, result);
}

static void failed(struct uploads *all, const struct upload *u, int status)
{
	told(all, u, status, (struct val){ NULL });
}

/*
 * An error that names the file it is about. In a folder there are all sorts of things: one of a kind
 * that is not read is nobody's mistake.
 */
static int refused(struct uploads *all, const struct upload *u, int r)
{
	const struct link_error *e = &all->link->error;
	const char *words;
	bool passed;

	progress_clear(all->progress);
	if (r != LINK_E_REMOTE) {
		all->lost = all->lost ? all->lost : link_fail(all->link, r);
		return all->lost;
	}
	words = e->message ? e->message : proto_error_text(e->code);
	passed = u->found && e->code == PROTO_E_UNSUPPORTED_TYPE;
	if (!(passed && all->quiet) && often_say(&all->often, words)) {
		if (passed)
			say("passed over %s: %s", u->name, words);
		else
			say_as(link_culprit(e->name), "%s: %s", u->name, words);
	}
	return passed ? UPLOAD_PASSED : proto_error_exit(e->code);
}

static struct pending take_pending(struct uploads *all, size_t i)
{
	struct pending p = all->v[i];

	memmove(&all->v[i], &all->v[i + 1], (--all->n - i) * sizeof(p));
	return p;
}

/* Also where it took no file at all: a backend passes over what it cannot read without a word. */
static int stats_status(struct val stats, bool found)
{
	if (val_get_int(stats, "failed", 0) > 0 || val_count(val_get(stats, "errors")) > 0)
		return STATUS_FAILED;
	if (val_present(val_get(stats, "total")) && val_get_int(stats, "total", 1) == 0)
		return found ? UPLOAD_PASSED : STATUS_FAILED;
	return 0;
}

static void end_pending(struct uploads *all, size_t i, int r)
{
	struct pending p = take_pending(all, i);
	struct upload u = { .path = p.path, .name = p.name, .found = p.found };
	struct val result = all->link->msg.result;

	if (r)
		failed(all, &u, refused(all, &u, r));
	else
		told(all, &u, stats_status(val_get(result, "stats"), u.found), result);
	mem_free(p.path);
	mem_free(p.name);
}

/* The daemon is gone: so are the ends of all that it was reading. */
static void lose_pending(struct uploads *all, int r)
{
	int status = refused(all, &(struct upload){ .name = "" }, r);

	say("what it was reading may not be kept: the same command again goes on from here");
	while (all->n) {
		struct pending p = take_pending(all, 0);

		failed(all, &(struct upload){ .path = p.path, .name = p.name }, status);
		mem_free(p.path);
		mem_free(p.name);
	}
}

/* ---- what comes meanwhile ---- */

static void tell(struct uploads *all, const struct upload_news *news)
{
	struct upload_news n = *news;

	n.done = all->done;
	if (all->events.news)
		all->events.news(all->events.ctx, &n);
}

static void on_news(struct uploads *all)
{
	struct val params = all->link->msg.params;
	int64_t upload = val_get_int(params, "upload", 0);

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].upload == upload)
			tell(all, &(struct upload_news){ .name = all->v[i].name,
					  .kind = val_str_is(val_get(params, "kind"), "indexing") ? UPLOAD_INDEXING
												  : UPLOAD_READING,
					  .pages = (int)val_get_int(params, "pages", 0) });
}

static void on_other(void *ctx)
{
	struct uploads *all = ctx;
	const struct msg *m = &all->link->msg;

	if (m->type == MSG_NOTIFICATION && m->method_len == 6 && !memcmp(m->method, "upload", 6))
		on_news(all);
	for (size_t i = 0; m->type == MSG_RESPONSE && i < all->n; i++) {
		if (all->v[i].id == m->id) {
			end_pending(all, i, link_take_error(all->link));
			return;
		}
	}
}

/* Until fewer than `n` are on their way. */
static void wait_below(struct uploads *all, size_t n)
{
	while (all->n >= n && all->n) {
		struct link_wait w = { .signals = -1, .until_ms = all->progress->on ? clock_mono_ms() + LOOK_MS : 0 };

		switch (link_next(all->link, &w)) {
		case LINK_MESSAGE:
			on_other(all);
			break;
		case LINK_LOST:
			lose_pending(all, LINK_E_LOST);
			break;
		case LINK_REFUSED:
			lose_pending(all, LINK_E_STATUS);
			break;
		default:
			(void)progress_tick(all->progress);
		}
	}
}

static int64_t bytes_pending(const struct uploads *all)
{
	int64_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->v[i].size;
	return n;
}

static size_t most_at_once(const struct uploads *all)
{
	return all->single ? 1 : bytes_pending(all) <= SMALL_BYTES ? SMALL_AT_ONCE : AT_ONCE;
}

static void wait_for_room(struct uploads *all, int64_t size)
{
	wait_below(all, most_at_once(all));
	while (all->n && bytes_pending(all) > BYTES_AT_ONCE - max_of(size, (int64_t)0))
		wait_below(all, all->n);
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
	tell(s->all, &(struct upload_news){ .name = s->u->name, .kind = UPLOAD_SENDING, .off = s->off, .size = s->size });
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
	wait_below(all, all->n);
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
		failed(all, s->u, refused(all, s->u, r));
		return;
	}
	p.found = s->u->found;
	p.path = mem_dup(s->u->path);
	p.name = mem_dup(s->u->name);
	all->v[all->n++] = p;
	/* A backend may read a long document for minutes; its own time limits end that, not ours. */
	wait_below(all, most_at_once(all));
}

void uploads_say_at_most(struct uploads *all, size_t times)
{
	all->often.most = times;
}

void uploads_pass_quietly(struct uploads *all)
{
	all->quiet = true;
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
		wait_for_room(all, s.size);
		status = all->lost ? STATUS_UNAVAILABLE : 0;
	}
	if (!status) {
		r = send_bytes(&s, &e);
		status = r ? refused(all, u, r) : e ? cannot_read(all, u->path, e) : 0;
	}
	if (r && all->lost && all->n)
		lose_pending(all, LINK_E_LOST);
	if (status)
		failed(all, u, status);
	else if (s.id)
		commit(&s);
	else
		told(all, u, 0, all->link->msg.result);
	fd_close(s.fd);
	return !all->lost;
}

struct uploads *uploads_new(struct link *l, struct progress *p, const struct upload_events *events)
{
	struct uploads *all = mem_new(sizeof(*all));

	*all = (struct uploads){ .link = l, .progress = p, .events = *events };
	l->other = on_other;
	l->other_ctx = all;
	return all;
}

void *uploads_free(struct uploads *all)
{
	if (!all)
		return NULL;
	wait_below(all, 1);
	progress_clear(all->progress);
	often_sum(&all->often);
	all->link->other = NULL;
	return mem_free(all);
}

struct single {
	struct progress *progress;
	int status;
	bool away;
};

static void keep_status(void *ctx, const struct upload *u, int status, struct val result)
{
	struct single *one = ctx;

	(void)u;
	one->status = status;
	one->away = val_present(result) && !val_present(val_get(result, "document"));
}

static void show_single(void *ctx, const struct upload_news *news)
{
	progress_upload(((struct single *)ctx)->progress, news, 1);
}

int upload_send(struct link *l, struct progress *p, const struct upload *file, bool *away)
{
	struct single one = { .progress = p };
	struct uploads *all = uploads_new(l, p, &(struct upload_events){ keep_status, show_single, &one });

	(void)uploads_send(all, file);
	uploads_free(all);
	*away = one.away;
	return one.status;
}
