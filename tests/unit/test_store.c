/*
 * The store as a place and as threads: opening whatever lies there, group commit, order, limits,
 * errors.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "common/clock.h"
#include "common/list.h"
#include "tests/unit/store.h"

/* ---- a file system said to be remote ---- */

static bool pretend_nfs;

int statfs(const char *path, struct statfs *out)
{
	int r = (int)syscall(SYS_statfs, path, out);

	if (r == 0 && pretend_nfs)
		out->f_type = 0x6969;
	return r;
}

/* ---- opening ---- */

static int mode_of(const char *dir, const char *name)
{
	char path[320];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return lstat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

TEST(a_new_database_is_private_whole_and_quiet)
{
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_msg(!w.why, "said '%s'", w.why);
	check_int(world_account(&w, "ada"), 0);
	check_int(mode_of(w.dir, "chat_history.db"), 0600);
	check_int(mode_of(w.dir, "chat_history.db-wal"), 0600);
	check_int(mode_of(w.dir, "library.db"), 0600);
	check_int(mode_of(w.dir, "chat_history.db.lock"), 0600);
	check_str(store_path(w.store), w.path);
	world_close(&w);
	check_str(sql_text(w.path, "PRAGMA journal_mode"), "wal");
	check_int(sql_int(w.path, "PRAGMA application_id"), 0x52414743);
	check_int(sql_int(w.path, "PRAGMA user_version"), SCHEMA_VERSION);
	check_str(sql_text(w.path, "PRAGMA integrity_check"), "ok");
	check_int(sql_int(w.path, "SELECT count(*) FROM pragma_table_info('steps') WHERE name IN "
				  "('command', 'modes', 'autoCollapse', 'defaultOpen')"), 4);
	check_int(
		sql_int(w.path, "SELECT count(*) FROM pragma_table_info('elements') WHERE name IN "
				"('props', 'autoPlay', 'playerConfig')"),
		3);
	check_int(sql_int(w.path, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), 0);
	check_int(mode_of(w.dir, "chat_history.db-wal"), -1);
	world_end(&w);
}

TEST(missing_folders_are_made_private)
{
	struct world w;

	world_make(&w);
	snprintf(w.path, sizeof(w.path), "%.200s/a/b/chat_history.db", w.dir);
	check_int(world_open(&w), 0);
	check_int(mode_of(w.dir, "a"), 0700);
	check_int(mode_of(w.dir, "a/b"), 0700);
	world_end(&w);
}

TEST(a_missing_file_or_folder_is_not_made_unless_wanted)
{
	struct world w;

	world_make(&w);
	check_int(world_open_as(&w, false, NULL), STORE_E_NOT_FOUND);
	check(strstr(w.why, "there is no database"));
	check_int(mode_of(w.dir, "chat_history.db"), -1);
	snprintf(w.path, sizeof(w.path), "%.200s/none/chat_history.db", w.dir);
	check_int(world_open_as(&w, false, NULL), STORE_E_NOT_FOUND);
	check(strstr(w.why, "there is no folder"));
	world_end(&w);
}

TEST(only_made_means_no_threads)
{
	struct world w;
	struct store_config config = { .create = true, .init_only = true };
	struct op_account *op = op_account_new();

	world_make(&w);
	config.path = w.path;
	check_int(store_open(&w.store, NULL, &config, NULL), 0);
	check_int(store_submit(w.store, STORE_WRITER, &op->job), STORE_E_BUSY);
	op_account_free(op);
	store_close(w.store);
	w.store = NULL;
	check_int(sql_int(w.path, "PRAGMA user_version"), SCHEMA_VERSION);
	world_end(&w);
}

TEST(a_linked_home_is_followed_a_linked_file_is_not)
{
	struct world w;
	char link[320];

	world_make(&w);
	snprintf(link, sizeof(link), "%s/real", w.dir);
	check_int(mkdir(link, 0700), 0);
	snprintf(link, sizeof(link), "%s/home", w.dir);
	check_int(symlink("real", link), 0);
	snprintf(w.path, sizeof(w.path), "%.200s/home/chat_history.db", w.dir);
	check_int(world_open(&w), 0);
	check(strstr(store_path(w.store), "/real/chat_history.db"));
	world_close(&w);

	snprintf(link, sizeof(link), "%s/linked.db", w.dir);
	check_int(symlink("real/chat_history.db", link), 0);
	snprintf(w.path, sizeof(w.path), "%s/linked.db", w.dir);
	check_int(world_open(&w), STORE_E_LOOSE);
	check(strstr(w.why, "symbolic link"));
	world_end(&w);
}

TEST(a_folder_open_to_others_is_refused_with_a_remedy)
{
	struct world w;

	world_make(&w);
	chmod(w.dir, 0755);
	check_int(world_open(&w), STORE_E_LOOSE);
	check(strstr(w.why, "chmod 700"));
	chmod(w.dir, 0500);
	check_int(world_open(&w), STORE_E_READ_ONLY);
	check(strstr(w.why, "chmod 700"));
	chmod(w.dir, 0700);
	world_end(&w);
}

TEST(a_folder_or_file_of_another_owner_is_refused)
{
	struct world w;

	if (geteuid() != 0)
		return; /* nobody else can give a file away */
	world_make(&w);
	check_int(world_open(&w), 0);
	world_close(&w);
	check_int(chown(w.path, 12345, 12345), 0);
	check_int(world_open(&w), STORE_E_LOOSE);
	check(strstr(w.why, "uid 12345"));
	check_int(chown(w.path, 0, 0), 0);
	check_int(chown(w.dir, 12345, 12345), 0);
	check_int(world_open(&w), STORE_E_LOOSE);
	check(strstr(w.why, "uid 12345"));
	check_int(chown(w.dir, 0, 0), 0);
	world_end(&w);
}

TEST(our_own_file_open_to_others_is_refused_and_so_is_a_read_only_one)
{
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	world_close(&w);
	chmod(w.path, 0644);
	check_int(world_open(&w), STORE_E_LOOSE);
	check(strstr(w.why, "chmod 600"));
	chmod(w.path, 0400);
	check_int(world_open(&w), STORE_E_READ_ONLY);
	check(strstr(w.why, "chmod 600"));
	chmod(w.path, 0600);
	check_int(world_open(&w), 0);
	world_end(&w);
}

static void put_file(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		abort();
	close(fd);
}

TEST(what_is_no_database_of_ours_stays_as_it_is)
{
	char before[SHA256_HEX + 1], after[SHA256_HEX + 1];
	struct world w;

	world_make(&w);
	put_file(w.path, "these are my notes, not a database\n", 35);
	file_digest(w.path, before);
	check_int(world_open(&w), STORE_E_NOT_OURS);
	check(strstr(w.why, "not an SQLite database"));
	file_digest(w.path, after);
	check_str(after, before);

	unlink(w.path);
	sql_run(w.path, "CREATE TABLE recipes(id, cake)");
	chmod(w.path, 0600);
	file_digest(w.path, before);
	check_int(world_open(&w), STORE_E_NOT_OURS);
	check(strstr(w.why, "another program"));
	file_digest(w.path, after);
	check_str(after, before);

	unlink(w.path);
	check_int(mkdir(w.path, 0700), 0);
	check_int(world_open(&w), STORE_E_NOT_OURS);
	world_end(&w);
}

TEST(a_newer_database_is_refused_untouched)
{
	char before[SHA256_HEX + 1], after[SHA256_HEX + 1];
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	world_close(&w);
	sql_run(w.path, "PRAGMA user_version = 99");
	file_digest(w.path, before);
	check_int(world_open(&w), STORE_E_NEWER);
	check(strstr(w.why, "upgrade ragchat"));
	file_digest(w.path, after);
	check_str(after, before);
	world_end(&w);
}

/* A database with some pages of content, closed in peace. */
static void fill(struct world *w)
{
	struct turn_row t = { .found = -1 };
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	world_open(w);
	world_account(w, "ada");
	for (int i = 0; i < 20; i++) {
		ask(w, "long", text, &t);
		finish(w, t.id, TURN_DONE, text);
	}
	turn_row_fini(&t);
	world_close(w);
}

TEST(a_file_cut_short_or_scribbled_over_is_refused_untouched)
{
	char before[SHA256_HEX + 1], after[SHA256_HEX + 1], noise[4096];
	struct world w;
	struct stat st;
	int fd;

	world_make(&w);
	fill(&w);
	check_int(stat(w.path, &st), 0);
	check_int(truncate(w.path, st.st_size - 5 * 4096), 0);
	file_digest(w.path, before);
	check_int(world_open(&w), STORE_E_CORRUPT);
	check(strstr(w.why, "backup"));
	file_digest(w.path, after);
	check_str(after, before);

	unlink(w.path);
	fill(&w);
	memset(noise, 0xA5, sizeof(noise));
	fd = open(w.path, O_WRONLY | O_CLOEXEC);
	for (int page = 2; page < 30; page += 3)
		check_int(pwrite(fd, noise, sizeof(noise), (off_t)page * 4096), (int)sizeof(noise));
	close(fd);
	file_digest(w.path, before);
	check_int(world_open(&w), STORE_E_CORRUPT);
	check(strstr(w.why, "damaged"));
	file_digest(w.path, after);
	check_str(after, before);
	world_end(&w);
}

TEST(a_damaged_or_foreign_library_is_refused_too)
{
	char library[320];
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	snprintf(library, sizeof(library), "%s", store_library_path(w.store));
	world_close(&w);
	check_int(truncate(library, 4096), 0);
	check_int(world_open(&w), STORE_E_CORRUPT);
	check(strstr(w.why, "library.db"));
	unlink(library);
	put_file(library, "0123456789012345678901234567890123456789", 40);
	check_int(world_open(&w), STORE_E_NOT_OURS);
	check(strstr(w.why, "library.db"));
	unlink(library);
	sql_run(library, "CREATE TABLE books(id)");
	chmod(library, 0600);
	check_int(world_open(&w), STORE_E_NOT_OURS);
	check(strstr(w.why, "library.db"));
	unlink(library);
	check_int(world_open(&w), 0);
	world_end(&w);
}

TEST(the_second_one_hears_who_lives_there)
{
	struct world first, second;
	char *socket = NULL;

	world_make(&first);
	check(!store_lock_holder(first.path, &socket));
	check_int(world_open_as(&first, true, "/run/user/7/ragchat/sock"), 0);
	check(store_lock_holder(first.path, &socket));
	check_str(socket, "/run/user/7/ragchat/sock");
	socket = mem_free(socket);
	second = first;
	second.store = NULL;
	second.why = NULL;
	check_int(world_open(&second), STORE_E_LOCKED);
	check(strstr(second.why, "/run/user/7/ragchat/sock"));
	mem_free(second.why);
	world_close(&first);
	check(!store_lock_holder(first.path, &socket));
	check(!socket);
	check_int(mode_of(first.dir, "chat_history.db.lock"), 0600);
	check_int(world_open(&first), 0);
	world_end(&first);
}

TEST(a_file_that_another_program_is_writing_is_busy)
{
	struct world w;
	sqlite3 *other;

	world_make(&w);
	check_int(world_open(&w), 0);
	world_close(&w);
	other = peek(w.path);
	check_int(sqlite3_exec(other,
			  "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE x(y)",
			  NULL, NULL, NULL),
		SQLITE_OK);
	check_int(world_open(&w), STORE_E_BUSY);
	check(strstr(w.why, "in use"));
	sqlite3_close(other);
	check_int(world_open(&w), 0);
	world_end(&w);
}

TEST(a_network_file_system_is_refused_with_a_remedy)
{
	struct world w;

	world_make(&w);
	pretend_nfs = true;
	check_int(world_open(&w), STORE_E_NETWORK_FS);
	pretend_nfs = false;
	check(strstr(w.why, "local disk"));
	check_int(mode_of(w.dir, "chat_history.db"), -1);
	check_int(world_open(&w), 0);
	world_end(&w);
}

/* ---- a full disk, by the limit on file size ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit l;

	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &l);
}

TEST(a_full_disk_fails_what_is_written_and_heals)
{
	struct store_figures figures;
	struct turn_row t = { .found = -1 };
	struct world w;
	char *big = mem_new(2 << 20);

	signal(SIGXFSZ, SIG_IGN);
	memset(big, 'b', (2 << 20) - 1);
	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "ada"), 0);
	check_int(ask(&w, "t", "before", &t), 0);
	limit_files(1 << 20);
	check_int(ask(&w, "t", big, &t), STORE_E_FULL);
	store_figures(w.store, &figures);
	check(figures.read_only);
	limit_files(RLIM_INFINITY);
	check_int(ask(&w, "t", "after", &t), 0);
	check_int(t.seq, 2);
	store_figures(w.store, &figures);
	check(!figures.read_only);
	world_close(&w);
	check_str(sql_text(w.path, "PRAGMA integrity_check"), "ok");
	check_int(sql_int(w.path, "SELECT count(*) FROM steps"), 6);
	turn_row_fini(&t);
	mem_free(big);
	world_end(&w);
}

TEST(a_full_disk_at_the_first_start_leaves_nothing_half_made)
{
	struct world w;

	signal(SIGXFSZ, SIG_IGN);
	world_make(&w);
	limit_files(16 << 10);
	world_open(&w);
	limit_files(RLIM_INFINITY);
	check_msg(w.r == STORE_E_FULL, "%d: %s", w.r, w.why);
	check(strstr(w.why, "make room"));
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "ada"), 0);
	world_end(&w);
}

/* ---- the writer ---- */

struct tally {
	int done;
	int in_order; /* how many came when their turn was */
	int errors;
};

static void count_done(struct job *j)
{
	struct tally *t = j->ctx;

	t->in_order += j->owner == (uint64_t)t->done;
	t->errors += j->r != 0;
	t->done++;
	op_turn_begin_free(container_of(j, struct op_turn_begin, job));
}

TEST(a_crowd_shares_a_few_commits_and_comes_back_in_order)
{
	struct store_figures before, after;
	struct tally tally = { 0 };
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "ada"), 0);
	store_figures(w.store, &before);
	for (uint64_t i = 0; i < 400; i++) {
		struct op_turn_begin *op = ask_new(&w, "hello");

		op->job.ctx = &tally;
		op->job.owner = i;
		op->job.done = count_done;
		check_int(store_submit(w.store, STORE_WRITER, &op->job), 0);
	}
	check_int(tally.done, 0); /* never from inside submit */
	while (tally.done < 400)
		uv_run(&w.loop, UV_RUN_ONCE);
	store_figures(w.store, &after);
	check_int(tally.in_order, 400);
	check_int(tally.errors, 0);
	check_int(after.jobs_done[STORE_WRITER] - before.jobs_done[STORE_WRITER], 400);
	check_int(after.queued[STORE_WRITER], 0);
	check(after.commits - before.commits >= 1);
	check_msg(after.commits - before.commits <= 100, "%d commits",
		(int)(after.commits - before.commits));
	check(after.last_commit_us > 0);
	world_end(&w);
}

TEST(one_that_fails_takes_nobody_with_it)
{
	struct op_turn_begin *op[3];
	struct tally tally = { 0 };
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "ada"), 0);
	for (uint64_t i = 0; i < 3; i++) {
		op[i] = ask_new(&w, "hello");
		if (i == 1)
			op[i]->thread_ref = mem_dup("no such thread");
		op[i]->job.ctx = &tally;
		op[i]->job.owner = i;
		op[i]->job.done = count_done;
	}
	for (int i = 0; i < 3; i++)
		check_int(store_submit(w.store, STORE_WRITER, &op[i]->job), 0);
	while (tally.done < 3)
		uv_run(&w.loop, UV_RUN_ONCE);
	check_int(tally.errors, 1);
	check_int(tally.in_order, 3);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(*) FROM threads"), 2);
	world_end(&w);
}

/* A job that waits until it is let go, to hold a lane while others queue up behind it. */
struct gate {
	struct job job;
	pthread_mutex_t mutex;
};

static int gate_run(struct db *db, struct job *j)
{
	struct gate *g = container_of(j, struct gate, job);

	(void)db;
	pthread_mutex_lock(&g->mutex);
	pthread_mutex_unlock(&g->mutex);
	return 0;
}

static void gate_done(struct job *j)
{
	(void)j;
}

static int nothing_run(struct db *db, struct job *j)
{
	(void)db;
	(void)j;
	return 0;
}

static void nothing_done(struct job *j)
{
	++*(int *)j->ctx;
}

TEST(a_full_queue_says_so_and_the_job_stays_with_its_owner)
{
	static struct job jobs[4100];
	struct gate g = { .job = { .run = gate_run, .done = gate_done } };
	struct store_figures figures;
	struct world w;
	int taken = 0, done = 0;

	world_make(&w);
	check_int(world_open(&w), 0);
	pthread_mutex_init(&g.mutex, NULL);
	pthread_mutex_lock(&g.mutex);
	check_int(store_submit(w.store, STORE_KEYED, &g.job), 0);
	for (int i = 0; i < 4100; i++) {
		jobs[i] = (struct job){ .run = nothing_run, .done = nothing_done, .ctx = &done };
		taken += store_submit(w.store, STORE_KEYED, &jobs[i]) == 0;
	}
	check_int(taken, 4095);
	store_figures(w.store, &figures);
	check_int(figures.queued[STORE_KEYED], 4096);
	while (!figures.busy_ms[STORE_KEYED]) /* the job that waits at the gate counts while it runs */
		store_figures(w.store, &figures);
	pthread_mutex_unlock(&g.mutex);
	while (done < taken)
		uv_run(&w.loop, UV_RUN_ONCE);
	store_figures(w.store, &figures);
	check_int(figures.queued[STORE_KEYED], 0);
	check(figures.busy_ms[STORE_KEYED] > 0);
	world_end(&w);
}

TEST(closing_runs_what_is_queued_and_hands_everything_out)
{
	struct tally tally = { 0 };
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "ada"), 0);
	for (uint64_t i = 0; i < 50; i++) {
		struct op_turn_begin *op = ask_new(&w, "last words");

		op->job.ctx = &tally;
		op->job.owner = i;
		op->job.done = count_done;
		check_int(store_submit(w.store, STORE_WRITER, &op->job), 0);
	}
	store_close(w.store);
	w.store = NULL;
	check_int(tally.done, 50);
	check_int(tally.errors, 0);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_turn"), 50);
	check_int(mode_of(w.dir, "chat_history.db-wal"), -1);
	world_end(&w);
}

/* ---- the readers ---- */

static int endless_run(struct db *db, struct job *j)
{
	return db_run(db, db->chat, &j->why,
		"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) "
		"FROM c");
}

static int write_run(struct db *db, struct job *j)
{
	return db_run(db, db->chat, &j->why, "DELETE FROM threads");
}

TEST(a_scan_is_cut_at_its_deadline)
{
	struct job j = { .run = endless_run, .deadline_ms = clock_mono_ms() + 50 };
	uint64_t start = clock_mono_ms();
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(world_run(&w, STORE_SCAN, &j), STORE_E_DEADLINE);
	check(j.why);
	check(clock_mono_ms() - start < 5000);
	job_fini(&j);
	j = (struct job){ .run = nothing_run };
	check_int(world_run(&w, STORE_SCAN, &j), 0);
	world_end(&w);
}

TEST(a_reader_cannot_write)
{
	struct job j = { .run = write_run };
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(world_run(&w, STORE_KEYED, &j), STORE_E_READ_ONLY);
	job_fini(&j);
	world_end(&w);
}

static int settings_run(struct db *db, struct job *j)
{
	int64_t sync = 0, keys = 0, check_cells = 0;
	int trusted = 1, defensive = 0;
	int r = db_get_int(db->chat, "PRAGMA synchronous", 0, &sync, &j->why);

	if (r == 0)
		r = db_get_int(db->chat, "PRAGMA foreign_keys", 0, &keys, &j->why);
	if (r == 0)
		r = db_get_int(db->chat, "PRAGMA cell_size_check", 0, &check_cells, &j->why);
	sqlite3_db_config(db->chat, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &trusted);
	sqlite3_db_config(db->chat, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
	return r                                                                     ? r
	       : sync == 2 && keys == 1 && check_cells == 1 && !trusted && defensive ? 0
										     : -EINVAL;
}

TEST(every_connection_has_the_strict_settings)
{
	struct job j = { .run = settings_run };
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(world_run(&w, STORE_WRITER, &j), 0);
	check_int(world_run(&w, STORE_KEYED, &j), 0);
	check_int(world_run(&w, STORE_SCAN, &j), 0);
	world_end(&w);
}

/* ---- the threads themselves ---- */

static int thread_run(struct db *db, struct job *j)
{
	char *name = j->ctx;
	sigset_t blocked;

	(void)db;
	pthread_getname_np(pthread_self(), name, 16);
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	return sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGCHLD) == 1 ? 0
											  : -EINVAL;
}

struct named {
	struct job job;
	char name[16];
	int arrived;
};

static int named_run(struct db *db, struct job *j)
{
	struct named *n = container_of(j, struct named, job);
	struct job inner = { .ctx = n->name };

	return thread_run(db, &inner);
}

TEST(threads_have_names_and_take_no_signals)
{
	static const char *const names[] = { "store-writer", "store-keyed", "store-scan",
		"store-library", "store-index", "store-segments" };
	sigset_t mine;
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	for (int lane = 0; lane < STORE_LANES; lane++) {
		struct named n = { .job = { .run = named_run } };

		check_int(world_run(&w, (enum store_lane)lane, &n.job), 0);
		check_str(n.name, names[lane]);
	}
	pthread_sigmask(SIG_BLOCK, NULL, &mine);
	check(!sigismember(&mine, SIGTERM));
	world_end(&w);
}

TEST_MAIN()
