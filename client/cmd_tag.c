/* ragchat tag: tags of a thread listed, added, taken off. */
#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/say.h"

enum { OPT_CLEAR = OPT_OWN };

static const struct opt opts[] = {
	{ 'd', "delete", NULL },
	{ OPT_CLEAR, "clear", NULL },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static void pack_words(struct pack *p, const char *key, char *const *words, size_t n)
{
	pack_key(p, key);
	pack_array(p);
	for (size_t i = 0; i < n; i++)
		pack_text(p, words[i]);
	pack_close(p);
}

static int print(struct val thread)
{
	struct val tags = val_get(thread, "tags");
	struct rows rows;
	const char *s;
	size_t n;

	rows_init(&rows);
	for (size_t i = 0; i < val_count(tags); i++) {
		if (!val_str(val_at(tags, i), &s, &n))
			continue;
		rows_words(&rows, s, n, 0);
		rows_end(&rows);
	}
	return rows_print(&rows);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_tag, argc, argv);
	bool off = false, clear = false, json = false, only_look;
	struct link *l;
	struct pack *p;
	int id, r;

	while ((id = opts_next(&o)) > 0) {
		off |= id == 'd';
		clear |= id == OPT_CLEAR;
		json |= id == OPT_JSON;
	}
	if (id < 0 || opts_count(&o, off ? 2 : 1, clear ? 1 : SIZE_MAX))
		return o.status;
	if (clear && off)
		return opts_fail(&o, "--clear takes all tags off, -d some: take one of them");
	only_look = o.nargs == 1 && !clear;
	l = link_new(c);
	p = link_request(l, only_look ? "thread.get" : "tag.set");
	pack_kv_text(p, "thread", o.args[0]);
	if (!only_look)
		pack_words(p, clear ? "tags" : off ? "remove" : "add", o.args + 1, o.nargs - 1);
	r = link_call(l, 0);
	if (r)
		r = link_fail(l, r);
	else
		r = json ? pretty_print(l->msg.result) : print(val_get(l->msg.result, "thread"));
	link_free(l);
	return r;
}

const struct cmd cmd_tag = {
	.name = "tag",
	.brief = "tag a thread, take tags off, list them",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat tag [--json] THREAD [TAG...]\n"
		"       ragchat tag -d THREAD TAG...\n"
		"       ragchat tag --clear THREAD\n"
		"Adds the TAGs to THREAD and prints all that it has now, one a line.\n"
		"  -d, --delete        take these off instead\n"
		"      --clear         take all off\n"
		"      --json          {\"thread\": {...}}\n"
		"example: ragchat tag last work urgent\n",
};
