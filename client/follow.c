/*
 * Following one answer. One loop takes what comes next: a message, a signal, the end of a time, a
 * lost connection, a gone reader. Until the reply of the request there is no turn; from then on
 * there is, and whatever happens here, it goes on in the daemon unless it is cancelled.
 */
#include "client/follow.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/pretty.h"
#include "client/print.h"
#include "client/say.h"
#include "client/signals.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/errors.h"

#define CANCEL_MS 2000 /* how long a cancelled answer's end is waited for */
#define SAME_MS 1000   /* how long the same daemon is waited for where another one will do */

struct follow {
	const struct follow_request *req;
	struct link *link;
	struct print print;
	struct answer answer;
	uint32_t request_id; /* 0: its reply has come */
	uint32_t attach_id;  /* after a lost connection */
	uint64_t deadline;   /* of --timeout, 0: none */
	uint64_t give_up;    /* while cancelling: when not to wait any longer */
	int why;             /* while cancelling: STATUS_CANCELLED or STATUS_TIMEOUT */
	bool cancel_sent;
	bool over;
	int status; /* once over; < 0: that of the answer */
};

static void end_with(struct follow *f, int status)
{
	f->over = true;
	f->status = status;
}

/* ---- cancelling ---- */

static void send_cancel(struct follow *f)
{
	uint32_t id;

	if (f->cancel_sent || !f->answer.turn[0])
		return;
	pack_kv_text(link_request(f->link, "cancel"), "turn", f->answer.turn);
	f->cancel_sent = link_send(f->link, &id) == LINK_OK;
}

static void stop(struct follow *f, int why)
{
	if (!f->req->own) {
		if (why == STATUS_TIMEOUT)
			say("not over within the time of --timeout; the answer goes on");
		end_with(f, why);
		return;
	}
	if (f->give_up)
		return;
	f->why = why;
	f->give_up = clock_mono_ms() + CANCEL_MS;
	send_cancel(f);
}

static int take_signal(const struct follow *f)
{
	const struct follow_ears *ears = f->req->ears;

	return ears ? ears->take(ears->ctx) : signals_take();
}

static int signal_fd(const struct follow *f)
{
	return f->req->ears ? f->req->ears->fd : signals_watch();
}

static void on_signal(struct follow *f)
{
	int number = take_signal(f);

	if (number == SIGINT)
		stop(f, STATUS_CANCELLED);
	else if (number)
		end_with(f, 128 + number);
}

/* ---- messages ---- */

static void on_accepted(struct follow *f, struct val reply)
{
	char *turn = val_get_text(reply, "turn"), *thread = val_get_text(reply, "thread");

	f->request_id = 0;
	answer_begin(&f->answer, turn ? turn : "", f->req->from);
	if (thread)
		(void)snprintf(f->answer.thread, sizeof(f->answer.thread), "%s", thread);
	print_accepted(&f->print, reply);
	if (f->give_up)
		send_cancel(f);
	mem_free(turn);
	mem_free(thread);
}

static void refused(struct follow *f)
{
	const struct link_error *e = &f->link->error;

	print_refused(&f->print, e->code, e->name, e->message);
	progress_clear(&f->print.progress);
	end_with(f, link_fail(f->link, LINK_E_REMOTE));
}

static void on_reply(struct follow *f)
{
	struct link *l = f->link;

	if (f->request_id && link_is_reply(l, f->request_id)) {
		if (link_take_error(l))
			refused(f);
		else
			on_accepted(f, l->msg.result);
	} else if (f->attach_id && link_is_reply(l, f->attach_id)) {
		f->attach_id = 0;
		/*
		 * A daemon that ended may have less of the answer than we printed, or nothing of
		 * it. The same one says no: what was shared with us is no longer.
		 */
		if (link_take_error(l)) {
			if (l->restarted)
				end_with(f, -1);
			else
				refused(f);
		}
	}
}

static void on_note(struct follow *f)
{
	struct val note = f->link->msg.params;
	enum answer_news news;
	const char *s;
	size_t n;

	if (f->link->msg.method_len != 6 || memcmp(f->link->msg.method, "stream", 6) != 0 ||
		!answer_is_for(&f->answer, note))
		return;
	news = answer_take(&f->answer, note, &s, &n);
	print_news(&f->print, &f->answer, news, note, s, n);
	if (news == ANSWER_DONE)
		end_with(f, -1);
}

static void on_message(struct follow *f)
{
	if (f->link->msg.type == MSG_RESPONSE)
		on_reply(f);
	else if (f->link->msg.type == MSG_NOTIFICATION)
		on_note(f);
}

/* ---- a lost connection ---- */

static void attach_again(struct follow *f)
{
	struct pack *p = link_request(f->link, "attach");
	int r;

	pack_kv_text(p, "turn", f->answer.turn);
	pack_kv_int(p, "off", (int64_t)f->answer.off);
	pack_kv_int(p, "roff", (int64_t)f->answer.roff);
	pack_kv_int(p, "ev", f->answer.ev);
	r = link_send(f->link, &f->attach_id);
	if (r)
		end_with(f, link_fail(f->link, r));
}

/* What was heard while it was made again may be no more than a key: then it goes on being made. */
static int made_again(struct follow *f, const struct link_wait *w, unsigned ms, int *number)
{
	uint64_t end = clock_mono_ms() + ms;
	int r;

	do {
		r = link_again_for(f->link, w, ms);
		*number = r ? take_signal(f) : 0;
	} while (r == LINK_E_LOST && f->req->ears && !*number && clock_mono_ms() < end);
	return r;
}

/*
 * The daemon we had is waited for; one that does not come back has ended. Where another one will do it
 * tells what became of the answer, and is there for the next question.
 */
static int reconnect(struct follow *f, const struct link_wait *w, int *number)
{
	bool any = f->req->anew && f->link->client->autostart;
	int r;

	if (any && f->request_id)
		link_any(f->link);
	r = made_again(f, w, any ? SAME_MS : LINK_AGAIN_MS, number);
	if (r != LINK_E_LOST || *number || !any)
		return r;
	link_any(f->link);
	return made_again(f, w, LINK_AGAIN_MS, number);
}

/*
 * While it is made again the reader still gets what is queued: the wait of link_again knows signals
 * only.
 */
static void on_lost(struct follow *f, const struct link_wait *w)
{
	int r, number;

	if (f->give_up) {
		end_with(f, -1);
		return;
	}
	(void)out_drain(&f->print.out);
	r = reconnect(f, w, &number);
	if (number == SIGINT && f->req->anew && !f->request_id) {
		end_with(f, -1);
	} else if (number) {
		end_with(f, 128 + number);
	} else if (r == LINK_OK && f->request_id) {
		/* The question has its key: the daemon knows it again. */
		link_resend(f->link);
	} else if (r == LINK_OK) {
		attach_again(f);
	} else if (r == LINK_E_STATUS && (!f->req->anew || f->request_id)) {
		end_with(f, f->link->status);
	} else if (r == LINK_E_LOST && f->request_id) {
		end_with(f, link_fail(f->link, r));
	} else {
		/* What came stands. */
		end_with(f, -1);
	}
}

/* ---- the loop ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static void on_time(struct follow *f)
{
	uint64_t now = clock_mono_ms();

	if (f->give_up && now >= f->give_up)
		end_with(f, -1);
	else if (!f->give_up && f->deadline && now >= f->deadline)
		stop(f, STATUS_TIMEOUT);
}

static struct link_wait next_wait(struct follow *f)
{
	int tick = progress_tick(&f->print.progress);
	uint64_t until = f->give_up ? f->give_up : f->deadline;

	if (tick >= 0)
		until = earlier(until, clock_mono_ms() + (uint64_t)tick);
	return (struct link_wait){ .until_ms = until,
		.signals = signal_fd(f),
		.out = &f->print.out,
		.read_anyway = f->give_up != 0 };
}

static void step(struct follow *f)
{
	struct link_wait w = next_wait(f);

	switch (link_next(f->link, &w)) {
	case LINK_MESSAGE:
		on_message(f);
		break;
	case LINK_TIMEOUT:
		on_time(f);
		break;
	case LINK_SIGNAL:
		on_signal(f);
		break;
	case LINK_LOST:
		on_lost(f, &w);
		break;
	case LINK_OUTPUT:
		end_with(f, 0);
		break;
	case LINK_REFUSED:
		end_with(f, f->link->status);
		break;
	}
}

/*
 * What is printed has to reach the reader. While we cancel only so long, otherwise as long as it
 * takes; a signal ends it either way.
 */
static void deliver(struct follow *f)
{
	struct link_wait w = {
		.until_ms = f->give_up, .signals = signal_fd(f), .out = &f->print.out
	};
	int number = 0;

	if (f->give_up)
		w.until_ms = earlier(w.until_ms, clock_mono_ms() + CANCEL_MS);
	while (out_drain(&f->print.out) == 0 && out_left(&f->print.out) && !number) {
		if (w.until_ms && clock_mono_ms() >= w.until_ms)
			return;
		link_pause(&w);
		number = take_signal(f);
	}
	if (number && f->status < 0)
		f->status = 128 + number;
}

/* With --json the stored turn has what the events do not tell: quotes, and which sources are cited.
 */
static struct val stored_turn(struct follow *f)
{
	struct val none = { NULL };

	if (f->req->view->mode != VIEW_JSON || f->give_up || !f->answer.state)
		return none;
	pack_kv_text(link_request(f->link, "turn.get"), "turn", f->answer.turn);
	return link_call(f->link, LINK_ONCE) == LINK_OK ? val_get(f->link->msg.result, "turn")
							: none;
}

static int judge(struct follow *f)
{
	if (f->print.out.error)
		return out_status(&f->print.out);
	if (f->status >= 0)
		return f->status;
	/* An answer that was whole before the cancel arrived is a whole answer. */
	if (f->give_up && !answer_ended_as(&f->answer, "done"))
		return f->why;
	return answer_status(&f->answer);
}

static void say_end(struct follow *f, int status)
{
	if (status == STATUS_TIMEOUT)
		say("no complete answer within the time of --timeout; cancelled%s",
			f->req->saved ? ", what came is kept" : "");
	else if (f->give_up && !f->answer.state)
		say("cancelled");
	else
		answer_say(&f->answer, f->req->saved, f->req->again);
}

/* Nobody will tell how it ended: for whoever reads JSON it is said in the same words as elsewhere.
 */
static void never_ended(struct follow *f)
{
	struct answer *a = &f->answer;

	answer_set_error(a, PROTO_E_INTERRUPTED, NULL, NULL);
	if (f->req->view->mode == VIEW_JSONL)
		print_refused(&f->print, a->error_code, a->error_name, a->error_message);
}

static int finish(struct follow *f)
{
	bool heard = f->status < 0; /* the answer itself decides; otherwise we only leave */
	bool whole;
	int status, r;

	if (heard && !f->answer.state && !f->give_up)
		never_ended(f);
	if (heard)
		print_end(&f->print, &f->answer, stored_turn(f));
	if (heard || f->status < 128)
		deliver(f);
	progress_clear(&f->print.progress);
	status = judge(f);
	if (heard && !status && f->print.nothing)
		status = say_fail(STATUS_FAILED, "there is no code block in the answer");
	else if (heard && !f->print.out.error)
		say_end(f, status);
	whole = heard && answer_ended_as(&f->answer, "done");
	if (!f->print.out.error) {
		r = out_close(&f->print.out, whole || f->req->view->mode != VIEW_TEXT);
		status = status ? status : r;
	}
	if (heard && !f->print.out.error)
		print_summary(&f->print, &f->answer);
	return status;
}

static void tell_end(const struct follow *f)
{
	struct follow_end *end = f->req->end;

	if (!end)
		return;
	(void)snprintf(end->turn, sizeof(end->turn), "%s", f->answer.turn);
	(void)snprintf(end->thread, sizeof(end->thread), "%s", f->answer.thread);
	end->sources = f->answer.source_lines.len > 0;
	end->whole = answer_ended_as(&f->answer, "done");
}

static bool wants_text(const struct view *v)
{
	return v->mode == VIEW_JSON || (v->mode == VIEW_TEXT && v->no_stream);
}

int follow(const struct follow_request *req)
{
	struct follow f = { .req = req, .link = req->link, .status = -1 };
	const struct view *v = req->view;
	int r = print_open(&f.print, v, req->link->client->verbose);

	answer_init(&f.answer, wants_text(v));
	if (!r && v->timeout_ms)
		f.deadline = clock_mono_ms() + v->timeout_ms;
	if (!r) {
		r = link_send(f.link, &f.request_id);
		if (r)
			end_with(&f, link_fail(f.link, r));
		/* What was typed before this began may hold a C-c already. */
		else if (req->ears)
			on_signal(&f);
		while (!f.over)
			step(&f);
		r = finish(&f);
		tell_end(&f);
	}
	answer_fini(&f.answer);
	print_fini(&f.print);
	return r;
}

int follow_detached(struct link *l, const struct view *view)
{
	struct buf out = { 0 };
	char *turn;
	int r = link_call(l, 0);

	if (r)
		return link_fail(l, r);
	turn = val_get_text(l->msg.result, "turn");
	if (view->mode == VIEW_TEXT)
		(void)buf_addf(&out, "%s\n", turn ? turn : "");
	else
		pretty_event(view->mode == VIEW_JSONL ? "accepted" : NULL, l->msg.result, &out);
	mem_free(turn);
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}
