/*
 * ragchat chat: a conversation in the terminal. It is a program of its own, ragchat-chat, so that
 * every other command goes without an editor and its tables of widths: this one checks the line and
 * becomes it.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "client/chat_options.h"
#include "client/cmd.h"
#include "client/say.h"
#include "common/mem.h"
#include "common/path.h"

#define PROGRAM "ragchat-chat"

static const struct opt opts[] = {
	{ 'c', "continue", NULL },
	{ 't', "thread", "REF" },
	{ 'm', "model", "MODEL" },
	{ 's', "system", "TEXT|@FILE" },
	{ OPT_CITATIONS, "citations", "inline|end|none" },
	OPTS_END,
};

static void take(struct chat_options *c, struct opts *o, int id)
{
	struct view view = { .citations = c->citations };

	if (id == 'c')
		c->follow_on = true;
	else if (id == 't')
		c->thread = o->value;
	else if (id == 'm')
		c->model = o->value;
	else if (id == 's')
		c->system = o->value;
	else if (view_option(&view, o, id))
		c->citations = view.citations;
}

int chat_options_read(struct client *c, int argc, char **argv, struct chat_options *out, int *status)
{
	struct opts o = opts_of(c, &cmd_chat, argc, argv);
	int id;

	while (!o.status && (id = opts_next(&o)) > 0)
		take(out, &o, id);
	*status = o.status;
	if (o.status || id < 0)
		return -1;
	if (out->follow_on && out->thread)
		*status = opts_fail(&o, "-c continues the last thread, -t names one: take one of them");
	else if (o.nargs)
		*status = opts_fail(&o, "a conversation begins without a question; to ask one: `ragchat ask`");
	return *status ? -1 : 0;
}

/* Beside this program in a build tree, else in ../libexec/ragchat from there; malloc'd, NULL: nowhere. */
static char *find_program(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *dir, *above, *path;

	if (n < 0)
		return NULL;
	self[n] = '\0';
	dir = path_dirname(self);
	above = path_dirname(dir);
	path = path_join(dir, PROGRAM);
	if (access(path, X_OK) < 0) {
		mem_free(path);
		path = mem_printf("%s/libexec/ragchat/" PROGRAM, above);
	}
	mem_free(above);
	mem_free(dir);
	return path;
}

/* The global options stood before the verb, or behind it: they are given first, the rest as it was. */
static int become(const struct client *c, const struct chat_options *o)
{
	const char *argv[20] = { "ragchat chat" };
	char *path = find_program();
	int n = 1, r;

	if (c->socket) {
		argv[n++] = "-S";
		argv[n++] = c->socket;
	}
	if (!c->autostart)
		argv[n++] = "--no-autostart";
	if (c->verbose)
		argv[n++] = "-v";
	if (o->follow_on)
		argv[n++] = "-c";
	if (o->thread) {
		argv[n++] = "-t";
		argv[n++] = o->thread;
	}
	if (o->model) {
		argv[n++] = "-m";
		argv[n++] = o->model;
	}
	if (o->system) {
		argv[n++] = "-s";
		argv[n++] = o->system;
	}
	if (o->citations != CITATIONS_AUTO) {
		argv[n++] = "--citations";
		argv[n++] = o->citations == CITATIONS_NONE ? "none" : o->citations == CITATIONS_END ? "end" : "inline";
	}
	argv[n] = NULL;
	if (path)
		(void)execv(path, (char **)argv);
	r = say_fail(STATUS_UNAVAILABLE, "cannot run '%s': %s", path ? path : PROGRAM, strerror(errno));
	mem_free(path);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct chat_options o = { .thread = NULL };
	int status;

	return chat_options_read(c, argc, argv, &o, &status) < 0 ? status : become(c, &o);
}

const struct cmd cmd_chat = {
	.name = "chat",
	.brief = "a conversation in the terminal",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat chat [OPTIONS]\n"
		"Asks what you type and draws the answers, until Ctrl-D or /quit. /help lists\n"
		"what else there is: documents, retry, edit, PDF, other conversations.\n"
		"  -c, --continue  go on with this terminal's last thread   -t, --thread REF\n"
		"  -m, --model MODEL   -s, --system TEXT|@FILE\n"
		"      --citations inline|end|none   list the sources after an answer, or not\n"
		"Enter sends; Alt-Enter, or a \\ at the end, begins a new line. Up and Ctrl-R\n"
		"bring back what you wrote, Tab completes, Ctrl-C stops the answer and keeps what\n"
		"came. A paste is one message. Where stdin or stdout is no terminal, or TERM is\n"
		"dumb, each line of stdin is a message.\n"
		"example: ragchat chat -t shelves\n",
};
