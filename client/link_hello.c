/*
 * The first words of a connection: hello, what its reply says of the daemon and of us, and the token that
 * logs in between hello and the requests.
 */
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/link_in.h"
#include "client/say.h"
#include "client/secret.h"
#include "common/clock.h"
#include "proto/limits.h"

void link_hello(struct link *l)
{
	l->hello_waits = true;
	l->hello_until_ms = clock_mono_ms() + LINK_HELLO_MS;
	pack_hello(&l->out, LINK_HELLO_ID, "ragchat");
	l->gate = l->out.len;
	l->token = l->by_hand ? NULL : secret_token(l->path);
}

static void hello_instance(struct link *l, const char *s, size_t n)
{
	bool known = l->instance[0] != '\0';

	n = min_of(n, sizeof(l->instance) - 1);
	if (known && (strlen(l->instance) != n || memcmp(l->instance, s, n) != 0))
		l->restarted = true;
	memcpy(l->instance, s, n);
	l->instance[n] = '\0';
}

static void copy_text(struct val map, const char *key, char *to, size_t size)
{
	const char *s = "";
	size_t n = 0;

	(void)val_get_str(map, key, &s, &n);
	(void)snprintf(to, size, "%.*s", (int)n, s);
}

static void take_account(struct link *l)
{
	copy_text(l->msg.result, "account", l->account, sizeof(l->account));
	copy_text(l->msg.result, "role", l->role, sizeof(l->role));
}

/* Before the requests that wait: the hello in front of them has left. */
static void queue_token(struct link *l)
{
	struct buf out;
	struct pack p;

	buf_init(&out, l->out.max);
	pack_request(&p, &out, LINK_TOKEN_ID, "auth.token");
	pack_kv_text(&p, "token", l->token);
	(void)pack_end(&p);
	(void)buf_add(&out, l->out.data + l->out_at, l->out.len - l->out_at);
	buf_wipe(&l->out);
	l->out = out;
	l->out_at = 0;
	l->secret = l->token_waits = true;
}

static void take_auth(struct link *l)
{
	struct val auth = val_get(l->msg.result, "auth");

	l->must_log_in = val_str_is(val_get(auth, "state"), "required");
	l->may_log_in = val_count(val_get(auth, "methods")) > 0;
	l->uid = val_get_int(l->msg.result, "uid", -1);
	take_account(l);
	if (l->must_log_in && l->token)
		queue_token(l);
	l->token = secret_free(l->token);
}

int link_token_answered(struct link *l)
{
	l->token_waits = false;
	if (link_take_error(l) == LINK_E_REMOTE) {
		l->status = link_fail(l, LINK_E_REMOTE);
		if (l->status == STATUS_DENIED)
			say("log in again with `ragchat login`");
		return LINK_REFUSED;
	}
	take_account(l);
	return 0;
}

int link_hello_answered(struct link *l)
{
	const char *s = NULL;
	size_t n = 0;

	l->hello_waits = false;
	if (link_take_error(l) == LINK_E_REMOTE) {
		l->status = link_fail(l, LINK_E_REMOTE);
		return LINK_REFUSED;
	}
	l->protocol = val_get_int(l->msg.result, "protocol", 0);
	if (l->protocol != PROTO_VERSION)
		return link_refuse(l, "it answered hello with another version");
	if (val_get_str(l->msg.result, "instance", &s, &n))
		hello_instance(l, s, n);
	l->level = val_get_int(l->msg.result, "level", 0);
	if (val_get_str(l->msg.result, "version", &s, &n))
		(void)snprintf(l->version, sizeof(l->version), "%.*s", (int)n, s);
	l->greeted = true;
	take_auth(l);
	return 0;
}
