/* ragchat token: the own tokens. */
#include <string.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/say.h"
#include "client/secret.h"
#include "common/mem.h"
#include "common/str.h"

enum { OPT_LABEL = OPT_OWN, OPT_DAYS, OPT_PORTABLE, OPT_ALL };

static const struct opt opts[] = {
	{ OPT_LABEL, "label", "TEXT" },
	{ OPT_DAYS, "days", "N" },
	{ OPT_PORTABLE, "portable", NULL },
	{ OPT_ALL, "all", NULL },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

struct token {
	struct link *link;
	struct opts *o;
	const char *label;
	int64_t days;
	bool portable, all, json;
};

static int call(struct token *t)
{
	int r = link_call(t->link, LINK_ONCE);

	return r ? link_fail(t->link, r) : 0;
}

/* Shown this once: nobody can tell it again. */
static int create(struct token *t)
{
	struct pack *p = link_request(t->link, "token.create");
	struct buf out = { 0 };
	char *token;
	int r;

	pack_kv_text_opt(p, "label", t->label);
	if (t->days)
		pack_kv_int(p, "ttl_s", t->days * 24 * 3600);
	pack_kv_bool(p, "portable", t->portable);
	r = call(t);
	if (r)
		return r;
	if (t->json) {
		pretty_val(t->link->msg.result, false, &out);
	} else {
		token = val_get_text(t->link->msg.result, "token");
		(void)buf_addf(&out, "%s\n", token ? token : "");
		secret_free(token);
	}
	r = out_text(&out, false);
	buf_wipe(&out);
	return r;
}

static void add(struct rows *rows, struct val k)
{
	rows_text(rows, k, "id", 8);
	rows_age(rows, k, "used");
	rows_text(rows, k, "expires", 10);
	rows_word(rows, val_get_bool(k, "portable", false) ? "portable" : "", 8);
	rows_word(rows, val_get_bool(k, "current", false) ? "*" : "", 1);
	rows_text(rows, k, "label", 0);
	rows_end(rows);
}

static int list(struct token *t)
{
	struct buf out = { 0 };
	struct rows rows;
	struct val tokens;
	int r;

	(void)link_request(t->link, "token.list");
	r = call(t);
	if (r)
		return r;
	tokens = val_get(t->link->msg.result, "tokens");
	rows_init(&rows);
	for (size_t i = 0; i < val_count(tokens); i++)
		add(&rows, val_at(tokens, i));
	if (t->json)
		pretty_val(t->link->msg.result, false, &out);
	r = out_text(t->json ? &out : &rows.out, false);
	buf_fini(&out);
	buf_fini(&rows.out);
	return r;
}

static int revoke(struct token *t, const char *id)
{
	struct pack *p = link_request(t->link, "token.revoke");

	pack_kv_text_opt(p, "id", id);
	pack_kv_bool(p, "all", !id);
	return call(t);
}

static int act(struct token *t)
{
	struct opts *o = t->o;
	const char *verb = o->nargs ? o->args[0] : "ls";

	if (!strcmp(verb, "ls") || !strcmp(verb, "list"))
		return opts_count(o, 0, 1) ? o->status : list(t);
	if (!strcmp(verb, "create"))
		return opts_count(o, 1, 1) ? o->status : create(t);
	if (!strcmp(verb, "revoke"))
		return opts_count(o, t->all ? 1 : 2, t->all ? 1 : 2) ? o->status : revoke(t, t->all ? NULL : o->args[1]);
	return opts_fail(o, "token does create, ls and revoke, not '%s'", verb);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_token, argc, argv);
	struct token t = { .o = &o };
	int id, r;

	while ((id = opts_next(&o)) > 0) {
		if (id == OPT_LABEL)
			t.label = o.value;
		else if (id == OPT_DAYS && str_int(o.value, 1, 366, &t.days) != 0)
			return opts_fail(&o, "--days is a number from 1 to 366, not '%s'", o.value);
		t.portable |= id == OPT_PORTABLE;
		t.all |= id == OPT_ALL;
		t.json |= id == OPT_JSON;
	}
	if (id < 0)
		return o.status;
	t.link = link_new(c);
	r = act(&t);
	link_free(t.link);
	return r;
}

const struct cmd cmd_token = {
	.name = "token",
	.brief = "make, list and revoke tokens",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat token [ls] [--json]\n"
		"       ragchat token create [--label TEXT] [--days N] [--portable] [--json]\n"
		"       ragchat token revoke ID | --all\n"
		"A token logs in without a password: id, last use, end, label. create prints it once;\n"
		"only your uid can use it, unless it is portable.\n"
		"      --label TEXT    what it is for\n"
		"      --days N        how long it holds (90)\n"
		"      --portable      any uid that may connect can use it\n"
		"      --all           revoke all of them\n"
		"      --json          one object\n"
		"example: ragchat token create --label backup --days 30\n",
};
