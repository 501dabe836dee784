/* A conversation: requests to the daemon, and answers followed with one ear at the keyboard. */
#include "client/chat/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/link.h"
#include "client/out.h"
#include "client/print.h"
#include "client/say.h"
#include "client/signals.h"
#include "client/term.h"
#include "client/termkey.h"
#include "client/wrap.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "proto/errors.h"

/* ---- requests ---- */

/* A daemon that has ended meanwhile is no reason for an error: there is another one, or one is started. */
struct pack *talk_request(struct talk *t, const char *method)
{
	if (!link_is_open(t->link))
		link_renew(t->link);
	return link_request(t->link, method);
}

static int lost(struct talk *t, bool *again, const struct link_wait *w)
{
	int r;

	if (*again)
		return LINK_E_LOST;
	*again = true;
	link_renew(t->link);
	r = link_again(t->link, w);
	if (r == LINK_OK)
		link_resend(t->link);
	return r;
}

int talk_call(struct talk *t, unsigned ms)
{
	struct link_wait w = { .signals = t->prompt.tty.poll_fd, .until_ms = clock_mono_ms() + ms };
	struct link *l = t->link;
	bool again = false;
	uint32_t id;
	int r = link_send(l, &id);

	tty_watch(&t->prompt.tty);
	while (r == LINK_OK) {
		switch (link_next(l, &w)) {
		case LINK_MESSAGE:
			if (link_is_reply(l, id))
				return link_take_error(l);
			break;
		case LINK_SIGNAL:
			if (tty_take(&t->prompt.tty)) {
				l->status = STATUS_CANCELLED;
				return LINK_E_STATUS;
			}
			break;
		case LINK_LOST:
			r = lost(t, &again, &w);
			break;
		case LINK_TIMEOUT:
			return LINK_E_TIMEOUT;
		case LINK_REFUSED:
			return LINK_E_STATUS;
		case LINK_OUTPUT:
			break;
		}
	}
	return r;
}

int talk_fail(struct talk *t, int result)
{
	return t->status = link_fail(t->link, result);
}

/* ---- answers ---- */

void talk_forget_turn(struct talk *t)
{
	t->turn[0] = t->hint[0] = '\0';
}

static void take_turn(struct talk *t, const char *turn, bool whole, bool sources)
{
	(void)snprintf(t->turn, sizeof(t->turn), "%s", turn);
	t->turn_whole = whole;
	t->turn_sources = sources;
	if (whole)
		(void)snprintf(t->hint, sizeof(t->hint), "%s/pdf  /retry  /rate up|down", sources ? "/sources  " : "");
	else
		(void)snprintf(t->hint, sizeof(t->hint), "/retry  /edit  /pdf");
}

static void set_thread(struct talk *t, const char *thread)
{
	mem_free(t->thread);
	t->thread = thread ? mem_dup(thread) : NULL;
}

/* Between an answer and the next question, for the eye; a pipe gets answers alone. */
static void put_blank_line(const struct talk *t)
{
	if (t->prompt.tty.keys)
		(void)fd_write_all(STDOUT_FILENO, "\n", 1);
}

static void follow_answer(struct talk *t)
{
	struct follow_ears ears = { .fd = t->prompt.tty.poll_fd, .take = tty_take, .ctx = &t->prompt.tty };
	struct follow_end end = { .whole = false };

	tty_watch(&t->prompt.tty);
	t->status = follow(&(struct follow_request){ .link = t->link,
		.view = &t->view,
		.own = true,
		.saved = true,
		.ears = &ears,
		.end = &end,
		.again = "/retry",
		.anew = true });
	put_blank_line(t);
	if (end.thread[0])
		set_thread(t, end.thread);
	if (end.turn[0])
		take_turn(t, end.turn, end.whole, end.sources);
	/* Whoever read us has gone: there is nobody to ask for. */
	t->leaving = t->leaving || t->status == STATUS_PIPE || t->status == STATUS_OUTPUT;
}

static void pack_how(struct pack *p, const struct talk *t)
{
	char key[UUID_LEN + 1];

	uuid_v4(key);
	pack_kv_text(p, "key", key);
	pack_kv_bool(p, "stream", true);
	pack_kv_text_opt(p, "model", t->model);
}

static void pack_where(struct pack *p, const struct talk *t)
{
	char terminal[TERMKEY_LEN + 1];

	if (t->thread) {
		pack_kv_text(p, "thread", t->thread);
		pack_kv_bool(p, "create", !uuid_valid(t->thread));
	}
	if (termkey(terminal))
		pack_kv_text(p, "terminal", terminal);
}

static void pack_documents(struct pack *p, const struct talk *t)
{
	pack_kv_text_opt(p, "collection", t->collection);
	if (!t->ndocuments)
		return;
	pack_key(p, "documents");
	pack_array(p);
	for (size_t i = 0; i < t->ndocuments; i++)
		pack_text(p, t->documents[i]);
	pack_close(p);
}

void talk_ask(struct talk *t, const char *text, size_t n)
{
	struct pack *p = talk_request(t, "ask");

	pack_kv_str(p, "text", text, n);
	pack_how(p, t);
	pack_where(p, t);
	pack_kv_text_opt(p, "system", t->system);
	pack_documents(p, t);
	follow_answer(t);
}

void talk_retry(struct talk *t, const char *model)
{
	char *kept = t->model;
	struct pack *p = talk_request(t, "turn.retry");

	pack_kv_text(p, "turn", t->turn);
	t->model = model ? (char *)model : kept;
	pack_how(p, t);
	t->model = kept;
	follow_answer(t);
}

void talk_edit(struct talk *t, const char *text, size_t n)
{
	struct pack *p = talk_request(t, "turn.edit");

	pack_kv_text(p, "turn", t->turn);
	pack_kv_str(p, "text", text, n);
	pack_how(p, t);
	follow_answer(t);
}

/* ---- threads ---- */

void talk_new_thread(struct talk *t)
{
	set_thread(t, NULL);
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
	put_blank_line(t);
	s = "";
	(void)val_get_str(turn, "turn", &s, &n);
	take_turn(t, s, answer_ended_as(&a, "done"), a.source_lines.len > 0);
	answer_fini(&a);
}

#define QUESTIONS 50 /* of a thread that are fetched for the history */

static void fetch_turns(struct talk *t, int64_t turns)
{
	int64_t after = turns > QUESTIONS ? turns - QUESTIONS : 0;
	struct val list;
	int r;

	do {
		struct pack *p = talk_request(t, "message.list");

		pack_kv_text(p, "thread", t->thread);
		pack_kv_int(p, "after", after);
		r = talk_call(t, LINK_CALL_MS);
		if (r) {
			(void)talk_fail(t, r);
			return;
		}
		list = val_get(t->link->msg.result, "turns");
		for (size_t i = 0; i < val_count(list); i++)
			add_question(t, val_at(list, i));
		after = val_get_int(t->link->msg.result, "next", 0);
	} while (after);
	if (val_count(list))
		show_turn(t, val_at(list, val_count(list) - 1));
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
	set_thread(t, id);
	mem_free(id);
	fetch_turns(t, turns);
	return true;
}

/* ---- commands ---- */

void talk_print(const struct talk *t, struct buf *text)
{
	struct buf wrapped = { 0 }, clean = { 0 };
	struct filter filter;

	filter_init(&filter, t->prompt.tty.keys ? term_filter() : FILTER_PIPE);
	filter_feed(&filter, (const char *)text->data, text->len, &clean);
	filter_end(&filter, &clean);
	wrap_text(t->prompt.tty.keys ? min_of(tty_width(), (unsigned)TERM_WIDTH_MAX) : 0, (const char *)clean.data, clean.len, &wrapped);
	(void)fd_write_all(STDOUT_FILENO, wrapped.data, wrapped.len);
	filter_fini(&filter);
	buf_fini(&clean);
	buf_fini(&wrapped);
	buf_fini(text);
}

static void child(struct talk *t, const struct cmd *cmd, int argc, const char *const *argv)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signals_as_usual();
	if (fd >= 0)
		(void)dup2(fd, STDIN_FILENO);
	_exit(cmd->run(t->client, argc, (char **)argv));
}

static int wait_for(struct talk *t, pid_t pid)
{
	struct tty *tty = &t->prompt.tty;
	int status = 0;
	bool interrupted;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		if (!tty_take_signals(tty, &interrupted))
			(void)kill(pid, SIGTERM);
		if (tty->resumed)
			tty_for_command(tty);
		tty->resumed = false;
	}
	(void)tty_take_signals(tty, &interrupted);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int talk_run(struct talk *t, const char *name, int argc, const char *const *argv)
{
	const struct cmd *cmd = cmd_find(name);
	pid_t pid;

	if (!cmd) {
		say("this version has no command '%s'", name);
		return t->status = STATUS_USAGE;
	}
	tty_for_command(&t->prompt.tty);
	pid = fork();
	if (pid == 0)
		child(t, cmd, argc, argv);
	if (pid < 0)
		t->status = say_fail(STATUS_FAILED, "cannot start a process: %s", strerror(errno));
	else
		t->status = wait_for(t, pid);
	tty_raw(&t->prompt.tty);
	if (t->status == STATUS_CANCELLED)
		say("stopped");
	return t->status;
}
