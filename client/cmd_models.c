/* ragchat models: what the backend offers. */
#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static int print(struct val result, bool json)
{
	struct val models = val_get(result, "models");
	struct buf out = { 0 };
	struct rows rows;
	int r;

	if (json) {
		pretty_val(result, false, &out);
		r = out_text(&out, false);
		buf_fini(&out);
		return r;
	}
	rows_init(&rows);
	for (size_t i = 0; i < val_count(models); i++) {
		struct val model = val_at(models, i);

		rows_word(&rows, val_get_bool(model, "default", false) ? "*" : " ", 1);
		rows_text(&rows, model, "id", 0);
		rows_text(&rows, model, "owned_by", 0);
		rows_end(&rows);
	}
	return rows_print(&rows);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_models, argc, argv);
	struct link *l;
	bool json = false;
	int r;

	if (opts_simple(&o, &json, 0, 0))
		return o.status;
	l = link_new(c);
	(void)link_request(l, "model.list");
	/* The backend's own time limits end this. */
	r = link_call(l, LINK_PATIENT);
	r = r ? link_fail(l, r) : print(l->msg.result, json);
	link_free(l);
	return r;
}

const struct cmd cmd_models = {
	.name = "models",
	.brief = "list the models of the backend",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat models [--json]\n"
		"One model a line; a star marks the configured one.\n"
		"      --json          {\"models\": [...]}\n"
		"example: ragchat ask -m \"$(ragchat models --json | jq -r '.models[0].id')\" "
		"'hello there'\n",
};
