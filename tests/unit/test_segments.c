/*
 * Collections that outgrow FTS5: they move by themselves and answer the same before, meanwhile and
 * after; nothing that happens to their files changes that for long.
 */
#include <dirent.h>
#include <signal.h>

#include "common/clock.h"
#include "tests/unit/desk.h"

#define FEW 40 /* passages after which a collection moves */
#define WAIT_MS 20000
/* the tables are those of a version before, the words in them are not: what they need to be found */
#define OF_TODAY "UPDATE collection SET languages = 3"

/* ---- texts by chance, the same each time ---- */

static uint64_t chance_state;

static unsigned chance(unsigned below)
{
	chance_state = chance_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)((chance_state >> 33) % below);
}

static const char *some_word(void)
{
	static const char *const words[] = { "river", "stone", "garden", "winter", "engine", "copper", "letter",
		"market", "violin", "harbour", "lantern", "meadow", "thunder", "village", "window", "carpet",
		"bridge", "candle", "forest", "mirror", "pepper", "rocket", "saddle", "temple", "walnut", "zebra" };
	unsigned a = chance(26), b = chance(26);

	return words[a < b ? a : b];
}

/* Some paragraphs are German: copper and winter lose their ends there. */
static void make_text(struct buf *b, unsigned paragraphs)
{
	static const char *const small[] = { "und die ", "nicht ", "auch ", "wird der " };

	buf_reset(b);
	for (unsigned i = 0; i < paragraphs; i++) {
		bool german = chance(3) == 0;

		if (chance(5) == 0)
			buf_addf(b, "# %s %s\n\n", some_word(), some_word());
		for (unsigned w = 20 + chance(60); w; w--)
			buf_addf(b, "%s%s%s", german ? small[w % 4] : "", some_word(), w == 1 ? ".\n\n" : chance(12) ? " " : ". ");
	}
}

static struct taken put(struct desk *d, unsigned number, unsigned seed)
{
	struct buf b;
	struct taken t;
	char name[64];

	buf_init(&b, 0);
	chance_state = number * 1000 + seed;
	make_text(&b, 1 + chance(12));
	snprintf(name, sizeof(name), "%s-%u.md", some_word(), number);
	t = upload_to(d, "large", name, b.data, b.len);
	buf_fini(&b);
	return t;
}

static int take_out_by(struct desk *d, const char *name)
{
	struct op_document_remove *op = op_document_remove_new();
	int r;

	op->account = account_copy(&d->w.who);
	op->ref = mem_dup(name);
	r = world_run(&d->w, STORE_LIBRARY, &op->job);
	op_document_remove_free(op);
	return r;
}

static int take_out(struct desk *d, unsigned number)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT name FROM document WHERE state = 1 AND name LIKE '%%-%u.md'", number);
	return take_out_by(d, sql_text(d->library_path, sql));
}

/* ---- two desks with the same papers ---- */

struct both {
	struct desk few; /* moves */
	struct desk all; /* never does */
};

static void desk_make_with(struct desk *d, int64_t passages)
{
	world_make(&d->w);
	d->w.index_passages = passages;
	snprintf(d->library_path, sizeof(d->library_path), "%.250s/library.db", d->w.dir);
	desk_open(d);
}

static void both_make(struct both *b)
{
	desk_make_with(&b->few, FEW);
	desk_make_with(&b->all, 0);
}

static void both_end(struct both *b)
{
	desk_close(&b->few);
	desk_end(&b->few);
	desk_close(&b->all);
	desk_end(&b->all);
}

static bool same_sources(const struct found *a, const struct found *b)
{
	if (a->r != b->r || a->sources.n != b->sources.n || a->documents != b->documents ||
		a->passages != b->passages || a->cut || b->cut)
		return false;
	for (size_t i = 0; i < a->sources.n; i++) {
		const struct source *x = &a->sources.v[i], *y = &b->sources.v[i];

		if (strcmp(x->path, y->path) || x->start != y->start || x->end != y->end || x->score != y->score)
			return false;
	}
	return true;
}

static bool same_answers(struct both *b, unsigned questions)
{
	for (unsigned i = 0; i < questions; i++) {
		struct found x, y;
		char question[256] = "";
		bool same;

		for (unsigned w = 1 + chance(6); w; w--)
			snprintf(question + strlen(question), 32, "%s ", chance(9) ? some_word() : "zebra-7");
		struct retrieve_request req = { .question = question, .question_len = strlen(question), .limit = 30 };

		find_as(&b->few, &x, &req);
		find_as(&b->all, &y, &req);
		same = same_sources(&x, &y);
		found_fini(&x);
		found_fini(&y);
		if (!same)
			return false;
	}
	return true;
}

/* ---- what is on the disk ---- */

static long long count(struct desk *d, const char *sql)
{
	return sql_int(d->library_path, sql);
}

static int files_of(struct desk *d)
{
	char path[400];
	DIR *dir;
	struct dirent *e;
	int n = 0;

	snprintf(path, sizeof(path), "%s/library.segments", d->w.dir);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static bool is_settled(struct desk *d)
{
	return count(d, "SELECT count(*) FROM collection WHERE frozen") == 0 &&
	       count(d, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'frozen%' OR name GLOB "
		 "'words_[0-9]*_next' OR name GLOB 'words_[0-9]*_old'") == 0 &&
	       count(d, "SELECT count(*) FROM collection WHERE recipe = 0") == 0 &&
	       count(d, "SELECT count(*) FROM segment WHERE state <> 1") == 0 &&
	       count(d, "SELECT count(*) FROM segment") == files_of(d);
}

/* The loop runs until nothing is on its way any more. */
static bool settle(struct desk *d)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (!is_settled(d)) {
		if (clock_mono_ms() > until)
			return false;
		for (int i = 0; i < 20; i++)
			uv_run(&d->w.loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	return true;
}

/* ... and there is a segment, and this file is gone, or made anew under its name. */
static bool settle_without(struct desk *d, const char *path)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (clock_mono_ms() < until) {
		if (settle(d) && count(d, "SELECT count(*) FROM segment") > 0 && (!path || access(path, F_OK) < 0))
			return true;
		uv_run(&d->w.loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	return false;
}

static void put_both(struct both *b, unsigned from, unsigned to)
{
	for (; from < to; from++) {
		put(&b->few, from, 1);
		put(&b->all, from, 1);
	}
}

static void path_of_segment(struct desk *d, char path[400])
{
	snprintf(path, 400, "%s/library.segments/%s", d->w.dir, sql_text(d->library_path, "SELECT file FROM segment ORDER BY passages DESC LIMIT 1"));
}

/* ---- the stories ---- */

TEST(a_large_collection_moves_and_answers_the_same)
{
	struct both b;

	both_make(&b);
	for (unsigned i = 0; i < 36; i++) {
		put_both(&b, i, i + 1);
		if (i % 6 == 0)
			check(same_answers(&b, 5));
	}
	check(settle(&b.few));
	check(count(&b.few, "SELECT base FROM collection") > 0);
	check(count(&b.few, "SELECT count(*) FROM segment") > 0);
	check_int(count(&b.all, "SELECT count(*) FROM segment"), 0);
	check(same_answers(&b, 60));
	both_end(&b);
}

static void on_out(struct job *j)
{
	int *r = j->ctx;

	*r = j->r;
	op_document_remove_free(container_of(j, struct op_document_remove, job));
}

static void take_out_begin(struct desk *d, const char *name, int *r)
{
	struct op_document_remove *op = op_document_remove_new();

	*r = -1;
	op->account = account_copy(&d->w.who);
	op->ref = mem_dup(name);
	op->job.done = on_out;
	op->job.ctx = r;
	if (store_submit(d->w.store, STORE_LIBRARY, &op->job) != 0)
		abort();
}

#define CROWD 60
struct crowd {
	struct taken t[CROWD];
	int out[CROWD];
};

static bool is_over(const struct crowd *c)
{
	for (size_t i = 0; i < CROWD; i++)
		if (!c->t[i].done || c->out[i] < 0)
			return false;
	return true;
}

/* Small and large ones, some called as one before, some taken out before they are in. */
static void put_crowd(struct desk *d, struct crowd *c, unsigned seed)
{
	char name[64];
	struct buf b;

	buf_init(&b, 0);
	for (unsigned i = 0; i < CROWD; i++) {
		chance_state = seed * 1000 + i;
		make_text(&b, i % 9 == 4 ? 100 : 1 + chance(12));
		snprintf(name, sizeof(name), "crowd-%u.md", i % 7 == 6 ? i - 3 : i);
		upload_begin(d, "large", name, b.data, b.len, &c->t[i]);
		if (i % 10 == 9)
			take_out_begin(d, name, &c->out[i]);
	}
	buf_fini(&b);
}

static void run_crowd(struct desk *d, struct crowd *c, unsigned seed)
{
	*c = (struct crowd){ .out = { 0 } };
	put_crowd(d, c, seed);
	while (!is_over(c))
		uv_run(&d->w.loop, UV_RUN_ONCE);
	for (unsigned i = 0; i < CROWD; i++) {
		check_int(c->t[i].r, 0);
		check_int(c->out[i], 0);
	}
}

/* Some of their words are cut ahead, and some not: nothing tells which. */
TEST(many_on_their_way_at_once_are_what_they_are_one_by_one)
{
	struct both b;
	struct crowd c;

	both_make(&b);
	put_both(&b, 0, 8);
	for (unsigned seed = 1; seed <= 3; seed++) {
		run_crowd(&b.few, &c, seed);
		run_crowd(&b.all, &c, seed);
		check(same_answers(&b, 10));
	}
	check(settle(&b.few));
	check(count(&b.few, "SELECT direct FROM collection") == 1);
	check(same_answers(&b, 60));
	both_end(&b);
}

TEST(a_collection_that_begins_with_a_large_document_is_one_of_segments)
{
	struct both b;
	struct buf text;

	both_make(&b);
	buf_init(&text, 0);
	chance_state = 7;
	make_text(&text, 300);
	check_int(upload_to(&b.few, "large", "large.md", text.data, text.len).r, 0);
	check_int(upload_to(&b.all, "large", "large.md", text.data, text.len).r, 0);
	check_int(count(&b.few, "SELECT direct AND base = 0 AND frozen = 0 FROM collection"), 1);
	check_int(count(&b.few, "SELECT count(*) FROM segment"), 1);
	check(same_answers(&b, 20));
	put_both(&b, 0, 8);
	check(same_answers(&b, 20));
	check_int(take_out_by(&b.few, "large.md"), 0);
	check_int(take_out_by(&b.all, "large.md"), 0);
	check(settle(&b.few));
	check(same_answers(&b, 20));
	desk_close(&b.few);
	desk_open(&b.few);
	check(settle(&b.few));
	check(same_answers(&b, 20));
	both_end(&b);
	buf_fini(&text);
}

TEST(a_store_that_closes_takes_what_it_was_given_first)
{
	struct desk d;
	struct crowd c = { .out = { 0 } };

	desk_make_with(&d, FEW);
	for (unsigned i = 0; i < 8; i++)
		put(&d, i, 1);
	run_crowd(&d, &c, 1);
	put_crowd(&d, &c, 2);
	desk_close(&d);
	check(is_over(&c));
	for (unsigned i = 0; i < CROWD; i++)
		check_int(c.t[i].r, 0);
	check_int(count(&d, "SELECT count(*) FROM document WHERE state <> 1"), 0);
	desk_open(&d);
	check(settle(&d));
	check_int(count(&d, "SELECT count(*) FROM document WHERE name LIKE 'crowd%'"), CROWD - 8 - 6);
	desk_close(&d);
	desk_end(&d);
}

TEST(what_is_replaced_and_removed_meanwhile_is_gone)
{
	struct both b;

	both_make(&b);
	for (unsigned i = 0; i < 48; i++) {
		unsigned which = i % 3 ? i : i / 2;

		put(&b.few, which, i % 3 ? 1 : 2);
		put(&b.all, which, i % 3 ? 1 : 2);
		if (i % 4 == 3) {
			int r = take_out(&b.all, i - 2);

			check_int(take_out(&b.few, i - 2), r);
		}
		if (i % 8 == 0)
			check(same_answers(&b, 4));
	}
	check(settle(&b.few));
	check(same_answers(&b, 60));
	desk_close(&b.few);
	desk_open(&b.few);
	check(settle(&b.few));
	check(same_answers(&b, 20));
	both_end(&b);
}

/* The second name's words are not in the table any more: nothing is taken out of it for them. */
TEST(second_names_take_over_what_was_moved)
{
	struct desk d;
	struct buf text;
	char name[64];
	unsigned n = 0;

	buf_init(&text, 0);
	desk_make_with(&d, FEW);
	while (n < 24 || count(&d, "SELECT direct AND NOT frozen FROM collection") != 1) {
		chance_state = n;
		make_text(&text, 4);
		for (unsigned copy = 0; copy < 2; copy++) {
			snprintf(name, sizeof(name), "%s-%u.md", copy ? "second" : "first", n);
			check_int(upload_to(&d, "large", name, text.data, text.len).r, 0);
		}
		n++;
		check(settle(&d));
	}
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "first-%u.md", i);
		check_int(take_out_by(&d, name), 0);
	}
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "second-%u.md", i);
		check_int(take_out_by(&d, name), 0);
	}
	check_int(count(&d, "SELECT count(*) FROM document"), 0);
	check_int(count(&d, "SELECT count(*) FROM collection"), 0);
	desk_close(&d);
	desk_end(&d);
	buf_fini(&text);
}

TEST(whole_documents_and_scopes_are_ranked_the_same)
{
	struct both b;

	both_make(&b);
	put_both(&b, 0, 24);
	check(settle(&b.few));
	for (unsigned i = 0; i < 20; i++) {
		struct found x, y;
		const char *only[2] = { sql_text(b.all.library_path, "SELECT name FROM document ORDER BY name LIMIT 1"),
			sql_text(b.all.library_path, "SELECT name FROM document ORDER BY name DESC LIMIT 1") };
		struct retrieve_request req = { .question = some_word(), .limit = 30, .whole = i % 2, .documents = only, .ndocuments = i % 3 ? 2 : 0 };

		req.question_len = strlen(req.question);
		find_as(&b.few, &x, &req);
		find_as(&b.all, &y, &req);
		check(same_sources(&x, &y));
		found_fini(&x);
		found_fini(&y);
	}
	both_end(&b);
}

TEST(a_collection_that_is_removed_takes_its_files_along)
{
	struct desk d;

	desk_make_with(&d, FEW);
	for (unsigned i = 0; i < 30; i++)
		put(&d, i, 1);
	check(settle(&d));
	check(files_of(&d) > 0);
	for (unsigned i = 0; i < 30; i++)
		check_int(take_out(&d, i), 0);
	check(settle(&d));
	check_int(files_of(&d), 0);
	check_int(count(&d, "SELECT (SELECT count(*) FROM segment) + (SELECT count(*) FROM segment_gone) + "
			    "(SELECT count(*) FROM passage) + (SELECT count(*) FROM collection)"), 0);
	check_int(count(&d, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'words%' OR name LIKE 'frozen%'"), 0);
	desk_close(&d);
	desk_end(&d);
}

static void damage(struct desk *d, int how)
{
	char path[400];
	int fd;
	off_t size;
	uint8_t c = 0;

	path_of_segment(d, path);
	fd = open(path, O_RDWR);
	size = lseek(fd, 0, SEEK_END);
	if (how == 0) { /* somewhere in its data */
		(void)!pread(fd, &c, 1, 100);
		c ^= 0x40;
		(void)!pwrite(fd, &c, 1, 100);
	} else if (how == 1) {
		(void)!ftruncate(fd, size / 2);
	} else if (how == 2) {
		unlink(path);
	} else { /* its foot */
		(void)!pread(fd, &c, 1, size - 4);
		c ^= 1;
		(void)!pwrite(fd, &c, 1, size - 4);
	}
	close(fd);
}

TEST(a_damaged_file_is_made_anew_from_the_text)
{
	struct both b;

	both_make(&b);
	put_both(&b, 0, 16);
	check(settle(&b.few));
	for (int how = 0; how < 4; how++) {
		struct found f;
		struct retrieve_request req = { .question = "river stone garden winter engine", .question_len = 32, .limit = 30 };
		char path[400];

		path_of_segment(&b.few, path);
		desk_close(&b.few);
		damage(&b.few, how);
		desk_open(&b.few);
		find_as(&b.few, &f, &req);
		found_fini(&f);
		check_msg(settle_without(&b.few, path), "still there after damage %d", how);
		check_msg(same_answers(&b, 20), "after damage %d", how);
	}
	both_end(&b);
}

/* Cut while it is mapped: reading on would end the process. */
TEST(a_file_that_is_cut_while_it_is_used_is_made_anew)
{
	struct both b;

	both_make(&b);
	put_both(&b, 0, 12);
	check(settle_without(&b.few, NULL));
	for (int how = 0; how < 3; how++) {
		char path[400];
		int fd;

		path_of_segment(&b.few, path);
		check(same_answers(&b, how ? 5 : 0)); /* pages that were seen, and such that were not */
		fd = open(path, O_RDWR);
		check(ftruncate(fd, how == 2 ? 0 : 4096) == 0);
		close(fd);
		for (int i = 0; i < 20; i++) {
			struct found f;
			struct retrieve_request req = { .question = "river stone garden winter engine", .question_len = 32, .limit = 30 };

			find_as(&b.few, &f, &req);
			check_int(f.r, 0);
			found_fini(&f);
		}
		check_msg(settle_without(&b.few, path), "still there after cut %d", how);
		check_msg(same_answers(&b, 20), "after cut %d", how);
	}
	both_end(&b);
}

TEST(a_library_of_the_version_before_moves_as_well)
{
	struct both b;

	both_make(&b);
	desk_close(&b.few);
	b.few.w.index_passages = 0;
	desk_open(&b.few);
	put_both(&b, 0, 16);
	desk_close(&b.few);
	sql_run(b.few.library_path,
		LIBRARY_AS_OF_5 "DROP TABLE segment; DROP TABLE segment_gone; ALTER TABLE collection DROP COLUMN base; ALTER TABLE collection "
		"DROP COLUMN frozen; ALTER TABLE collection DROP COLUMN direct; PRAGMA user_version = 3");
	b.few.w.index_passages = FEW;
	desk_open(&b.few);
	sql_run(b.few.library_path, OF_TODAY);
	check(same_answers(&b, 5));
	check(settle_without(&b.few, NULL));
	check(same_answers(&b, 20));
	both_end(&b);
}

/* What had come since it moved was in its table then. */
TEST(a_collection_that_moved_before_words_went_straight_in_goes_on)
{
	struct both b;

	both_make(&b);
	put_both(&b, 0, 15);
	check(settle_without(&b.few, NULL));
	desk_close(&b.few);
	sql_run(b.few.library_path, "UPDATE segment SET state = 3; UPDATE collection SET base = next, direct = 0");
	desk_open(&b.few);
	check(settle_without(&b.few, NULL));
	put_both(&b, 15, 17);
	check(count(&b.few, "SELECT base < next AND NOT direct FROM collection"));
	desk_close(&b.few);
	sql_run(b.few.library_path, LIBRARY_AS_OF_5 "ALTER TABLE collection DROP COLUMN direct; PRAGMA user_version = 4");
	desk_open(&b.few);
	sql_run(b.few.library_path, OF_TODAY);
	check(same_answers(&b, 10));
	put_both(&b, 17, 24);
	check(same_answers(&b, 10));
	check(settle(&b.few));
	check(count(&b.few, "SELECT direct FROM collection"));
	check(same_answers(&b, 30));
	both_end(&b);
}

/* Nothing of them waits in a table of FTS5's. */
TEST(what_comes_in_after_the_move_goes_straight_into_segments)
{
	struct both b;

	both_make(&b);
	put_both(&b, 0, 12);
	check(settle_without(&b.few, NULL));
	check(count(&b.few, "SELECT direct FROM collection"));
	for (unsigned i = 12; i < 36; i++) {
		unsigned which = i % 7 ? i : i / 2;

		put(&b.few, which, i % 7 ? 1 : 2);
		put(&b.all, which, i % 7 ? 1 : 2);
		if (i % 11 == 10) {
			int r = take_out(&b.all, i - 3);

			check_int(take_out(&b.few, i - 3), r);
		}
		if (i % 10 == 0)
			check(same_answers(&b, 3));
	}
	check(settle(&b.few));
	check_int(count(&b.few, "SELECT count(*) FROM sqlite_schema s, collection c WHERE s.name = 'words_' || c.id || '_idx'"), 1);
	check_int(count(&b.few, "SELECT count(*) FROM words_1_idx"), 0);
	check(count(&b.few, "SELECT count(*) FROM segment") == files_of(&b.few));
	check(same_answers(&b, 30));
	desk_close(&b.few);
	desk_open(&b.few);
	check(same_answers(&b, 20));
	both_end(&b);
}

TEST(a_moved_collection_follows_new_rules_as_well)
{
	struct both b;

	both_make(&b);
	put_both(&b, 0, 16);
	check(settle(&b.few));
	desk_close(&b.few);
	sql_run(b.few.library_path, "UPDATE collection SET recipe = 0");
	desk_open(&b.few);
	check(same_answers(&b, 5));
	for (unsigned i = 0; i < 5; i++) {
		check_int(take_out(&b.few, i), 0);
		check_int(take_out(&b.all, i), 0);
	}
	check(settle_without(&b.few, NULL));
	check(same_answers(&b, 30));
	both_end(&b);
}

/* ---- kills ---- */

/* Documents one after the other, some taken out again; each is told of when it is done. */
static void work_until_killed(struct desk *d, unsigned from, int out)
{
	library_new(&d->library, NULL, &usual);
	uv_loop_init(&d->w.loop);
	d->w.why = NULL;
	if (world_open(&d->w) != 0)
		_exit(3);
	library_attach(d->library, d->w.store);
	for (unsigned i = from;; i++) {
		struct taken t = put(d, i, 1);
		unsigned done = i;

		if (t.r != 0 || write(out, &done, sizeof(done)) != sizeof(done))
			_exit(4);
		for (int k = 0; k < 20; k++)
			uv_run(&d->w.loop, UV_RUN_NOWAIT);
	}
}

TEST(killed_at_any_moment_it_goes_on_where_it_was)
{
	struct both b;
	unsigned next = 0;

	both_make(&b);
	put_both(&b, 100000, 100001);
	for (unsigned run = 0; run < 8; run++) {
		unsigned done, until = 3 + run * 5 % 17, first = next;
		int pipes[2], status;
		pid_t child;

		desk_close(&b.few);
		if (pipe(pipes) < 0)
			abort();
		child = fork();
		if (child == 0)
			work_until_killed(&b.few, next, pipes[1]);
		close(pipes[1]);
		for (unsigned n = 0; n < until && read(pipes[0], &done, sizeof(done)) == sizeof(done); n++)
			next = done + 1;
		usleep(run * 1700 % 9000); /* any moment will do */
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		check(WIFSIGNALED(status));
		while (read(pipes[0], &done, sizeof(done)) == sizeof(done))
			next = done + 1;
		close(pipes[0]);
		desk_open(&b.few);
		put(&b.few, next, 1); /* perhaps it came in and nobody was told */
		for (unsigned i = first; i <= next; i++)
			put(&b.all, i, 1);
		next++;
		check_msg(same_answers(&b, 4), "run %u", run);
	}
	check(settle(&b.few));
	check(same_answers(&b, 30));
	check_int(count(&b.few, "SELECT count(*) FROM document"), count(&b.all, "SELECT count(*) FROM document"));
	both_end(&b);
}

TEST_MAIN()
