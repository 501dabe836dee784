/* ragchat status: what the daemon says about itself. */
#include "client/cmd.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/status.h"
#include "common/json.h"
#include "common/mem.h"

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static void add_value(struct val v, struct buf *out)
{
	struct json_out w;
	const char *s;
	size_t n;

	if (val_str(v, &s, &n)) {
		filter_line(FILTER_TERMINAL, s, n, 4096, out);
	} else {
		json_out_init(&w, out);
		val_to_json(v, &w);
	}
}

static void add_pairs(struct val map, unsigned indent, struct buf *out)
{
	for (size_t i = 0; i < val_count(map); i++) {
		struct val value = val_at(map, i);
		const char *key;
		size_t n;

		if (!val_str(val_key_at(map, i), &key, &n))
			continue;
		(void)buf_addf(out, "%*s", (int)indent, "");
		/* Two levels are for reading; what lies deeper is for --json. */
		if (val_type(value) == VAL_MAP && indent == 0) {
			(void)buf_addf(out, "%.*s\n", (int)n, key);
			add_pairs(value, indent + 2, out);
			continue;
		}
		(void)buf_addf(out, "%-*.*s ", 18 - (int)indent, (int)n, key);
		add_value(value, out);
		(void)buf_add_byte(out, '\n');
	}
}

int status_print(struct client *c, bool json)
{
	struct link *l = link_new(c);
	struct buf out = { 0 };
	int r;

	(void)link_request(l, "status");
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else {
		if (json)
			pretty_val(l->msg.result, false, &out);
		else
			add_pairs(l->msg.result, 0, &out);
		r = out_text(&out, false);
	}
	buf_fini(&out);
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_status, argc, argv);
	bool json = false;

	return opts_simple(&o, &json, 0, 0) ? o.status : status_print(c, json);
}

const struct cmd cmd_status = {
	.name = "status",
	.brief = "show the daemon, its database, backend and work",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat status [--json]\n"
		"What the daemon says about itself: where it listens, what it uses, what it does.\n"
		"      --json          the same as one object\n"
		"example: ragchat status --json | jq .backend\n",
};
