/* ragchat search: what was said, or with --docs what the documents say. */
#include <string.h>

#include "client/cited.h"
#include "client/cmd.h"
#include "client/doc_search.h"
#include "client/format.h"
#include "client/opts.h"
#include "client/said_search.h"
#include "client/view.h"
#include "client/when.h"
#include "common/str.h"

enum { OPT_DOCS = OPT_VIEW_LAST, OPT_IN, OPT_BY, OPT_USE, OPT_TAG, OPT_SINCE, OPT_UNTIL, OPT_RANK, OPT_BEFORE, OPT_SOURCE };

static const struct opt opts[] = {
	{ OPT_DOCS, "docs", NULL },
	{ 'n', "number", "N" },
	{ OPT_IN, "in", "COLLECTION" },
	{ OPT_USE, "use", "DOCUMENT" },
	{ 't', "thread", "REF" },
	{ OPT_TAG, "tag", "TAG" },
	{ OPT_SINCE, "since", "TIME" },
	{ OPT_UNTIL, "until", "TIME" },
	{ OPT_RANK, "rank", NULL },
	{ OPT_BEFORE, "before", "PLACE" },
	{ OPT_COLOR, "color", "auto|always|never" },
	{ OPT_BY, "by", "document|passage" },
	{ OPT_SOURCE, "source", "FILE" },
	FORMAT_OPTS,
	{ OPT_JSON, "json", NULL },
	{ OPT_JSONL, "jsonl", NULL },
	OPTS_END,
};

/* Of both kinds: which has which is in the man page. */
static const char *const fields[] = { "turn", "thread", "seq", "name", "part", "created", "snippet", "rank", "document", "path", "page", "line",
	"title", "score", "text", NULL };

struct search {
	struct doc_search docs;
	struct said_search said;
	struct format format;
	bool in_docs;
	const char *source; /* answers that cite it are looked for, no text */
	const char *only_docs, *only_said; /* an option that goes with one of them alone */
};

static void take_time(int64_t *us, struct opts *o, const char *name)
{
	if (when_parse(o->value, us))
		opts_fail(o, "%s is an age as 7d or 12h, or a date, not '%s'", name, o->value);
}

static void take_said(struct search *k, struct opts *o, int id)
{
	switch (id) {
	case OPT_TAG:
		k->said.tag = o->value;
		k->only_said = "--tag";
		break;
	case OPT_SINCE:
		take_time(&k->said.since_us, o, "--since");
		k->only_said = "--since";
		break;
	case OPT_UNTIL:
		take_time(&k->said.until_us, o, "--until");
		k->only_said = "--until";
		break;
	case OPT_RANK:
		k->said.rank = true;
		k->only_said = "--rank";
		break;
	case OPT_BEFORE:
		k->said.before = o->value;
		k->only_said = "--before";
		break;
	case OPT_COLOR:
		view_color(o, &k->said.color);
		k->docs.color = k->said.color;
		break;
	}
}

static void take(struct search *k, struct opts *o, int id)
{
	if (format_option(&k->format, o, id))
		return;
	switch (id) {
	case OPT_DOCS:
		k->in_docs = true;
		break;
	case 'n':
		if (str_int(o->value, 1, 1000, &k->docs.limit))
			opts_fail(o, "-n is a number from 1 to 1000, not '%s'", o->value);
		k->said.limit = k->docs.limit;
		break;
	case OPT_IN:
		k->docs.collection = o->value;
		k->only_docs = "--in";
		break;
	case OPT_USE:
		option_words(&k->docs.documents, o->value);
		k->only_docs = "--use";
		break;
	case 't':
		k->docs.thread = k->said.thread = o->value;
		break;
	case OPT_BY:
		(void)doc_search_by(&k->docs, o);
		k->only_docs = "--by";
		break;
	case OPT_SOURCE:
		k->source = o->value;
		break;
	default:
		take_said(k, o, id);
		break;
	case OPT_JSON:
		k->docs.json = k->said.json = true;
		break;
	case OPT_JSONL:
		k->docs.jsonl = k->said.jsonl = true;
		break;
	}
}

static int search_source(struct client *c, struct search *k, struct opts *o)
{
	if (o->nargs || k->in_docs || k->only_docs || k->only_said || k->docs.thread || k->docs.jsonl || k->said.format)
		return opts_fail(o, "--source goes alone, with -n and --json: it looks for answers, not for a text");
	return cited_run(c, k->source, k->said.limit, k->docs.json);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_search, argc, argv);
	struct search k = { .docs.limit = DOC_SEARCH_LIMIT, .said.limit = SAID_SEARCH_LIMIT,
		.format = { .fields = fields } };
	int id = 0, r;

	while (!o.status && (id = opts_next(&o)) > 0)
		take(&k, &o, id);
	k.format.id = k.in_docs ? "document" : "turn";
	k.said.format = k.docs.format = format_wanted(&k.format) ? &k.format : NULL;
	if (o.status || id < 0)
		r = o.status;
	else if (k.source)
		r = search_source(c, &k, &o);
	else if (!o.nargs)
		r = opts_fail(&o, "search needs a text to look for");
	else if (k.in_docs ? k.only_said != NULL : k.only_docs != NULL)
		r = opts_fail(&o, "%s %s --docs", k.in_docs ? k.only_said : k.only_docs, k.in_docs ? "does not go with" : "goes with");
	else if (k.said.rank && k.said.before)
		r = opts_fail(&o, "--rank gives one page: -n makes it longer");
	else if (!k.in_docs)
		r = said_search_run(&k.said, c, o.args, o.nargs);
	else
		r = doc_search_run(&k.docs, c, o.args, o.nargs);
	option_fini(&k.docs.documents);
	return r;
}

const struct cmd cmd_search = {
	.name = "search",
	.brief = "find what was said, or passages of the documents",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat search [OPTIONS] TEXT...        what you asked and were answered\n"
		"       ragchat search --docs [OPTIONS] TEXT... what your documents say\n"
		"       ragchat search --source FILE            the answers that cite a document\n"
		"Finds the turns whose question, answer or thread name has all the words, the newest\n"
		"first: THREAD:TURN, age, name, and a piece with the words. \"Words in quotes\" follow one\n"
		"another; the last word may go on. A TEXT of - is read from stdin.\n"
		"  -t, --thread REF    only in this thread      --tag TAG   in threads with this tag\n"
		"      --since TIME, --until TIME   7d, 12h (ago), 2026-11-28\n"
		"      --rank          the best first instead of the newest\n"
		"      --before PLACE  go on where a search was cut     --color auto|always|never\n"
		"With --docs: the passages that fit best, the best first.\n"
		"      --in COLLECTION, --use DOCUMENT   only in these; --use may be given again\n"
		"      --by document   each document once, in the order of whole documents\n"
		"  -t, --thread REF    the last turn of a thread weighs in, as it does in ask\n"
		"  -n, --number N      so many (20; 10 with --docs; at most 1000)\n"
		"      --format TEXT, -z, --null   a line of your own of --json's fields, as in ls\n"
		"      --json          one object, {\"results\": [...]}; man ragchat has the fields\n"
		"      --jsonl         a line for each result\n"
		"example: ragchat search --since 30d 'wheel bolts torque'\n",
};
