/* Verbs and options come from the tables that read the line, so that none is forgotten. */
#include "client/complete.h"

#include <string.h>

#include "client/cmd.h"
#include "client/conf_file.h"
#include "client/filter.h"
#include "client/opts.h"
#include "client/term.h"
#include "common/mem.h"
#include "common/str.h"

static const struct {
	const char *option;
	enum complete_kind kind;
} values[] = { { "thread", COMPLETE_THREAD }, { "model", COMPLETE_MODEL }, { "to", COMPLETE_COLLECTION }, { "in", COMPLETE_COLLECTION },
	{ "use", COMPLETE_DOCUMENT }, { "source", COMPLETE_DOCUMENT }, { "file", COMPLETE_FILES }, { "attach", COMPLETE_FILES },
	{ "output", COMPLETE_FILES }, { "socket", COMPLETE_FILES }, { "save", COMPLETE_FILES } };

static const struct {
	const char *verb;
	const char *words; /* of the first argument, with blanks between; NULL: `first` */
	enum complete_kind first, rest;
} arguments[] = {
	{ "attach", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "retry", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "cancel", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "wait", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "show", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "sources", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "export", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "log", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "rate", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "fork", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "edit", NULL, COMPLETE_REF, COMPLETE_NOTHING },
	{ "mv", NULL, COMPLETE_THREAD, COMPLETE_NOTHING },
	{ "rm", NULL, COMPLETE_REF, COMPLETE_REF },
	{ "tag", NULL, COMPLETE_THREAD, COMPLETE_NOTHING },
	{ "share", NULL, COMPLETE_THREAD, COMPLETE_NOTHING },
	{ "upload", NULL, COMPLETE_FILES, COMPLETE_FILES },
	{ "backup", NULL, COMPLETE_FILES, COMPLETE_NOTHING },
	{ "docs", "ls show rm reindex search", COMPLETE_NOTHING, COMPLETE_DOCUMENT },
	{ "config", "list get set unset edit path", COMPLETE_NOTHING, COMPLETE_OPTION_NAME },
	{ "daemon", "start stop reload status run-info", COMPLETE_NOTHING, COMPLETE_NOTHING },
	{ "user", "ls add rm role passwd log", COMPLETE_NOTHING, COMPLETE_NOTHING },
	{ "token", "ls create revoke", COMPLETE_NOTHING, COMPLETE_NOTHING },
	{ "import", "chainlit llm jsonl", COMPLETE_NOTHING, COMPLETE_FILES },
	{ "completion", "bash zsh fish", COMPLETE_NOTHING, COMPLETE_NOTHING },
	{ "help", NULL, COMPLETE_VERB, COMPLETE_NOTHING },
};

/* ---- candidates ---- */

/* A name with a control character would not come back as it is; one that begins with "-" would be an option. */
static bool can_be_typed(const char *s)
{
	struct buf clean = { 0 };
	size_t n = strlen(s);
	bool same;

	filter_line(FILTER_TERMINAL, s, n, 4096, &clean);
	same = clean.len == n && !memcmp(clean.data, s, n) && s[0] != '-' && s[0] != ':';
	buf_fini(&clean);
	return n && same;
}

static void add(struct candidates *c, const char *typed, const char *value, const char *about, size_t nabout)
{
	struct buf line = { 0 };

	if (!str_starts(value, typed) || c->n >= 1000)
		return;
	if (about)
		filter_line(term_filter(), about, nabout, 80, &line);
	c->v = mem_grow(c->v, &c->cap, c->n, sizeof(*c->v));
	c->v[c->n++] = (struct candidate){ .value = mem_dup(value), .about = about ? mem_dup(buf_cstr(&line)) : NULL };
	buf_fini(&line);
}

void candidate_add(struct candidates *c, const char *typed, const char *value, const char *about, size_t nabout)
{
	if (can_be_typed(value))
		add(c, typed, value, about, nabout);
}

void candidates_fini(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++) {
		mem_free(c->v[i].value);
		mem_free(c->v[i].about);
	}
	mem_free(c->v);
}

/* "a b" or "a|b": each word. */
static void add_words(struct candidates *c, const char *typed, const char *words, const char *between)
{
	while (*words) {
		size_t n = strcspn(words, between);
		char *word = mem_ndup(words, n);

		candidate_add(c, typed, word, NULL, 0);
		mem_free(word);
		words += n + (words[n] != '\0');
	}
}

/* ---- options ---- */

static const struct opt *find(const struct opt *table, const char *name, size_t n)
{
	for (; table && table->id; table++)
		if ((n == 1 && table->id == name[0]) || (n > 1 && strlen(table->name) == n && !memcmp(table->name, name, n)))
			return table;
	return NULL;
}

static const struct opt *option(const struct cmd *cmd, const char *name, size_t n)
{
	const struct opt *o = find(cmd ? cmd->opts : NULL, name, n);

	return o ? o : find(opts_globals(), name, n);
}

static void add_options(struct candidates *c, const char *typed, const struct opt *table)
{
	char *text;

	for (; table && table->id; table++) {
		text = mem_printf("--%s", table->name);
		add(c, typed, text, table->arg, table->arg ? strlen(table->arg) : 0);
		mem_free(text);
	}
}

/* The option that this word gives and whose value is the next one; NULL: none. */
static const struct opt *takes_next(const struct cmd *cmd, const char *word)
{
	const struct opt *o = NULL;

	if (word[0] != '-' || !word[1])
		return NULL;
	if (word[1] == '-')
		o = strchr(word, '=') ? NULL : option(cmd, word + 2, strlen(word + 2));
	else
		o = word[2] ? NULL : option(cmd, word + 1, 1);
	return o && o->arg ? o : NULL;
}

static void of_kind(struct client *c, enum complete_kind kind, const char *typed, struct candidates *out);

static void of_value(struct client *c, const struct opt *o, const char *typed, struct candidates *out)
{
	for (size_t i = 0; i < array_len(values); i++)
		if (!strcmp(values[i].option, o->name)) {
			of_kind(c, values[i].kind, typed, out);
			return;
		}
	if (strchr(o->arg, '|'))
		add_words(out, typed, o->arg, "|");
	else if (strchr(o->arg, ','))
		add_words(out, typed, o->arg, ",");
	else if (strstr(o->arg, "FILE") || strstr(o->arg, "PATH"))
		out->files = true;
}

/* "--model=fo": candidates are whole again. */
static void of_glued(struct client *c, const struct cmd *cmd, const char *word, struct candidates *out)
{
	const char *equals = strchr(word, '=');
	const struct opt *o = option(cmd, word + 2, (size_t)(equals - word - 2));
	struct candidates inner = { 0 };

	if (!o || !o->arg)
		return;
	of_value(c, o, equals + 1, &inner);
	for (size_t i = 0; i < inner.n; i++) {
		char *whole = mem_printf("%.*s%s", (int)(equals + 1 - word), word, inner.v[i].value);

		add(out, word, whole, inner.v[i].about, inner.v[i].about ? strlen(inner.v[i].about) : 0);
		mem_free(whole);
	}
	candidates_fini(&inner);
}

/* ---- arguments ---- */

static void add_verbs(const char *typed, struct candidates *out)
{
	for (size_t i = 0; cmds[i]; i++)
		add(out, typed, cmds[i]->name, cmds[i]->brief, strlen(cmds[i]->brief));
}

static void add_option_names(const char *typed, struct candidates *out)
{
	struct buf list = { 0 };
	struct conf_option o;
	const char *p, *end;

	if (conf_options(&list) == 0) {
		for (p = (const char *)list.data, end = p + list.len; conf_option_next(&p, end, &o);) {
			char *name = mem_ndup(o.field[CONF_NAME], o.len[CONF_NAME]);

			candidate_add(out, typed, name, o.field[CONF_TEXT], o.len[CONF_TEXT]);
			mem_free(name);
		}
	}
	buf_fini(&list);
}

static void of_kind(struct client *c, enum complete_kind kind, const char *typed, struct candidates *out)
{
	switch (kind) {
	case COMPLETE_NOTHING:
		break;
	case COMPLETE_FILES:
		out->files = true;
		break;
	case COMPLETE_VERB:
		add_verbs(typed, out);
		break;
	case COMPLETE_OPTION_NAME:
		add_option_names(typed, out);
		break;
	default:
		complete_ask(c, kind, typed, out);
	}
}

static void of_argument(struct client *c, const struct cmd *cmd, size_t nth, const char *first, const char *typed, struct candidates *out)
{
	for (size_t i = 0; i < array_len(arguments); i++) {
		if (strcmp(arguments[i].verb, cmd->name) != 0)
			continue;
		if (nth == 0 && arguments[i].words)
			add_words(out, typed, arguments[i].words, " ");
		else if (nth == 0)
			of_kind(c, arguments[i].first, typed, out);
		else if (arguments[i].rest != COMPLETE_OPTION_NAME || (nth == 1 && strcmp(first, "path") != 0 && strcmp(first, "list") != 0))
			of_kind(c, arguments[i].rest, typed, out);
	}
}

/* ---- the line ---- */

struct reading {
	const struct cmd *cmd;
	const struct opt *open; /* waits for its value */
	size_t nargs;
	const char *first;
	bool ended; /* "--" */
};

static void read_word(struct client *c, struct reading *r, const char *word)
{
	if (r->open) {
		if (r->open->id == 'S')
			c->socket = word;
		r->open = NULL;
	} else if (!r->ended && !strcmp(word, "--")) {
		r->ended = true;
	} else if (!r->ended && word[0] == '-' && word[1]) {
		r->open = takes_next(r->cmd, word);
		if (str_starts(word, "--socket="))
			c->socket = word + strlen("--socket=");
	} else if (!r->cmd) {
		r->cmd = cmd_find(word);
		r->cmd = r->cmd ? r->cmd : &cmd_ask; /* a question */
	} else if (r->nargs++ == 0) {
		r->first = word;
	}
}

void complete(struct client *c, char *const *words, size_t n, struct candidates *out)
{
	struct reading r = { .first = "" };
	const char *typed = n > 1 ? words[n - 1] : "";

	for (size_t i = 1; i + 1 < n; i++)
		read_word(c, &r, words[i]);
	if (r.open) {
		of_value(c, r.open, typed, out);
	} else if (typed[0] == '-' && !r.ended) {
		if (str_starts(typed, "--") && strchr(typed, '=')) {
			of_glued(c, r.cmd, typed, out);
		} else {
			add_options(out, typed, r.cmd ? r.cmd->opts : cmd_ask.opts);
			add_options(out, typed, opts_globals());
		}
	} else if (!r.cmd) {
		add_verbs(typed, out);
	} else {
		of_argument(c, r.cmd, r.nargs, r.first, typed, out);
	}
}
