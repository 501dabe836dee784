/* ragchat help: the list of commands, or the help of one. */
#include <string.h>

#include "client/cmd.h"
#include "client/help.h"
#include "client/out.h"
#include "client/pager.h"
#include "client/say.h"

#define USAGE \
	"usage: ragchat [ask] [OPTIONS] QUESTION...\n" \
	"       ragchat COMMAND [OPTIONS] ...\n\n"

int help_first(void)
{
	struct buf out = { 0 };
	int r;

	(void)buf_add_str(&out, USAGE
		"  ragchat \"a question\"               ask; -c goes on with the last conversation\n"
		"  ragchat chat                       a conversation, with editing and history\n"
		"  ragchat upload FILE...             hand over documents to answer from\n"
		"  ragchat config set backend URL     where the language model is\n"
		"  ragchat doctor                     is everything in order?\n"
		"  ragchat ls, show, search, last     what was asked and answered\n"
		"  ragchat export                     the last answer as a PDF\n"
		"  ragchat help                       all commands; help COMMAND has one of them\n\n"
		"More: man ragchat\n");
	r = out_text(&out, false);
	buf_fini(&out);
	return r ? r : STATUS_USAGE;
}

static void add_list(struct buf *out)
{
	(void)buf_add_str(out, USAGE);
	for (size_t i = 0; cmds[i]; i++) {
		if (cmds[i]->alias)
			(void)buf_addf(out, "  %s, %-*s %s\n", cmds[i]->name,
				(int)(10 - strlen(cmds[i]->name)), cmds[i]->alias, cmds[i]->brief);
		else
			(void)buf_addf(out, "  %-12s %s\n", cmds[i]->name, cmds[i]->brief);
	}
	(void)buf_add_str(out, "\n  -S, --socket PATH   -v, --verbose   --no-autostart   -h, --help"
			       "   -V, --version\n"
			       "REF: an id or its first 4 digits, a name, last, @-2, THREAD:TURN. "
			       "More: man ragchat\n");
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_help, argc, argv);
	const struct cmd *cmd = NULL;
	struct buf out = { 0 };
	bool none = false;
	int r;

	if (opts_simple(&o, &none, 0, 1))
		return o.status;
	if (o.nargs) {
		cmd = cmd_find(o.args[0]);
		if (!cmd)
			return opts_fail(&o,
				"there is no command '%s'; to ask it: `ragchat ask help %s`",
				o.args[0], o.args[0]);
		help_fill(cmd->help, &out);
	} else {
		add_list(&out);
	}
	r = !cmd && pager_wants(&out) ? pager_show(&out, false) : out_text(&out, false);
	buf_fini(&out);
	return r;
}

const struct cmd cmd_help = {
	.name = "help",
	.brief = "this list, or the help of a command",
	.run = run,
	.help = "usage: ragchat help [COMMAND]\n"
		"The list of commands, or what `ragchat COMMAND --help` prints.\n"
		"example: ragchat help ask\n",
};
