/* ragchat mv: another name for a thread. */
#include "client/cmd.h"
#include "client/link.h"
#include "client/pretty.h"
#include "client/rows.h"

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_mv, argc, argv);
	struct rows rows;
	bool json = false;
	struct link *l;
	struct pack *p;
	int r;

	if (opts_simple(&o, &json, 2, 2) < 0)
		return o.status;
	l = link_new(c);
	p = link_request(l, "thread.rename");
	pack_kv_text(p, "thread", o.args[0]);
	pack_kv_text(p, "name", o.args[1]);
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		r = pretty_print(l->msg.result);
	} else {
		rows_init(&rows);
		rows_id(&rows, val_get(l->msg.result, "thread"), "thread");
		rows_text(&rows, val_get(l->msg.result, "thread"), "name", 0);
		rows_end(&rows);
		r = rows_print(&rows);
	}
	link_free(l);
	return r;
}

const struct cmd cmd_mv = {
	.name = "mv",
	.alias = "rename",
	.brief = "give a thread another name",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat mv [--json] THREAD NAME\n"
		"Calls THREAD by another NAME; its id stays. Of several lines the first counts.\n"
		"      --json          {\"thread\": {...}}\n"
		"example: ragchat mv last 'shelves of the north wing'\n",
};
