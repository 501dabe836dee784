/* ragchat ls: the threads, the most recently active first. */
#include "client/cmd.h"
#include "client/format.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "proto/limits.h"

#define ROWS_DEFAULT 30

static const struct opt opts[] = {
	{ 'n', "number", "N" },
	FORMAT_OPTS,
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static const char *const fields[] = { "thread", "name", "turns", "created", "updated", "tags", "owner", "origin", NULL };

struct listing {
	int64_t left; /* rows still wanted */
	bool json;
	struct format format;
	struct rows rows;
	struct buf text;
	struct json_out w;
};

/* What others share is marked with whose it is. */
static void add_name(struct rows *rows, struct val thread)
{
	char *owner = val_get_text(thread, "owner"), *mark = owner ? mem_printf("(%s)", owner) : NULL;

	if (mark)
		rows_word(rows, mark, 0);
	rows_text(rows, thread, "name", 0);
	mem_free(mark);
	mem_free(owner);
}

static void add_page(struct listing *k, struct val threads)
{
	for (size_t i = 0; i < val_count(threads) && k->left > 0; i++, k->left--) {
		struct val thread = val_at(threads, i);

		if (k->json) {
			val_to_json(thread, &k->w);
			continue;
		}
		if (format_wanted(&k->format)) {
			format_row(&k->format, thread, &k->rows.out);
			continue;
		}
		rows_id(&k->rows, thread, "thread");
		rows_age(&k->rows, thread, "updated");
		rows_int(&k->rows, val_get_int(thread, "turns", 0), 4);
		add_name(&k->rows, thread);
		rows_end(&k->rows);
	}
}

static int list(struct link *l, struct listing *k)
{
	char *next = NULL;
	int r;

	do {
		struct pack *p = link_request(l, "thread.list");

		pack_kv_int(p, "limit", min_of(k->left, LIMIT_PAGE));
		pack_kv_text_opt(p, "before", next);
		mem_free(next);
		next = NULL;
		r = link_call(l, 0);
		if (r)
			return link_fail(l, r);
		add_page(k, val_get(l->msg.result, "threads"));
		next = val_get_text(l->msg.result, "next");
	} while (next && k->left > 0);
	mem_free(next);
	return 0;
}

static void begin(struct listing *k)
{
	rows_init(&k->rows);
	json_out_init(&k->w, &k->text);
	json_out_object(&k->w);
	json_out_key(&k->w, "threads");
	json_out_array(&k->w);
}

static int end(struct listing *k, int status)
{
	json_out_array_end(&k->w);
	json_out_object_end(&k->w);
	(void)buf_add_byte(&k->text, '\n');
	if (!status)
		status = k->json ? out_text(&k->text, false) : out_text(&k->rows.out, format_wanted(&k->format));
	buf_fini(&k->text);
	buf_fini(&k->rows.out);
	return status;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_ls, argc, argv);
	struct listing k = { .left = ROWS_DEFAULT, .format = { .id = "thread", .fields = fields } };
	struct link *l;
	int id, r;

	while (!o.status && (id = opts_next(&o)) > 0) {
		if (id == OPT_JSON)
			k.json = true;
		else if (!format_option(&k.format, &o, id) && str_int(o.value, 1, INT32_MAX, &k.left))
			opts_fail(&o, "-n is a number from 1, not '%s'", o.value);
	}
	if (o.status || id < 0 || opts_count(&o, 0, 0))
		return o.status;
	l = link_new(c);
	begin(&k);
	r = end(&k, list(l, &k));
	link_free(l);
	return r;
}

const struct cmd cmd_ls = {
	.name = "ls",
	.alias = "list",
	.brief = "list the threads",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat ls [-n N] [--format TEXT] [-z] [--json]\n"
		"One line a thread, the most recently active first: id, age, turns, name; those\n"
		"that others share with you have (OWNER) before the name.\n"
		"  -n, --number N      so many (30)\n"
		"      --format TEXT   a line of your own: {id} {thread} {name} {turns} {created}\n"
		"                      {updated} {tags} {owner} {origin}, and \\t\n"
		"  -z, --null          lines end with a NUL byte\n"
		"      --json          one object: {\"threads\": [...]}\n"
		"example: ragchat show $(ragchat ls -n 500 --format '{id}\\t{name}' | fzf | cut -f 1)\n",
};
