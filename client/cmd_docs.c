/* ragchat docs: the documents of the library. */
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/doc_search.h"
#include "client/filter.h"
#include "client/format.h"
#include "client/link.h"
#include "client/original.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/say.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "proto/limits.h"

enum { OPT_IN_DOCS = OPT_OWN, OPT_BY, OPT_JSONL, OPT_ALL, OPT_ORIGINAL };

static const struct opt opts[] = {
	{ OPT_IN_DOCS, "in", "COLLECTION" },
	{ 'n', "number", "N" },
	{ 't', "thread", "REF" },
	{ OPT_BY, "by", "document|passage" },
	FORMAT_OPTS,
	{ OPT_JSON, "json", NULL },
	{ OPT_JSONL, "jsonl", NULL },
	{ OPT_ALL, "all", NULL },
	{ OPT_ORIGINAL, "original", NULL },
	{ 'o', "output", "FILE" },
	OPTS_END,
};

static const char *const fields[] = { "document", "name", "title", "collection", "bytes", "passages", "sha256", "added", NULL };

struct docs {
	struct link *link;
	struct doc_search search;
	const char *collection, *output;
	bool original; /* the file as it came is wanted */
	bool json, all, searches; /* searches: an option was given that only search has */
	struct format format;
	struct rows rows;
	struct buf text;
	struct json_out w;
};

static void add_same(struct rows *rows, struct val doc)
{
	char *name = val_get_text(doc, "same");
	char *words = name ? mem_printf("(the bytes of %s)", name) : NULL;

	if (words)
		rows_word(rows, words, 0);
	mem_free(words);
	mem_free(name);
}

static void add_page(struct docs *d, struct val documents)
{
	for (size_t i = 0; i < val_count(documents); i++) {
		struct val doc = val_at(documents, i);

		if (d->json) {
			val_to_json(doc, &d->w);
			continue;
		}
		if (format_wanted(&d->format)) {
			format_row(&d->format, doc, &d->rows.out);
			continue;
		}
		rows_id(&d->rows, doc, "document");
		rows_age(&d->rows, doc, "added");
		rows_size(&d->rows, val_get_int(doc, "bytes", 0));
		rows_int(&d->rows, val_get_int(doc, "passages", 0), 6);
		rows_text(&d->rows, doc, "collection", 12);
		rows_text(&d->rows, doc, "name", 0);
		add_same(&d->rows, doc);
		rows_end(&d->rows);
	}
}

static void say_damaged(struct val result)
{
	int64_t n = val_get_int(result, "damaged", 0);

	if (n > 0)
		say("the index of %lld passage%s was damaged and is made anew from the stored text: they are found again when that is done",
			(long long)n, n == 1 ? "" : "s");
}

static int pages(struct docs *d)
{
	char *next = NULL;
	int r;

	do {
		struct pack *p = link_request(d->link, "doc.list");

		pack_kv_text_opt(p, "collection", d->collection);
		pack_kv_text_opt(p, "before", next);
		mem_free(next);
		r = link_call(d->link, 0);
		if (r)
			return link_fail(d->link, r);
		say_damaged(d->link->msg.result);
		add_page(d, val_get(d->link->msg.result, "documents"));
		next = val_get_text(d->link->msg.result, "next");
	} while (next);
	return 0;
}

static int list(struct docs *d)
{
	int r;

	rows_init(&d->rows);
	json_out_init(&d->w, &d->text);
	json_out_object(&d->w);
	json_out_key(&d->w, "documents");
	json_out_array(&d->w);
	r = pages(d);
	json_out_array_end(&d->w);
	json_out_object_end(&d->w);
	(void)buf_add_byte(&d->text, '\n');
	if (!r && !d->json && !d->rows.out.len && isatty(STDERR_FILENO))
		say(d->collection ? "no documents in '%s'" : "no documents yet: `ragchat upload FILE`", d->collection);
	if (!r)
		r = out_text(d->json ? &d->text : &d->rows.out, format_wanted(&d->format));
	buf_fini(&d->rows.out);
	return r;
}

static void add_fields(struct val doc, struct buf *out)
{
	static const char *const keys[] = { "name", "path", "title", "document", "collection", "bytes",
		"passages", "added", "sha256", "same", "state" };
	const char *s;
	size_t n;
	int64_t v;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct val field = val_get(doc, keys[i]);

		if (val_str(field, &s, &n)) {
			(void)buf_addf(out, "%-11s ", keys[i]);
			filter_line(FILTER_TERMINAL, s, n, 4096, out);
			(void)buf_add_byte(out, '\n');
		} else if (val_int(field, &v)) {
			(void)buf_addf(out, "%-11s %lld\n", keys[i], (long long)v);
		}
	}
	if (val_get_bool(doc, "original", false))
		(void)buf_addf(out, "%-11s kept, %lld bytes: --original writes it\n", "original", (long long)val_get_int(doc, "bytes", 0));
	else
		(void)buf_addf(out, "%-11s not kept\n", "original");
}

/* What an older daemon does not know it passes over: it would do so with others. */
static int ask_level(struct docs *d, int64_t level, const char *lacks)
{
	int r;

	(void)link_request(d->link, "ping");
	r = link_call(d->link, 0);
	if (r)
		return link_fail(d->link, r);
	if (d->link->level >= level)
		return 0;
	return say_fail(STATUS_PROTOCOL, "the daemon is older than this program and %s: `ragchat daemon stop`, then again", lacks);
}

/* method: doc.get or doc.remove. */
static int one(struct docs *d, const char *method, const char *ref)
{
	struct val result;
	struct pack *p;
	char *name;
	int r = d->collection ? ask_level(d, 4, "keeps to no collection here") : 0;

	if (r)
		return r;
	p = link_request(d->link, method);
	pack_kv_text(p, "document", ref);
	pack_kv_text_opt(p, "collection", d->collection);
	r = link_call(d->link, strcmp(method, "doc.get") != 0 ? LINK_ONCE : 0);
	if (r)
		return link_fail(d->link, r);
	result = d->link->msg.result;
	if (d->json) {
		pretty_val(!strcmp(method, "doc.get") ? val_get(result, "document") : result, false,
			&d->text);
	} else if (!strcmp(method, "doc.get")) {
		add_fields(val_get(result, "document"), &d->text);
	} else {
		name = val_get_text(result, "name");
		(void)buf_addf(&d->text, "removed %s\n", name ? name : ref);
		mem_free(name);
	}
	return out_text(&d->text, false);
}

static int show(struct docs *d, struct opts *o)
{
	bool out = !d->output || !strcmp(d->output, "-");

	if (o->nargs < 2)
		return opts_fail(o, "docs show needs a document");
	if (opts_count(o, 2, 2))
		return o->status;
	if (!d->original)
		return d->output ? opts_fail(o, "-o goes with docs show --original") : one(d, "doc.get", o->args[1]);
	if (d->json)
		return opts_fail(o, "--original writes the file itself: --json does not go with it");
	if (out && isatty(STDOUT_FILENO))
		return say_fail(STATUS_USAGE, "a stranger's file is nothing for a terminal: give -o FILE, or a pipe");
	return original_write(d->link, o->args[1], d->collection, d->output);
}

static int remove_all(struct docs *d, char *const *refs, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		int status = one(d, "doc.remove", refs[i]);

		buf_reset(&d->text);
		r = r ? r : status;
	}
	return r;
}

/* Of a whole collection, which has to be said twice: by its name, and by --all. */
static int remove_collection(struct docs *d, struct opts *o)
{
	int r;

	if (!d->collection || !d->all || o->nargs > 1)
		return opts_fail(o, "docs rm takes documents, or --in COLLECTION --all for all of one");
	pack_kv_text(link_request(d->link, "collection.remove"), "collection", d->collection);
	r = link_call(d->link, LINK_ONCE | LINK_PATIENT);
	if (r)
		return link_fail(d->link, r);
	if (d->json)
		pretty_val(d->link->msg.result, false, &d->text);
	else
		(void)buf_addf(&d->text, "removed %s: %lld documents\n", d->collection,
			(long long)val_get_int(d->link->msg.result, "documents", 0));
	return out_text(&d->text, false);
}

static int search(struct docs *d, struct opts *o)
{
	d->search.collection = d->collection;
	d->search.json = d->json;
	if (o->nargs < 2)
		return opts_fail(o, "docs search needs a text to look for");
	return doc_search_run(&d->search, o->client, o->args + 1, o->nargs - 1);
}

static void add_reindexed(struct val result, struct buf *out)
{
	int64_t documents = val_get_int(result, "documents", 0), passages = val_get_int(result, "passages", 0);

	(void)buf_addf(out, "%lld passage%s of %lld document%s %s indexed anew; `ragchat status` tells how far it is\n",
		(long long)passages, passages == 1 ? "" : "s", (long long)documents, documents == 1 ? "" : "s",
		passages == 1 ? "is" : "are");
}

static int reindex(struct docs *d, struct opts *o)
{
	size_t n = o->nargs - 1;
	struct pack *p;
	int r;

	if (n > LIMIT_PAGE)
		return opts_fail(o, "docs reindex takes at most %d documents", LIMIT_PAGE);
	r = n ? ask_level(d, 4, "reindexes whole collections only") : 0;
	if (r)
		return r;
	p = link_request(d->link, "doc.reindex");
	pack_kv_text_opt(p, "collection", d->collection);
	if (n) {
		pack_key(p, "documents");
		pack_array(p);
		for (size_t i = 1; i <= n; i++)
			pack_text(p, o->args[i]);
		pack_close(p);
	}
	r = link_call(d->link, 0);
	if (r)
		return link_fail(d->link, r);
	if (d->json)
		pretty_val(d->link->msg.result, false, &d->text);
	else
		add_reindexed(d->link->msg.result, &d->text);
	return out_text(&d->text, false);
}

static int docs(struct docs *d, struct opts *o)
{
	const char *verb = o->nargs ? o->args[0] : "ls";

	if (!strcmp(verb, "search"))
		return search(d, o);
	if (d->searches)
		return opts_fail(o, "-n, -t, --by and --jsonl go with docs search");

	if ((d->original || d->output) && strcmp(verb, "show") != 0)
		return opts_fail(o, "--original and -o go with docs show");
	if (!strcmp(verb, "ls") || !strcmp(verb, "list"))
		return opts_count(o, 0, 1) ? o->status : list(d);
	if (!strcmp(verb, "reindex"))
		return reindex(d, o);
	if (!strcmp(verb, "show"))
		return show(d, o);
	if (!strcmp(verb, "rm") && (d->all || (d->collection && o->nargs == 1)))
		return remove_collection(d, o);
	if (d->all)
		return opts_fail(o, "--all goes with docs rm --in COLLECTION");
	if (!strcmp(verb, "rm") && o->nargs < 2)
		return opts_fail(o, "docs rm needs the documents to remove");
	if (!strcmp(verb, "rm"))
		return opts_count(o, 2, 1000) ? o->status
					      : remove_all(d, o->args + 1, o->nargs - 1);
	return opts_fail(o, "docs does ls, show, search, rm and reindex, not '%s'", verb);
}

static void take(struct docs *d, struct opts *o, int id)
{
	if (format_option(&d->format, o, id))
		return;
	d->searches = d->searches || id == 'n' || id == 't' || id == OPT_BY || id == OPT_JSONL;
	switch (id) {
	case OPT_JSON:
		d->json = true;
		break;
	case OPT_IN_DOCS:
		d->collection = o->value;
		break;
	case OPT_ALL:
		d->all = true;
		break;
	case OPT_ORIGINAL:
		d->original = true;
		break;
	case 'o':
		d->output = o->value;
		break;
	case 'n':
		if (str_int(o->value, 1, 1000, &d->search.limit))
			opts_fail(o, "-n is a number from 1 to 1000, not '%s'", o->value);
		break;
	case 't':
		d->search.thread = o->value;
		break;
	case OPT_BY:
		(void)doc_search_by(&d->search, o);
		break;
	case OPT_JSONL:
		d->search.jsonl = true;
		break;
	}
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_docs, argc, argv);
	struct docs d = { .search.limit = DOC_SEARCH_LIMIT, .format = { .id = "document", .fields = fields } };
	int id = 0, r;

	while (!o.status && (id = opts_next(&o)) > 0)
		take(&d, &o, id);
	if (o.status || id < 0)
		return o.status;
	d.link = link_new(c);
	r = docs(&d, &o);
	buf_fini(&d.text);
	link_free(d.link);
	return r;
}

const struct cmd cmd_docs = {
	.name = "docs",
	.brief = "list, show, search, remove and reindex documents",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat docs [ls] [--in COLLECTION] [--format TEXT] [-z] [--json]\n"
		"       ragchat docs show [--json | --original [-o FILE]] DOCUMENT\n"
		"       ragchat docs search [OPTIONS] TEXT...\n"
		"       ragchat docs rm [--json] DOCUMENT... | --in COLLECTION --all\n"
		"       ragchat docs reindex [--json] [DOCUMENT...]\n"
		"The documents that were uploaded into the daemon's own library: id, age, size,\n"
		"passages, collection, name. DOCUMENT is a name, an id or the beginning of an id.\n"
		"reindex makes the index of some, or of all, anew from the stored text.\n"
		"      --in COLLECTION     of show, rm and reindex, too: only these\n"
		"      --format TEXT   of ls, a line of your own: {id} {document} {name} {title}\n"
		"                      {collection} {bytes} {passages} {added}, and \\t\n"
		"  -z, --null          lines end with a NUL byte\n"
		"      --original      the file as it came (keep_originals = yes): to a pipe,\n"
		"  -o, --output FILE   or to this file, replacing it\n"
		"search finds passages, as `ragchat search` does:\n"
		"  -n, --number N      so many (10)\n"
		"  -t, --thread REF    the last turn of a thread weighs in\n"
		"      --by document   each document once; --by passage is the default\n"
		"      --jsonl         a line for each result\n"
		"      --json          {\"documents\": [...]}, {\"results\": [...]}, the document\n"
		"example: ragchat docs rm notes/old.md\n",
};
