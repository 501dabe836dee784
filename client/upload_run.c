/* The documents of an upload that are on their way: how many may be, what comes meanwhile, how each ends. */
#include <string.h>

#include "client/link.h"
#include "client/progress.h"
#include "client/say.h"
#include "client/upload_in.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/errors.h"

#define AT_ONCE 4                       /* documents of which the commit is not answered */
#define SMALL_BYTES ((int64_t)1 << 20) /* SMALL_AT_ONCE while they are small: all of them together */
#define BYTES_AT_ONCE ((int64_t)96 << 20) /* ... and their bytes, which the daemon holds; one always may */
#define LOOK_MS 100                     /* the wheel of the progress line */

/* ---- ends ---- */

void uploads_told(struct uploads *all, const struct upload *u, int status, struct val result)
{
	all->done++;
	progress_clear(all->progress);
	if (all->events.done)
		all->events.done(all->events.ctx, u, status, result);
}

void uploads_failed(struct uploads *all, const struct upload *u, int status)
{
	uploads_told(all, u, status, (struct val){ NULL });
}

/*
 * An error that names the file it is about. In a folder there are all sorts of things: one of a kind
 * that is not read is nobody's mistake.
 */
int uploads_refused(struct uploads *all, const struct upload *u, int r)
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
		uploads_failed(all, &u, uploads_refused(all, &u, r));
	else
		uploads_told(all, &u, stats_status(val_get(result, "stats"), u.found), result);
	mem_free(p.path);
	mem_free(p.name);
}

/* The daemon is gone: so are the ends of all that it was reading. */
void uploads_lose(struct uploads *all, int r)
{
	int status = uploads_refused(all, &(struct upload){ .name = "" }, r);

	say("what it was reading may not be kept: the same command again goes on from here");
	while (all->n) {
		struct pending p = take_pending(all, 0);

		uploads_failed(all, &(struct upload){ .path = p.path, .name = p.name }, status);
		mem_free(p.path);
		mem_free(p.name);
	}
}

/* ---- what comes meanwhile ---- */

void uploads_tell(struct uploads *all, const struct upload_news *news)
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
			uploads_tell(all, &(struct upload_news){ .name = all->v[i].name,
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
void uploads_wait_below(struct uploads *all, size_t n)
{
	while (all->n >= n && all->n) {
		struct link_wait w = { .signals = -1, .until_ms = all->progress->on ? clock_mono_ms() + LOOK_MS : 0 };

		switch (link_next(all->link, &w)) {
		case LINK_MESSAGE:
			on_other(all);
			break;
		case LINK_LOST:
			uploads_lose(all, LINK_E_LOST);
			break;
		case LINK_REFUSED:
			uploads_lose(all, LINK_E_STATUS);
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

size_t uploads_most(const struct uploads *all)
{
	return all->single ? 1 : bytes_pending(all) <= SMALL_BYTES ? SMALL_AT_ONCE : AT_ONCE;
}

void uploads_wait_for_room(struct uploads *all, int64_t size)
{
	uploads_wait_below(all, uploads_most(all));
	while (all->n && bytes_pending(all) > BYTES_AT_ONCE - max_of(size, (int64_t)0))
		uploads_wait_below(all, all->n);
}

/* ---- an upload's life ---- */

void uploads_say_at_most(struct uploads *all, size_t times)
{
	all->often.most = times;
}

void uploads_pass_quietly(struct uploads *all)
{
	all->quiet = true;
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
	uploads_wait_below(all, 1);
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
