/* Calls: a request, its reply, and what is said when there is none. */
#include "client/link.h"

#include <poll.h>
#include <string.h>

#include "client/say.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/errors.h"

#define SHUTDOWN_MS 2000 /* how long a daemon that is leaving is waited out */

void link_error_fini(struct link_error *e)
{
	for (size_t i = 0; i < e->ncandidates; i++)
		mem_free(e->candidates[i]);
	mem_free(e->candidates);
	mem_free(e->name);
	mem_free(e->message);
	*e = (struct link_error){ .retry_ms = -1 };
}

static void take_candidates(struct link_error *e, struct val list)
{
	size_t cap = 0;

	for (size_t i = 0; i < val_count(list) && i < 20; i++) {
		char *id = val_get_text(val_at(list, i), "id");
		char *name = val_get_text(val_at(list, i), "name");

		e->candidates =
			mem_grow(e->candidates, &cap, e->ncandidates, sizeof(*e->candidates));
		e->candidates[e->ncandidates++] =
			mem_printf("%.13s  %s", id ? id : "?", name ? name : "");
		mem_free(id);
		mem_free(name);
	}
}

int link_take_error(struct link *l)
{
	struct val e = l->msg.error;

	if (val_type(e) != VAL_MAP)
		return LINK_OK;
	link_error_fini(&l->error);
	l->error.code = (int)val_get_int(e, "code", 0);
	l->error.name = val_get_text(e, "name");
	l->error.message = val_get_text(e, "message");
	l->error.retry_ms = val_get_int(e, "retry_ms", -1);
	take_candidates(&l->error, val_get(val_get(e, "data"), "candidates"));
	return LINK_E_REMOTE;
}

const char *link_culprit(const char *error_name)
{
	return error_name && !strncmp(error_name, "upstream", 8) ? "backend" : "daemon";
}

static int reply_once(struct link *l, uint32_t id, const struct link_wait *w)
{
	for (;;) {
		switch (link_next(l, w)) {
		case LINK_MESSAGE:
			if (link_is_reply(l, id))
				return link_take_error(l);
			if (l->other)
				l->other(l->other_ctx);
			break;
		case LINK_TIMEOUT:
			return LINK_E_TIMEOUT;
		case LINK_REFUSED:
			return LINK_E_STATUS;
		case LINK_LOST:
			return LINK_E_LOST;
		default:
			break;
		}
	}
}

int link_reply(struct link *l, uint32_t id, unsigned flags)
{
	struct link_wait w = { .signals = -1 };
	uint64_t leaving = 0;
	int tries = 3, r;

	w.until_ms = flags & LINK_PATIENT ? l->until_ms : clock_mono_ms() + LINK_CALL_MS;
	for (;;) {
		r = reply_once(l, id, &w);
		if (r == LINK_E_REMOTE && l->error.code == PROTO_E_SHUTTING_DOWN &&
			!(flags & LINK_ONCE)) {
			/*
			 * An idle daemon on its way out: a moment later there is none, or a new
			 * one.
			 */
			if (leaving && clock_mono_ms() >= leaving)
				return r;
			leaving = leaving ? leaving : clock_mono_ms() + SHUTDOWN_MS;
			l->greeted = false;
			(void)poll(NULL, 0, 100);
		} else if (r != LINK_E_LOST || (flags & LINK_ONCE) || --tries == 0) {
			return r;
		}
		r = link_again(l, &w);
		if (r)
			return r;
		if (l->again)
			l->again(l->other_ctx);
		else
			link_resend(l);
	}
}

int link_call(struct link *l, unsigned flags)
{
	uint32_t id;
	int r = link_send(l, &id);

	return r ? r : link_reply(l, id, flags);
}

static int fail_remote(const struct link_error *e)
{
	const char *text = e->message && *e->message ? e->message : proto_error_text(e->code);

	say_as(link_culprit(e->name), "%s", text);
	if (e->code == PROTO_E_UNAUTHENTICATED && !strcmp(text, proto_error_text(e->code)))
		say("`ragchat login` does");
	for (size_t i = 0; i < e->ncandidates; i++)
		say("it may be: %s", e->candidates[i]);
	return proto_error_exit(e->code);
}

int link_fail(struct link *l, int result)
{
	switch (result) {
	case LINK_E_REMOTE:
		return fail_remote(&l->error);
	case LINK_E_LOST:
		if (l->closing[0])
			return say_fail(
				STATUS_LATER, "the daemon closed the connection: %s", l->closing);
		return say_fail(STATUS_UNAVAILABLE, "the connection to the daemon was lost");
	case LINK_E_TIMEOUT:
		return say_fail(STATUS_UNAVAILABLE, "no reply of the daemon within %d s",
			LINK_CALL_MS / 1000);
	default:
		return l->status;
	}
}
