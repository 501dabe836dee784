/* Lines that begin with a slash: the list of verbs, and finding what is meant. */
#include "client/chat/verbs_in.h"

#include <string.h>

#include "client/chat/talk.h"
#include "client/say.h"
#include "client/words.h"
#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"

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

static void quit(struct talk *t, char *args)
{
	(void)args;
	t->leaving = true;
	t->status = 0;
}

const struct verb verbs[] = {
	{ "help", "", "this list", help },
	{ "upload", "FILE...", "hand over documents, or folders of them", verb_upload },
	{ "use", "[NAME...|all]", "answer from these documents or this collection", verb_use },
	{ "retry", "[MODEL]", "ask the last question again; both answers are kept", verb_retry },
	{ "edit", "[TEXT]", "change the last question; both are kept", verb_edit },
	{ "fork", "[N]", "go on in a copy, up to question N", verb_fork },
	{ "sources", "[N]", "what the last answer cites; with N, that passage in its place", verb_sources },
	{ "pdf", "[FILE]", "the last answer as response.pdf, or FILE", verb_pdf },
	{ "rate", "up|down|none [WHY]", "what you think of the last answer", verb_rate },
	{ "thread", "[NAME|new]", "go to another conversation; alone: list them", verb_thread },
	{ "new", "", "begin a new conversation", verb_new },
	{ "model", "[NAME|default]", "ask another model; alone: list them", verb_model },
	{ "search", "TEXT", "look through all conversations", verb_search },
	{ "save", "[FILE]", "this conversation as .md .pdf .html .txt .json", verb_save },
	{ "login", "[ACCOUNT]", "where the daemon wants a password", verb_login },
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
