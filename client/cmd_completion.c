/* ragchat completion: the shells' scripts, and what they call: ragchat __complete. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/complete.h"
#include "client/out.h"
#include "client/say.h"
#include "client/shell_words.h"
#include "common/attr.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/str.h"

static const char bash_script[] =
#include "client/ragchat.bash.h"
	;
static const char zsh_script[] =
#include "client/ragchat.zsh.h"
	;
static const char fish_script[] =
#include "client/ragchat.fish.h"
	;

static const struct {
	const char *shell, *script;
} scripts[] = { { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script } };

/* ---- ragchat __complete ---- */

static void print(const struct candidates *c, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++)
		(void)buf_addf(out, "%s%s%s\n", c->v[i].value, c->v[i].about ? "\t" : "", c->v[i].about ? c->v[i].about : "");
}

/*
 * bash replaces the last piece of the word, after its last COMP_WORDBREAKS character, with what is
 * printed, as it is: so it is quoted here, and what stands before that piece is left out.
 */
static void print_quoted(const struct candidates *c, const struct shell_words *w, const char *line, size_t point, const char *piece, struct buf *out)
{
	bool breaks = piece[0] && !piece[1] && strchr(":=", piece[0]);
	size_t typed = point - w->start, keep = breaks ? 0 : min_of(strlen(piece), typed), skip = typed - keep;
	char quote = line[w->start] == '"' || line[w->start] == '\'' ? line[w->start] : 0;

	for (size_t i = 0; i < c->n; i++) {
		struct buf word = { 0 };

		shell_quote(c->v[i].value, typed ? quote : 0, &word);
		/* The same characters may be quoted in another way: then nothing can be left out. */
		if (skip <= word.len && !memcmp(word.data, line + w->start, skip))
			(void)buf_addf(out, "%s\n", buf_cstr(&word) + skip);
		buf_fini(&word);
	}
}

static void complete_bash(struct client *c, const char *line, const char *point, const char *piece, struct candidates *found, struct buf *out)
{
	int64_t at = 0, n = (int64_t)strlen(line);
	struct shell_words w;

	if (str_int(point, 0, n, &at)) /* counted in characters where the locale has wide ones */
		at = n;
	shell_words_split(&w, line, (size_t)at);
	complete(c, w.v, w.n, found);
	print_quoted(found, &w, line, (size_t)at, piece, out);
	shell_words_fini(&w);
}

int complete_run(struct client *c, int argc, char **argv)
{
	struct candidates found = { 0 };
	struct buf out = { 0 };
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC), n = argc - 1;

	if (quiet >= 0)
		(void)dup2(quiet, STDERR_FILENO);
	fd_close(quiet);
	c->autostart = false;
	if (argc == 4 && !strcmp(argv[0], "bash")) {
		complete_bash(c, argv[1], argv[2], argv[3], &found, &out);
	} else if (argc > 1) {
		/* fish puts "--" before the last word, which may be anything. */
		if (!strcmp(argv[0], "fish") && n > 2 && !strcmp(argv[n - 1], "--")) {
			argv[n - 1] = argv[n];
			n--;
		}
		complete(c, argv + 1, (size_t)n, &found);
		print(&found, &out);
	}
	if (found.files && !out.len)
		(void)buf_add_str(&out, ":files\n");
	(void)fd_write_all(STDOUT_FILENO, out.data, out.len);
	candidates_fini(&found);
	buf_fini(&out);
	return 0;
}

/* ---- ragchat completion ---- */

static const struct opt opts[] = {
	OPTS_END,
};

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_completion, argc, argv);
	struct buf out = { 0 };
	int r;

	if (opts_simple(&o, NULL, 1, 1))
		return o.status;
	for (size_t i = 0; i < array_len(scripts); i++)
		if (!strcmp(o.args[0], scripts[i].shell))
			(void)buf_add_str(&out, scripts[i].script);
	r = out.len ? out_text(&out, true) : opts_fail(&o, "there are completions for bash, zsh and fish, not for '%s'", o.args[0]);
	buf_fini(&out);
	return r;
}

const struct cmd cmd_completion = {
	.name = "completion",
	.brief = "print the completions for a shell",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat completion bash|zsh|fish\n"
		"A script for the shell. With it the tab key completes verbs, options, threads,\n"
		"models, documents and collections; what the daemon has is asked of the one that\n"
		"runs. `make install` puts all three where the shells look by themselves.\n"
		"example: eval \"$(ragchat completion bash)\"\n",
};
