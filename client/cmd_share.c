/* ragchat share: let another account, or the members of a group, read a thread; and no longer. */
#include <grp.h>
#include <inttypes.h>
#include <string.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/say.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

enum { OPT_LIST = OPT_OWN, OPT_REVOKE };

static const struct opt opts[] = {
	{ OPT_LIST, "list", NULL },
	{ OPT_REVOKE, "revoke", NULL },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

/* The daemon asks no name service: a group goes over the wire by its number. NULL: there is none. */
static char *wire_name(const char *with)
{
	const struct group *g;
	int64_t gid;

	if (with[0] != '@' || str_int(with + 1, 0, UINT32_MAX, &gid) == 0)
		return mem_dup(with);
	g = getgrnam(with + 1);
	return g ? mem_printf("@%lu", (unsigned long)g->gr_gid) : NULL;
}

/* The other way; a number that has no name here stays one. */
static char *people_name(const char *with)
{
	const struct group *g = NULL;
	int64_t gid;

	if (with[0] == '@' && str_int(with + 1, 0, UINT32_MAX - 1, &gid) == 0)
		g = getgrgid((gid_t)gid);
	return g ? mem_printf("@%s", g->gr_name) : mem_dup(with);
}

static int share(struct client *c, const char *ref, const char *with, bool revoke)
{
	char *name = wire_name(with);
	struct buf out = { 0 };
	struct link *l;
	struct pack *p;
	char *thread;
	int r;

	if (!name)
		return say_fail(STATUS_NOT_FOUND, "there is no group '%s'", with + 1);
	l = link_new(c);
	p = link_request(l, revoke ? "share.remove" : "share.add");
	pack_kv_text(p, "thread", ref);
	pack_kv_text(p, "with", name);
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else {
		thread = val_get_text(l->msg.result, "thread");
		(void)buf_addf(&out, "%.8s  %s %s\n", thread ? thread : "?",
			revoke ? "no longer shared with" : "shared with", with);
		mem_free(thread);
		r = out_text(&out, false);
	}
	link_free(l);
	buf_fini(&out);
	mem_free(name);
	return r;
}

static void print_share(struct rows *rows, struct val share)
{
	char *with = val_get_text(share, "with"), *name = people_name(with ? with : "?");

	rows_id(rows, share, "thread");
	rows_age(rows, share, "created");
	rows_word(rows, name, 16);
	rows_text(rows, share, "name", 0);
	rows_end(rows);
	mem_free(name);
	mem_free(with);
}

static int list(struct client *c, const char *ref, bool json)
{
	struct link *l = link_new(c);
	struct rows rows;
	struct val shares;
	int r;

	pack_kv_text_opt(link_request(l, "share.list"), "thread", ref);
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		r = pretty_print(l->msg.result);
	} else {
		rows_init(&rows);
		shares = val_get(l->msg.result, "shares");
		for (size_t i = 0; i < val_count(shares); i++)
			print_share(&rows, val_at(shares, i));
		r = rows_print(&rows);
	}
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_share, argc, argv);
	bool listed = false, revoke = false, json = false;
	int id;

	while ((id = opts_next(&o)) > 0) {
		listed |= id == OPT_LIST;
		revoke |= id == OPT_REVOKE;
		json |= id == OPT_JSON;
	}
	if (id < 0 || opts_count(&o, listed ? 0 : 2, listed ? 1 : 2))
		return o.status;
	if (listed && revoke)
		return opts_fail(&o, "--list and --revoke do not go together");
	if (json && !listed)
		return opts_fail(&o, "--json goes with --list");
	return listed ? list(c, o.nargs ? o.args[0] : NULL, json) : share(c, o.args[0], o.args[1], revoke);
}

const struct cmd cmd_share = {
	.name = "share",
	.brief = "let others on a shared daemon read a thread",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat share THREAD USER|@GROUP\n"
		"       ragchat share --revoke THREAD USER|@GROUP\n"
		"       ragchat share --list [--json] [THREAD]\n"
		"The other account, or each member of the group, can list, show, attach to and\n"
		"export the thread, and see the sources of its answers; nothing in it can be\n"
		"changed by them, and nothing else of yours is seen. It is for a daemon that\n"
		"serves several people.\n"
		"      --revoke        end it, at once, also for an answer they are reading now\n"
		"      --list          whom your threads, or THREAD, are shared with\n"
		"      --json          with --list, as one object\n"
		"example: ragchat share work @staff\n",
};
