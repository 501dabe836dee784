/*
 * Operations on conversations: how a question lies in the file, how it is found again, what goes
 * before it.
 */
#include <signal.h>

#include "common/clock.h"
#include "common/list.h"
#include "tests/unit/store.h"

static void up(struct world *w)
{
	world_make(w);
	if (world_open(w) != 0 || world_account(w, "ada") != 0)
		abort();
}

/* ---- the rows ---- */

TEST(a_question_is_three_rows_as_chainlit_writes_them)
{
	struct turn_row t = { .found = -1 };
	struct world w;

	up(&w);
	check_int(ask(&w, NULL, "  What is a heron?\nTell me all.", &t), 0);
	check_int(t.seq, 1);
	check_int(t.state, TURN_QUEUED);
	check_str(t.question, "  What is a heron?\nTell me all.");
	check_str(t.thread_name, "What is a heron?");
	check_str(t.parent, "");
	check(uuid_valid(t.id) && uuid_valid(t.thread) && uuid_valid(t.user_step) &&
		uuid_valid(t.answer_step));
	check_int(finish(&w, t.id, TURN_DONE, "A bird."), 0);
	world_close(&w);

	check_int(sql_int(w.path, "SELECT count(*) FROM steps"), 3);
	check_str(
		sql_text(w.path,
			"SELECT group_concat(type || ',' || name || ',' || streaming || ',' || "
			"COALESCE(\"waitForAnswer\", 'n') || ',' || \"isError\" || ',' || metadata "
			"|| ',' || "
			"COALESCE(input, 'n') || ',' || output || ',' || generation || ',' || "
			"COALESCE(\"showInput\", 'n') || ',' || COALESCE(\"defaultOpen\", 'n'), "
			"'|') "
			"FROM (SELECT * FROM steps ORDER BY \"createdAt\")"),
		"user_message,ada,0,0,0,{},n,  What is a heron?\nTell me all.,{},n,n|"
		"run,on_message,0,n,0,{},  What is a heron?\nTell me all.,,null,json,0|"
		"assistant_message,Assistant,0,0,0,{},n,A bird.,{},n,n");
	check_int(
		sql_int(w.path,
			"SELECT count(*) FROM steps a JOIN steps r ON a.\"parentId\" = r.id JOIN "
			"steps u ON "
			"r.\"parentId\" = u.id WHERE u.\"parentId\" IS NULL AND u.\"createdAt\" < "
			"r.\"createdAt\" "
			"AND r.\"createdAt\" < a.\"createdAt\" AND r.\"end\" > a.\"createdAt\""),
		1);
	check_int(sql_int(w.path, "SELECT count(*) FROM steps WHERE length(\"createdAt\") = 27 AND "
				  "\"createdAt\" LIKE '____-__-__T__:__:__.______Z'"), 3);
	check_int(
		sql_int(w.path,
			"SELECT count(*) FROM threads h JOIN users u ON h.\"userId\" = u.id WHERE "
			"h.\"userIdentifier\" = 'ada' AND h.metadata = '{}' AND h.tags IS NULL AND "
			"h.name = 'What is a heron?' AND u.metadata = '{}' AND u.\"createdAt\" IS "
			"NOT NULL"),
		1);
	turn_row_fini(&t);
	world_end(&w);
}

TEST(stamps_rise_within_a_thread_whatever_the_clock_says)
{
	struct turn_row t = { .found = -1 };
	struct world w;

	up(&w);
	check_int(ask(&w, "x", "one", &t), 0);
	check_int(finish(&w, t.id, TURN_DONE, "1"), 0);
	world_close(&w);
	sql_run(w.path,
		"UPDATE ragchat_thread SET updated = updated + "
		"3600000000"); /* written by a clock ahead */
	check_int(world_open(&w), 0);
	check_int(ask(&w, "x", "two", &t), 0);
	check_int(ask(&w, "x", "three", &t), 0);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(DISTINCT \"createdAt\") FROM steps"), 9);
	check_str(
		sql_text(w.path,
			"SELECT group_concat(CASE type WHEN 'run' THEN input ELSE output END, ' ') "
			"FROM "
			"(SELECT * FROM steps ORDER BY \"createdAt\")"),
		"one one 1 two two  three three ");
	turn_row_fini(&t);
	world_end(&w);
}

TEST(six_asks_with_one_new_name_end_in_one_thread_in_order)
{
	struct op_turn_begin *op[6];
	struct world w;
	int new_threads = 0;

	up(&w);
	for (int i = 0; i < 6; i++) {
		op[i] = ask_new(&w, "q");
		op[i]->thread_ref = mem_dup("birds");
		op[i]->create = true;
	}
	for (int i = 0; i < 6; i++) {
		check_int(world_run(&w, STORE_WRITER, &op[i]->job), 0);
		new_threads += op[i]->new_thread;
		check_int(op[i]->turn.seq, i + 1);
		check_str(op[i]->turn.thread, op[0]->turn.thread);
		check_str(op[i]->turn.parent, i ? op[i - 1]->turn.id : "");
	}
	check_int(new_threads, 1);
	for (int i = 0; i < 6; i++)
		op_turn_begin_free(op[i]);
	world_end(&w);
}

TEST(a_thread_is_named_by_its_title_or_its_first_line_cut_to_80)
{
	struct op_turn_begin *op;
	struct turn_row t = { .found = -1 };
	struct world w;
	char text[200];

	up(&w);
	memset(text, 0, sizeof(text));
	for (int i = 0; i < 90; i++)
		memcpy(text + 2 * i, "ä", 2);
	check_int(ask(&w, NULL, text, &t), 0);
	check_int(strlen(t.thread_name), 160);
	check_int(ask(&w, NULL, " \n\t\n", &t), 0);
	check_str(t.thread_name, "untitled");
	op = ask_new(&w, "what?");
	op->title = mem_dup("A title");
	op->tags = mem_dup("[\"one\",\"zwölf\"]");
	check_int(world_run(&w, STORE_WRITER, &op->job), 0);
	check_str(op->turn.thread_name, "A title");
	op_turn_begin_free(op);
	world_close(&w);
	check_str(sql_text(w.path, "SELECT metadata FROM threads WHERE name = 'A title'"),
		"{\"ragchat\": {\"tags\": [\"one\", \"zw\\u00f6lf\"]}}");
	turn_row_fini(&t);
	world_end(&w);
}

TEST(sources_become_elements_that_chainlit_links)
{
	struct op_turn_finish *op = op_turn_finish_new();
	struct op_turn_get *get = op_turn_get_new();
	struct turn_row t = { .found = -1 };
	struct source s;
	struct world w;

	up(&w);
	check_int(ask(&w, NULL, "where?", &t), 0);
	snprintf(op->turn.id, sizeof(op->turn.id), "%s", t.id);
	op->turn.state = TURN_DONE;
	op->turn.text = mem_dup("Here [1], there [2].");
	op->turn.text_len = strlen(op->turn.text);
	op->turn.found = 1;
	op->turn.coverage = 0.75;
	op->turn.usage = mem_dup("{\"total_tokens\":7}");
	op->turn.finish_reason = mem_dup("stop");
	op->turn.reasoning = mem_dup("hm");
	source_init(&s);
	s.n = 1;
	s.cited = true;
	s.document = mem_dup("0b7e1f6e-5b0b-4f60-9d6c-1d1c5a3f1b11");
	s.path = mem_dup("birds.md");
	s.title = mem_dup("Herons \"and\" more");
	s.quote = mem_dup("Die Reiher — fliegen");
	s.line = 12;
	s.start = 0;
	s.end = 5000000000;
	s.score = 3.5;
	source_list_add(&op->turn.sources, &s);
	s.n = 2;
	s.url = mem_dup("https://example.org/x");
	s.page = 4;
	s.support = 0.5;
	source_list_add(&op->turn.sources, &s);
	check_int(world_run(&w, STORE_WRITER, &op->job), 0);
	op_turn_finish_free(op);

	get->account = account_copy(&w.who);
	get->ref = mem_dup("last");
	get->max_text = UINT64_MAX;
	get->with_sources = true;
	check_int(world_run(&w, STORE_KEYED, &get->job), 0);
	check_str(get->turn.text, "Here [1], there [2].");
	check_int(get->turn.sources.n, 2);
	check_int(get->turn.sources.v[0].n, 1);
	check(get->turn.sources.v[0].cited && !get->turn.sources.v[1].cited);
	check_str(get->turn.sources.v[0].title, "Herons \"and\" more");
	check_str(get->turn.sources.v[0].quote, "Die Reiher — fliegen");
	check_int(get->turn.sources.v[0].line, 12);
	check_int(get->turn.sources.v[0].end, 5000000000);
	check_int(get->turn.sources.v[0].page, -1);
	check(get->turn.sources.v[0].score == 3.5 && get->turn.sources.v[0].support < 0);
	check_str(get->turn.sources.v[1].url, "https://example.org/x");
	check_int(get->turn.sources.v[1].page, 4);
	check_int(get->turn.found, 1);
	check(get->turn.coverage == 0.75);
	check_str(get->turn.usage, "{\"total_tokens\":7}");
	check_str(get->turn.reasoning, "hm");
	op_turn_get_free(get);
	world_close(&w);

	check_str(
		sql_text(w.path,
			"SELECT group_concat(e.name || e.type || e.display || e.mime || "
			"COALESCE(e.page, '-') || "
			"COALESCE(e.url, '-') || COALESCE(e.\"objectKey\", '-'), ' ') FROM "
			"elements e JOIN steps s "
			"ON s.id = e.\"forId\" AND s.type = 'assistant_message' AND s.\"threadId\" "
			"= e.\"threadId\""),
		"[1]textsidetext/plain-data:text/plain;charset=utf-8,Die%20Reiher%20%E2%80%94%20fliegen0b7e1f6e-5b0b-4f60-9d6c-1d1c5a3f1b11 "
		"[2]textsidetext/plain4https://example.org/x-");
	check(strstr(sql_text(w.path, "SELECT props FROM elements WHERE name = '[1]'"),
		"\"Die Reiher \\u2014 fliegen\", \"line\": 12"));
	turn_row_fini(&t);
	world_end(&w);
}

/* ---- an answer on its way ---- */

TEST(checkpoints_are_gone_at_the_end_and_the_answer_is_whole)
{
	struct op_turn_get *get = op_turn_get_new();
	struct turn_row t = { .found = -1 };
	struct world w;

	up(&w);
	check_int(ask(&w, NULL, "sing", &t), 0);
	check_int(append(&w, t.id, 0, "la "), 0);
	check_int(append(&w, t.id, 3, "lä "), 0);
	get->account = account_copy(&w.who);
	get->ref = mem_dup(t.id);
	get->max_text = 5; /* in the middle of the ä */
	check_int(world_run(&w, STORE_KEYED, &get->job), 0);
	check_int(get->turn.state, TURN_STREAMING);
	check_str(get->turn.text, "la l");
	check_int(get->turn.text_len, 4);
	get->max_text = UINT64_MAX;
	check_int(world_run(&w, STORE_KEYED, &get->job), 0);
	check_str(get->turn.text, "la lä ");
	check_int(get->turn.length, 7);
	check_int(finish(&w, t.id, TURN_DONE, "la lä lu"), 0);
	check_int(append(&w, t.id, 7, "too late"), STORE_E_NOT_FOUND);
	check_int(world_run(&w, STORE_KEYED, &get->job), 0);
	check_str(get->turn.text, "la lä lu");
	check_int(get->turn.length, 9);
	check_int(get->turn.state, TURN_DONE);
	check_str(get->turn.sha256,
		"0e0cb3fcb9cdd71396a24e45dd08e73e58c3a63eb0f81ff2c22fae998d35fbbc");
	op_turn_get_free(get);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_delta"), 0);
	turn_row_fini(&t);
	world_end(&w);
}

TEST(a_stopped_answer_keeps_its_part_and_its_run_is_an_error)
{
	struct turn_row t = { .found = -1 };
	struct world w;

	up(&w);
	check_int(ask(&w, NULL, "count", &t), 0);
	check_int(finish(&w, t.id, TURN_CANCELLED, "1 2 3"), 0);
	check_int(ask(&w, NULL, "count on", &t), 0);
	check_int(finish(&w, t.id, TURN_FAILED, ""), 0);
	check_int(finish(&w, t.id, TURN_STREAMING, ""), -EINVAL);
	check_int(finish(&w, "00000000-0000-4000-8000-000000000000", TURN_DONE, ""),
		STORE_E_NOT_FOUND);
	world_close(&w);
	check_str(
		sql_text(w.path,
			"SELECT group_concat(output, '/') FROM steps WHERE type = "
			"'assistant_message'"),
		"1 2 3/");
	check_int(
		sql_int(w.path,
			"SELECT count(*) FROM steps WHERE type = 'run' AND \"isError\" = 1 AND "
			"\"end\" IS NOT NULL"),
		2);
	check_int(sql_int(w.path, "SELECT count(*) FROM steps WHERE output IS NULL"), 0);
	turn_row_fini(&t);
	world_end(&w);
}

/* Begins two turns, streams some of one, and dies without a word. */
static void die_in_mid_answer(struct world *w)
{
	struct turn_row t = { .found = -1 };

	if (world_open(w) != 0 || world_account(w, "ada") != 0 || ask(w, "x", "first", &t) != 0 ||
		append(w, t.id, 0, "once upon ") != 0 || append(w, t.id, 10, "a time") != 0 ||
		ask(w, "x", "second", &t) != 0)
		_exit(1);
	kill(getpid(), SIGKILL);
}

TEST(after_a_kill_what_was_streamed_is_joined_and_marked)
{
	struct op_turn_list *list = op_turn_list_new();
	struct world w;
	int status;
	pid_t child;

	world_make(&w);
	child = fork();
	if (child == 0)
		die_in_mid_answer(&w);
	check_int(waitpid(child, &status, 0), child);
	check(WIFSIGNALED(status));
	check_int(world_open(&w), 0);
	check_str(w.why, "marked 2 unfinished answers as interrupted");
	check_int(world_account(&w, "ada"), 0);
	list->account = account_copy(&w.who);
	list->thread_ref = mem_dup("x");
	list->limit = 10;
	list->max_text = list->max_question = UINT64_MAX;
	check_int(world_run(&w, STORE_KEYED, &list->job), 0);
	check_int(list->n, 2);
	for (int i = 0; i < 2; i++) {
		check_int(list->rows[i].state, TURN_INTERRUPTED);
		check_int(list->rows[i].error, TURN_ERROR_INTERRUPTED);
		check_int(strlen(list->rows[i].sha256), 64);
		check(list->rows[i].ended_us > list->rows[i].created_us);
	}
	check_str(list->rows[0].text, "once upon a time");
	check_int(list->rows[0].length, 16);
	check_str(list->rows[1].text, "");
	op_turn_list_free(list);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_delta"), 0);
	check_int(
		sql_int(w.path,
			"SELECT count(*) FROM steps WHERE type = 'run' AND \"isError\" = 1 AND "
			"\"end\" IS NOT NULL"),
		2);
	check_str(
		sql_text(w.path,
			"SELECT output FROM steps WHERE type = 'assistant_message' ORDER BY rowid "
			"LIMIT 1"),
		"once upon a time");
	check_str(sql_text(w.path, "PRAGMA integrity_check"), "ok");
	check_int(world_open(&w), 0);
	check(!w.why); /* nothing left to do */
	world_end(&w);
}

/* ---- asking again ---- */

TEST(a_key_gives_the_same_turn_once_and_a_conflict_for_other_words)
{
	struct op_turn_begin *op;
	struct turn_row first = { .found = -1 };
	struct world w;

	up(&w);
	op = ask_new(&w, "pay 5");
	op->key = mem_dup("k1");
	check_int(world_run(&w, STORE_WRITER, &op->job), 0);
	check(!op->duplicate && op->new_thread);
	first = op->turn;
	op->turn = (struct turn_row){ .found = -1 };
	op->new_thread = false;
	check_int(world_run(&w, STORE_WRITER, &op->job), 0);
	check(op->duplicate && !op->new_thread);
	check_str(op->turn.id, first.id);
	check_str(op->turn.question, "pay 5");
	op_turn_begin_free(op);

	op = ask_new(&w, "pay 6");
	op->key = mem_dup("k1");
	check_int(world_run(&w, STORE_WRITER, &op->job), STORE_E_CONFLICT);
	check(strstr(op->job.why, "key"));
	op_turn_begin_free(op);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_turn"), 1);

	sql_run(w.path, "UPDATE ragchat_key SET created = created - 24 * 3600 * 1000000");
	check_int(world_open(&w), 0);
	op = ask_new(&w, "pay 6");
	op->key = mem_dup("k1");
	check_int(world_run(&w, STORE_WRITER, &op->job), 0);
	check(!op->duplicate);
	op_turn_begin_free(op);
	world_close(&w);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_key"), 1);
	turn_row_fini(&first);
	world_end(&w);
}

TEST(a_retry_stands_beside_the_first_answer_under_the_same_question)
{
	struct op_turn_begin *op;
	struct turn_row a = { .found = -1 }, b = { .found = -1 };
	struct world w;

	up(&w);
	check_int(ask(&w, "x", "one", &a), 0);
	check_int(finish(&w, a.id, TURN_DONE, "1"), 0);
	check_int(ask(&w, "x", "two", &b), 0);
	check_int(finish(&w, b.id, TURN_FAILED, "2?"), 0);
	op = ask_new(&w, NULL);
	snprintf(op->of, sizeof(op->of), "%s", b.id);
	check_int(world_run(&w, STORE_WRITER, &op->job), 0);
	check_str(op->turn.of, b.id);
	check_str(op->turn.parent, a.id);
	check_str(op->turn.thread, b.thread);
	check_str(op->turn.user_step, b.user_step);
	check_str(op->turn.question, "two");
	check_int(op->turn.seq, 3);
	check_int(finish(&w, op->turn.id, TURN_DONE, "2!"), 0);
	op_turn_begin_free(op);

	op = ask_new(&w, NULL);
	snprintf(op->of, sizeof(op->of), "%s", "00000000-0000-4000-8000-000000000000");
	check_int(world_run(&w, STORE_WRITER, &op->job), STORE_E_NOT_FOUND);
	op_turn_begin_free(op);
	world_close(&w);
	check_str(
		sql_text(w.path,
			"SELECT group_concat(output, ' ') FROM steps WHERE type = "
			"'assistant_message'"),
		"1 2? 2!");
	check_int(sql_int(w.path, "SELECT count(*) FROM steps WHERE type = 'user_message'"), 2);
	turn_row_fini(&a);
	turn_row_fini(&b);
	world_end(&w);
}

static int follow(struct world *w, const char *terminal, bool continued, struct turn_row *t)
{
	struct op_turn_begin *op = ask_new(w, "and?");
	int r;

	op->terminal = mem_dup(terminal);
	op->follow = continued;
	r = world_run(w, STORE_WRITER, &op->job);
	turn_row_fini(t);
	*t = op->turn;
	op->turn = (struct turn_row){ .found = -1 };
	op_turn_begin_free(op);
	return r;
}

TEST(continuing_means_this_terminals_thread_else_the_accounts_last)
{
	struct turn_row a = { .found = -1 }, b = { .found = -1 }, c = { .found = -1 };
	struct world w;

	up(&w);
	check_int(follow(&w, "tty1", true, &a), 0); /* nothing to follow: a new one */
	check_int(follow(&w, "tty2", false, &b), 0);
	check(strcmp(a.thread, b.thread) != 0);
	check_int(follow(&w, "tty1", true, &c), 0);
	check_str(c.thread, a.thread);
	check_int(follow(&w, "tty2", true, &c), 0);
	check_str(c.thread, b.thread);
	check_int(follow(&w, "tty3", true, &c), 0); /* new here: the last one asked from any */
	check_str(c.thread, b.thread);
	check_int(follow(&w, NULL, true, &c), 0);
	check_str(c.thread, b.thread);
	turn_row_fini(&a);
	turn_row_fini(&b);
	turn_row_fini(&c);
	world_end(&w);
}

/* ---- REFs ---- */

static int turn_of(struct world *w, const char *ref, id_str id, size_t *candidates)
{
	struct op_turn_get *op = op_turn_get_new();
	int r;

	op->account = account_copy(&w->who);
	op->ref = mem_dup(ref);
	r = world_run(w, STORE_KEYED, &op->job);
	snprintf(id, sizeof(id_str), "%s", op->turn.id);
	*candidates = op->candidates.n;
	op_turn_get_free(op);
	return r;
}

static int thread_of(struct world *w, const char *ref, id_str id)
{
	struct op_thread_get *op = op_thread_get_new();
	int r;

	op->account = account_copy(&w->who);
	op->ref = mem_dup(ref);
	r = world_run(w, STORE_KEYED, &op->job);
	snprintf(id, sizeof(id_str), "%s", op->thread.id);
	op_thread_get_free(op);
	return r;
}

#define check_turn(ref, wanted)                                                                    \
	do {                                                                                       \
		check_int(turn_of(&w, ref, id, &n), 0);                                            \
		check_str(id, wanted);                                                             \
	} while (0)
#define check_thread(ref, wanted)                                                                  \
	do {                                                                                       \
		check_int(thread_of(&w, ref, id), 0);                                              \
		check_str(id, wanted);                                                             \
	} while (0)

TEST(a_turn_is_found_by_every_kind_of_ref)
{
	struct turn_row a1 = { .found = -1 }, a2 = { .found = -1 }, b1 = { .found = -1 };
	char ref[128];
	struct world w;
	id_str id;
	size_t n;

	up(&w);
	check_int(turn_of(&w, "last", id, &n), STORE_E_NOT_FOUND);
	check_int(ask(&w, "birds: a talk", "one", &a1), 0);
	check_int(ask(&w, "birds: a talk", "two", &a2), 0);
	check_int(ask(&w, "fish", "three", &b1), 0);
	check_turn("last", b1.id);
	check_turn("@-1", b1.id);
	check_turn("@-3", a1.id);
	check_int(turn_of(&w, "@-4", id, &n), STORE_E_NOT_FOUND);
	check_turn(a2.id, a2.id);
	check_turn("birds: a talk", a2.id);
	check_turn("birds: a talk:1", a1.id);
	check_turn("birds: a talk:@-2", a1.id);
	check_turn("fish:last", b1.id);
	check_int(turn_of(&w, "fish:7", id, &n), STORE_E_NOT_FOUND);
	snprintf(ref, sizeof(ref), "%s:%.6s", a1.thread, a1.id);
	check_turn(ref, a1.id);
	snprintf(ref, sizeof(ref), "%.12s", a1.id);
	check_turn(ref, a1.id);
	for (char *c = ref; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
	check_turn(ref, a1.id);
	snprintf(ref, sizeof(ref), "%.12s", a1.thread);
	check_turn(ref, a2.id);
	check_turn(a1.thread, a2.id);
	check_int(turn_of(&w, "abc", id, &n), STORE_E_NOT_FOUND);
	check_int(turn_of(&w, "", id, &n), STORE_E_NOT_FOUND);
	check_int(turn_of(&w, "no such", id, &n), STORE_E_NOT_FOUND);

	check_thread("last", b1.thread);
	check_thread("@-2", a1.thread);
	check_thread("fish", b1.thread);
	check_thread("birds: a talk", a1.thread);
	check_thread("birds: a talk:2", a1.thread);
	check_thread(a1.id, a1.thread);
	snprintf(ref, sizeof(ref), "%.12s", a2.id);
	check_thread(ref, a1.thread);
	turn_row_fini(&a1);
	turn_row_fini(&a2);
	turn_row_fini(&b1);
	world_end(&w);
}

TEST(a_ref_that_fits_several_names_them)
{
	struct op_turn_begin *op;
	struct op_turn_get *get = op_turn_get_new();
	struct turn_row t = { .found = -1 };
	struct world w;
	id_str id;
	size_t n;

	up(&w);
	for (int i = 0; i < 12; i++) {
		op = ask_new(&w, "same question");
		check_int(world_run(&w, STORE_WRITER, &op->job), 0);
		op_turn_begin_free(op);
	}
	check_int(ask(&w, "other", "x", &t), 0);
	world_close(&w);
	sql_run(w.path,
		"PRAGMA foreign_keys = OFF; UPDATE ragchat_turn SET id = 'abcd' || substr(id, 5) "
		"WHERE seq = 1");
	check_int(world_open(&w), 0);
	check_int(turn_of(&w, "abcd", id, &n), STORE_E_AMBIGUOUS);
	check_int(n, 10);
	get->account = account_copy(&w.who);
	get->ref = mem_dup("same question");
	check_int(world_run(&w, STORE_KEYED, &get->job), STORE_E_AMBIGUOUS);
	check_int(get->candidates.n, 10);
	check_str(get->candidates.v[3].name, "same question");
	check(uuid_valid(get->candidates.v[3].id));
	check(strstr(get->job.why, "several"));
	op_turn_get_free(get);
	op = ask_new(&w, "into which?");
	op->thread_ref = mem_dup("same question");
	op->create = true;
	check_int(world_run(&w, STORE_WRITER, &op->job), STORE_E_AMBIGUOUS);
	check_int(op->candidates.n, 10);
	op_turn_begin_free(op);
	turn_row_fini(&t);
	world_end(&w);
}

TEST(creating_takes_names_as_names)
{
	struct turn_row t = { .found = -1 }, u = { .found = -1 };
	struct world w;
	char prefix[10];

	up(&w);
	check_int(ask(&w, "last", "x", &t), STORE_E_NOT_FOUND); /* a word, never a name */
	check_int(ask(&w, "a:1", "x", &t), 0);
	check_str(t.thread_name, "a:1");
	check_int(ask(&w, "a:1", "y", &u), 0);
	check_str(u.thread, t.thread);
	snprintf(prefix, sizeof(prefix), "%.8s", t.thread);
	check_int(ask(&w, prefix, "z", &u), 0);
	check_str(u.thread, t.thread);
	check_int(ask(&w, "last", "z", &u), 0);
	check_str(u.thread, t.thread);
	check_int(u.seq, 4);
	turn_row_fini(&t);
	turn_row_fini(&u);
	world_end(&w);
}

TEST(what_is_anothers_is_not_there)
{
	struct turn_row t = { .found = -1 };
	struct op_turn_begin *op;
	struct world w;
	id_str id;
	size_t n;

	up(&w);
	check_int(ask(&w, "secret", "x", &t), 0);
	op = ask_new(&w, NULL);
	snprintf(op->of, sizeof(op->of), "%s", t.id);
	op->account.id[0] = op->account.id[0] == 'a' ? 'b' : 'a';
	check_int(world_run(&w, STORE_WRITER, &op->job), STORE_E_NOT_FOUND);
	op_turn_begin_free(op);
	w.who.id[0] = w.who.id[0] == 'a' ? 'b' : 'a';
	check_int(turn_of(&w, t.id, id, &n), STORE_E_NOT_FOUND);
	check_int(turn_of(&w, "secret", id, &n), STORE_E_NOT_FOUND);
	check_int(turn_of(&w, t.thread, id, &n), STORE_E_NOT_FOUND);
	check_int(turn_of(&w, "last", id, &n), STORE_E_NOT_FOUND);
	check_int(thread_of(&w, t.thread, id), STORE_E_NOT_FOUND);
	turn_row_fini(&t);
	world_end(&w);
}

/* ---- pages ---- */

TEST(pages_of_threads_miss_nothing_and_repeat_nothing_even_with_equal_times)
{
	struct turn_row t = { .found = -1 };
	char seen[20][UUID_LEN + 1], name[16], *before = NULL;
	struct world w;
	size_t n = 0;
	int pages = 0;

	up(&w);
	for (int i = 0; i < 17; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		check_int(ask(&w, name, "x", &t), 0);
	}
	world_close(&w);
	sql_run(w.path,
		"UPDATE ragchat_thread SET updated = 1000 * (turns + length(id) / "
		"40)"); /* all the same */
	check_int(world_open(&w), 0);
	do {
		struct op_thread_list *op = op_thread_list_new();

		op->account = account_copy(&w.who);
		op->limit = 5;
		op->before = before;
		before = NULL;
		check_int(world_run(&w, STORE_KEYED, &op->job), 0);
		for (size_t i = 0; i < op->n; i++) {
			for (size_t k = 0; k < n; k++)
				check(strcmp(seen[k], op->rows[i].id) != 0);
			check_int(op->rows[i].turns, 1);
			check(n < 17);
			memcpy(seen[n++], op->rows[i].id, UUID_LEN + 1);
		}
		before = mem_dup(op->next);
		op_thread_list_free(op);
		pages++;
	} while (before);
	check_int(n, 17);
	check_int(pages, 4);
	turn_row_fini(&t);
	world_end(&w);
}

/* ---- lists kept to some ---- */

#define MANY "3000"

/* Threads as answers would have left them: six of each name, a few tagged or failed. */
static void fill(struct world *w)
{
	char sql[3000];

	(void)snprintf(sql, sizeof(sql),
		"BEGIN; CREATE TEMP TABLE made AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < " MANY ") "
		"SELECT i, printf('%%08d-0000-4000-8000-000000000001', i) AS thread, printf('%%08d-0000-4000-8000-000000000002', i) AS turn, "
		"printf('%%08d-0000-4000-8000-000000000003', i) AS step FROM n; "
		"INSERT INTO threads(id, \"createdAt\", name, \"userId\", \"userIdentifier\", metadata) "
		"SELECT thread, '2024-05-01T12:00:00Z', printf('name %%d', i %% 500), '%s', 'ada', '{}' FROM made; "
		"INSERT INTO ragchat_turn(id, thread, account, seq, state, user_step, run_step, answer_step, created, ended, length) "
		"SELECT turn, thread, '%s', 1, CASE WHEN i %% 40 THEN %d ELSE %d END, step, turn, step, i * 1000, i * 1000, 0 FROM made; "
		"INSERT INTO ragchat_thread(id, account, created, updated, turns, last_seq, last_turn, tags) "
		"SELECT thread, '%s', i * 1000, i * 1000, 1, 1, turn, NULL FROM made; "
		"INSERT INTO ragchat_tag(account, tag, thread) SELECT '%s', 'rare', thread FROM made WHERE i %% 30 = 0; COMMIT;",
		w->who.id, w->who.id, TURN_DONE, TURN_FAILED, w->who.id, w->who.id);
	world_close(w);
	sql_run(w->path, sql);
	if (world_open(w) != 0)
		abort();
}

static unsigned times_broken_off;

/* As the scanning thread does when another account waits, in pieces as short as they can be. */
static int list_in_pieces(struct db *db, struct job *j)
{
	int r;

	j->slice_ms = 1;
	for (;; times_broken_off++) {
		j->moved = false;
		atomic_store(&db->others, true);
		db_give_way(db, clock_mono_ms() + j->slice_ms);
		db_deadline(db, 0);
		r = op_thread_list_run(db, j);
		if (!db->yielded)
			break;
		j->why = mem_free(j->why);
		j->slice_ms *= j->moved ? 1 : 2;
	}
	db_give_way(db, 0);
	db_deadline(db, 0);
	return r;
}

/* Every page of it, one id after another. */
static size_t list_filtered(struct world *w, const char *text, const char *tag, int state, bool in_pieces, struct buf *ids)
{
	char *before = NULL;
	size_t n = 0;

	buf_init(ids, 0);
	do {
		struct op_thread_list *op = op_thread_list_new();

		op->account = account_copy(&w->who);
		op->limit = 70;
		op->before = before;
		op->filtered = true;
		op->text = mem_dup(text);
		op->tag = mem_dup(tag);
		op->state = state;
		if (in_pieces)
			op->job.run = list_in_pieces;
		if (world_run(w, STORE_SCAN, &op->job) != 0)
			abort();
		for (size_t i = 0; i < op->n; i++)
			buf_addf(ids, "%s\n", op->rows[i].id);
		n += op->n;
		before = mem_dup(op->next);
		op_thread_list_free(op);
	} while (before);
	return n;
}

TEST(a_list_kept_to_some_is_the_same_however_often_it_was_broken_off)
{
	static const struct {
		const char *text, *tag;
		int state;
		size_t n;
	} kept[] = {
		{ "name 123", NULL, -1, 6 },   { "NAME 12", NULL, -1, 66 }, { "name", NULL, -1, 3000 },         { "nowhere", NULL, -1, 0 },
		{ NULL, "rare", -1, 100 },     { NULL, "none", -1, 0 },     { NULL, NULL, TURN_FAILED, 75 },    { NULL, NULL, TURN_DONE, 2925 },
		{ "name 1", "rare", -1, 22 }, { NULL, NULL, TURN_QUEUED, 0 },
	};
	struct world w;

	up(&w);
	fill(&w);
	times_broken_off = 0;
	for (size_t i = 0; i < array_len(kept); i++) {
		struct buf whole, pieces;

		check_int(list_filtered(&w, kept[i].text, kept[i].tag, kept[i].state, false, &whole), kept[i].n);
		check_int(list_filtered(&w, kept[i].text, kept[i].tag, kept[i].state, true, &pieces), kept[i].n);
		check_str(buf_cstr(&pieces), buf_cstr(&whole));
		buf_fini(&whole);
		buf_fini(&pieces);
	}
	check(times_broken_off > 0);
	world_end(&w);
}

TEST(a_bad_cursor_is_said)
{
	static const char *const bad[] = { "", "x", ".", "12", "12.", "zz.abc",
		"123456789012345678.a", "1.0123456789012345678901234567890123456789" };
	struct world w;

	up(&w);
	for (size_t i = 0; i < array_len(bad); i++) {
		struct op_thread_list *op = op_thread_list_new();

		op->account = account_copy(&w.who);
		op->limit = 5;
		op->before = mem_dup(bad[i]);
		check_int(world_run(&w, STORE_KEYED, &op->job), STORE_E_NOT_FOUND);
		op_thread_list_free(op);
	}
	world_end(&w);
}

static struct op_turn_list *list_new(struct world *w, int limit)
{
	struct op_turn_list *op = op_turn_list_new();

	op->account = account_copy(&w->who);
	op->limit = limit;
	op->max_text = op->max_question = UINT64_MAX;
	return op;
}

TEST(turns_are_listed_by_thread_forward_and_by_account_backward)
{
	struct op_turn_list *op;
	struct turn_row t = { .found = -1 };
	struct world w;
	char question[16], *before = NULL;
	int seen = 0;

	up(&w);
	for (int i = 0; i < 7; i++) {
		snprintf(question, sizeof(question), "q%d", i);
		check_int(ask(&w, i % 2 ? "odd" : "even", question, &t), 0);
		check_int(finish(&w, t.id, TURN_DONE, "aaaaaaaa"), 0);
	}
	op = list_new(&w, 2);
	op->thread_ref = mem_dup("even");
	op->after = 1;
	check_int(world_run(&w, STORE_KEYED, &op->job), 0);
	check_int(op->n, 2);
	check_str(op->rows[0].question, "q2");
	check_str(op->rows[1].question, "q4");
	check(op->more);
	check_str(op->thread.name, "even");
	check_int(op->thread.turns, 4);
	op_turn_list_free(op);

	op = list_new(&w, 100); /* 10 bytes a turn: two fit, and one always comes */
	op->thread_ref = mem_dup("even");
	op->max_bytes = 25;
	check_int(world_run(&w, STORE_KEYED, &op->job), 0);
	check_int(op->n, 2);
	check(op->more);
	op_turn_list_free(op);
	op = list_new(&w, 100);
	op->thread_ref = mem_dup("even");
	op->max_bytes = 3;
	check_int(world_run(&w, STORE_KEYED, &op->job), 0);
	check_int(op->n, 1);
	check(op->more);
	op_turn_list_free(op);

	do {
		op = list_new(&w, 3);
		op->max_text = 0;
		op->max_question = 1;
		op->before = before;
		check_int(world_run(&w, STORE_KEYED, &op->job), 0);
		for (size_t i = 0; i < op->n; i++) {
			check_int(op->rows[i].seq, (6 - seen) / 2 + 1);
			check_str(op->rows[i].question, "q");
			check(!op->rows[i].text);
			check_int(op->rows[i].length, 8);
			seen++;
		}
		before = mem_dup(op->next);
		op_turn_list_free(op);
	} while (before);
	check_int(seen, 7);
	turn_row_fini(&t);
	world_end(&w);
}

/* ---- context ---- */

static struct op_context *context(struct world *w, const char *parent, uint64_t max, int *r)
{
	struct op_context *op = op_context_new();

	op->account = account_copy(&w->who);
	snprintf(op->parent, sizeof(op->parent), "%s", parent);
	op->max_bytes = max;
	*r = world_run(w, STORE_KEYED, &op->job);
	return op;
}

TEST(context_follows_the_branch_and_leaves_out_what_has_no_answer)
{
	struct turn_row a = { .found = -1 }, b = { .found = -1 }, c = { .found = -1 };
	struct op_turn_begin *again;
	struct op_context *op;
	struct world w;
	int r;

	up(&w);
	check_int(ask(&w, "x", "one", &a), 0);
	check_int(finish(&w, a.id, TURN_DONE, "1"), 0);
	check_int(ask(&w, "x", "two", &b), 0);
	check_int(finish(&w, b.id, TURN_FAILED, ""), 0); /* no word of an answer */
	check_int(ask(&w, "x", "three", &c), 0);
	check_int(finish(&w, c.id, TURN_CANCELLED, "3 par"), 0);
	again = ask_new(&w, NULL);
	snprintf(again->of, sizeof(again->of), "%s", b.id);
	check_int(world_run(&w, STORE_WRITER, &again->job), 0);
	check_int(finish(&w, again->turn.id, TURN_DONE, "2"), 0);

	op = context(&w, c.id, 1000, &r);
	check_int(r, 0);
	check_int(op->n, 2);
	check_str(op->turns[0].question, "one");
	check_str(op->turns[0].answer, "1");
	check_str(op->turns[1].question, "three");
	check_str(op->turns[1].answer, "3 par");
	check_int(op->turns[1].state, TURN_CANCELLED);
	check_int(op->left_out, 0);
	op_context_free(op);

	op = context(&w, again->turn.id, 1000, &r); /* the other branch */
	check_int(op->n, 2);
	check_str(op->turns[1].question, "two");
	check_str(op->turns[1].answer, "2");
	op_context_free(op);

	op = context(&w, c.id, 10, &r); /* "three" + "3 par" are 10 bytes */
	check_int(op->n, 1);
	check_str(op->turns[0].question, "three");
	check_int(op->left_out, 1);
	op_context_free(op);
	op = context(&w, c.id, 9, &r);
	check_int(op->n, 0);
	check_int(op->left_out, 2);
	op_context_free(op);
	op = context(&w, "", 1000, &r);
	check_int(r, 0);
	check_int(op->n, 0);
	op_context_free(op);
	op_turn_begin_free(again);
	turn_row_fini(&a);
	turn_row_fini(&b);
	turn_row_fini(&c);
	world_end(&w);
}

/* ---- accounts and counts ---- */

static int account_as(
	struct world *w, const char *name, const char *fallback, char got[32], bool *created)
{
	struct op_account *op = op_account_new();
	int r;

	op->name = mem_dup(name);
	op->fallback = mem_dup(fallback);
	r = world_run(w, STORE_WRITER, &op->job);
	snprintf(got, 32, "%s", op->account.name ? op->account.name : "");
	*created = op->created;
	op_account_free(op);
	return r;
}

TEST(the_only_account_is_taken_unless_one_is_named)
{
	struct world w;
	char got[32];
	bool created;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(account_as(&w, NULL, NULL, got, &created), -EINVAL);
	check_int(account_as(&w, NULL, "ada", got, &created), 0);
	check_str(got, "ada");
	check(created);
	check_int(account_as(&w, NULL, "bob", got, &created), 0);
	check_str(got, "ada");
	check(!created);
	check_int(account_as(&w, "bob", "carl", got, &created), 0);
	check_str(got, "bob");
	check(created);
	check_int(account_as(&w, NULL, "carl", got, &created), 0);
	check_str(got, "carl");
	check(created);
	check_int(account_as(&w, "ada", NULL, got, &created), 0);
	check(!created);
	world_close(&w);
	check_int(
		sql_int(w.path,
			"SELECT count(*) FROM users WHERE metadata = '{}' AND "
			"length(\"createdAt\") = 27"),
		3);
	world_end(&w);
}

TEST(status_counts_what_is_there)
{
	struct op_stats *op = op_stats_new();
	struct turn_row t = { .found = -1 };
	struct world w;

	up(&w);
	check_int(ask(&w, "a", "x", &t), 0);
	check_int(ask(&w, "a", "x", &t), 0);
	check_int(ask(&w, "b", "x", &t), 0);
	op->account = account_copy(&w.who);
	check_int(world_run(&w, STORE_KEYED, &op->job), 0);
	check_int(op->threads, 2);
	check_int(op->turns, 3);
	check_int(op->documents, 0);
	check_int(op->schema, SCHEMA_VERSION);
	check_str(op->journal_mode, "wal");
	check(op->bytes >= 4096);
	op_stats_free(op);
	turn_row_fini(&t);
	world_end(&w);
}

TEST_MAIN()
