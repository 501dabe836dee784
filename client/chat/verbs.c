/* Lines that begin with a slash: the verbs. */
#include "client/chat/verbs.h"

#include <string.h>

#include "client/chat/talk.h"
#include "client/chat/words.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/say.h"
#include "client/words.h"
#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"
#include "proto/errors.h"

#define ARGS_MAX 1000 /* files of one /upload */

static bool has_turn(struct talk *t, const char *verb)
{
	if (t->turn[0])
		return true;
	say("/%s is about an answer, and there is none yet", verb);
	t->status = STATUS_USAGE;
	return false;
}

/* ---- help ---- */

static void help(struct talk *t, char *args)
{
	unsigned width = t->prompt.tty.keys ? tty_width() : 80;
	struct buf out = { 0 };

	(void)args;
	for (const struct verb *v = verbs; v->name; v++) {
		int n = (int)(strlen(v->name) + strlen(v->args)) + 2;

		/* Where there is no room for two columns the second one stands below. */
		if (width < 80)
			(void)buf_addf(&out, "/%s %s\n  %s\n", v->name, v->args, v->brief);
		else
			(void)buf_addf(&out, "/%s %s%*s%s\n", v->name, v->args, n < 26 ? 26 - n : 1, "", v->brief);
	}
	(void)buf_add_str(&out, "// or a space in front sends a line as text.\n");
	if (t->prompt.tty.keys)
		(void)buf_add_str(&out, "Alt-Enter: new line. Tab: completes. Ctrl-R: searches what you wrote.\n"
					"Ctrl-C: stops an answer. Ctrl-D: leaves.\n");
	else
		(void)buf_add_str(&out, "A line that ends with \\ goes on in the next.\n");
	talk_print(t, &out);
}

/* ---- documents ---- */

static void upload(struct talk *t, char *args)
{
	const char *argv[ARGS_MAX + 2] = { "--recursive" };
	struct words w;
	int argc = 1;

	if (!*args) {
		say("/upload FILE...: which file? Tab completes its name");
		return;
	}
	if (words_split(args, true, &w)) {
		say("a quote is not closed");
		return;
	}
	for (size_t i = 0; i < w.n && i < ARGS_MAX; i++) {
		if (!strcmp(w.v[i], "-"))
			say("'-' cannot be uploaded here: stdin is the conversation's");
		else
			argv[argc++] = w.v[i];
	}
	if (w.n > ARGS_MAX)
		say("only the first %d files are taken", ARGS_MAX);
	if (argc > 1)
		(void)talk_run(t, "upload", argc, argv);
	words_fini(&w);
}

static void use_nothing(struct talk *t)
{
	for (size_t i = 0; i < t->ndocuments; i++)
		mem_free(t->documents[i]);
	t->documents = mem_free(t->documents);
	t->ndocuments = 0;
	t->collection = mem_free(t->collection);
}

static void say_used(const struct talk *t)
{
	struct buf names = { 0 };

	for (size_t i = 0; i < t->ndocuments; i++)
		(void)buf_addf(&names, "%s'%s'", i ? ", " : "", t->documents[i]);
	if (t->collection)
		say("answers come from the collection '%s' alone; /use all ends that", t->collection);
	else if (t->ndocuments)
		say("answers come from %s alone; /use all ends that", buf_cstr(&names));
	else
		say("answers come from all documents");
	buf_fini(&names);
}

static bool is_collection(struct talk *t, const char *name)
{
	struct val list;
	bool found = false;

	(void)talk_request(t, "collection.list");
	if (talk_call(t, LINK_CALL_MS))
		return false;
	list = val_get(t->link->msg.result, "collections");
	for (size_t i = 0; i < val_count(list); i++)
		found = found || val_str_is(val_get(val_at(list, i), "name"), name);
	return found;
}

static bool is_document(struct talk *t, const char *name)
{
	int r;

	pack_kv_text(talk_request(t, "doc.get"), "document", name);
	r = talk_call(t, LINK_CALL_MS);
	if (r)
		(void)talk_fail(t, r);
	return r == 0;
}

static void use(struct talk *t, char *args)
{
	struct words w;

	if (words_split(args, false, &w)) {
		say("a quote is not closed");
		return;
	}
	if (w.n == 1 && (!strcmp(w.v[0], "all") || !strcmp(w.v[0], "none"))) {
		use_nothing(t);
	} else if (w.n == 1 && is_collection(t, w.v[0])) {
		use_nothing(t);
		t->collection = mem_dup(w.v[0]);
	} else if (w.n) {
		bool all = true;

		for (size_t i = 0; all && i < w.n; i++)
			all = is_document(t, w.v[i]);
		if (!all)
			goto out;
		use_nothing(t);
		t->documents = w.v;
		t->ndocuments = w.n;
		w = (struct words){ .n = 0 };
	}
	say_used(t);
out:
	words_fini(&w);
}

/* ---- answers ---- */

static void retry(struct talk *t, char *args)
{
	if (has_turn(t, "retry"))
		talk_retry(t, *args ? args : NULL);
}

/* The question comes back to the prompt; what is sent then takes its place, and both are kept. */
static void edit(struct talk *t, char *args)
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

static void fork_thread(struct talk *t, char *args)
{
	struct pack *p;
	char *id;
	int64_t at = 0;
	int r;

	if (!has_turn(t, "fork"))
		return;
	if (*args && str_int(args, 1, INT32_MAX, &at)) {
		say("/fork N: N is the number of a question of this conversation");
		return;
	}
	p = talk_request(t, "thread.fork");
	pack_kv_text(p, "thread", t->thread);
	if (at)
		pack_kv_int(p, "at", at);
	r = talk_call(t, LINK_CALL_MS);
	if (r) {
		(void)talk_fail(t, r);
		return;
	}
	id = val_get_text(t->link->msg.result, "thread");
	if (id)
		(void)talk_open_thread(t, id, false);
	mem_free(id);
}

static void sources(struct talk *t, char *args)
{
	int r;

	(void)args;
	if (!has_turn(t, "sources"))
		return;
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

static void pdf(struct talk *t, char *args)
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

static void save(struct talk *t, char *args)
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

static void rate(struct talk *t, char *args)
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

static void thread(struct talk *t, char *args)
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

static void new_thread(struct talk *t, char *args)
{
	(void)args;
	thread(t, (char[]){ "new" });
}

static void model(struct talk *t, char *args)
{
	if (!*args) {
		if (t->model)
			say("questions go to the model '%s'; /model default ends that", t->model);
		(void)talk_run(t, "models", 0, (const char *[]){ NULL });
		return;
	}
	t->model = mem_free(t->model);
	if (strcmp(args, "default") != 0)
		t->model = mem_dup(args);
	say("questions go to %s%s%s", t->model ? "the model '" : "the model of the configuration", t->model ? t->model : "",
		t->model ? "'" : "");
}

static void search(struct talk *t, char *args)
{
	struct words w;

	if (!*args) {
		say("/search TEXT: looks through all conversations");
		return;
	}
	if (words_split(args, false, &w)) {
		say("a quote is not closed");
		return;
	}
	(void)talk_run(t, "search", (int)w.n, (const char *const *)w.v);
	words_fini(&w);
}

static void quit(struct talk *t, char *args)
{
	(void)args;
	t->leaving = true;
	t->status = 0;
}

const struct verb verbs[] = {
	{ "help", "", "this list", help },
	{ "upload", "FILE...", "hand over documents, or folders of them", upload },
	{ "use", "[NAME...|all]", "answer from these documents or this collection", use },
	{ "retry", "[MODEL]", "ask the last question again; both answers are kept", retry },
	{ "edit", "[TEXT]", "change the last question; both are kept", edit },
	{ "fork", "[N]", "go on in a copy, up to question N", fork_thread },
	{ "sources", "", "what the last answer cites, with quotes", sources },
	{ "pdf", "[FILE]", "the last answer as response.pdf, or FILE", pdf },
	{ "rate", "up|down|none [WHY]", "what you think of the last answer", rate },
	{ "thread", "[NAME|new]", "go to another conversation; alone: list them", thread },
	{ "new", "", "begin a new conversation", new_thread },
	{ "model", "[NAME|default]", "ask another model; alone: list them", model },
	{ "search", "TEXT", "look through all conversations", search },
	{ "save", "[FILE]", "this conversation as .md .pdf .html .txt .json", save },
	{ "quit", "", "leave; Ctrl-D does too", quit },
	{ NULL, NULL, NULL, NULL },
};

/* ---- finding them ---- */

static size_t name_length(const char *line)
{
	return line[0] == '/' ? strspn(line + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ?") : 0;
}

static const struct verb *find(const char *name)
{
	static const char *const others[][2] = { { "exit", "quit" }, { "bye", "quit" }, { "q", "quit" }, { "?", "help" },
		{ "threads", "thread" }, { "ls", "thread" }, { "models", "model" }, { "export", "pdf" } };

	for (size_t i = 0; i < array_len(others); i++)
		if (!strcmp(name, others[i][0]))
			name = others[i][1];
	for (const struct verb *v = verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

static char *name_of(const char *line)
{
	char *name = mem_ndup(line + 1, name_length(line));

	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	return name;
}

bool verbs_are_meant(const char *line)
{
	size_t n = name_length(line);
	char after = line[0] == '/' ? line[1 + n] : '\0';
	bool known;
	char *name;

	if (line[0] != '/' || line[1] == '/' || (n && after && !strchr(" \t\n", after)) || (!n && after))
		return false;
	name = name_of(line);
	known = find(name) != NULL;
	mem_free(name);
	/* Several lines are a text, unless they begin with a verb that there is. */
	return known || !strchr(line, '\n');
}

const char *verbs_text(const char *line)
{
	return (line[0] == '/' && line[1] == '/') || (line[0] == ' ' && line[1] == '/') ? line + 1 : line;
}

static const char *nearest(const char *name)
{
	const char *best = NULL;
	size_t least = strlen(name) <= 3 ? 2 : 3;

	for (const struct verb *v = verbs; v->name; v++) {
		size_t d = word_distance(name, v->name, 3);

		if (str_starts(v->name, name) && *name)
			d = 1;
		if (d < least) {
			least = d;
			best = v->name;
		}
	}
	return best;
}

void verbs_run(struct talk *t, char *line)
{
	char *name = name_of(line), *args = str_trim(line + 1 + name_length(line));
	const struct verb *v = find(name);
	const char *near = v ? NULL : nearest(name);

	t->status = 0;
	if (v) {
		v->run(t, args);
	} else {
		t->status = STATUS_USAGE;
		if (near)
			say("there is no /%s; did you mean /%s? /help lists them, a space in front sends it as text", name, near);
		else
			say("there is no /%s; /help lists what there is, a space in front sends it as text", name);
	}
	mem_free(name);
}
