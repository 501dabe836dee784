/* ragchat retry: ask the question of a turn again; both answers are kept. */
#include "client/again.h"
#include "client/cmd.h"
#include "client/link.h"

static const struct opt opts[] = {
	AGAIN_OPTS,
	OPTS_END,
};

static int retry(struct client *c, struct again *k, const char *ref)
{
	struct link *l = link_new(c);
	struct pack *p = link_request(l, "turn.retry");
	int r;

	pack_kv_text(p, "turn", ref);
	r = again_follow(l, k, p);
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_retry, argc, argv);
	struct again k;
	int id, r;

	again_init(&k);
	while (!o.status && (id = opts_next(&o)) > 0)
		(void)again_option(&k, &o, id);
	if (o.status || id < 0 || opts_count(&o, 0, 1) || view_check(&k.view, &o))
		r = o.status;
	else
		r = retry(c, &k, o.nargs ? o.args[0] : "last");
	again_fini(&k);
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
