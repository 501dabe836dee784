/* Command lines: options in any order, one table a command. */
#include "client/opts.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/help.h"
#include "client/say.h"
#include "client/words.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/str.h"

enum { OPT_NO_AUTOSTART = 0x1000 };

static const struct opt globals[] = {
	{ 'S', "socket", "PATH" },
	{ 'v', "verbose", NULL },
	{ 'V', "version", NULL },
	{ 'h', "help", NULL },
	{ OPT_NO_AUTOSTART, "no-autostart", NULL },
	OPTS_END,
};

const struct opt *opts_globals(void)
{
	return globals;
}

struct opts opts_of(struct client *c, const struct cmd *cmd, int argc, char **argv)
{
	return (struct opts){ .client = c, .cmd = cmd, .argc = argc, .argv = argv, .args = argv };
}

static const struct opt *by_letter(const struct opt *table, char letter)
{
	for (; table && table->id; table++)
		if (table->id == letter)
			return table;
	return NULL;
}

static const struct opt *by_name(const struct opt *table, const char *name, size_t n)
{
	for (; table && table->id; table++)
		if (strlen(table->name) == n && !memcmp(table->name, name, n))
			return table;
	return NULL;
}

static const struct opt *nearest(
	const struct opt *table, const char *name, const struct opt *best, size_t *distance)
{
	for (; table && table->id; table++) {
		size_t d = str_starts(table->name, name) ? 1 : word_distance(name, table->name, 2);

		if (d < *distance) {
			*distance = d;
			best = table;
		}
	}
	return best;
}

static int stop(struct opts *o, int status)
{
	o->status = status;
	return -1;
}

/* Of letters, in any script, with a mark at its end perhaps: no name of a file, no REF, no number. */
static bool is_prose(const char *word)
{
	size_t n = strlen(word);

	while (n && strchr(",.?!:;", word[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'-", word[i]) && (uint8_t)word[i] < 0x80)
			return false;
	return n > 0;
}

/* The line as it was given, for the hint: words, and no option. argv is whole: only its order has changed. */
static bool reads_like_a_sentence(const struct opts *o)
{
	int words = 0;

	for (int i = 0; i < o->argc; i++) {
		if (o->argv[i][0] == '-')
			return false;
		words += is_prose(o->argv[i]);
	}
	return o->cmd != &cmd_ask && words >= 2;
}

static void say_how_to_ask(const struct opts *o)
{
	char *line = shell_join(o->argv, (size_t)o->argc);

	say("to ask it: `ragchat ask %s %s`", o->cmd->name, line);
	mem_free(line);
}

int opts_fail(struct opts *o, const char *fmt, ...)
{
	va_list ap;
	char why[512];

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	say("%s (see `ragchat %s --help`)", why, o->cmd->name);
	if (reads_like_a_sentence(o))
		say_how_to_ask(o);
	return stop(o, STATUS_USAGE), STATUS_USAGE;
}

static int unknown_name(struct opts *o, const char *name)
{
	size_t distance = 3;
	const struct opt *best = nearest(o->cmd->opts, name, NULL, &distance);

	best = nearest(globals, name, best, &distance);
	if (best)
		opts_fail(o, "unknown option '--%s', did you mean '--%s'?", name, best->name);
	else
		opts_fail(o, "unknown option '--%s'", name);
	return -1;
}

static int global_taken(struct client *c, int id, const char *value)
{
	switch (id) {
	case 'S':
		c->socket = value;
		return 1;
	case 'v':
		c->verbose = true;
		return 1;
	case OPT_NO_AUTOSTART:
		c->autostart = false;
		return 1;
	default:
		return 0;
	}
}

/* 1: it was a global option, go on. 0: the caller's. < 0: the line ends here. */
static int take_global(struct opts *o, int id)
{
	if (id == 'h') {
		/* < 0 ends the line; the status tells whether it could be written. */
		return stop(o, help_print(o->cmd->help));
	}
	if (id == 'V')
		return stop(o, cmd_version.run(o->client, 0, NULL));
	return global_taken(o->client, id, o->value);
}

/* The option `opt` is here; `value` is what is glued to it, or NULL. */
static int found(struct opts *o, const struct opt *opt, bool global, const char *value)
{
	int r;

	if (!opt->arg && value) {
		opts_fail(o, "option '--%s' takes no value", opt->name);
		return -1;
	}
	if (opt->arg && !value) {
		if (o->i >= o->argc) {
			opts_fail(o, "option '--%s' needs a value: %s", opt->name, opt->arg);
			return -1;
		}
		value = o->argv[o->i++];
	}
	o->value = value;
	if (!global)
		return opt->id;
	r = take_global(o, opt->id);
	return r < 0 ? r : opts_next(o);
}

static int next_long(struct opts *o, const char *name)
{
	size_t n = strcspn(name, "=");
	const struct opt *own = by_name(o->cmd->opts, name, n);
	const struct opt *opt = own ? own : by_name(globals, name, n);
	char *bare;

	if (opt)
		return found(o, opt, !own, name[n] ? name + n + 1 : NULL);
	bare = mem_ndup(name, n);
	unknown_name(o, bare);
	mem_free(bare);
	return -1;
}

static int next_letter(struct opts *o)
{
	char letter = *o->cluster++;
	const struct opt *own = by_letter(o->cmd->opts, letter);
	const struct opt *opt = own ? own : by_letter(globals, letter);
	const char *glued = *o->cluster ? o->cluster : NULL;

	if (!opt) {
		opts_fail(o, "unknown option '-%c'%s", letter,
			o->cmd == &cmd_ask ? "; put -- before a question that begins with '-'"
					   : "");
		return -1;
	}
	if (opt->arg || !glued)
		o->cluster = NULL;
	return found(o, opt, !own, opt->arg ? glued : NULL);
}

/* The argument argv[i - 1] goes to the end of those already found; what it passes moves up by one.
 */
static void keep_argument(struct opts *o)
{
	char *arg = o->argv[o->i - 1];

	memmove(o->argv + o->nargs + 1, o->argv + o->nargs,
		((size_t)o->i - 1 - o->nargs) * sizeof(*o->argv));
	o->argv[o->nargs++] = arg;
}

int opts_next(struct opts *o)
{
	if (o->cluster)
		return next_letter(o);
	while (o->i < o->argc) {
		char *arg = o->argv[o->i++];

		if (o->ended || arg[0] != '-' || !arg[1]) {
			keep_argument(o);
		} else if (!strcmp(arg, "--")) {
			o->ended = true;
		} else if (arg[1] == '-') {
			return next_long(o, arg + 2);
		} else {
			o->cluster = arg + 1;
			return next_letter(o);
		}
	}
	return 0;
}

int opts_count(struct opts *o, size_t min, size_t max)
{
	if (o->nargs < min)
		opts_fail(o, "%s needs %s argument%s", o->cmd->name, min == 1 ? "an" : "more",
			min == 1 ? "" : "s");
	else if (o->nargs > max)
		opts_fail(o, "'%s' is one argument too many", o->args[max]);
	return o->nargs < min || o->nargs > max ? -1 : 0;
}

int opts_simple(struct opts *o, bool *json, size_t min, size_t max)
{
	int id;

	while ((id = opts_next(o)) > 0)
		*json = true;
	return id < 0 ? id : opts_count(o, min, max);
}

int opts_global(struct client *c, int argc, char **argv, int *i, int *status)
{
	const char *arg = argv[*i];
	bool longform = str_starts(arg, "--") && arg[2];
	size_t n = longform ? strcspn(arg + 2, "=") : 0;
	const struct opt *opt;
	const char *value = NULL;

	if (arg[0] != '-' || !arg[1] || (!longform && arg[1] == '-'))
		return 0;
	opt = longform ? by_name(globals, arg + 2, n) : by_letter(globals, arg[1]);
	/* A cluster or a value where none belongs is left to the command's own reading. */
	if (!opt || (!opt->arg && (longform ? arg[2 + n] : arg[2])))
		return 0;
	if (opt->arg) {
		value = longform ? (arg[2 + n] ? arg + 3 + n : NULL) : arg[2] ? arg + 2 : NULL;
		if (!value && *i + 1 >= argc) {
			*status = say_fail(STATUS_USAGE, "option '--%s' needs a value: %s",
				opt->name, opt->arg);
			return -1;
		}
		if (!value)
			value = argv[++*i];
	}
	++*i;
	if (opt->id == 'h' || opt->id == 'V') {
		*status = (opt->id == 'h' ? &cmd_help : &cmd_version)->run(c, 0, NULL);
		return -1;
	}
	return global_taken(c, opt->id, value);
}
