/* ragchat import: conversations from a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/import.h"
#include "client/import_chainlit.h"
#include "client/link.h"
#include "client/out.h"
#include "client/say.h"
#include "client/term.h"
#include "common/fd.h"

#define FILE_MAX (1u << 30)

enum { OPT_ACCOUNT = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_ACCOUNT, "account", "NAME" },
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

enum kind { KIND_JSONL, KIND_LLM, KIND_CHAINLIT };

static int import(struct client *c, enum kind kind, const char *path, const char *account, bool json, bool quiet)
{
	struct import k;
	struct progress p;
	struct buf text = { 0 };
	int r = kind == KIND_CHAINLIT ? 0 : read_file(path, &text), printed, ended;

	if (!r) {
		import_begin(&k, link_new(c), path);
		progress_start(&p, !quiet && term_moves(STDERR_FILENO));
		r = kind == KIND_CHAINLIT ? import_chainlit(&k, account, &p)
		    : kind == KIND_LLM	  ? import_llm(&k, (const char *)text.data, text.len)
					  : lines(&k, &text, &p);
		ended = import_end(&k); /* also behind an error: what stands before it is imported */
		r = r ? r : ended;
		progress_clear(&p);
		link_free(k.link);
		if (k.bare)
			say("%lld turn%s without citations: too much for one message beside the text", (long long)k.bare,
				k.bare == 1 ? " came" : "s came");
		/* where nothing could be read there is nothing to count */
		printed = r && !k.threads && !k.turns && !k.known && !json ? 0 : print(&k, json, quiet);
		r = r ? r : printed ? printed : k.left_out ? STATUS_DATA : 0;
	}
	buf_fini(&text);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_import, argc, argv);
	static const char *const kinds[] = { "jsonl", "llm", "chainlit" };
	bool json = false, quiet = false;
	const char *account = NULL;
	size_t kind = 0;
	int id;

	while ((id = opts_next(&o)) > 0) {
		json |= id == OPT_JSON;
		quiet |= id == 'q';
		if (id == OPT_ACCOUNT)
			account = o.value;
	}
	if (id < 0 || opts_count(&o, 2, 2))
		return o.status;
	while (kind < array_len(kinds) && strcmp(o.args[0], kinds[kind]) != 0)
		kind++;
	if (kind == array_len(kinds))
		return opts_fail(&o, "import reads jsonl, llm and chainlit, not '%s'", o.args[0]);
	if (account && kind != KIND_CHAINLIT)
		return opts_fail(&o, "--account goes with chainlit");
	if (account && strpbrk(account, "\"\\\n"))
		return opts_fail(&o, "that is no name of an account");
	return import(c, (enum kind)kind, o.args[1], account, json, quiet);
}

const struct cmd cmd_import = {
	.name = "import",
	.brief = "take in conversations from a file",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat import jsonl|llm|chainlit [-q] [--json] FILE\n"
		"  jsonl       what export wrote of all threads: each on a line\n"
		"  llm         what `llm logs list -n 0 --json` prints\n"
		"  chainlit    a database of Chainlit, or of ragchat: threads and ratings\n"
		"FILE may be -, but for a database, which is copied and stays as it is. The same file\n"
		"again changes nothing, also after a break. `ragchatd -D FILE` goes on in a database\n"
		"of Chainlit instead.\n"
		"      --account NAME  of a database with several: whose threads\n"
		"  -q, --quiet         print nothing\n"
		"      --json          {\"threads\": N, \"turns\": N, \"known\": N, \"left_out\": N}\n"
		"example: ragchat import chainlit chat_history.db\n",
};
