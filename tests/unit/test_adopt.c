/* Taking over a database that a Chainlit wrote: everything found, nothing changed but what was lost. */
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "common/list.h"
#include "tests/unit/store.h"

#define FIXTURE "tests/system/data/chainlit.db"

static void copy_fixture(const char *to)
{
	struct buf bytes;
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	buf_init(&bytes, 0);
	if (file_read(FIXTURE, &bytes) != 0 || fd < 0 || fd_write_all(fd, bytes.data, bytes.len) != 0)
		abort();
	close(fd);
	buf_fini(&bytes);
}

/* The path of the one backup beside; "" when there is none. */
static const char *backup_of(const struct world *w)
{
	static char path[640];
	DIR *dir = opendir(w->dir);

	path[0] = '\0';
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (strstr(e->d_name, ".bak-"))
			snprintf(path, sizeof(path), "%s/%s", w->dir, e->d_name);
	closedir(dir);
	return path;
}

/* Rows of one of Chainlit's tables in `path` that the backup does not have just so. */
static long long changed_rows(const struct world *w, const char *table)
{
	char sql[2048];

	snprintf(sql, sizeof(sql), "ATTACH '%s' AS old", backup_of(w));
	sqlite3 *conn = peek(w->path);
	sqlite3_stmt *stmt = NULL;
	long long n = -1;

	if (sqlite3_exec(conn, sql, NULL, NULL, NULL) != SQLITE_OK)
		abort();
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM (SELECT * FROM old.%s EXCEPT SELECT * FROM main.%s)", table, table);
	if (sqlite3_prepare_v2(conn, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(conn);
	return n;
}

static struct op_turn_list *turns_of(struct world *w, const char *thread)
{
	struct op_turn_list *op = op_turn_list_new();

	op->account = account_copy(&w->who);
	op->thread_ref = mem_dup(thread);
	op->limit = 100;
	op->max_text = op->max_question = UINT64_MAX;
	op->with_sources = true;
	world_run(w, STORE_KEYED, &op->job);
	return op;
}

/* ---- what a real Chainlit wrote ---- */

TEST(a_real_database_is_taken_over_in_place)
{
	struct op_turn_list *list;
	struct world w;
	struct stat st;

	world_make(&w);
	copy_fixture(w.path);
	check_int(world_open(&w), 0);
	check(strstr(w.why, "took over 5 threads, 8 turns of admin from Chainlit; recovered 1 answer; "
			    "recovered 1 question; left 3 threads without an owner as they are"));
	check(strstr(w.why, "0600") && strstr(w.why, ".bak-"));
	check_int(stat(w.path, &st), 0);
	check_int(st.st_mode & 07777, 0600);
	check_int(stat(backup_of(&w), &st), 0);
	check_int(st.st_mode & 07777, 0600);
	check_int(world_account(&w, "login-name"), 0);
	check_str(w.who.name, "admin");

	list = turns_of(&w, "hello n=5"); /* its answer was lost to '' */
	check_int(list->n, 1);
	check_str(list->rows[0].text, "tok0 tok1 tok2 tok3 tok4 ");
	check_int(list->rows[0].length, 25);
	check_int(list->rows[0].state, TURN_DONE);
	check_str(list->rows[0].origin, "chainlit");
	check_int(strlen(list->rows[0].sha256), 64);
	op_turn_list_free(list);

	list = turns_of(&w, "ba1abc31"); /* the row of its first question was lost */
	check_int(list->n, 3);
	check_str(list->rows[0].question, "n=50 delay=0.02");
	check_str(list->rows[1].parent, list->rows[0].id);
	check(list->rows[0].created_us < list->rows[1].created_us);
	op_turn_list_free(list);

	list = turns_of(&w, "stopme n=200 delay=0.05");
	check_int(list->n, 1);
	check_int(list->rows[0].state, TURN_CANCELLED);
	check_str(list->rows[0].text, "");
	op_turn_list_free(list);

	list = turns_of(&w, "please ingest and summarise");
	check_int(list->n, 1);
	check_str(list->rows[0].text, "");
	check_int(list->rows[0].state, TURN_INTERRUPTED);
	op_turn_list_free(list);
	world_close(&w);

	check_str(sql_text(w.path, "PRAGMA integrity_check"), "ok");
	check_int(changed_rows(&w, "users"), 0);
	check_int(changed_rows(&w, "threads"), 0);
	check_int(changed_rows(&w, "steps"), 1); /* the recovered answer */
	check_int(sql_int(w.path, "SELECT count(*) FROM steps WHERE output = ''"
				  " AND type = 'assistant_message'"), 2);
	world_end(&w);
}

TEST(the_second_start_finds_nothing_to_do)
{
	struct world w;

	world_make(&w);
	copy_fixture(w.path);
	check_int(world_open(&w), 0);
	world_close(&w);
	check_int(world_open(&w), 0);
	check_msg(!w.why, "said '%s'", w.why);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_turn"), 8);
	world_end(&w);
}

TEST(a_taken_over_thread_goes_on)
{
	struct turn_row t = { .found = -1 };
	struct op_context *op = op_context_new();
	struct world w;

	world_make(&w);
	copy_fixture(w.path);
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "x"), 0);
	check_int(ask(&w, "hi n=5", "and now?", &t), 0);
	check_int(t.seq, 3);
	op->account = account_copy(&w.who);
	snprintf(op->parent, sizeof(op->parent), "%s", t.parent);
	op->max_bytes = 1 << 20;
	check_int(world_run(&w, STORE_KEYED, &op->job), 0);
	check_int(op->n, 2); /* no greeting among them */
	check_str(op->turns[0].question, "hi n=5");
	op_context_free(op);
	check_int(finish(&w, t.id, TURN_DONE, "now."), 0);
	world_close(&w);
	check_str(sql_text(w.path, "SELECT output FROM steps WHERE \"threadId\" LIKE '04e2ecdf%' ORDER BY \"createdAt\" DESC LIMIT 1"),
		"now.");
	check_int(world_open(&w), 0);
	check(!w.why);
	turn_row_fini(&t);
	world_end(&w);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit l;

	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &l);
}

TEST(without_room_the_file_stays_as_chainlit_left_it)
{
	char before[SHA256_HEX + 1], after[SHA256_HEX + 1];
	struct world w;

	signal(SIGXFSZ, SIG_IGN);
	world_make(&w);
	copy_fixture(w.path);
	file_digest(w.path, before);
	limit_files(32 << 10); /* not even the backup fits */
	world_open(&w);
	limit_files(RLIM_INFINITY);
	check_msg(w.r == STORE_E_FULL, "%d: %s", w.r, w.why);
	check_str(backup_of(&w), "");
	file_digest(w.path, after);
	check_str(after, before);
	limit_files(80 << 10); /* the backup fits, our tables do not */
	world_open(&w);
	limit_files(RLIM_INFINITY);
	check_msg(w.r == STORE_E_FULL, "%d: %s", w.r, w.why);
	check_str(sql_text(w.path, "SELECT group_concat(name) FROM sqlite_schema WHERE name LIKE 'ragchat%'"), "");
	check_str(sql_text(w.path, "PRAGMA journal_mode"), "delete");
	check_int(world_open(&w), 0);
	world_end(&w);
}

/* ---- shapes by hand ---- */

/* An old schema: no command, no props, and a column that wants a value. */
static const char old_schema[] =
	"CREATE TABLE users(id TEXT PRIMARY KEY, identifier TEXT NOT NULL UNIQUE, \"createdAt\" TEXT, metadata TEXT NOT NULL);"
	"CREATE TABLE threads(id TEXT PRIMARY KEY, \"createdAt\" TEXT, name TEXT, \"userId\" TEXT, \"userIdentifier\" TEXT,"
	" tags TEXT, metadata TEXT);"
	"CREATE TABLE steps(id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, \"threadId\" TEXT NOT NULL,"
	" \"parentId\" TEXT, \"disableFeedback\" BOOLEAN NOT NULL, streaming BOOLEAN NOT NULL, \"isError\" BOOLEAN, metadata TEXT,"
	" input TEXT, output TEXT, \"createdAt\" TEXT, start TEXT, \"end\" TEXT, generation TEXT, house TEXT NOT NULL);"
	"CREATE TABLE feedbacks(id TEXT PRIMARY KEY, \"forId\" TEXT NOT NULL, \"threadId\" TEXT NOT NULL, value INT NOT NULL,"
	" comment TEXT);"
	"CREATE TABLE elements(id TEXT PRIMARY KEY, \"threadId\" TEXT, type TEXT, url TEXT, name TEXT NOT NULL, display TEXT,"
	" \"forId\" TEXT, mime TEXT);"
	"INSERT INTO users VALUES('u-1', 'grace', '2024-01-01T00:00:00.000000Z', '{}');";

static void make_old(struct world *w, const char *rows)
{
	world_make(w);
	sql_run(w->path, old_schema);
	sql_run(w->path, rows);
	chmod(w->path, 0600);
}

#define THREAD(id, name, user, identifier, metadata)                                               \
	"INSERT INTO threads VALUES('" id "', '2024-05-01T12:00:00Z', " name ", " user ", " identifier ", NULL, " metadata ");"
#define OWNED(id, name, metadata) THREAD(id, "'" name "'", "'u-1'", "'grace'", metadata)
#define STEP(id, type, name, thread, parent, input, output, at)                                    \
	"INSERT INTO steps(id, type, name, \"threadId\", \"parentId\", input, output, \"createdAt\", \"end\", \"disableFeedback\"," \
	" streaming, house) VALUES('" id "', '" type "', '" name "', '" thread "', " parent ", " input ", " output ", " at ", " at \
	", 0, 0, '');"
#define USER(id, thread, text, at) STEP(id, "user_message", "grace", thread, "NULL", "NULL", "'" text "'", "'" at "'")
#define RUN(id, thread, parent, at) STEP(id, "run", "on_message", thread, "'" parent "'", "''", "''", "'" at "'")
#define ANSWER(id, thread, parent, text, at)                                                       \
	STEP(id, "assistant_message", "Assistant", thread, parent, "NULL", text, "'" at "'")

TEST(an_old_schema_keeps_its_columns_and_takes_our_rows)
{
	struct op_turn_finish *op = op_turn_finish_new();
	struct turn_row t = { .found = -1 };
	struct op_turn_list *list;
	struct source s;
	struct world w;

	make_old(&w, OWNED("t-1", "old", "'{}'") USER("q1", "t-1", "hi", "2024-05-01T12:00:00Z")
		RUN("r1", "t-1", "q1", "2024-05-01T12:00:01Z") ANSWER("a1", "t-1", "'r1'", "'ho'", "2024-05-01T12:00:02Z"));
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "x"), 0);
	check_str(w.who.name, "grace");
	check_int(ask(&w, "old", "again", &t), 0);
	snprintf(op->turn.id, sizeof(op->turn.id), "%s", t.id);
	op->turn.state = TURN_DONE;
	op->turn.text = mem_dup("yes [1]");
	op->turn.text_len = 7;
	source_init(&s);
	s.n = 1;
	s.path = mem_dup("a.txt");
	source_list_add(&op->turn.sources, &s);
	check_int(world_run(&w, STORE_WRITER, &op->job), 0);
	op_turn_finish_free(op);
	list = turns_of(&w, "t-1");
	check_int(list->n, 2);
	check_str(list->rows[0].text, "ho");
	check_str(list->rows[1].text, "yes [1]");
	check_int(list->rows[1].sources.n, 1); /* kept, though elements has no place for props */
	check_str(list->rows[1].sources.v[0].path, "a.txt");
	op_turn_list_free(list);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(*) FROM steps WHERE \"disableFeedback\" = 0 AND house = ''"), 6);
	check_int(sql_int(w.path, "SELECT count(*) FROM pragma_table_info('steps')"), 16);
	turn_row_fini(&t);
	world_end(&w);
}

TEST(odd_threads_become_what_they_were)
{
	struct op_turn_list *list;
	struct world w;

	make_old(&w,
		/* only messages, no run; stamps without fraction, without Z, with three digits */
		OWNED("msgs", "messages", "NULL") USER("mq1", "msgs", "one?", "2024-05-01T12:00:00")
		ANSWER("ma1", "msgs", "NULL", "'one.'", "2024-05-01T12:00:01.500Z")
		USER("mq2", "msgs", "two?", "2024-05-01T12:00:02+00:00")
		ANSWER("ma2", "msgs", "'mq2'", "'two.'", "2024-05-01T12:00:03Z")
		/* rows in no order, no stamps at all, an answer that is NULL, a step of an unknown kind */
		OWNED("loose", "loose", "''")
		STEP("lq", "user_message", "grace", "loose", "NULL", "NULL", "'why?'", "NULL")
		STEP("lr", "run", "on_message", "loose", "'lq'", "'why?'", "''", "NULL")
		STEP("lt", "teleport", "beam", "loose", "'lr'", "NULL", "NULL", "NULL")
		STEP("la", "assistant_message", "Assistant", "loose", "'lt'", "NULL", "NULL", "NULL")
		/* a run whose question an edit has deleted, and a step hanging on nothing */
		OWNED("orphans", "orphans", "'not json'") RUN("or", "orphans", "gone", "2024-05-01T12:00:00Z")
		ANSWER("oa", "orphans", "'nowhere'", "'hanging'", "2024-05-01T12:00:01Z")
		/* greeting, download message, stop */
		OWNED("seed", "several\nlines of a name", "'{}'")
		STEP("sg", "run", "on_chat_start", "seed", "NULL", "'{}'", "''", "'2024-05-01T11:59:58Z'")
		ANSWER("sh", "seed", "'sg'", "'Hello!'", "2024-05-01T11:59:59Z")
		USER("sq1", "seed", "go", "2024-05-01T12:00:00Z") RUN("sr1", "seed", "sq1", "2024-05-01T12:00:01Z")
		ANSWER("sa1", "seed", "'sr1'", "'went'", "2024-05-01T12:00:02Z")
		ANSWER("sp", "seed", "NULL", "''", "2024-05-01T12:00:03Z")
		USER("sq2", "seed", "stop", "2024-05-01T12:00:04Z") RUN("sr2", "seed", "sq2", "2024-05-01T12:00:05Z")
		ANSWER("sa2", "seed", "'sr2'", "''", "2024-05-01T12:00:06Z")
		ANSWER("ss", "seed", "NULL", "'Task manually stopped.'", "2024-05-01T12:00:07Z")
		/* two ratings of one run */
		"INSERT INTO feedbacks VALUES('f1', 'sr1', 'seed', 1, NULL); INSERT INTO feedbacks VALUES('f2', 'sr1', 'seed', 0, 'no');"
		/* a thread that is nobody's, one whose owner is unknown, one of an impossible id, one of tags */
		THREAD("ghost", "NULL", "NULL", "NULL", "'{\"history\": []}'") USER("gq", "ghost", "boo", "2024-05-01T12:00:00Z")
		THREAD("exile", "'exile'", "'u-9'", "'who'", "'{}'")
		OWNED("0123456789012345678901234567890123456789", "long", "'{}'")
		OWNED("tagged", "tagged", "'{}'") "UPDATE threads SET tags = '{red,\"dark blue\"}' WHERE id = 'tagged';");
	check_int(world_open(&w), 0);
	check_msg(strstr(w.why, "took over 5 threads, 5 turns of grace"), "%s", w.why);
	check(strstr(w.why, "left 3 threads without an owner"));
	check_int(world_account(&w, "x"), 0);

	list = turns_of(&w, "messages");
	check_int(list->n, 2);
	check_str(list->rows[0].question, "one?");
	check_str(list->rows[0].text, "one.");
	check_str(list->rows[1].text, "two.");
	op_turn_list_free(list);
	list = turns_of(&w, "loose");
	check_int(list->n, 1);
	check_str(list->rows[0].question, "why?");
	check_str(list->rows[0].text, "");
	check_int(list->rows[0].state, TURN_INTERRUPTED);
	op_turn_list_free(list);
	list = turns_of(&w, "orphans");
	check_int(list->n, 0);
	check_str(list->thread.name, "orphans");
	op_turn_list_free(list);
	list = turns_of(&w, "several");
	check_int(list->n, 2);
	check_str(list->thread.name, "several");
	check_int(list->rows[0].state, TURN_DONE);
	check_str(list->rows[0].text, "went");
	check_int(list->rows[1].state, TURN_CANCELLED);
	op_turn_list_free(list);
	list = turns_of(&w, "tagged");
	check_str(list->thread.tags, "[\"red\", \"dark blue\"]");
	op_turn_list_free(list);
	world_close(&w);
	check_int(changed_rows(&w, "steps"), 0);
	check_int(changed_rows(&w, "threads"), 0);
	check_int(changed_rows(&w, "feedbacks"), 0);
	world_end(&w);
}

TEST(lost_answers_are_found_by_order_and_text)
{
	struct op_turn_list *list;
	struct world w;

	make_old(&w,
		/* the same question three times; the middle answer was lost; the metadata is encoded twice */
		OWNED("same", "same", "'\"{\\\"history\\\": [{\\\"role\\\": \\\"assistant\\\", \\\"content\\\": \\\"Hello!\\\"}, "
				      "{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"hi\\\"}, {\\\"role\\\": \\\"assistant\\\", \\\"content\\\": \\\"first\\\"}, "
				      "{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"hi\\\"}, {\\\"role\\\": \\\"assistant\\\", \\\"content\\\": \\\"sec\\u00f6nd\\\"}, "
				      "{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"hi\\\"}, {\\\"role\\\": \\\"assistant\\\", \\\"content\\\": \\\"third\\\"}]}\"'")
		USER("q1", "same", "hi", "2024-05-01T12:00:00Z") RUN("r1", "same", "q1", "2024-05-01T12:00:01Z")
		ANSWER("a1", "same", "'r1'", "'first'", "2024-05-01T12:00:02Z")
		USER("q2", "same", "hi", "2024-05-01T12:01:00Z") RUN("r2", "same", "q2", "2024-05-01T12:01:01Z")
		ANSWER("a2", "same", "'r2'", "''", "2024-05-01T12:01:02Z")
		USER("q3", "same", "hi", "2024-05-01T12:02:00Z") RUN("r3", "same", "q3", "2024-05-01T12:02:01Z")
		ANSWER("a3", "same", "'r3'", "'third'", "2024-05-01T12:02:02Z")
		/* the row of the answer was lost altogether, that of the question too */
		OWNED("rows", "rows", "'{\"history\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\", \"content\": \"X\"}, "
				      "{\"role\": \"user\", \"content\": \"y\"}, {\"role\": \"assistant\", \"content\": \"Y\"}]}'")
		USER("xq", "rows", "x", "2024-05-01T12:00:00Z") RUN("xr", "rows", "xq", "2024-05-01T12:00:01Z")
		RUN("yr", "rows", "yq", "2024-05-01T12:01:01Z") ANSWER("ya", "rows", "'yr'", "'Y'", "2024-05-01T12:01:02Z")
		/* a history of other words is no help, a stop notice is no answer */
		OWNED("other", "other", "'{\"history\": [{\"role\": \"user\", \"content\": \"q\"}, "
					"{\"role\": \"assistant\", \"content\": \"Task manually stopped.\"}, "
					"{\"role\": \"user\", \"content\": \"edited\"}, {\"role\": \"assistant\", \"content\": \"E\"}]}'")
		USER("oq", "other", "q", "2024-05-01T12:00:00Z") RUN("orn", "other", "oq", "2024-05-01T12:00:01Z")
		ANSWER("oa", "other", "'orn'", "''", "2024-05-01T12:00:02Z"));
	check_int(world_open(&w), 0);
	check_msg(strstr(w.why, "recovered 2 answers; recovered 1 question"), "%s", w.why);
	check_int(world_account(&w, "x"), 0);
	list = turns_of(&w, "same");
	check_int(list->n, 3);
	check_str(list->rows[0].text, "first");
	check_str(list->rows[1].text, "secönd");
	check_str(list->rows[2].text, "third");
	op_turn_list_free(list);
	list = turns_of(&w, "rows");
	check_int(list->n, 2);
	check_str(list->rows[0].text, "X");
	check_str(list->rows[1].question, "y");
	check_str(list->rows[1].text, "Y");
	op_turn_list_free(list);
	list = turns_of(&w, "other");
	check_int(list->n, 1);
	check_str(list->rows[0].text, "");
	op_turn_list_free(list);
	world_close(&w);
	/* Chainlit sees them, too: parents are there and come first. */
	check_int(sql_int(w.path, "SELECT count(*) FROM steps r JOIN steps u ON r.\"parentId\" = u.id WHERE r.id = 'yr' AND "
				  "u.output = 'y' AND u.\"createdAt\" < r.\"createdAt\""), 1);
	check_int(sql_int(w.path, "SELECT count(*) FROM steps WHERE \"parentId\" = 'xr' AND output = 'X'"), 1);
	check_int(changed_rows(&w, "steps"), 1);
	world_end(&w);
}

/* ---- a Chainlit between two starts ---- */

TEST(what_chainlit_adds_later_is_taken_over_at_the_next_start)
{
	struct turn_row t = { .found = -1 };
	struct op_turn_list *list;
	struct world w;
	char sql[1024];

	make_old(&w, OWNED("t-1", "old", "'{}'"));
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "x"), 0);
	check_int(ask(&w, "mine", "first", &t), 0);
	check_int(finish(&w, t.id, TURN_DONE, "1"), 0);
	world_close(&w);
	snprintf(sql, sizeof(sql), USER("cq", "%s", "second", "2099-05-01T12:00:00Z")
		RUN("cr", "%s", "cq", "2099-05-01T12:00:01Z") ANSWER("ca", "%s", "'cr'", "'2'", "2099-05-01T12:00:02Z"),
		t.thread, t.thread, t.thread);
	sql_run(w.path, sql);
	sql_run(w.path, OWNED("t-2", "new", "'{}'") USER("nq", "t-2", "n", "2099-05-01T12:00:00Z")
		RUN("nr", "t-2", "nq", "2099-05-01T12:00:01Z") ANSWER("na", "t-2", "'nr'", "'N'", "2099-05-01T12:00:02Z"));
	check_int(world_open(&w), 0);
	check_str(w.why, "took over 1 thread, 2 turns of grace from Chainlit");
	list = turns_of(&w, "mine");
	check_int(list->n, 2);
	check_str(list->rows[1].text, "2");
	check_str(list->rows[1].parent, t.id);
	op_turn_list_free(list);
	check_int(ask(&w, "mine", "third", &t), 0);
	check_int(t.seq, 3);
	check_int(finish(&w, t.id, TURN_DONE, "3"), 0);
	world_close(&w);
	check_str(sql_text(w.path, "SELECT output FROM steps WHERE \"threadId\" = (SELECT thread FROM ragchat_turn ORDER BY rowid "
				   "DESC LIMIT 1) ORDER BY \"createdAt\" DESC LIMIT 1"), "3");
	check_int(world_open(&w), 0);
	check(!w.why);
	turn_row_fini(&t);
	world_end(&w);
}

TEST(an_edit_in_chainlit_becomes_a_turn_beside_the_old_question)
{
	struct op_turn_list *list;
	struct world w;

	make_old(&w, OWNED("t", "t", "'{}'") USER("q1", "t", "one", "2024-05-01T12:00:00Z")
		RUN("r1", "t", "q1", "2024-05-01T12:00:01Z") ANSWER("a1", "t", "'r1'", "'1'", "2024-05-01T12:00:02Z")
		USER("q2", "t", "two", "2024-05-01T12:01:00Z") RUN("r2", "t", "q2", "2024-05-01T12:01:01Z")
		ANSWER("a2", "t", "'r2'", "'2'", "2024-05-01T12:01:02Z"));
	check_int(world_open(&w), 0);
	world_close(&w);
	/* What Chainlit does: the question changed in place, later messages deleted, their runs left, a new run. */
	sql_run(w.path, "UPDATE steps SET output = 'one!' WHERE id = 'q1'; DELETE FROM steps WHERE id IN ('a1', 'q2', 'a2');"
		RUN("r3", "t", "q1", "2024-05-01T12:02:00Z") ANSWER("a3", "t", "'r3'", "'1!'", "2024-05-01T12:02:01Z"));
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "x"), 0);
	list = turns_of(&w, "t");
	check_int(list->n, 2);
	check_str(list->rows[0].id, "r1");
	check_str(list->rows[0].text, "");
	check_str(list->rows[1].id, "r3");
	check_str(list->rows[1].of, "r1");
	check_str(list->rows[1].question, "one!");
	check_str(list->rows[1].text, "1!");
	check_int(list->thread.turns, 2);
	op_turn_list_free(list);
	world_end(&w);
}

TEST(a_thread_deleted_in_chainlit_is_gone_even_as_a_ghost)
{
	struct op_thread_list *list = op_thread_list_new();
	struct world w;

	make_old(&w, OWNED("t", "t", "'{}'") USER("q1", "t", "one", "2024-05-01T12:00:00Z")
		OWNED("s", "s", "'{}'") USER("q2", "s", "two", "2024-05-01T12:00:00Z"));
	check_int(world_open(&w), 0);
	world_close(&w);
	sql_run(w.path, "DELETE FROM steps WHERE \"threadId\" = 't'; DELETE FROM threads WHERE id = 't';"
		THREAD("t", "NULL", "NULL", "NULL", "'{}'"));
	check_int(world_open(&w), 0);
	check_int(world_account(&w, "x"), 0);
	list->account = account_copy(&w.who);
	list->limit = 10;
	check_int(world_run(&w, STORE_KEYED, &list->job), 0);
	check_int(list->n, 1);
	check_str(list->rows[0].id, "s");
	op_thread_list_free(list);
	world_end(&w);
}

TEST(a_file_without_the_columns_we_need_is_refused_untouched)
{
	char before[SHA256_HEX + 1], after[SHA256_HEX + 1];
	struct world w;

	world_make(&w);
	sql_run(w.path, "CREATE TABLE users(id, identifier); CREATE TABLE threads(id, name); CREATE TABLE steps(id, output)");
	chmod(w.path, 0600);
	file_digest(w.path, before);
	check_int(world_open(&w), STORE_E_NOT_OURS);
	check(strstr(w.why, "has no column"));
	file_digest(w.path, after);
	check_str(after, before);
	check_str(backup_of(&w), "");
	world_end(&w);
}

TEST_MAIN()
