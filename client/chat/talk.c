/* A conversation: requests to the daemon, and answers followed with one ear at the keyboard. */
#include "client/chat/talk.h"

#include <unistd.h>

#include "client/link.h"
#include "client/say.h"
#include "client/termkey.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"

/* ---- requests ---- */

/* A daemon that has ended meanwhile is no reason for an error: there is another one, or one is started. */
struct pack *talk_request(struct talk *t, const char *method)
{
	if (!link_is_open(t->link))
		link_renew(t->link);
	return link_request(t->link, method);
}

static int lost(struct talk *t, bool *again, const struct link_wait *w)
{
	int r;

	if (*again)
		return LINK_E_LOST;
	*again = true;
	link_renew(t->link);
	r = link_again(t->link, w);
	if (r == LINK_OK)
		link_resend(t->link);
	return r;
}

int talk_call(struct talk *t, unsigned ms)
{
	struct link_wait w = { .signals = t->prompt.tty.poll_fd, .until_ms = clock_mono_ms() + ms };
	struct link *l = t->link;
	bool again = false;
	uint32_t id;
	int r;

	tty_watch(&t->prompt.tty);
	r = link_send(l, &id);
	while (r == LINK_OK) {
		switch (link_next(l, &w)) {
		case LINK_MESSAGE:
			if (link_is_reply(l, id))
				return link_take_error(l);
			break;
		case LINK_SIGNAL:
			if (tty_take(&t->prompt.tty)) {
				l->status = STATUS_CANCELLED;
				return LINK_E_STATUS;
			}
			break;
		case LINK_LOST:
			r = lost(t, &again, &w);
			break;
		case LINK_TIMEOUT:
			return LINK_E_TIMEOUT;
		case LINK_REFUSED:
			return LINK_E_STATUS;
		case LINK_OUTPUT:
			break;
		}
	}
	return r;
}

int talk_fail(struct talk *t, int result)
{
	return t->status = link_fail(t->link, result);
}

/* ---- answers ---- */

void talk_forget_turn(struct talk *t)
{
	t->turn[0] = t->hint[0] = '\0';
}

void talk_take_turn(struct talk *t, const char *turn, bool whole, bool sources)
{
	(void)snprintf(t->turn, sizeof(t->turn), "%s", turn);
	t->turn_whole = whole;
	t->turn_sources = sources;
	if (whole)
		(void)snprintf(t->hint, sizeof(t->hint), "%s/pdf  /retry  /rate up|down", sources ? "/sources  " : "");
	else
		(void)snprintf(t->hint, sizeof(t->hint), "/retry  /edit  /pdf");
}

void talk_set_thread(struct talk *t, const char *thread)
{
	mem_free(t->thread);
	t->thread = thread ? mem_dup(thread) : NULL;
}

void talk_blank_line(const struct talk *t)
{
	if (t->prompt.tty.keys)
		(void)fd_write_all(STDOUT_FILENO, "\n", 1);
}

static void follow_answer(struct talk *t)
{
	struct follow_ears ears = { .fd = t->prompt.tty.poll_fd, .take = tty_take, .ctx = &t->prompt.tty };
	struct follow_end end = { .whole = false };

	tty_watch(&t->prompt.tty);
	t->status = follow(&(struct follow_request){ .link = t->link,
		.view = &t->view,
		.own = true,
		.saved = true,
		.ears = &ears,
		.end = &end,
		.again = "/retry",
		.anew = true });
	talk_blank_line(t);
	if (end.thread[0])
		talk_set_thread(t, end.thread);
	if (end.turn[0])
		talk_take_turn(t, end.turn, end.whole, end.sources);
	/* Whoever read us has gone: there is nobody to ask for. */
	t->leaving = t->leaving || t->status == STATUS_PIPE || t->status == STATUS_OUTPUT;
}

static void pack_how(struct pack *p, const struct talk *t)
{
	char key[UUID_LEN + 1];

	uuid_v4(key);
	pack_kv_text(p, "key", key);
	pack_kv_bool(p, "stream", true);
	pack_kv_text_opt(p, "model", t->model);
}

static void pack_where(struct pack *p, const struct talk *t)
{
	char terminal[TERMKEY_LEN + 1];

	if (t->thread) {
		pack_kv_text(p, "thread", t->thread);
		pack_kv_bool(p, "create", !uuid_valid(t->thread));
	}
	if (termkey(terminal))
		pack_kv_text(p, "terminal", terminal);
}

static void pack_documents(struct pack *p, const struct talk *t)
{
	pack_kv_text_opt(p, "collection", t->collection);
	if (!t->ndocuments)
		return;
	pack_key(p, "documents");
	pack_array(p);
	for (size_t i = 0; i < t->ndocuments; i++)
		pack_text(p, t->documents[i]);
	pack_close(p);
}

void talk_ask(struct talk *t, const char *text, size_t n)
{
	struct pack *p = talk_request(t, "ask");

	pack_kv_str(p, "text", text, n);
	pack_how(p, t);
	pack_where(p, t);
	pack_kv_text_opt(p, "system", t->system);
	pack_documents(p, t);
	follow_answer(t);
}

void talk_retry(struct talk *t, const char *model)
{
	char *kept = t->model;
	struct pack *p = talk_request(t, "turn.retry");

	pack_kv_text(p, "turn", t->turn);
	t->model = model ? (char *)model : kept;
	pack_how(p, t);
	t->model = kept;
	follow_answer(t);
}

void talk_edit(struct talk *t, const char *text, size_t n)
{
	struct pack *p = talk_request(t, "turn.edit");

	pack_kv_text(p, "turn", t->turn);
	pack_kv_str(p, "text", text, n);
	pack_how(p, t);
	follow_answer(t);
}
