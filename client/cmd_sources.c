/* ragchat sources: what an answer cites. */
#include "client/answer.h"
#include "client/cmd.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static void add_source(struct val source, const struct marks *marks, struct buf *out)
{
	struct buf line = { 0 };
	const char *s;
	size_t n;

	source_line(source, marks, &line);
	filter_line(FILTER_TERMINAL, (const char *)line.data, line.len, 500, out);
	(void)buf_add_str(out, val_get_bool(source, "cited", true) ? "\n" : "  (not cited)\n");
	buf_fini(&line);
	if (!val_get_str(source, "quote", &s, &n) || !n)
		return;
	(void)buf_add_str(out, "    \"");
	filter_line(FILTER_TERMINAL, s, n, 2000, out);
	(void)buf_add_str(out, "\"\n");
}

static int print(struct val result, bool json)
{
	struct val list = val_get(result, "sources");
	struct marks marks = { .n = 0 };
	struct buf out = { 0 };
	int r;

	if (json)
		pretty_val(result, false, &out);
	marks_take(&marks, val_get(result, "marks"));
	for (size_t i = 0; !json && i < val_count(list); i++)
		add_source(val_at(list, i), &marks, &out);
	if (!json)
		stranger_lines(&marks, &out);
	marks_fini(&marks);
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_sources, argc, argv);
	struct link *l;
	bool json = false;
	int r;

	if (opts_simple(&o, &json, 0, 1))
		return o.status;
	l = link_new(c);
	pack_kv_text(link_request(l, "source.list"), "turn", o.nargs ? o.args[0] : "last");
	r = link_call(l, 0);
	r = r ? link_fail(l, r) : print(l->msg.result, json);
	link_free(l);
	return r;
}

const struct cmd cmd_sources = {
	.name = "sources",
	.brief = "list what an answer cites",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat sources [--json] [REF]\n"
		"The sources of the answer REF (the last one unless given): number, place, quote.\n"
		"      --json          {\"turn\": ID, \"sources\": [...]}\n"
		"example: ragchat sources --json | jq -r '.sources[].path'\n",
};
