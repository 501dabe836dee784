/* ragchat cancel: stop an answer that is being made; what came is kept. */
#include <string.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/say.h"
#include "common/mem.h"

enum { OPT_ALL = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_ALL, "all", NULL },
	OPTS_END,
};

static int cancel(struct link *l, const char *ref, struct buf *out)
{
	char *turn, *state;
	int r;

	pack_kv_text(link_request(l, "cancel"), "turn", ref);
	r = link_call(l, 0);
	if (r)
		return link_fail(l, r);
	turn = val_get_text(l->msg.result, "turn");
	state = val_get_text(l->msg.result, "state");
	(void)buf_addf(out, "%.8s  %s\n", turn ? turn : "?", state ? state : "?");
	mem_free(turn);
	mem_free(state);
	return 0;
}

/* The ids are copied first: they die with the next message. */
static int cancel_all(struct link *l, struct buf *out)
{
	struct val turns;
	char **ids;
	size_t n;
	int r;

	pack_kv_bool(link_request(l, "turn.list"), "live", true);
	r = link_call(l, 0);
	if (r)
		return link_fail(l, r);
	turns = val_get(l->msg.result, "turns");
	n = val_count(turns);
	ids = mem_new((n + 1) * sizeof(*ids));
	for (size_t i = 0; i < n; i++)
		ids[i] = val_get_text(val_at(turns, i), "turn");
	for (size_t i = 0; i < n; i++) {
		int one = ids[i] ? cancel(l, ids[i], out) : 0;

		r = r ? r : one;
		mem_free(ids[i]);
	}
	mem_free(ids);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_cancel, argc, argv);
	struct buf out = { 0 };
	struct link *l;
	bool all = false;
	int id, r;

	while ((id = opts_next(&o)) > 0)
		all = true;
	if (id < 0 || opts_count(&o, all ? 0 : 1, all ? 0 : 1))
		return o.status;
	l = link_new(c);
	r = all ? cancel_all(l, &out) : cancel(l, o.args[0], &out);
	link_free(l);
	id = out_text(&out, false);
	buf_fini(&out);
	return r ? r : id;
}

const struct cmd cmd_cancel = {
	.name = "cancel",
	.brief = "stop an answer, keep what came",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat cancel REF\n"
		"       ragchat cancel --all\n"
		"Stops the running or waiting answer REF and prints its id and state. One that is\n"
		"over already stays as it is.\n"
		"      --all           every running and waiting answer\n"
		"example: ragchat cancel 3f2a1b2c\n",
};
