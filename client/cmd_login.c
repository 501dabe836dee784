/* ragchat login, logout, whoami, passwd: the own account. */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "client/secret.h"
#include "common/json.h"
#include "common/mem.h"

enum { OPT_PASSWORD_FD = OPT_OWN };

static const struct opt fd_opts[] = {
	{ OPT_PASSWORD_FD, "password-fd", "N" },
	OPTS_END,
};

static const struct opt json_opts[] = {
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

/* The only option is --password-fd: arguments are complete with 0. */
static int read_fd_option(struct opts *o, int *fd, size_t max)
{
	int id;

	*fd = -1;
	while ((id = opts_next(o)) > 0)
		if (!secret_fd(o->value, fd))
			return opts_fail(o, "--password-fd is the number of an open descriptor, not '%s'", o->value);
	return id < 0 || opts_count(o, 0, max) ? -1 : 0;
}

/* Connects, and hears how the daemon wants to be spoken to. */
static int meet(struct link *l)
{
	int r;

	(void)link_request(l, "ping");
	r = link_call(l, 0);
	return r ? link_fail(l, r) : 0;
}

/* A token for the commands to come, kept. */
static int keep_token(struct link *l)
{
	char host[64] = "", *token;
	struct pack *p;
	int r;

	(void)gethostname(host, sizeof(host) - 1);
	p = link_request(l, "token.create");
	pack_kv_text(p, "label", host[0] ? host : "ragchat login");
	r = link_call(l, LINK_ONCE);
	if (r)
		return link_fail(l, r);
	token = val_get_text(l->msg.result, "token");
	r = token ? secret_token_keep(l->path, token) : say_fail(STATUS_PROTOCOL, "the daemon sent no token");
	secret_free(token);
	return r;
}

static int log_in(struct link *l, const char *account, int fd)
{
	char *prompt = mem_printf("Password of %s: ", account), *password;
	struct pack *p;
	int r;

	password = secret_password(fd, prompt, false, &r);
	mem_free(prompt);
	if (!password)
		return r;
	p = link_request(l, "auth.password");
	link_is_secret(l);
	pack_kv_text(p, "account", account);
	pack_kv_text(p, "password", password);
	secret_free(password);
	r = link_call(l, LINK_ONCE);
	link_forget(l);
	if (r)
		return link_fail(l, r);
	r = keep_token(l);
	if (!r && l->client->verbose)
		say("logged in as %s", account);
	return r;
}

static int run_login(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_login, argc, argv);
	const struct passwd *me = getpwuid(geteuid());
	const char *account;
	struct link *l;
	int fd, r;

	if (read_fd_option(&o, &fd, 1))
		return o.status;
	account = o.nargs ? o.args[0] : me ? me->pw_name : NULL;
	l = link_new(c);
	l->by_hand = true;
	r = meet(l);
	if (!r && !l->must_log_in)
		say("there is nothing to log in to: the daemon knows you as '%s'", l->account);
	else if (!r && !account)
		r = opts_fail(&o, "name the account: your uid has no log-in name");
	else if (!r)
		r = log_in(l, account, fd);
	link_free(l);
	return r;
}

const struct cmd cmd_login = {
	.name = "login",
	.brief = "log in with a password, and keep a token",
	.opts = fd_opts,
	.run = run_login,
	.help = "usage: ragchat login [--password-fd N] [ACCOUNT]\n"
		"Where the daemon wants more than your uid: asks for the password of ACCOUNT (your log-in\n"
		"name) and keeps a token for the commands to come, readable by you alone.\n"
		"      --password-fd N     read the password from this descriptor, one line; else from\n"
		"                          the credential ragchat-password, else from the terminal\n"
		"example: ragchat login ann\n",
};

/* The token we came by, by its id; NULL: none. malloc'd. */
static char *current_token(struct link *l)
{
	struct val tokens;

	(void)link_request(l, "token.list");
	if (link_call(l, 0))
		return NULL;
	tokens = val_get(l->msg.result, "tokens");
	for (size_t i = 0; i < val_count(tokens); i++)
		if (val_get_bool(val_at(tokens, i), "current", false))
			return val_get_text(val_at(tokens, i), "id");
	return NULL;
}

static int run_logout(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_logout, argc, argv);
	bool none = false;
	struct link *l;
	char *id = NULL;
	int r;

	if (opts_simple(&o, &none, 0, 0))
		return o.status;
	l = link_new(c);
	r = meet(l);
	if (!r && !l->must_log_in) {
		r = say_fail(STATUS_OK, "there is nothing to log out of: the daemon knows you as '%s'", l->account);
	} else if (!r && (id = current_token(l))) {
		pack_kv_text(link_request(l, "token.revoke"), "id", id);
		r = link_call(l, LINK_ONCE);
		r = r ? link_fail(l, r) : 0;
	}
	if (l->path)
		secret_token_forget(l->path); /* also one that the daemon no longer takes */
	mem_free(id);
	link_free(l);
	return r;
}

const struct cmd cmd_logout = {
	.name = "logout",
	.brief = "revoke the token that login kept",
	.run = run_logout,
	.help = "usage: ragchat logout\n"
		"Revokes the token that `ragchat login` kept, and removes it.\n"
		"example: ragchat logout\n",
};

static int print_account(struct link *l, bool json)
{
	struct buf out = { 0 };
	struct json_out w;
	int r;

	if (!json) {
		(void)buf_addf(&out, "%s (%s, uid %lld, by %s)\n", l->account, l->role, (long long)l->uid, l->must_log_in ? "token" : "uid");
	} else {
		json_out_init(&w, &out);
		json_out_object(&w);
		json_out_key(&w, "account");
		json_out_str(&w, l->account);
		json_out_key(&w, "role");
		json_out_str(&w, l->role);
		json_out_key(&w, "uid");
		json_out_int(&w, l->uid);
		json_out_key(&w, "by");
		json_out_str(&w, l->must_log_in ? "token" : "uid");
		json_out_object_end(&w);
		(void)buf_add_byte(&out, '\n');
	}
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

static int run_whoami(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_whoami, argc, argv);
	bool json = false;
	struct link *l;
	int r;

	if (opts_simple(&o, &json, 0, 0))
		return o.status;
	l = link_new(c);
	r = meet(l);
	if (!r && l->account[0])
		r = print_account(l, json);
	else if (!r)
		r = say_fail(STATUS_DENIED, "you are not logged in; `ragchat login` does");
	link_free(l);
	return r;
}

const struct cmd cmd_whoami = {
	.name = "whoami",
	.brief = "print the account, its role and why",
	.opts = json_opts,
	.run = run_whoami,
	.help = "usage: ragchat whoami [--json]\n"
		"The account that the daemon takes you for, its role, your uid, and what tells.\n"
		"      --json          {\"account\", \"role\", \"uid\", \"by\"}\n"
		"example: ragchat whoami\n",
};

/* ---- passwd ---- */

static int set_password(struct link *l, char *old, char *fresh)
{
	struct pack *p = link_request(l, "auth.passwd");
	int r;

	link_is_secret(l);
	pack_kv_text_opt(p, "old", old);
	pack_kv_text(p, "new", fresh);
	r = link_call(l, LINK_ONCE);
	link_forget(l);
	if (r)
		return link_fail(l, r);
	/* The tokens ended with the password; this connection goes on. */
	return l->must_log_in ? keep_token(l) : 0;
}

/* From a descriptor: the old one and the new one, a line each. */
static int run_passwd(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_passwd, argc, argv);
	char *old = NULL, *fresh = NULL;
	bool has_one;
	struct link *l;
	int fd, r;

	if (read_fd_option(&o, &fd, 0))
		return o.status;
	l = link_new(c);
	r = meet(l);
	if (!r && !l->account[0])
		r = say_fail(STATUS_DENIED, "log in first: `ragchat login`");
	if (!r) {
		(void)link_request(l, "account.self");
		r = link_call(l, 0);
		r = r ? link_fail(l, r) : 0;
	}
	has_one = !r && val_get_bool(l->msg.result, "password", false);
	if (!r && has_one)
		old = secret_password(fd, "Old password: ", false, &r);
	if (!r)
		fresh = secret_password(fd, "New password: ", fd < 0, &r);
	if (!r)
		r = set_password(l, old, fresh);
	secret_free(old);
	secret_free(fresh);
	link_free(l);
	return r;
}

const struct cmd cmd_passwd = {
	.name = "passwd",
	.brief = "set the own password",
	.opts = fd_opts,
	.run = run_passwd,
	.help = "usage: ragchat passwd [--password-fd N]\n"
		"Asks for the old password, if there is one, and twice for the new. All tokens of the\n"
		"account end; the one kept here is made anew.\n"
		"      --password-fd N     read both from this descriptor, a line each\n"
		"example: ragchat passwd\n",
};
