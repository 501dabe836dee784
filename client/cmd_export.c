/* ragchat export: an answer or a conversation as a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/conversation.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/out.h"
#include "client/say.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/str.h"

#define NAMES_MAX 10000

enum { OPT_FORMAT = OPT_OWN, OPT_THREAD };

static const struct opt opts[] = {
	{ 'o', "output", "FILE" },
	{ OPT_FORMAT, "format", "md|txt|json" },
	{ OPT_THREAD, "thread", NULL },
	OPTS_END,
};

static const char *const suffixes[] = {
	[CONVERSATION_MD] = "md",
	[CONVERSATION_TXT] = "txt",
	[CONVERSATION_JSON] = "json",
};

struct export
{
	const char *ref, *output, *format_arg;
	enum conversation_format format;
	bool thread;
};

static int format_of(const char *word)
{
	for (size_t i = 0; word && i < array_len(suffixes); i++)
		if (!strcmp(word, suffixes[i]))
			return (int)i;
	return -1;
}

/* --format, else the suffix of -o, else Markdown. */
static int choose_format(struct export *x, struct opts *o)
{
	const char *dot = x->output && !x->format_arg ? strrchr(x->output, '.') : NULL;
	bool suffix = dot && dot[1] && !strchr(dot, '/');
	const char *word = x->format_arg ? x->format_arg : suffix ? dot + 1 : "md";
	int format = format_of(word);

	if (format < 0)
		return opts_fail(o, "export writes md, txt and json, not '%s'", word);
	x->format = (enum conversation_format)format;
	return 0;
}

/* The first of response.md, response-2.md ... that nobody has; nothing is overwritten. */
static int open_default(enum conversation_format format, char **name)
{
	for (int i = 1; i <= NAMES_MAX; i++) {
		int fd;

		*name = i == 1 ? mem_printf("response.%s", suffixes[format])
			       : mem_printf("response-%d.%s", i, suffixes[format]);
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST) {
			(void)say_fail(
				STATUS_OUTPUT, "cannot write '%s': %s", *name, strerror(errno));
			break;
		}
		*name = mem_free(*name);
	}
	*name = mem_free(*name);
	return -1;
}

static int print_name(const char *name)
{
	struct buf line = { 0 };
	int r;

	(void)buf_addf(&line, "%s\n", name);
	r = out_text(&line, false);
	buf_fini(&line);
	return r;
}

static int write_default(enum conversation_format format, const struct buf *text)
{
	char *name = NULL;
	int fd = open_default(format, &name), r;

	if (fd < 0)
		return STATUS_OUTPUT;
	r = fd_write_all(fd, text->data, text->len);
	if (close(fd) < 0 && !r)
		r = -errno;
	if (r < 0) {
		(void)unlink(name);
		r = say_fail(STATUS_OUTPUT, "cannot write '%s': %s", name, strerror(-r));
	} else {
		r = print_name(name);
	}
	mem_free(name);
	return r;
}

static int write_to(const char *path, const struct buf *text)
{
	struct out o;
	int r;

	if (!strcmp(path, "-"))
		return out_text(text, false);
	r = out_open(&o, path);
	if (r)
		return r;
	out_add(&o, text->data, text->len);
	(void)out_flush(&o);
	return out_close(&o, true);
}

static int export(struct client *c, const struct export *x)
{
	struct link *l = link_new(c);
	struct buf text = { 0 };
	int r = x->thread ? conversation_thread(l, x->ref, x->format, &text)
			  : conversation_turn(l, x->ref, x->format, &text);

	if (r == STATUS_NOT_FOUND && x->thread)
		r = link_fail(l, LINK_E_REMOTE);
	if (!r)
		r = x->output ? write_to(x->output, &text) : write_default(x->format, &text);
	buf_fini(&text);
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_export, argc, argv);
	struct export x = { .ref = "last" };
	int id;

	while ((id = opts_next(&o)) > 0) {
		if (id == 'o')
			x.output = o.value;
		else if (id == OPT_FORMAT)
			x.format_arg = o.value;
		else
			x.thread = true;
	}
	if (id < 0 || opts_count(&o, 0, 1) || choose_format(&x, &o))
		return o.status;
	if (o.nargs)
		x.ref = o.args[0];
	return export(c, &x);
}

const struct cmd cmd_export = {
	.name = "export",
	.brief = "write an answer or a conversation to a file",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat export [-o FILE] [--format md|txt|json] [--thread] [REF]\n"
		"Writes the question, the answer and its sources of REF (the last answer unless\n"
		"given) to response.md and prints that name; a file of that name is kept and\n"
		"response-2.md written instead.\n"
		"  -o, --output FILE   to this file, replacing it; - is stdout\n"
		"      --format FORMAT     md, txt or json; else by the suffix of FILE, else md\n"
		"      --thread        the whole conversation\n"
		"example: ragchat export --thread -o shelves.md shelves\n",
};
