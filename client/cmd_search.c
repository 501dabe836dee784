/* ragchat search: what was said, or with --docs what the documents say. */
#include "client/cmd.h"
#include "client/doc_search.h"
#include "client/opts.h"
#include "common/str.h"

enum { OPT_DOCS = OPT_OWN, OPT_IN, OPT_BY, OPT_USE, OPT_JSONL };

static const struct opt opts[] = {
	{ OPT_DOCS, "docs", NULL },
	{ 'n', "number", "N" },
	{ OPT_IN, "in", "COLLECTION" },
	{ OPT_USE, "use", "DOCUMENT" },
	{ 't', "thread", "REF" },
	{ OPT_BY, "by", "document|passage" },
	{ OPT_JSON, "json", NULL },
	{ OPT_JSONL, "jsonl", NULL },
	OPTS_END,
};

struct search {
	struct doc_search docs;
	bool in_docs;
};

static void take(struct search *k, struct opts *o, int id)
{
	switch (id) {
	case OPT_DOCS:
		k->in_docs = true;
		break;
	case 'n':
		if (str_int(o->value, 1, 1000, &k->docs.limit))
			opts_fail(o, "-n is a number from 1 to 1000, not '%s'", o->value);
		break;
	case OPT_IN:
		k->docs.collection = o->value;
		break;
	case OPT_USE:
		option_words(&k->docs.documents, o->value);
		break;
	case 't':
		k->docs.thread = o->value;
		break;
	case OPT_BY:
		(void)doc_search_by(&k->docs, o);
		break;
	case OPT_JSON:
		k->docs.json = true;
		break;
	case OPT_JSONL:
		k->docs.jsonl = true;
		break;
	}
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_search, argc, argv);
	struct search k = { .docs.limit = DOC_SEARCH_LIMIT };
	int id = 0, r;

	while (!o.status && (id = opts_next(&o)) > 0)
		take(&k, &o, id);
	if (o.status || id < 0)
		r = o.status;
	else if (!o.nargs)
		r = opts_fail(&o, "search needs a text to look for");
	else if (!k.in_docs)
		r = opts_fail(&o, "search looks into documents, with --docs");
	else
		r = doc_search_run(&k.docs, c, o.args, o.nargs);
	option_fini(&k.docs.documents);
	return r;
}

const struct cmd cmd_search = {
	.name = "search",
	.brief = "find passages of the documents",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat search --docs [OPTIONS] TEXT...\n"
		"The passages of the documents that fit the text best, the best first: place, heading,\n"
		"the beginning. A TEXT of - is read from stdin.\n"
		"      --in COLLECTION     only in this one\n"
		"      --use DOCUMENT  only in this one; may be given again\n"
		"      --by document   each document once, in the order of whole documents\n"
		"  -t, --thread REF    the last turn of a thread weighs in, as it does in ask\n"
		"  -n, --number N      so many (10; at most 1000)\n"
		"      --json          {\"query\", \"coverage\", \"results\": [{rank, document, path, page,\n"
		"                      line, title, score, text}]}\n"
		"      --jsonl         a line for each result\n"
		"example: ragchat search --docs --in manuals -n 3 'torque of the wheel bolts'\n",
};
