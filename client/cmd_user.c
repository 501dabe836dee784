/* ragchat user: accounts, for an admin; and what happened to them. */
#include <pwd.h>
#include <string.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/say.h"
#include "client/secret.h"
#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "proto/limits.h"

enum { OPT_PASSWORD_FD = OPT_OWN, OPT_UID, OPT_NO_UID, OPT_ROLE, OPT_FAILED };

static const struct opt opts[] = {
	{ OPT_PASSWORD_FD, "password-fd", "N" },
	{ OPT_UID, "uid", "N" },
	{ OPT_NO_UID, "no-uid", NULL },
	{ OPT_ROLE, "role", "user|admin" },
	{ OPT_FAILED, "failed", NULL },
	{ 'n', "number", "N" },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

struct user {
	struct link *link;
	struct opts *o;
	int fd;
	int64_t uid, number;
	bool no_uid, failed, json;
	const char *role;
};

static int call(struct user *u)
{
	int r = link_call(u->link, LINK_ONCE);

	link_forget(u->link);
	return r ? link_fail(u->link, r) : 0;
}

/* By default an account belongs to whom this machine knows by the same name. */
static int64_t uid_of(const struct user *u, const char *name)
{
	const struct passwd *pw = u->uid < 0 && !u->no_uid ? getpwnam(name) : NULL;

	return pw ? (int64_t)pw->pw_uid : u->uid;
}

static int add(struct user *u, const char *name)
{
	char *password = NULL;
	struct pack *p;
	int r = 0;

	if (u->fd >= 0 && !(password = secret_password(u->fd, "", false, &r)))
		return r;
	p = link_request(u->link, "account.add");
	link_is_secret(u->link);
	pack_kv_text(p, "name", name);
	pack_kv_int_opt(p, "uid", uid_of(u, name));
	pack_kv_text_opt(p, "role", u->role);
	pack_kv_text_opt(p, "password", password);
	secret_free(password);
	return call(u);
}

static int set_password(struct user *u, const char *name)
{
	char *prompt = mem_printf("New password of %s: ", name), *password;
	struct pack *p;
	int r;

	password = secret_password(u->fd, prompt, true, &r);
	mem_free(prompt);
	if (!password)
		return r;
	p = link_request(u->link, "account.passwd");
	link_is_secret(u->link);
	pack_kv_text(p, "account", name);
	pack_kv_text(p, "new", password);
	secret_free(password);
	return call(u);
}

static int take_out(struct user *u, char *const *names, size_t n)
{
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		int r;

		pack_kv_text(link_request(u->link, "account.remove"), "account", names[i]);
		r = call(u);
		status = status ? status : r;
	}
	return status;
}

static int set_role(struct user *u, const char *name, const char *role)
{
	struct pack *p = link_request(u->link, "account.role");

	pack_kv_text(p, "account", name);
	pack_kv_text(p, "role", role);
	return call(u);
}

/* ---- lists ---- */

static void add_account(struct rows *rows, struct val a)
{
	int64_t uid = val_get_int(a, "uid", -1);
	char number[24];

	(void)snprintf(number, sizeof(number), "%lld", (long long)uid);
	rows_text(rows, a, "account", 20);
	rows_text(rows, a, "role", 5);
	rows_word(rows, uid < 0 ? "-" : number, 10);
	rows_word(rows, val_get_bool(a, "password", false) ? "password" : "-", 8);
	rows_int(rows, val_get_int(a, "tokens", 0), 3);
	rows_int(rows, val_get_int(a, "threads", 0), 6);
	rows_age(rows, a, "seen");
	rows_end(rows);
}

static void add_record(struct rows *rows, struct val r)
{
	rows_text(rows, r, "at", 19);
	rows_word(rows, val_get_bool(r, "failed", false) ? "failed" : "", 6);
	rows_text(rows, r, "kind", 14);
	rows_text(rows, r, "account", 20);
	rows_text(rows, r, "by", 16);
	rows_int(rows, val_get_int(r, "uid", -1), 6);
	rows_text(rows, r, "detail", 0);
	rows_end(rows);
}

struct listing {
	struct rows rows;
	struct buf text;
	struct json_out w;
};

static void add_page(const struct user *u, struct listing *k, struct val list, bool records)
{
	for (size_t i = 0; i < val_count(list); i++) {
		if (u->json)
			val_to_json(val_at(list, i), &k->w);
		else if (records)
			add_record(&k->rows, val_at(list, i));
		else
			add_account(&k->rows, val_at(list, i));
	}
}

static int accounts(struct user *u, struct listing *k)
{
	char *next = NULL;
	int r;

	do {
		pack_kv_text_opt(link_request(u->link, "account.list"), "before", next);
		next = mem_free(next);
		r = call(u);
		if (r)
			return r;
		add_page(u, k, val_get(u->link->msg.result, "accounts"), false);
		next = val_get_text(u->link->msg.result, "next");
	} while (next);
	return 0;
}

static int records(struct user *u, struct listing *k, const char *account)
{
	int64_t next = -1, left = u->number;
	int r;

	do {
		struct pack *p = link_request(u->link, "record.list");

		pack_kv_int(p, "limit", min_of(left, LIMIT_PAGE));
		pack_kv_int_opt(p, "before", next);
		pack_kv_text_opt(p, "account", account);
		pack_kv_bool(p, "failed", u->failed);
		r = call(u);
		if (r)
			return r;
		add_page(u, k, val_get(u->link->msg.result, "records"), true);
		left -= (int64_t)val_count(val_get(u->link->msg.result, "records"));
		next = val_get_int(u->link->msg.result, "next", -1);
	} while (next >= 0 && left > 0);
	return 0;
}

static int list(struct user *u, bool log, const char *account)
{
	struct listing k = { .text = { 0 } };
	int r;

	rows_init(&k.rows);
	json_out_init(&k.w, &k.text);
	json_out_object(&k.w);
	json_out_key(&k.w, log ? "records" : "accounts");
	json_out_array(&k.w);
	r = log ? records(u, &k, account) : accounts(u, &k);
	json_out_array_end(&k.w);
	json_out_object_end(&k.w);
	(void)buf_add_byte(&k.text, '\n');
	if (!r)
		r = out_text(u->json ? &k.text : &k.rows.out, false);
	buf_fini(&k.text);
	buf_fini(&k.rows.out);
	return r;
}

/* ---- the command line ---- */

static int act(struct user *u)
{
	struct opts *o = u->o;
	const char *verb = o->nargs ? o->args[0] : "ls";

	if (!strcmp(verb, "ls") || !strcmp(verb, "list"))
		return opts_count(o, 0, 1) ? o->status : list(u, false, NULL);
	if (!strcmp(verb, "log"))
		return opts_count(o, 1, 2) ? o->status : list(u, true, o->nargs > 1 ? o->args[1] : NULL);
	if (!strcmp(verb, "add"))
		return opts_count(o, 2, 2) ? o->status : add(u, o->args[1]);
	if (!strcmp(verb, "rm"))
		return opts_count(o, 2, 1000) ? o->status : take_out(u, o->args + 1, o->nargs - 1);
	if (!strcmp(verb, "role"))
		return opts_count(o, 3, 3) ? o->status : set_role(u, o->args[1], o->args[2]);
	if (!strcmp(verb, "passwd"))
		return opts_count(o, 2, 2) ? o->status : set_password(u, o->args[1]);
	return opts_fail(o, "user does add, ls, rm, role, passwd and log, not '%s'", verb);
}

static int take_option(struct user *u, int id)
{
	const char *value = u->o->value;

	switch (id) {
	case OPT_PASSWORD_FD:
		return secret_fd(value, &u->fd) ? 0 : opts_fail(u->o, "--password-fd is the number of an open descriptor, not '%s'", value);
	case OPT_UID:
		return str_int(value, 0, UINT32_MAX - 1, &u->uid) == 0 ? 0 : opts_fail(u->o, "--uid is a number, not '%s'", value);
	case 'n':
		return str_int(value, 1, INT32_MAX, &u->number) == 0 ? 0 : opts_fail(u->o, "-n is a number from 1, not '%s'", value);
	case OPT_ROLE:
		u->role = value;
		return 0;
	case OPT_NO_UID:
		u->no_uid = true;
		return 0;
	case OPT_FAILED:
		u->failed = true;
		return 0;
	default:
		u->json = true;
		return 0;
	}
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_user, argc, argv);
	struct user u = { .o = &o, .fd = -1, .uid = -1, .number = 30 };
	int id, r;

	while ((id = opts_next(&o)) > 0)
		if (take_option(&u, id))
			return o.status;
	if (id < 0)
		return o.status;
	u.link = link_new(c);
	r = act(&u);
	link_free(u.link);
	return r;
}

const struct cmd cmd_user = {
	.name = "user",
	.brief = "accounts: add, list, remove, role, password, record",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat user [ls] [--json]\n"
		"       ragchat user add [--role user|admin] [--uid N | --no-uid] [--password-fd N] NAME\n"
		"       ragchat user rm NAME...\n"
		"       ragchat user role NAME user|admin\n"
		"       ragchat user passwd [--password-fd N] NAME\n"
		"       ragchat user log [-n N] [--failed] [--json] [NAME]\n"
		"For an admin. ls: name, role, uid, password, tokens, threads, last seen. rm takes all\n"
		"that the account owns. log: log-ins, failures and changes, the newest first.\n"
		"      --uid N             the account is this uid's (that of NAME on this machine)\n"
		"      --no-uid            it is no uid's\n"
		"      --role ROLE         user, or admin\n"
		"      --password-fd N     read the password from this descriptor, one line\n"
		"  -n, --number N          so many lines of the record (30)\n"
		"      --failed            only failures\n"
		"      --json              one object\n"
		"example: ragchat user add --role admin ann && ragchat user passwd ann\n",
};
