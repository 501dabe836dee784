/*
 * The seed's APP_USER and APP_PASSWORD at the start: they become a hash, once, and the password is
 * forgotten, in our environment too. What was changed since stays.
 */
#define LOG_TAG "auth"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/login.h"
#include "daemon/server.h"

struct import {
	bool arrived, any; /* any: somebody has a password */
	int r;
	char *why;
};

/* /proc/PID/environ shows the very bytes. */
static void forget(struct server *s)
{
	struct config *c = s->config;
	char *value = getenv("APP_PASSWORD");

	if (value)
		explicit_bzero(value, strlen(value));
	unsetenv("APP_PASSWORD");
	c->app_password = mem_wipe(c->app_password, strlen(c->app_password));
}

static void on_set(struct job *j)
{
	struct import *i = j->ctx;

	i->arrived = true;
	i->r = j->r;
	i->why = mem_dup(j->why);
	op_password_set_free(container_of(j, struct op_password_set, job));
}

static void wait_for(struct server *s, const struct import *i)
{
	while (!i->arrived)
		uv_run(&s->loop, UV_RUN_ONCE);
}

static int import(struct server *s)
{
	struct op_password_set *op = op_password_set_new();
	struct password_policy policy = login_policy(s);
	struct import i = { 0 };
	char hash[PASSWORD_HASH_MAX];
	int r = password_hash(s->config->app_password, &policy, hash);

	op->name = mem_dup(s->config->app_user);
	op->hash = mem_dup(hash);
	op->once = op->make = true;
	op->role = s->config->mode == MODE_USER ? ROLE_ADMIN : ROLE_USER;
	op->actor = (struct actor){ .name = mem_dup("APP_USER"), .uid = -1 };
	op->job.done = on_set;
	op->job.ctx = &i;
	explicit_bzero(hash, sizeof(hash));
	if (r != 0 || store_submit(s->store, STORE_WRITER, &op->job) != 0) {
		op_password_set_free(op);
		return -1;
	}
	wait_for(s, &i);
	if (i.r == 0)
		log_info("APP_USER and APP_PASSWORD are taken over as account %s; they are not needed any more", s->config->app_user);
	else if (i.r != STORE_E_CONFLICT)
		log_error("APP_USER is not taken over: %s", i.why ? i.why : "the database failed");
	mem_free(i.why);
	return i.r == STORE_E_CONFLICT ? 0 : i.r;
}

static void on_listed(struct job *j)
{
	struct op_account_list *op = container_of(j, struct op_account_list, job);
	struct import *i = j->ctx;

	for (size_t k = 0; k < op->n; k++)
		i->any |= op->rows[k].password;
	i->any |= op->more;
	i->arrived = true;
	op_account_list_free(op);
}

static bool somebody_has_a_password(struct server *s)
{
	struct op_account_list *op = op_account_list_new();
	struct import i = { 0 };

	op->limit = 200;
	op->job.done = on_listed;
	op->job.ctx = &i;
	if (store_submit(s->store, STORE_KEYED, &op->job) != 0) {
		op_account_list_free(op);
		return false;
	}
	wait_for(s, &i);
	return i.any;
}

int login_import(struct server *s)
{
	const struct config *c = s->config;

	if (c->app_user && c->app_password) {
		if (password_valid(c->app_password, strlen(c->app_password)) != 0)
			log_warn("APP_PASSWORD is no possible password, and is not taken over");
		else if (import(s) != 0)
			return 1;
		forget(s);
	}
	/* Root comes in anyway where the daemon is the machine's, and can set passwords. */
	if (c->auth == AUTH_PEER || c->mode == MODE_SYSTEM || somebody_has_a_password(s))
		return 0;
	fprintf(stderr, "ragchatd: no account has a password, so nobody could log in: set one with `ragchat passwd` while auth = peer, "
			"or start once with APP_USER and APP_PASSWORD\n");
	return EX_CONFIG;
}
