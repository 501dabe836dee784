/* ragchat-chat: the conversation of `ragchat chat`, which starts it with its own arguments. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/autostart.h"
#include "client/chat/talk.h"
#include "client/chat/verbs.h"
#include "client/chat_options.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/say.h"
#include "client/signals.h"
#include "client/text.h"
#include "client/wrap.h"
#include "common/mem.h"
#include "proto/errors.h"

#define GREETING "Hello! Upload documents (/upload) or ask me a question." /* of a daemon that tells none */

static void greet(struct talk *t)
{
	char *greeting = val_get_text(val_get(t->link->msg.result, "server"), "greeting");
	struct buf out = { 0 };

	(void)buf_addf(&out, "%s\n", greeting ? greeting : GREETING);
	if (greeting && !*greeting)
		buf_reset(&out);
	talk_print(t, &out);
	mem_free(greeting);
}

static void wrap_message(const char *s, size_t n, struct buf *out)
{
	wrap_text(tty_width(), s, n, out);
}

/* C-c while a daemon is being started. */
static bool wants_stop(void *tty)
{
	return tty_take(tty) != 0;
}

static int knock(struct talk *t)
{
	(void)link_request(t->link, "status");
	return link_call(t->link, 0);
}

/* Whoever can be asked for the password is asked. A status. */
static int log_in(struct talk *t)
{
	int r;

	say("the daemon wants you to log in");
	r = cmd_find("login")->run(t->client, 0, (char *[]){ NULL });
	if (!r)
		link_renew(t->link);
	return r;
}

/* Before the first question: is anybody there, and are we let in? */
static int begin(struct talk *t)
{
	int r = knock(t), status;

	if (r == LINK_E_REMOTE && t->link->error.code == PROTO_E_UNAUTHENTICATED && isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		status = log_in(t);
		if (status)
			return status;
		r = knock(t);
	}
	if (r)
		return link_fail(t->link, r);
	if (prompt_open(&t->prompt) < 0)
		return say_fail(STATUS_FAILED, "cannot listen to the terminal");
	autostart_heed(wants_stop, &t->prompt.tty);
	t->view.plain = !t->prompt.tty.keys;
	t->view.color = t->view.plain ? COLOR_NEVER : COLOR_AUTO;
	t->prompt.complete = verbs_complete;
	t->prompt.ctx = t;
	if (t->prompt.tty.keys)
		say_shaped(wrap_message);
	greet(t);
	tty_raw(&t->prompt.tty);
	return 0;
}

static const char *from_environment(const char *name, const char *said)
{
	const char *value = getenv(name);

	return said ? said : value && *value ? value : NULL;
}

/* -t and -c: what was talked about already comes first. */
static bool begin_thread(struct talk *t, const struct chat_options *o)
{
	const char *ref = o->follow_on ? from_environment("RAGCHAT_THREAD", o->thread) : o->thread;

	return !ref && !o->follow_on ? true : talk_open_thread(t, ref, !ref || !o->follow_on);
}

static void take_message(struct talk *t, struct buf *message)
{
	bool editing = t->editing;
	char *line = buf_steal(message, NULL);
	const char *text = line ? verbs_text(line) : "";

	t->editing = false;
	t->hint[0] = '\0';
	if (!line || !line[strspn(line, " \t\n")]) {
		mem_free(line);
		return;
	}
	history_add(&t->prompt.history, line, true);
	if (editing)
		talk_edit(t, text, strlen(text));
	else if (verbs_are_meant(line))
		verbs_run(t, line);
	else
		talk_ask(t, text, strlen(text));
	mem_free(line);
}

static const char *hint_of(const struct talk *t)
{
	if (t->editing)
		return NULL;
	return t->hint[0] ? t->hint : NULL;
}

static void talk(struct talk *t)
{
	struct buf message = { 0 };

	while (!t->leaving && !t->prompt.tty.left_by) {
		char *written = t->written;
		enum prompt_end end;

		t->written = NULL;
		t->prompt.hint = hint_of(t);
		t->prompt.words = t->editing ? "edit> " : "> ";
		end = prompt_read(&t->prompt, written, &message);
		mem_free(written);
		if (end == PROMPT_MESSAGE)
			take_message(t, &message);
		else if (end != PROMPT_GIVEN_UP)
			break;
		else if (t->editing)
			t->editing = false;
		buf_fini(&message);
	}
	buf_fini(&message);
}

static void talk_fini(struct talk *t)
{
	prompt_close(&t->prompt);
	link_free(t->link);
	for (size_t i = 0; i < t->ndocuments; i++)
		mem_free(t->documents[i]);
	mem_free(t->documents);
	mem_free(t->collection);
	mem_free(t->model);
	mem_free(t->system);
	mem_free(t->thread);
	mem_free(t->written);
}

/* To a person leaving is no failure; a script wants to know how its last question went. */
static int status_of(const struct talk *t)
{
	if (t->prompt.tty.left_by)
		return 128 + t->prompt.tty.left_by;
	return t->prompt.tty.typist ? 0 : t->status;
}

static int chat(struct client *c, const struct chat_options *o)
{
	struct talk t = { .client = c, .view = { .citations = o->citations } };
	const char *model = from_environment("RAGCHAT_MODEL", o->model);
	int r = 0;

	t.model = model ? mem_dup(model) : NULL;
	if (o->system)
		t.system = text_or_file(o->system, "the system prompt", &r);
	if (r)
		return r;
	t.link = link_new(c);
	r = begin(&t);
	if (!r) {
		if (begin_thread(&t, o))
			talk(&t);
		r = status_of(&t);
	}
	talk_fini(&t);
	return r;
}

int main(int argc, char **argv)
{
	struct client c = { .autostart = true };
	struct chat_options o = { .thread = NULL };
	int i = 1, r = 1, status = 0;

	signals_init();
	while (r > 0 && i < argc)
		r = opts_global(&c, argc, argv, &i, &status);
	if (r < 0 || chat_options_read(&c, argc - i, argv + i, &o, &status) < 0)
		return status;
	return chat(&c, &o);
}
