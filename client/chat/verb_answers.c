/* Verbs of a conversation about the last answer, and about the conversation itself. */
#include <string.h>

#include "client/chat/model_name.h"
#include "client/chat/talk.h"
#include "client/chat/verbs_in.h"
#include "client/chat/words.h"
#include "client/link.h"
#include "client/say.h"
#include "client/termkey.h"
#include "common/mem.h"
#include "common/str.h"

static bool has_turn(struct talk *t, const char *verb)
{
	if (t->turn[0])
		return true;
	say("/%s is about an answer, and there is none yet", verb);
	t->status = STATUS_USAGE;
	return false;
}

void verb_retry(struct talk *t, char *args)
{
	if (has_turn(t, "retry") && (!*args || model_name_holds(t, args)))
		talk_retry(t, *args ? args : NULL);
}

/* The question comes back to the prompt; what is sent then takes its place, and both are kept. */
void verb_edit(struct talk *t, char *args)
{
	int r;

	if (!has_turn(t, "edit"))
		return;
	if (*args) {
		talk_edit(t, args, strlen(args));
		return;
	}
	if (!t->prompt.tty.keys) {
		say("/edit TEXT asks that instead of the last question");
		return;
	}
	pack_kv_text(talk_request(t, "turn.get"), "turn", t->turn);
	r = talk_call(t, LINK_CALL_MS);
	if (r) {
		(void)talk_fail(t, r);
		return;
	}
	mem_free(t->written);
	t->written = val_get_text(val_get(t->link->msg.result, "turn"), "question");
	t->editing = true;
}

void verb_fork(struct talk *t, char *args)
{
	char terminal[TERMKEY_LEN + 1], *id;
	struct pack *p;
	int64_t at = 0;
	int r;

	if (!has_turn(t, "fork"))
		return;
	if (*args && str_int(args, 1, INT32_MAX, &at)) {
		say("/fork N: N is the number of a question of this conversation");
		return;
	}
	p = talk_request(t, "thread.fork");
	pack_kv_text(p, "thread", at ? t->thread : t->turn);
	if (at)
		pack_kv_int(p, "at", at);
	if (termkey(terminal))
		pack_kv_text(p, "terminal", terminal);
	r = talk_call(t, LINK_CALL_MS);
	if (r) {
		(void)talk_fail(t, r);
		return;
	}
	id = val_get_text(val_get(t->link->msg.result, "thread"), "thread");
	if (id)
		(void)talk_open_thread(t, id, false);
	mem_free(id);
}

void verb_sources(struct talk *t, char *args)
{
	int64_t n = 0;
	int r;

	if (*args && str_int(args, 1, INT32_MAX, &n)) {
		say("/sources N: N is the number of a source, as in [2]");
		return;
	}
	if (!has_turn(t, "sources"))
		return;
	if (n) {
		(void)talk_run(t, "sources", 3, (const char *[]){ "--open", args, t->turn, NULL });
		return;
	}
	pack_kv_text(talk_request(t, "source.list"), "turn", t->turn);
	r = talk_call(t, LINK_CALL_MS);
	if (r)
		(void)talk_fail(t, r);
	else if (!val_count(val_get(t->link->msg.result, "sources")))
		say("the answer has no sources");
	else
		(void)talk_run(t, "sources", 1, (const char *[]){ t->turn, NULL });
}

/* "~/x" means home here as it does for a shell. */
static char *file_name(const char *args)
{
	struct words w;
	char *name = NULL;

	if (words_split(args, true, &w) == 0 && w.n == 1)
		name = mem_dup(w.v[0]);
	else
		say("one file name is wanted");
	words_fini(&w);
	return name;
}

void verb_pdf(struct talk *t, char *args)
{
	char *name;

	if (!has_turn(t, "pdf"))
		return;
	if (!*args) {
		(void)talk_run(t, "export", 1, (const char *[]){ t->turn, NULL });
		return;
	}
	name = file_name(args);
	if (name && talk_run(t, "export", 5, (const char *[]){ "-o", name, "--format", "pdf", t->turn, NULL }) == 0)
		say("written to '%s'", name);
	mem_free(name);
}

void verb_save(struct talk *t, char *args)
{
	char *name;

	if (!has_turn(t, "save"))
		return;
	if (!*args) {
		(void)talk_run(t, "export", 4, (const char *[]){ "--thread", "--format", "md", t->thread, NULL });
		return;
	}
	name = file_name(args);
	if (name && talk_run(t, "export", 4, (const char *[]){ "--thread", "-o", name, t->thread, NULL }) == 0)
		say("written to '%s'", name);
	mem_free(name);
}

void verb_rate(struct talk *t, char *args)
{
	char *comment = args + strcspn(args, " \t");
	const char *argv[] = { t->turn, args, "-m", NULL, NULL };

	if (!has_turn(t, "rate"))
		return;
	if (*comment)
		*comment++ = '\0';
	argv[3] = str_trim(comment);
	if (strcmp(args, "up") != 0 && strcmp(args, "down") != 0 && strcmp(args, "none") != 0) {
		say("/rate up, /rate down or /rate none; a comment may follow");
		return;
	}
	(void)talk_run(t, "rate", *argv[3] ? 4 : 2, argv);
}

/* ---- conversations ---- */

void verb_thread(struct talk *t, char *args)
{
	if (*args && strcmp(args, "new") != 0) {
		(void)talk_open_thread(t, args, true);
		return;
	}
	if (*args) {
		talk_new_thread(t);
		say("the next question begins a new conversation");
		return;
	}
	if (t->thread)
		say("this conversation is %.8s; /thread NAME goes to another, /thread new begins one", t->thread);
	(void)talk_run(t, "ls", 2, (const char *[]){ "-n", "10", NULL });
}

void verb_new(struct talk *t, char *args)
{
	(void)args;
	verb_thread(t, (char[]){ "new" });
}

void verb_model(struct talk *t, char *args)
{
	if (!*args) {
		if (t->model)
			say("questions go to the model '%s'; /model default ends that", t->model);
		(void)talk_run(t, "models", 0, (const char *[]){ NULL });
		return;
	}
	if (strcmp(args, "default") != 0 && !model_name_holds(t, args)) {
		t->status = STATUS_NOT_FOUND;
		return;
	}
	t->model = mem_free(t->model);
	if (strcmp(args, "default") != 0)
		t->model = mem_dup(args);
	say("questions go to %s%s%s", t->model ? "the model '" : "the model of the configuration", t->model ? t->model : "",
		t->model ? "'" : "");
}

void verb_search(struct talk *t, char *args)
{
	struct words w;

	if (!*args) {
		say("/search TEXT: looks through all conversations");
		return;
	}
	/* The quotes of a text are the search's own: words that follow one another. */
	if (args[0] != '-') {
		(void)talk_run(t, "search", 2, (const char *[]){ "--", args, NULL });
		return;
	}
	if (words_split(args, false, &w)) {
		say("a quote is not closed");
		return;
	}
	(void)talk_run(t, "search", (int)w.n, (const char *const *)w.v);
	words_fini(&w);
}

/* The token it keeps is taken up with the next connection. */
void verb_login(struct talk *t, char *args)
{
	if (talk_run_asking(t, "login", *args ? 1 : 0, (const char *[]){ args, NULL }) == 0)
		link_renew(t->link);
}
