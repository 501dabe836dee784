/* ragchat retry: ask the question of a turn again; both answers are kept. */
#include <stdlib.h>

#include "client/cmd.h"
#include "client/follow.h"
#include "client/link.h"
#include "client/option.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/view.h"
#include "common/mem.h"
#include "common/str.h"

static const struct opt opts[] = {
	{ 'm', "model", "MODEL" },
	{ 'O', "option", "KEY=VALUE" },
	{ 'd', "detach", NULL },
	VIEW_OPTS,
	OPTS_END,
};

struct retry {
	struct view view;
	struct option_list options;
	const char *model;
	bool detach;
};

static void pack_retry(struct link *l, const struct retry *k, const char *ref)
{
	struct pack *p = link_request(l, "turn.retry");
	char key[UUID_LEN + 1];

	uuid_v4(key);
	pack_kv_text(p, "turn", ref);
	pack_kv_text(p, "key", key);
	pack_kv_text_opt(p, "model", k->model);
	option_pack(p, &k->options);
	pack_kv_bool(p, "stream", !k->detach);
}

static int retry(struct client *c, const struct retry *k, const char *ref)
{
	struct link *l = link_new(c);
	int r;

	pack_retry(l, k, ref);
	r = k->detach ? follow_detached(l, &k->view)
		      : follow(&(struct follow_request){
				.link = l, .view = &k->view, .own = true, .saved = true });
	link_free(l);
	return r;
}

static void take(struct retry *k, struct opts *o, int id)
{
	if (id == 'm')
		k->model = o->value;
	else if (id == 'd')
		k->detach = true;
	else if (id == 'O' && option_add(&k->options, o->value))
		opts_fail(o, "-O wants KEY=VALUE, not '%s'", o->value);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_retry, argc, argv);
	struct retry k = { .model = getenv("RAGCHAT_MODEL") };
	int id, r;

	k.model = k.model && *k.model ? k.model : NULL;
	while (!o.status && (id = opts_next(&o)) > 0)
		if (!view_option(&k.view, &o, id))
			take(&k, &o, id);
	if (o.status || id < 0 || opts_count(&o, 0, 1) || view_check(&k.view, &o))
		r = o.status;
	else
		r = retry(c, &k, o.nargs ? o.args[0] : "last");
	option_fini(&k.options);
	return r;
}

const struct cmd cmd_retry = {
	.name = "retry",
	.brief = "ask the question of a turn again, keep both answers",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat retry [OPTIONS] [REF]\n"
		"Asks the question of the turn REF (`last` unless given) again, in its thread.\n"
		"  -m, --model MODEL   another model\n"
		"  -O, --option KEY=VALUE   a sampling option; may be given again\n"
		"  -d, --detach        print the id of the new turn and leave\n"
		"  -o, --output FILE   -r, --raw   -q, --quiet   -u, --usage   --no-stream\n"
		"      --json  --jsonl  --timeout SECONDS  --citations inline|end|none\n"
		"      --color auto|always|never  --width COLUMNS  --raw-output\n"
		"                      as in `ragchat ask --help`\n"
		"example: ragchat retry -m larger-model last\n",
};
