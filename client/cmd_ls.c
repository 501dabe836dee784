/* ragchat ls: the threads, the most recently active first. */
#include "client/cmd.h"
#include "client/format.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/when.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "proto/limits.h"

#define ROWS_DEFAULT 30

enum { OPT_ALL = OPT_OWN, OPT_SINCE, OPT_UNTIL, OPT_TAG, OPT_STATUS, OPT_BEFORE };

static const struct opt opts[] = {
	{ 'n', "number", "N" },
	{ 'a', "all", NULL },
	{ OPT_SINCE, "since", "TIME" },
	{ OPT_UNTIL, "until", "TIME" },
	{ OPT_TAG, "tag", "TAG" },
	{ OPT_STATUS, "status", "STATUS" },
	{ OPT_BEFORE, "before", "PLACE" },
	FORMAT_OPTS,
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static const char *const fields[] = { "thread", "name", "turns", "created", "updated", "tags", "state", "owner", "origin", NULL };

struct listing {
	int64_t left; /* rows still wanted */
	bool json, cut;
	int64_t since_us, until_us; /* 0: no bound */
	const char *tag, *state, *within, *before; /* or NULL */
	char *next;
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

static void pack_time(struct pack *p, const char *key, int64_t us)
{
	char iso[CLOCK_ISO_LEN + 1];

	if (!us)
		return;
	clock_iso(us, iso);
	pack_kv_text(p, key, iso);
}

static void pack_filters(struct pack *p, const struct listing *k)
{
	pack_time(p, "since", k->since_us);
	pack_time(p, "until", k->until_us);
	pack_kv_text_opt(p, "tag", k->tag);
	pack_kv_text_opt(p, "text", k->within);
	pack_kv_text_opt(p, "state", k->state);
}

static int list(struct link *l, struct listing *k)
{
	int r;

	do {
		struct pack *p = link_request(l, "thread.list");

		pack_kv_int(p, "limit", min_of(k->left, LIMIT_PAGE));
		pack_kv_text_opt(p, "before", k->next ? k->next : k->before);
		pack_filters(p, k);
		k->next = mem_free(k->next);
		r = link_call(l, 0);
		if (r)
			return link_fail(l, r);
		add_page(k, val_get(l->msg.result, "threads"));
		k->cut = val_get_bool(l->msg.result, "cut", false);
		k->next = val_get_text(l->msg.result, "next");
	} while (k->next && k->left > 0);
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
	if (k->next) {
		json_out_key(&k->w, "next");
		json_out_str(&k->w, k->next);
	}
	json_out_object_end(&k->w);
	(void)buf_add_byte(&k->text, '\n');
	if (!status)
		status = k->json ? out_text(&k->text, false) : out_text(&k->rows.out, format_wanted(&k->format));
	buf_fini(&k->text);
	buf_fini(&k->rows.out);
	mem_free(k->next);
	return status;
}

static void take_time(int64_t *us, struct opts *o, const char *name)
{
	if (when_parse(o->value, us))
		opts_fail(o, "%s is an age as 7d or 12h, or a date, not '%s'", name, o->value);
}

static void take(struct listing *k, struct opts *o, int id)
{
	if (format_option(&k->format, o, id))
		return;
	switch (id) {
	case OPT_JSON:
		k->json = true;
		break;
	case 'a':
		k->left = INT64_MAX;
		break;
	case 'n':
		if (str_int(o->value, 1, INT32_MAX, &k->left))
			opts_fail(o, "-n is a number from 1, not '%s'", o->value);
		break;
	case OPT_SINCE:
		take_time(&k->since_us, o, "--since");
		break;
	case OPT_UNTIL:
		take_time(&k->until_us, o, "--until");
		break;
	case OPT_TAG:
		k->tag = o->value;
		break;
	case OPT_STATUS:
		k->state = o->value;
		break;
	case OPT_BEFORE:
		k->before = o->value;
		break;
	}
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_ls, argc, argv);
	struct listing k = { .left = ROWS_DEFAULT, .format = { .id = "thread", .fields = fields } };
	struct link *l;
	int id = 0, r;

	while (!o.status && (id = opts_next(&o)) > 0)
		take(&k, &o, id);
	if (o.status || id < 0 || opts_count(&o, 0, 1))
		return o.status;
	k.within = o.nargs ? o.args[0] : NULL;
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
	.help = "usage: ragchat ls [-n N | -a] [OPTIONS] [TEXT]\n"
		"One line a thread, the most recently active first: id, age, turns, name; those\n"
		"that others share with you have (OWNER) before the name. With TEXT those that have\n"
		"it in their names; `ragchat search` looks into what was said.\n"
		"  -n, --number N      so many (30)        -a, --all   all\n"
		"      --since TIME, --until TIME   last active then: 7d, 12h (ago), 2026-11-28\n"
		"      --tag TAG       with this tag\n"
		"      --status STATUS whose newest answer is running, done, failed, cancelled or\n"
		"                      interrupted\n"
		"      --before PLACE  go on behind an earlier page: its \"next\"\n"
		"      --format TEXT   a line of your own: {id} {thread} {name} {turns} {created}\n"
		"                      {updated} {tags} {state} {owner} {origin}, and \\t\n"
		"  -z, --null          lines end with a NUL byte\n"
		"      --json          one object: {\"threads\": [...], \"next\": PLACE}\n"
		"example: ragchat show $(ragchat ls -a --format '{id}\\t{name}' | fzf | cut -f 1)\n",
};
