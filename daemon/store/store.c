/* The store as a whole: opened step by step, fed from the loop, closed in order. */
#define LOG_TAG "store"
#include "daemon/store/store.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/carry.h"
#include "daemon/store/columns.h"
#include "daemon/store/lane.h"
#include "daemon/store/later.h"
#include "daemon/store/lock.h"
#include "daemon/store/migrate.h"
#include "daemon/store/place.h"
#include "daemon/store/recover.h"
#include "daemon/store/snapshot.h"
#include "daemon/store/search_open.h"
#include "daemon/store/segments.h"

/* Pages that a scan meets again and again; given back when it rests. */
#define SCAN_CACHE "PRAGMA cache_size = -4096"

struct store {
	struct place place;
	int lock;
	struct columns *columns;
	struct harvest harvest;
	bool started;        /* lanes run, the handles live in the loop */
	unsigned open;       /* of the handles, while they are closed */
	struct laters laters;
	struct carrier carrier;
	struct tender tender;
	int segments; /* their folder */
	unsigned outstanding; /* jobs whose done has not been called */
	struct lane lanes[STORE_LANES];
};

/* Memory habits of SQLite, for the whole process; refused harmlessly once it is in use. */
static void configure_sqlite(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* No 85 KiB in advance for each connection. */
	(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	log_debug("sqlite %s", sqlite3_libversion());
}

/* ---- opening ---- */

static void add_notice(char **why, char *notice)
{
	char *both;

	if (!notice)
		return;
	if (!*why) {
		*why = notice;
		return;
	}
	both = mem_printf("%s; %s", *why, notice);
	mem_free(*why);
	mem_free(notice);
	*why = both;
}

static int open_chat(struct store *s, char **notice, char **why)
{
	struct db *db = &s->lanes[STORE_WRITER].db;
	enum origin origin;
	int64_t interrupted = 0;
	int version;
	int r = db_connect(&db->chat, s->place.path, DB_CHAT, true, why);

	if (r == 0)
		r = migrate_identify(db, &s->place, &origin, &version, why);
	if (r == 0)
		r = migrate_run(db, &s->place, origin, version, notice, why);
	s->columns = db->columns;
	if (r == 0)
		r = recover_run(db, &interrupted, why);
	if (r == 0 && interrupted)
		add_notice(notice, mem_printf("marked %lld unfinished answer%s as interrupted",
			(long long)interrupted, interrupted == 1 ? "" : "s"));
	return r;
}

static int open_library(struct store *s, char **why)
{
	struct db *db = &s->lanes[STORE_LIBRARY].db;
	bool unclean;
	int64_t bytes;
	int r = place_check_library(&s->place, &bytes, &unclean, why);

	if (r == 0)
		r = db_connect(&db->lib, s->place.library, DB_LIBRARY, true, why);
	if (r == 0)
		r = migrate_check(db, db->lib, bytes, unclean, why);
	if (r == 0)
		r = segments_folder(s->place.segments, &s->segments, why);
	for (int lane = 0; lane < STORE_LANES; lane++)
		s->lanes[lane].db.segments = s->segments;
	if (r == 0)
		r = library_migrate(db->lib, why);
	if (r != 0)
		return db_fail(why, r, "cannot prepare '%s'", s->place.library);
	(void)sqlite3_db_config(db->lib, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return 0;
}

/* Without it everything but the search works; it says so. */
static int open_search(struct store *s, char **why)
{
	struct db *writer = &s->lanes[STORE_INDEX].db, *reader = &s->lanes[STORE_SCAN].db;
	char *trouble = NULL;
	int r;

	writer->columns = s->columns;
	r = db_connect(&writer->chat, s->place.path, DB_CHAT, false, why);
	if (r != 0)
		return r;
	r = search_open(&writer->said, writer->chat, s->place.search, &trouble);
	if (r == 0)
		r = db_connect(&reader->said, s->place.search, DB_SEARCH, false, &trouble);
	if (r == 0)
		r = search_rank_register(reader->said, reader);
	if (r == 0)
		r = db_script(reader->said, SCAN_CACHE, &trouble);
	if (r != 0) {
		log_error("no search: %s", trouble ? trouble : strerror(r < 0 ? -r : EIO));
		(void)sqlite3_close_v2(writer->said);
		(void)sqlite3_close_v2(reader->said);
		writer->said = reader->said = NULL;
	}
	mem_free(trouble);
	return 0;
}

static int open_readers(struct store *s, char **why)
{
	int r = 0;

	for (int lane = STORE_KEYED; r == 0 && lane <= STORE_SCAN; lane++) {
		struct db *db = &s->lanes[lane].db;

		db->columns = s->columns;
		r = db_connect(&db->chat, s->place.path, DB_CHAT, false, why);
		if (r == 0)
			r = db_connect(&db->lib, s->place.library, DB_LIBRARY, false, why);
		if (r == 0 && lane == STORE_SCAN)
			r = db_script(db->chat, SCAN_CACHE, why);
		if (r == 0 && lane == STORE_SCAN)
			r = db_script(db->lib, SCAN_CACHE, why);
	}
	if (r == 0)
		r = db_connect(&s->lanes[STORE_SEGMENTS].db.lib, s->place.library, DB_LIBRARY, false, why);
	return r;
}

static void tend(struct store *s)
{
	uv_mutex_lock(&s->harvest.mutex);
	if (s->harvest.broken[0])
		memcpy(s->tender.broken, s->harvest.broken, sizeof(s->tender.broken));
	s->harvest.broken[0] = '\0';
	uv_mutex_unlock(&s->harvest.mutex);
	tend_go(&s->tender);
}

/* On the loop: whatever the threads have finished since. */
static void hand_out(struct store *s)
{
	struct list done;

	list_init(&done);
	uv_mutex_lock(&s->harvest.mutex);
	list_splice(&done, &s->harvest.done);
	uv_mutex_unlock(&s->harvest.mutex);
	while (!list_empty(&done)) {
		struct job *j = list_first(&done, struct job, link);

		list_remove(&j->link);
		s->outstanding--;
		j->done(j);
	}
	if (atomic_exchange(&s->harvest.carry, false))
		carry_go(&s->carrier);
	if (atomic_exchange(&s->harvest.tend, false))
		tend(s);
}

static void on_async(uv_async_t *async)
{
	struct store *s = container_of(async, struct store, harvest.async);

	hand_out(s);
	if (!s->outstanding)
		uv_unref((uv_handle_t *)async); /* an idle store does not keep the loop alive */
}

static int start_lanes(struct store *s, uv_loop_t *loop, uint64_t retry_ms, char **why)
{
	int r = uv_mutex_init(&s->harvest.mutex);

	if (r != 0)
		return db_fail(why, r, "cannot start: %s", uv_strerror(r));
	list_init(&s->harvest.done);
	r = uv_async_init(loop, &s->harvest.async, on_async);
	if (r != 0) {
		uv_mutex_destroy(&s->harvest.mutex);
		return db_fail(why, r, "cannot start: %s", uv_strerror(r));
	}
	uv_unref((uv_handle_t *)&s->harvest.async);
	laters_init(&s->laters, loop, retry_ms);
	s->started = true;
	carry_init(&s->carrier, s);
	tend_init(&s->tender, s);
	s->lanes[STORE_LIBRARY].db.outbox = true; /* what the last life left */
	for (int lane = 0; r == 0 && lane < STORE_LANES; lane++)
		r = lane_start(&s->lanes[lane], (enum store_lane)lane, &s->harvest);
	return r ? db_fail(why, r, "cannot start a thread: %s", uv_strerror(r)) : 0;
}

static int open_all(struct store *s, uv_loop_t *loop, const struct store_config *config,
	char **notice, char **why)
{
	int r = place_find(&s->place, config->path, config->create, why);

	if (r == 0)
		r = lock_take(&s->lock, s->place.lock, s->place.path, config->socket, why);
	if (r == 0) {
		snapshot_tidy(s->place.path);
		snapshot_tidy(s->place.library);
	}
	if (r == 0)
		r = open_chat(s, notice, why);
	if (r == 0)
		r = open_library(s, why);
	if (r != 0 || config->init_only)
		return r;
	r = open_readers(s, why);
	if (r == 0)
		r = open_search(s, why);
	return r ? r : start_lanes(s, loop, config->retry_ms, why);
}

int store_open(struct store **out, uv_loop_t *loop, const struct store_config *config, char **why)
{
	struct store *s = mem_new(sizeof(*s));
	char *words = NULL, *notice = NULL;
	int r;

	configure_sqlite();
	*out = NULL;
	s->lock = s->segments = -1;
	s->lanes[STORE_LIBRARY].db.index_passages = config->index_passages;
	for (int lane = 0; lane < STORE_LANES; lane++)
		s->lanes[lane].db.lane = (enum store_lane)lane;
	r = open_all(s, loop, config, &notice, &words);
	if (r == 0) {
		*out = s;
		add_notice(&notice, words); /* what the library had to say */
		words = NULL;
	} else {
		db_fail(&words, r, "cannot open '%s': %s", config->path,
			r < 0 ? strerror(-r) : "refused");
		notice = mem_free(notice);
		store_close(s);
	}
	if (why)
		*why = r == 0 ? notice : words;
	else
		mem_free(r == 0 ? notice : words);
	return r;
}

/* ---- closing ---- */

static void store_free(struct store *s)
{
	place_fini(&s->place);
	mem_free(s);
}

static void one_closed(struct store *s)
{
	if (--s->open == 0)
		store_free(s);
}

static void on_async_closed(uv_handle_t *handle)
{
	one_closed(container_of(handle, struct store, harvest.async));
}

static void on_laters_closed(uv_handle_t *handle)
{
	one_closed(container_of(handle, struct store, laters.timer));
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (int lane = 0; lane < STORE_LANES; lane++)
		lane_stop(&s->lanes[lane]);
	if (s->started)
		hand_out(s);
	/* Readers first: a writer that closes last checkpoints its file. */
	db_close(&s->lanes[STORE_KEYED].db);
	db_close(&s->lanes[STORE_SCAN].db);
	db_close(&s->lanes[STORE_INDEX].db);
	db_close(&s->lanes[STORE_SEGMENTS].db);
	db_close(&s->lanes[STORE_LIBRARY].db);
	db_close(&s->lanes[STORE_WRITER].db);
	s->columns = columns_free(s->columns);
	s->segments = fd_close(s->segments);
	s->lock = lock_drop(s->lock);
	if (!s->started) {
		store_free(s);
		return;
	}
	uv_mutex_destroy(&s->harvest.mutex);
	s->open = 2;
	uv_close((uv_handle_t *)&s->harvest.async, on_async_closed);
	laters_close(&s->laters, on_laters_closed);
}

/* ---- in use ---- */

int store_submit(struct store *s, enum store_lane lane, struct job *j)
{
	int r = lane_submit(&s->lanes[lane], j);

	if (r == 0 && s->outstanding++ == 0)
		uv_ref((uv_handle_t *)&s->harvest.async);
	return r;
}

void store_later(struct store *s, struct store_later *l)
{
	laters_add(&s->laters, l);
}

bool store_news(struct store *s, uint64_t set[NEWS_WORDS])
{
	bool any = false;

	for (size_t i = 0; i < NEWS_WORDS; i++) {
		set[i] = atomic_load(&s->harvest.news[i]) ? atomic_exchange(&s->harvest.news[i], 0) : 0;
		any |= set[i] != 0;
	}
	return any;
}

uint64_t store_commits(const struct store *s)
{
	return atomic_load(&s->harvest.commits);
}

void store_figures(struct store *s, struct store_figures *out)
{
	struct ahead *ahead = s->lanes[STORE_LIBRARY].ahead;

	*out = (struct store_figures){ .commits = atomic_load(&s->harvest.commits),
		.last_commit_us = atomic_load(&s->harvest.last_commit_us),
		.library_longest_us = atomic_load(&s->lanes[STORE_LIBRARY].db.longest_us),
		.read_only = atomic_load(&s->harvest.read_only) };
	for (int i = 0; i < STORE_LANES; i++) {
		struct lane *l = &s->lanes[i];

		out->jobs_done[i] = atomic_load(&l->jobs_done);
		out->queued[i] = atomic_load(&l->queued);
		out->busy_ms[i] = lane_busy_us(l) / 1000;
	}
	if (ahead) {
		struct ahead_figures f = ahead_figures(ahead);

		out->jobs_done[STORE_LANES] = f.jobs_done;
		out->queued[STORE_LANES] = f.queued;
		out->busy_ms[STORE_LANES] = f.busy_us / 1000;
	}
}

const char *store_path(const struct store *s)
{
	return s->place.path;
}

const char *store_library_path(const struct store *s)
{
	return s->place.library;
}
