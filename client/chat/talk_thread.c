/* The thread of a conversation: found, shown from its last turn on, left. */
#include "client/chat/talk.h"

#include <string.h>

#include "client/link.h"
#include "client/out.h"
#include "client/print.h"
#include "client/say.h"
#include "client/termkey.h"
#include "common/mem.h"
#include "proto/errors.h"

void talk_new_thread(struct talk *t)
{
	talk_set_thread(t, NULL);
	talk_forget_turn(t);
}

static void add_question(struct talk *t, struct val turn)
{
	char *question = val_get_text(turn, "question");

	if (question)
		history_add(&t->prompt.history, question, false);
	mem_free(question);
}

static void say_question(struct val turn)
{
	struct buf line = { 0 };
	const char *s = "";
	size_t n = 0;

	(void)val_get_str(turn, "question", &s, &n);
	(void)buf_add_str(&line, "> ");
	filter_line(term_filter(), s, n, 300, &line);
	(void)buf_add_byte(&line, '\n');
	(void)out_text(&line, true);
	buf_fini(&line);
}

/* As if it had just come. */
static void show_turn(struct talk *t, struct val turn)
{
	struct val sources = val_get(turn, "sources");
	struct buf drawn = { 0 };
	struct print p;
	struct answer a;
	const char *s = "";
	size_t n = 0;

	say_question(turn);
	answer_init(&a, true);
	answer_take_end(&a, turn);
	marks_take(&a.marks, val_get(turn, "marks"));
	for (size_t i = 0; i < val_count(sources); i++)
		if (val_get_bool(val_at(sources, i), "cited", true))
			source_line(val_at(sources, i), &a.marks, &a.source_lines);
	(void)val_get_str(turn, "text", &s, &n);
	marks_draw(&a.marks, s, n, &drawn);
	if (print_open(&p, &t->view, false) == 0) {
		print_news(&p, &a, ANSWER_TEXT, (struct val){ NULL }, buf_cstr(&drawn), drawn.len);
		print_end(&p, &a, turn);
		(void)out_flush(&p.out);
	}
	print_fini(&p);
	buf_fini(&drawn);
	answer_say(&a, true, "/retry");
	talk_blank_line(t);
	s = "";
	(void)val_get_str(turn, "turn", &s, &n);
	talk_take_turn(t, s, answer_ended_as(&a, "done"), a.source_lines.len > 0);
	answer_fini(&a);
}

#define QUESTIONS 50 /* of a thread that are fetched for the history */

/* Those of the branch that is gone on from, which come newest first. */
static void fetch_turns(struct talk *t)
{
	struct pack *p = talk_request(t, "message.list");
	struct val list;
	int r;

	pack_kv_text(p, "thread", t->thread);
	pack_kv_bool(p, "branch", true);
	pack_kv_int(p, "limit", QUESTIONS);
	r = talk_call(t, LINK_CALL_MS);
	if (r) {
		(void)talk_fail(t, r);
		return;
	}
	list = val_get(t->link->msg.result, "turns");
	for (size_t i = val_count(list); i-- > 0;)
		add_question(t, val_at(list, i));
	if (val_count(list))
		show_turn(t, val_at(list, 0));
}

static void say_thread(struct val thread, int64_t turns)
{
	char *name = val_get_text(thread, "name");

	say("conversation '%s', %lld %s so far", name ? name : "", (long long)turns, turns == 1 ? "question" : "questions");
	mem_free(name);
}

bool talk_open_thread(struct talk *t, const char *ref, bool create)
{
	struct pack *p = talk_request(t, "thread.get");
	char terminal[TERMKEY_LEN + 1];
	struct val thread;
	int64_t turns;
	char *id;
	int r;

	if (ref)
		pack_kv_text(p, "thread", ref);
	else if (termkey(terminal))
		pack_kv_text(p, "terminal", terminal);
	r = talk_call(t, LINK_CALL_MS);
	if (r == LINK_E_REMOTE && create && t->link->error.code == PROTO_E_NOT_FOUND) {
		talk_new_thread(t);
		t->thread = mem_dup(ref);
		if (ref)
			say("a new conversation, called '%s'", ref);
		return true;
	}
	if (r) {
		(void)talk_fail(t, r);
		return false;
	}
	thread = val_get(t->link->msg.result, "thread");
	turns = val_get_int(thread, "turns", 0);
	say_thread(thread, turns);
	id = val_get_text(thread, "thread");
	talk_new_thread(t);
	talk_set_thread(t, id);
	mem_free(id);
	fetch_turns(t);
	return true;
}
