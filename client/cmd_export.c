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
#include "proto/limits.h"

#define NAMES_MAX 10000

enum { OPT_FORMAT = OPT_OWN, OPT_THREAD, OPT_PAPER, OPT_ALL };

static const struct opt opts[] = {
	{ 'o', "output", "FILE" },
	{ OPT_FORMAT, "format", "pdf|html|md|txt|json" },
	{ OPT_THREAD, "thread", NULL },
	{ OPT_ALL, "all", NULL },
	{ OPT_PAPER, "paper", "a4|letter" },
	OPTS_END,
};

/* What the client writes itself, then what the daemon's renderer makes. */
enum { FORMAT_PDF = PAPER_JSON + 1, FORMAT_HTML };

static const char *const suffixes[] = {
	[PAPER_MD] = "md",
	[PAPER_TXT] = "txt",
	[PAPER_JSON] = "json",
	[FORMAT_PDF] = "pdf",
	[FORMAT_HTML] = "html",
};

struct export
{
	const char *ref, *output, *format_arg, *paper;
	int format;
	bool thread, all;
};

static int format_of(const char *word)
{
	for (size_t i = 0; word && i < array_len(suffixes); i++)
		if (!strcmp(word, suffixes[i]))
			return (int)i;
	return -1;
}

/* --format, else the suffix of -o, else PDF. */
static int choose_format(struct export *x, struct opts *o)
{
	const char *dot = x->output && !x->format_arg ? strrchr(x->output, '.') : NULL;
	bool suffix = dot && dot[1] && !strchr(dot, '/');
	const char *word = x->format_arg ? x->format_arg : suffix ? dot + 1 : "pdf";
	int format = format_of(word);

	if (format < 0)
		return opts_fail(o, "export writes pdf, html, md, txt and json, not '%s'", word);
	x->format = format;
	return 0;
}

/* The first of response.pdf, response-2.pdf ... that nobody has; nothing is overwritten. */
static int open_default(int format, char **name)
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

static int write_default(int format, const struct buf *text)
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

static bool is_binary(const struct export *x)
{
	return x->format == FORMAT_PDF;
}

/* A file that could not be written whole is no file. */
static int write_to(const struct export *x, const struct buf *text)
{
	const char *path = x->output;
	bool to_stdout = !strcmp(path, "-");
	char *part = NULL;
	struct out o;
	int r;

	if (to_stdout && !is_binary(x))
		return out_text(text, false);
	r = out_open(&o, path);
	if (r)
		return r;
	part = mem_dup(o.part);
	out_add(&o, text->data, text->len);
	(void)out_flush(&o);
	r = out_close(&o, true);
	if (r && part)
		(void)unlink(part);
	mem_free(part);
	return r;
}

/* ---- documents that the daemon makes ---- */

static void say_warnings(struct val list)
{
	for (size_t i = 0; i < val_count(list); i++) {
		struct buf line = { 0 };
		const char *s;
		size_t n;

		if (val_str(val_at(list, i), &s, &n)) {
			filter_line(FILTER_TERMINAL, s, n, 300, &line);
			say("%s", buf_cstr(&line));
		}
		buf_fini(&line);
	}
}

static int make_document(struct link *l, const struct export *x, int64_t *blob, int64_t *size)
{
	struct pack *p = link_request(l, "export");
	int r;

	pack_kv_text(p, x->thread ? "thread" : "turn", x->ref);
	pack_kv_text(p, "format", suffixes[x->format]);
	pack_kv_text_opt(p, "paper", x->paper);
	r = link_call(l, LINK_PATIENT);
	if (r)
		return link_fail(l, r);
	*blob = val_get_int(l->msg.result, "blob", 0);
	*size = val_get_int(l->msg.result, "size", 0);
	if (*blob < 1 || *size < 1)
		return say_fail(STATUS_PROTOCOL, "the daemon named no document");
	say_warnings(val_get(l->msg.result, "warnings"));
	return 0;
}

static int fetch_piece(struct link *l, int64_t blob, struct buf *out)
{
	struct pack *p = link_request(l, "blob.read");
	const void *data;
	size_t n;
	int r;

	pack_kv_int(p, "blob", blob);
	pack_kv_int(p, "off", (int64_t)out->len);
	r = link_call(l, 0);
	if (r)
		return link_fail(l, r);
	if (!val_bin(val_get(l->msg.result, "data"), &data, &n) || !n)
		return say_fail(STATUS_PROTOCOL, "the daemon sent half a document");
	return buf_add(out, data, n) < 0 ? say_fail(STATUS_FAILED, "out of memory") : 0;
}

static int fetch_document(struct link *l, const struct export *x, struct buf *out)
{
	int64_t blob = 0, size = 0;
	int r = make_document(l, x, &blob, &size);

	while (!r && (int64_t)out->len < size)
		r = fetch_piece(l, blob, out);
	return r;
}

static int write_text(struct link *l, const struct export *x, struct buf *out)
{
	const struct paper paper = { .format = (enum paper_format)x->format };
	int r = x->thread ? conversation_thread(l, x->ref, &paper, out) : conversation_turn(l, x->ref, &paper, out);

	return r == STATUS_NOT_FOUND && x->thread ? link_fail(l, LINK_E_REMOTE) : r;
}

static int export(struct client *c, const struct export *x)
{
	struct link *l = link_new(c);
	struct buf text = { 0 };
	int r = x->format >= FORMAT_PDF ? fetch_document(l, x, &text) : write_text(l, x, &text);

	if (!r)
		r = x->output ? write_to(x, &text) : write_default(x->format, &text);
	buf_fini(&text);
	link_free(l);
	return r;
}

/* ---- everything of the account ---- */

static void add_threads(struct val threads, char **ids, size_t *n)
{
	for (size_t i = 0; i < val_count(threads) && *n < LIMIT_PAGE; i++)
		if (!val_present(val_get(val_at(threads, i), "owner"))) /* what others share is theirs */
			if ((ids[*n] = val_get_text(val_at(threads, i), "thread")))
				++*n;
}

/* A page of threads, a line each; written as they come. */
static int write_threads(struct link *l, char *const *ids, size_t n, struct out *o)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		struct buf line = { 0 };

		r = conversation_thread(l, ids[i], &(struct paper){ .format = PAPER_JSON }, &line);
		if (r == STATUS_NOT_FOUND)
			r = 0; /* deleted meanwhile */
		else if (!r)
			out_add(o, line.data, line.len);
		if (!r && out_flush(o) < 0)
			r = STATUS_OUTPUT;
		buf_fini(&line);
	}
	return r;
}

static int export_all(struct client *c, const char *path)
{
	struct link *l = link_new(c);
	char *next = NULL, *ids[LIMIT_PAGE];
	struct out o;
	int r = out_open(&o, path), closed;

	if (r) {
		link_free(l);
		return r;
	}
	do {
		struct pack *p = link_request(l, "thread.list");
		size_t n = 0;

		pack_kv_int(p, "limit", LIMIT_PAGE);
		pack_kv_text_opt(p, "before", next);
		next = mem_free(next);
		r = link_call(l, 0);
		if (r) {
			r = link_fail(l, r);
			break;
		}
		add_threads(val_get(l->msg.result, "threads"), ids, &n);
		next = val_get_text(l->msg.result, "next");
		r = write_threads(l, ids, n, &o);
		while (n)
			mem_free(ids[--n]);
	} while (next && !r);
	mem_free(next);
	closed = out_close(&o, !r);
	link_free(l);
	return closed ? closed : r;
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
		else if (id == OPT_PAPER)
			x.paper = o.value;
		else if (id == OPT_ALL)
			x.all = true;
		else
			x.thread = true;
	}
	if (id == 0 && x.all)
		return opts_count(&o, 0, 0) ? o.status
			: x.format_arg || x.paper || x.thread ? opts_fail(&o, "--all writes all threads as lines of JSON: only -o goes with it")
							      : export_all(c, x.output);
	if (id < 0 || opts_count(&o, 0, 1) || choose_format(&x, &o))
		return o.status;
	if (is_binary(&x) && x.output && !strcmp(x.output, "-") && isatty(STDOUT_FILENO))
		return say_fail(STATUS_USAGE, "a PDF is nothing for a terminal: give -o FILE, or a pipe");
	if (o.nargs)
		x.ref = o.args[0];
	return export(c, &x);
}

const struct cmd cmd_export = {
	.name = "export",
	.brief = "write an answer or a conversation to a file",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat export [-o FILE] [--format FORMAT] [--thread] [--paper SIZE] [REF]\n"
		"       ragchat export --all [-o FILE]\n"
		"Makes a PDF of the question, the answer and its sources of REF (the last answer\n"
		"unless given), writes response.pdf and prints that name; a file of that name is\n"
		"kept and response-2.pdf written instead.\n"
		"  -o, --output FILE   to this file, replacing it; - is stdout\n"
		"      --format FORMAT     pdf, html, md, txt or json; else by the suffix of FILE,\n"
		"                      else pdf\n"
		"      --thread        the whole conversation\n"
		"      --all           all threads of the account, each a line of JSON\n"
		"      --paper SIZE    of a PDF: a4 or letter\n"
		"example: ragchat export --thread -o shelves.pdf shelves\n",
};
