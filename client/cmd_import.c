/* ragchat import: conversations from a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/import.h"
#include "client/link.h"
#include "client/out.h"
#include "client/say.h"
#include "client/term.h"
#include "common/fd.h"

#define FILE_MAX (1u << 30)

static const struct opt opts[] = {
	{ 'q', "quiet", NULL },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static int read_file(const char *path, struct buf *text)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO, r;

	buf_init(text, FILE_MAX);
	if (fd < 0)
		return say_fail(STATUS_INPUT, "cannot read '%s': %s", path, strerror(errno));
	r = fd_read_all(fd, text);
	if (fd != STDIN_FILENO)
		fd_close(fd);
	if (r < 0)
		return say_fail(r == -ENOBUFS ? STATUS_DATA : STATUS_INPUT, "cannot read '%s': %s", path,
			r == -ENOBUFS ? "it is larger than 1 GiB; split it" : strerror(-r));
	return 0;
}

/* A line a thread. */
static int lines(struct import *k, const struct buf *text, struct progress *p)
{
	const char *s = (const char *)text->data, *end = s + text->len;
	unsigned line = 0;
	int r = 0;

	while (!r && s && s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));
		char words[64];

		stop = stop ? stop : end;
		line++;
		if (stop > s)
			r = import_thread(k, s, (size_t)(stop - s), line);
		(void)snprintf(words, sizeof(words), "%lld turns", (long long)(k->turns + k->known));
		progress_text(p, words, strlen(words));
		(void)progress_tick(p);
		s = stop + 1;
	}
	return r;
}

static int print(const struct import *k, bool json, bool quiet)
{
	struct buf out = { 0 };
	int r = 0;

	if (json)
		(void)buf_addf(&out, "{\"threads\":%lld,\"turns\":%lld,\"known\":%lld,\"left_out\":%lld}\n", (long long)k->threads, (long long)k->turns,
			(long long)k->known, (long long)k->left_out);
	else if (!quiet)
		(void)buf_addf(&out, "%lld new threads, %lld new turns; %lld were here already\n", (long long)k->threads, (long long)k->turns,
			(long long)k->known);
	if (out.len)
		r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

static int import(struct client *c, bool llm, const char *path, bool json, bool quiet)
{
	struct import k = { .file = path };
	struct progress p;
	struct buf text;
	int r = read_file(path, &text), printed;

	if (!r) {
		k.link = link_new(c);
		progress_start(&p, !quiet && term_moves(STDERR_FILENO));
		r = llm ? import_llm(&k, (const char *)text.data, text.len) : lines(&k, &text, &p);
		progress_clear(&p);
		link_free(k.link);
		printed = print(&k, json, quiet);
		r = r ? r : printed ? printed : k.left_out ? STATUS_DATA : 0;
	}
	buf_fini(&text);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_import, argc, argv);
	bool json = false, quiet = false;
	int id;

	while ((id = opts_next(&o)) > 0) {
		json |= id == OPT_JSON;
		quiet |= id == 'q';
	}
	if (id < 0 || opts_count(&o, 2, 2))
		return o.status;
	if (!strcmp(o.args[0], "chainlit"))
		return say_fail(STATUS_USAGE, "a database of Chainlit is taken over as it is: `ragchatd -D %s`, or `ragchat config set database %s`", o.args[1],
			o.args[1]);
	if (strcmp(o.args[0], "jsonl") != 0 && strcmp(o.args[0], "llm") != 0)
		return opts_fail(&o, "import reads jsonl and llm, not '%s'", o.args[0]);
	return import(c, !strcmp(o.args[0], "llm"), o.args[1], json, quiet);
}

const struct cmd cmd_import = {
	.name = "import",
	.brief = "take in conversations from a file",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat import jsonl|llm [-q] [--json] FILE\n"
		"  jsonl       what export wrote of all threads: each on a line\n"
		"  llm         what `llm logs list -n 0 --json` prints\n"
		"FILE may be -. The same file again changes nothing, also after a break. A database\n"
		"of Chainlit is taken over as it is, by `ragchatd -D FILE`.\n"
		"  -q, --quiet         print nothing\n"
		"      --json          {\"threads\": N, \"turns\": N, \"known\": N, \"left_out\": N}\n"
		"example: ragchat import jsonl all.jsonl\n",
};
