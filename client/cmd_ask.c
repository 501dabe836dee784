/* ragchat ask: one question, one answer. The default command. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/compose.h"
#include "client/follow.h"
#include "client/link.h"
#include "client/option.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/termkey.h"
#include "client/text.h"
#include "client/upload.h"
#include "client/view.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	OPT_NO_STDIN = OPT_VIEW_LAST,
	OPT_NO_SAVE,
	OPT_SAVE,
	OPT_TITLE,
	OPT_TAG,
	OPT_DRY_RUN,
	OPT_IN,
	OPT_USE,
};

static const struct opt opts[] = {
	{ 'c', "continue", NULL },
	{ 't', "thread", "REF" },
	{ 'm', "model", "MODEL" },
	{ 's', "system", "TEXT|@FILE" },
	{ 'f', "file", "FILE" },
	{ 'a', "attach", "FILE" },
	{ 'd', "detach", NULL },
	{ 'O', "option", "KEY=VALUE" },
	{ OPT_TITLE, "title", "NAME" },
	{ OPT_TAG, "tag", "TAG" },
	{ OPT_IN, "in", "COLLECTION" },
	{ OPT_USE, "use", "DOCUMENT" },
	{ OPT_NO_STDIN, "no-stdin", NULL },
	{ OPT_NO_SAVE, "no-save", NULL },
	{ OPT_SAVE, "save", NULL },
	{ 'e', "editor", NULL },
	{ 'x', "extract", NULL },
	{ OPT_DRY_RUN, "dry-run", NULL },
	VIEW_OPTS,
	OPTS_END,
};

struct ask {
	struct view view;
	struct option_list files, attachments, options, tags, uses;
	const char *thread, *model, *title, *collection, *system_arg;
	char *system;
	char **documents; /* what the attachments are called, and those named by --use */
	bool away;        /* the attachments went to a backend: it cannot be told to keep to them */
	struct buf text;
	bool follow_on, no_stdin, detach, unsaved, dry_run, editor;
};

static bool flag(struct ask *k, int id)
{
	switch (id) {
	case 'c':
		k->follow_on = true;
		return true;
	case 'd':
		k->detach = true;
		return true;
	case OPT_NO_STDIN:
		k->no_stdin = true;
		return true;
	case OPT_NO_SAVE:
		k->unsaved = true;
		return true;
	case OPT_SAVE:
		k->unsaved = false;
		return true;
	case 'e':
		k->editor = true;
		return true;
	case 'x':
		k->view.extract = k->view.no_stream = k->view.raw = true;
		k->view.citations = CITATIONS_NONE;
		return true;
	case OPT_DRY_RUN:
		k->dry_run = true;
		return true;
	default:
		return false;
	}
}

static void value(struct ask *k, struct opts *o, int id)
{
	switch (id) {
	case 't':
		k->thread = o->value;
		break;
	case 'm':
		k->model = o->value;
		break;
	case 's':
		k->system_arg = o->value;
		break;
	case 'f':
		option_words(&k->files, o->value);
		break;
	case 'a':
		option_words(&k->attachments, o->value);
		break;
	case 'O':
		if (option_add(&k->options, o->value))
			opts_fail(o, "-O wants KEY=VALUE, not '%s'", o->value);
		break;
	case OPT_TITLE:
		k->title = o->value;
		break;
	case OPT_TAG:
		option_words(&k->tags, o->value);
		break;
	case OPT_IN:
		k->collection = o->value;
		break;
	case OPT_USE:
		option_words(&k->uses, o->value);
		break;
	}
}

/* What the environment says where the line says nothing. */
static void take_environment(struct ask *k)
{
	const char *model = getenv("RAGCHAT_MODEL"), *thread = getenv("RAGCHAT_THREAD");

	if (!k->model && model && *model)
		k->model = model;
	if (k->follow_on && !k->thread && thread && *thread) {
		k->thread = thread;
		k->follow_on = false;
	}
}

static int check(const struct ask *k, struct opts *o)
{
	if (k->unsaved && (k->follow_on || k->thread))
		return opts_fail(o, "--no-save keeps nothing, so it has no thread to go on with");
	if (k->view.extract && (k->view.mode != VIEW_TEXT || k->detach))
		return opts_fail(o, "-x prints code alone; it does not go with --json, --jsonl or -d");
	if (k->detach && (k->view.output || k->view.usage))
		return opts_fail(
			o, "-d prints only the id; `ragchat attach -o FILE` fetches the answer");
	return view_check(&k->view, o);
}

/* False: the line ends here, with o->status. */
static bool parse(struct ask *k, struct opts *o)
{
	int id = 0;

	while (!o->status && (id = opts_next(o)) > 0)
		if (!view_option(&k->view, o, id) && !flag(k, id))
			value(k, o, id);
	if (o->status || id < 0)
		return false;
	if (k->follow_on && k->thread)
		opts_fail(o, "-c continues the last thread, -t names one: take one of them");
	take_environment(k);
	return !o->status && check(k, o) == 0;
}

static void pack_words(struct pack *p, const char *key, const char *const *words, size_t n)
{
	if (!n)
		return;
	pack_key(p, key);
	pack_array(p);
	for (size_t i = 0; i < n; i++)
		pack_text(p, words[i]);
	pack_close(p);
}

static void pack_thread(struct pack *p, const struct ask *k)
{
	char terminal[TERMKEY_LEN + 1];

	if (k->thread) {
		pack_kv_text(p, "thread", k->thread);
		pack_kv_bool(p, "create", true);
	}
	if (k->follow_on)
		pack_kv_bool(p, "continue", true);
	if (!k->unsaved && termkey(terminal))
		pack_kv_text(p, "terminal", terminal);
}

static void pack_ask(struct pack *p, const struct ask *k)
{
	char key[UUID_LEN + 1];

	uuid_v4(key);
	pack_kv_str(p, "text", (const char *)k->text.data, k->text.len);
	pack_kv_text(p, "key", key);
	pack_thread(p, k);
	pack_kv_text_opt(p, "title", k->title);
	pack_words(p, "tags", k->tags.v, k->tags.n);
	pack_kv_text_opt(p, "system", k->system);
	pack_kv_text_opt(p, "model", k->model);
	pack_kv_text_opt(p, "collection", k->collection);
	option_pack(p, &k->options);
	if (k->unsaved)
		pack_kv_bool(p, "save", false);
	if (k->dry_run)
		pack_kv_bool(p, "dry_run", true);
	if (k->away)
		pack_words(p, "documents", (const char *const *)k->documents + k->attachments.n, k->uses.n);
	else
		pack_words(p, "documents", (const char *const *)k->documents, k->attachments.n + k->uses.n);
	if (view_is_json(&k->view) && !k->detach && !k->dry_run)
		pack_kv_bool(p, "passages", true);
	pack_kv_bool(p, "stream", !k->detach && !k->dry_run);
}

static void name_documents(struct ask *k)
{
	k->documents = mem_new((k->attachments.n + k->uses.n + 1) * sizeof(*k->documents));
	for (size_t i = 0; i < k->uses.n; i++)
		k->documents[k->attachments.n + i] = mem_dup(k->uses.v[i]);
	for (size_t i = 0; i < k->attachments.n; i++) {
		k->documents[i] = upload_name(k->attachments.v[i]);
		if (!k->documents[i])
			k->documents[i] = mem_dup(k->attachments.v[i]);
	}
}

/* -a: the documents go up first, under the names that the question then asks about. */
static int send_attachments(struct link *l, struct ask *k)
{
	struct progress progress;
	int r = 0;

	progress_start(&progress, !k->view.quiet && term_moves(STDERR_FILENO));
	for (size_t i = 0; !r && i < k->attachments.n; i++)
		r = upload_send(l, &progress, &(struct upload){ .path = k->attachments.v[i],
			.name = k->documents[i],
			.collection = k->collection }, &k->away);
	progress_clear(&progress);
	return r;
}

static void print_request(struct val result, const struct view *v)
{
	struct val notes = val_get(result, "notes");
	struct buf out = { 0 };
	const char *s;
	size_t n;

	for (size_t i = 0; i < val_count(notes); i++)
		if (val_str(val_at(notes, i), &s, &n))
			say_as("daemon", "%.*s", (int)n, s);
	/* Without a backend there is no request, and the note says so. */
	if (val_type(val_get(result, "request")) == VAL_MAP || v->mode != VIEW_TEXT)
		pretty_val(val_get(result, "request"), v->mode == VIEW_TEXT, &out);
	(void)out_text(&out, false);
	buf_fini(&out);
}

static int dry_run(struct link *l, const struct ask *k)
{
	int r = link_call(l, 0);

	if (r)
		return link_fail(l, r);
	print_request(l->msg.result, &k->view);
	return STATUS_OK;
}

static int send_question(struct link *l, const struct ask *k)
{
	struct pack *p = link_request(l, "ask");

	pack_ask(p, k);
	if (k->dry_run)
		return dry_run(l, k);
	if (k->detach)
		return follow_detached(l, &k->view);
	return follow(&(struct follow_request){
		.link = l, .view = &k->view, .own = true, .saved = !k->unsaved });
}

/* Everything that can be wrong on this side is found out before the daemon hears of it. */
static int ask(struct client *c, struct ask *k, const struct opts *o)
{
	struct question q = { .words = o->args,
		.nwords = o->nargs,
		.files = k->files.v,
		.nfiles = k->files.n,
		.no_stdin = k->no_stdin,
		.quiet = k->view.quiet };
	struct link *l;
	int r = 0;

	/* Without words the editor begins empty: a terminal's stdin is not waited for. */
	if (!k->editor || o->nargs || k->files.n || !isatty(STDIN_FILENO))
		r = question_read(&q, &k->text);
	if (!r && k->editor)
		r = compose(&k->text);
	if (!r && k->system_arg)
		k->system = text_or_file(k->system_arg, "the system prompt", &r);
	if (r)
		return r;
	name_documents(k);
	l = link_new(c);
	if (!k->dry_run)
		r = send_attachments(l, k);
	if (!r)
		r = send_question(l, k);
	link_free(l);
	return r;
}

static void ask_fini(struct ask *k)
{
	for (size_t i = 0; k->documents && i < k->attachments.n + k->uses.n; i++)
		mem_free(k->documents[i]);
	mem_free(k->documents);
	buf_fini(&k->text);
	mem_free(k->system);
	option_fini(&k->files);
	option_fini(&k->attachments);
	option_fini(&k->uses);
	option_fini(&k->options);
	option_fini(&k->tags);
}

static int run(struct client *c, int argc, char **argv)
{
	struct ask k = { .unsaved = false };
	struct opts o = opts_of(c, &cmd_ask, argc, argv);
	int r;

	r = parse(&k, &o) ? ask(c, &k, &o) : o.status;
	ask_fini(&k);
	return r;
}

const struct cmd cmd_ask = {
	.name = "ask",
	.brief = "ask a question and print the answer as it comes",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat [ask] [OPTIONS] [QUESTION...]\n"
		"  -c, --continue  go on with this terminal's last thread   -t, --thread REF\n"
		"  -m, --model MODEL   -s, --system TEXT|@FILE   -O, --option KEY=VALUE "
		"(sampling)\n"
		"  -f, --file FILE     put a text file into the question\n"
		"  -a, --attach FILE   upload a document first, then ask about it\n"
		"      --in COLLECTION, --use DOCUMENT   look only there; --use may come again\n"
		"  -e, --editor        write the question in $VISUAL or $EDITOR\n"
		"      --title NAME, --tag TAG   of a new thread\n"
		"      --no-save       keep nothing    --save   keep it\n"
		"  -o, --output FILE   the exact answer, named when it is complete\n"
		"      --json  one object at the end    --jsonl  events as they come, ids first\n"
		"  -x, --extract       the first code block alone   --no-stream  when complete\n"
		"      --citations inline|end|none   list the sources after the text, or not\n"
		"  -r, --raw  undrawn text   --width COLUMNS   --color auto|always|never\n"
		"      --raw-output    do not make control characters visible\n"
		"  -q, --quiet  no progress, no notices    -u, --usage  token counts on stderr\n"
		"  -d, --detach        print the id of the turn and leave; see attach, wait\n"
		"      --timeout SECONDS   then cancel, keep what came, exit 124\n"
		"      --dry-run       print the request, send nothing\n"
		"      --no-stdin      leave stdin alone;  - reads it from a terminal too\n"
		"Without a question stdin is the question, else it follows in a <stdin> block.\n"
		"example: git diff | ragchat -c 'what does this change break?'\n",
};
