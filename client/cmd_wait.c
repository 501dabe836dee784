/* ragchat wait: until an answer is over; its status is ours. */
#include "client/answer.h"
#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/view.h"
#include "common/clock.h"
#include "common/mem.h"

static const struct opt opts[] = {
	{ OPT_TIMEOUT, "timeout", "SECONDS" },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

struct waiting {
	const char *ref;
	uint64_t timeout_ms;
	bool json;
};

static int print(struct val turn, bool json)
{
	struct answer a;
	struct buf out = { 0 };
	char *id = val_get_text(turn, "turn");
	int status, r = 0;

	answer_init(&a, false);
	answer_begin(&a, id ? id : "", (uint64_t)val_get_int(turn, "length", 0));
	answer_take_end(&a, turn);
	status = answer_status(&a);
	if (json) {
		pretty_val(turn, false, &out);
		r = out_text(&out, false);
	}
	if (status)
		answer_say(&a, true, NULL);
	answer_fini(&a);
	mem_free(id);
	buf_fini(&out);
	return status ? status : r;
}

static int wait_for(struct link *l, const struct waiting *w)
{
	int r;

	pack_kv_text(link_request(l, "turn.wait"), "turn", w->ref);
	l->until_ms = w->timeout_ms ? clock_mono_ms() + w->timeout_ms : 0;
	r = link_call(l, LINK_PATIENT);
	if (r == LINK_E_TIMEOUT)
		return say_fail(STATUS_TIMEOUT,
			"not over within the time of --timeout; the answer goes on");
	if (r)
		return link_fail(l, r);
	return print(val_get(l->msg.result, "turn"), w->json);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_wait, argc, argv);
	struct waiting w = { .ref = "last" };
	struct link *l;
	int id, r;

	while (!o.status && (id = opts_next(&o)) > 0) {
		if (id == OPT_JSON)
			w.json = true;
		else if (view_seconds(o.value, &w.timeout_ms))
			opts_fail(&o, "--timeout is a number of seconds, not '%s'", o.value);
	}
	if (o.status || id < 0 || opts_count(&o, 1, 1))
		return o.status;
	w.ref = o.args[0];
	l = link_new(c);
	r = wait_for(l, &w);
	link_free(l);
	return r;
}

const struct cmd cmd_wait = {
	.name = "wait",
	.brief = "wait until an answer is over",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat wait [--timeout SECONDS] [--json] REF\n"
		"Ends with the status that `ragchat ask` would have had: 0 for a whole answer, 1 "
		"for\n"
		"one that failed or is cut. Ctrl-C only leaves: the answer goes on.\n"
		"      --timeout SECONDS   leave then, exit 124\n"
		"      --json          print the turn as an object\n"
		"example: id=$(ragchat ask -d 'sum it up') && ragchat wait $id && ragchat show "
		"$id\n",
};
