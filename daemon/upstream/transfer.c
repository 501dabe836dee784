/*
 * The life of a transfer. One timer serves whatever is next: the first byte, silence, the whole,
 * the grace after a finish_reason, the wait before another try. It is not moved with every byte:
 * when it fires it looks how long the silence really was.
 */
#define LOG_TAG "upstream"
#include "daemon/upstream/transfer_in.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/upstream/transfer_errors.h"

#define DRAIN_MS 1000      /* for what follows the end mark */
#define DRAIN_WANTED_MS 50 /* the same while others wait for a connection */

void transfer_kick(struct transfer *t)
{
	if (t->state == TRANSFER_CLOSING || list_linked(&t->todo))
		return;
	list_push_back(&t->u->todo, &t->todo);
	upstream_want_work(t->u);
}

/* ---- the clock ---- */

static void soonest(uint64_t *when, uint64_t from, uint64_t after)
{
	if (after && from + after < *when)
		*when = from + after;
}

/* How long it may be silent from `alive` on; 0: for ever. */
static uint64_t patience(const struct transfer *t)
{
	const struct upstream_config *c = &t->settings->config;

	if (t->starved || t->paused)
		return 0;
	return t->first_byte || t->sending ? c->idle_timeout_ms : c->first_byte_timeout_ms;
}

static uint64_t deadline(const struct transfer *t)
{
	const struct upstream_config *c = &t->settings->config;
	uint64_t when = UINT64_MAX;

	if (t->state == TRANSFER_BACKOFF || t->state == TRANSFER_DRAINING)
		return t->until;
	if (t->state != TRANSFER_RUNNING)
		return UINT64_MAX;
	soonest(&when, t->alive, patience(t));
	soonest(&when, t->started, c->total_timeout_ms);
	if (t->grace)
		when = min_of(when, t->grace + c->finish_grace_ms);
	return when;
}

static void on_timer(uv_timer_t *timer);

void transfer_arm(struct transfer *t)
{
	uint64_t when = deadline(t), now = transfer_now(t);

	if (when == UINT64_MAX)
		uv_timer_stop(&t->timer);
	else
		uv_timer_start(&t->timer, on_timer, when > now ? when - now : 0, 0);
}

static void time_out(struct transfer *t, uint64_t ms, const char *words, const char *option)
{
	char *time = transfer_time(ms);

	t->result = UPSTREAM_E_TIMEOUT;
	t->text = t->kind->slow ? mem_printf("%s %s", t->kind->slow, time) : mem_printf("%s %s (%s)", words, time, option);
	t->over = true;
	free(time);
	transfer_kick(t);
}

static void run_out(struct transfer *t, uint64_t now)
{
	const struct upstream_config *c = &t->settings->config;
	uint64_t silence = patience(t);

	if (t->grace && now >= t->grace + c->finish_grace_ms)
		transfer_over(t);
	else if (c->total_timeout_ms && now >= t->started + c->total_timeout_ms)
		time_out(t, c->total_timeout_ms, "the backend took longer than", "total_timeout");
	else if (silence && now >= t->alive + silence && t->first_byte)
		time_out(t, silence, "the backend fell silent in mid-reply for", "idle_timeout");
	else if (silence && now >= t->alive + silence && t->sending)
		time_out(t, silence, "the backend took no byte for", "idle_timeout");
	else if (silence && now >= t->alive + silence)
		time_out(t, silence, "the backend said nothing for", "first_byte_timeout");
	else
		transfer_arm(t);
}

static void on_timer(uv_timer_t *timer)
{
	struct transfer *t = timer->data;
	uint64_t now = transfer_now(t);

	if (t->state == TRANSFER_RUNNING && !t->over) {
		run_out(t, now);
	} else if (t->state == TRANSFER_BACKOFF) {
		t->state = TRANSFER_READY;
		transfer_kick(t);
	} else if (t->state == TRANSFER_DRAINING) {
		t->complete = true; /* the connection is given up */
		transfer_kick(t);
	}
}

void transfer_over(struct transfer *t)
{
	t->over = true;
	transfer_kick(t);
}

void transfer_grace(struct transfer *t)
{
	t->grace = max_of(transfer_now(t), (uint64_t)1);
	transfer_arm(t);
}

/* ---- a try ---- */

void transfer_fail(struct transfer *t, enum upstream_result result, char *text)
{
	if (t->over) { /* the first cause stands */
		free(text);
		return;
	}
	t->text = text;
	t->result = result;
	t->over = true;
	transfer_kick(t);
}

static void run(struct transfer *t)
{
	uint64_t now;

	uv_update_time(t->u->loop);
	now = transfer_now(t);
	t->state = TRANSFER_RUNNING;
	t->tries++;
	t->started = t->tries == 1 ? now : t->started;
	t->alive = now;
	t->complete = t->first_byte = t->starved = false;
	t->status = 0;
	buf_fini(&t->refusal);
	t->refusal.max = TRANSFER_REFUSAL_MAX;
	t->u->figures.requests++;
	if (!transfer_open(t)) {
		transfer_fail(t, UPSTREAM_E_UNREACHABLE,
			mem_dup("out of memory for a request to the backend"));
		return;
	}
	transfer_arm(t);
}

/* With a bound on connections owners take turns; a freed slot is handed to the next. */
static void begin(struct transfer *t)
{
	struct upstream *u = t->u;
	unsigned max = t->settings->config.max_connections;

	if (!t->slot && max && (u->slots.held >= max || !list_empty(&u->waiting))) {
		size_t before = 0;

		list_foreach (it, &u->waiting) /* its own ones: how many others have is theirs to know */
			before += list_entry(it, struct transfer, link)->owner == t->owner;
		t->state = TRANSFER_WAITING;
		list_push_back(&u->waiting, &t->link);
		if (t->kind->waiting)
			t->kind->waiting(t, before);
		return;
	}
	if (!t->slot)
		fair_take(&u->slots, t->owner);
	t->slot = true;
	run(t);
}

/* ---- another try ---- */

static uint64_t random_below(uint64_t n)
{
	uint64_t x = 0;

	if (!n || rand_bytes(&x, sizeof(x)) < 0)
		return 0;
	return x % n;
}

/* Full jitter, so that many clients of a server that comes back do not come all at once. */
static uint64_t backoff(const struct transfer *t)
{
	const struct upstream_config *c = &t->settings->config;
	uint64_t most = c->retry_base_ms << min_of(t->tries - 1, 20u);

	most = min_of(most, c->retry_max_ms);
	if (t->retry_ms >= 0)
		return (uint64_t)t->retry_ms +
		       random_below(min_of((uint64_t)t->retry_ms / 10, c->retry_base_ms) + 1);
	return random_below(most + 1);
}

static char *why_again(struct transfer *t)
{
	enum upstream_result ignored;
	char *text, *semicolon;

	if (t->status == 429)
		return mem_dup("the backend is busy (429)");
	if (t->status)
		return mem_printf("the backend is not ready (%ld)", t->status);
	text = transfer_curl_text(t, t->code, &ignored);
	semicolon = strchr(text, ';');
	if (semicolon)
		*semicolon = '\0'; /* what to do is to wait */
	return text;
}

static bool try_again(struct transfer *t)
{
	const struct upstream_config *c = &t->settings->config;
	bool may = t->status ? !transfer_is_success(t->status) && transfer_may_retry(t)
			     : transfer_is_connect(t->code);
	uint64_t wait;
	char *why, *time, *text;

	t->retry_ms = t->status && !transfer_is_success(t->status) ? transfer_retry_after(t) : -1;
	if (!t->kind->retries || !may || t->tries > c->retries)
		return false;
	/* Asked to wait longer than we may, asking earlier would be for nothing. */
	if (t->retry_ms > (int64_t)c->retry_max_ms)
		return false;
	wait = backoff(t);
	if (c->total_timeout_ms && transfer_now(t) + wait >= t->started + c->total_timeout_ms)
		return false;
	why = why_again(t);
	time = transfer_time(wait);
	text = mem_printf("%s, trying again in %s (%u of %u)", why, time, t->tries, c->retries);
	log_debug("%s", text);
	if (t->kind->retry)
		t->kind->retry(t, text);
	free(why);
	free(time);
	free(text);
	t->u->figures.retries++;
	t->state = TRANSFER_BACKOFF;
	t->until = transfer_now(t) + wait;
	transfer_drop(t);
	transfer_arm(t);
	return true;
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
	struct transfer *t = handle->data;
	struct upstream *u = t->u;

	list_remove(&t->all);
	settings_unref(t->settings);
	buf_fini(&t->refusal);
	free(t->text);
	free(t->errors);
	t->kind->free(t);
	upstream_released(u);
}

static struct transfer *next_waiting(const struct upstream *u)
{
	struct transfer *best = NULL;

	list_foreach (it, &u->waiting) {
		struct transfer *t = list_entry(it, struct transfer, link);

		if (!best || fair_before(&u->slots, t->owner, best->owner))
			best = t;
	}
	return best;
}

static void give_slot(struct transfer *t)
{
	struct upstream *u = t->u;
	struct transfer *next;

	if (!t->slot)
		return;
	t->slot = false;
	fair_give(&u->slots, t->owner);
	next = next_waiting(u);
	if (next && !u->closing) {
		list_remove(&next->link);
		fair_take(&u->slots, next->owner);
		next->slot = true;
		next->state = TRANSFER_READY;
		transfer_kick(next);
	} else if (!u->slots.held) {
		upstream_rested(u);
	}
}

void transfer_close(struct transfer *t)
{
	if (t->state == TRANSFER_CLOSING)
		return;
	transfer_drop(t);
	t->state = TRANSFER_CLOSING;
	list_remove(&t->link);
	list_remove(&t->todo);
	give_slot(t);
	uv_close((uv_handle_t *)&t->timer, on_closed);
}

static void tell(struct transfer *t, enum upstream_result result, const char *text)
{
	struct upstream_end end = {
		.result = result,
		.text = result == UPSTREAM_OK ? NULL
			: text                ? text
					      : "",
		.status = t->status,
		.retry_ms = t->retry_ms,
	};

	t->told = true;
	idmap_remove(&t->u->transfers, t->id);
	if (result != UPSTREAM_OK && result != UPSTREAM_E_CANCELLED) {
		t->u->figures.failures++;
		/* Not the text: backends quote the question in their errors. */
		log_info("%s: %s, status %ld", t->kind->what,
			turn_error_name(upstream_turn_error(result)), t->status);
	}
	t->kind->tell(t, &end);
}

/* What the reply amounts to. *text is malloc'd. */
static enum upstream_result judge(struct transfer *t, char **text)
{
	enum upstream_result r, network;
	char *words;

	if (t->status && !transfer_is_success(t->status)) {
		*text = transfer_http_text(t, &r);
		return r;
	}
	if (!t->status && t->result == UPSTREAM_OK) {
		*text = transfer_curl_text(t, t->code, &r);
		return r;
	}
	/* What was held back comes out here, whatever ended it; and an answer that is whole stays
	 * one. */
	r = t->kind->verdict(t, text);
	if (r == UPSTREAM_OK)
		return r;
	if (t->result != UPSTREAM_OK) {
		free(*text);
		*text = mem_dup(t->text);
		return t->result;
	}
	if (t->over || t->code == CURLE_OK || (r != UPSTREAM_E_TRUNCATED && t->first_byte))
		return r;
	words = transfer_curl_text(t, t->code, &network);
	free(*text);
	*text = t->first_byte ? mem_printf("the answer broke off: %s", words) : mem_dup(words);
	free(words);
	return network;
}

static void conclude(struct transfer *t)
{
	enum upstream_result r;
	char *text = NULL;

	if (t->told)
		return;
	if (t->complete && !t->over && try_again(t))
		return;
	uv_timer_stop(&t->timer);
	r = judge(t, &text);
	tell(t, r, text);
	free(text);
	if (t->complete || !t->reusable || t->u->closing || !t->easy) {
		transfer_close(t);
		return;
	}
	t->state = TRANSFER_DRAINING;
	t->until = transfer_now(t) + (list_empty(&t->u->waiting) ? DRAIN_MS : DRAIN_WANTED_MS);
	transfer_arm(t);
}

void transfer_work(struct transfer *t)
{
	list_remove(&t->todo);
	if (t->state == TRANSFER_CLOSING)
		return;
	if (t->cancelled && !t->told) {
		tell(t, UPSTREAM_E_CANCELLED, "cancelled");
		transfer_close(t);
		return;
	}
	if (t->over && !t->told)
		conclude(t);
	else if (t->state == TRANSFER_READY)
		begin(t);
	else if (t->state == TRANSFER_RUNNING && t->complete)
		conclude(t);
	else if (t->state == TRANSFER_DRAINING && t->complete)
		transfer_close(t);
	if (t->state == TRANSFER_RUNNING && !t->over && t->kind->work)
		t->kind->work(t);
}

void transfer_cancel(struct transfer *t)
{
	t->cancelled = true;
	transfer_kick(t);
}

uint64_t transfer_start(struct upstream *u, struct transfer *t, const struct transfer_kind *kind)
{
	t->u = u;
	t->kind = kind;
	t->settings = settings_ref(u->settings);
	t->retry_ms = -1;
	t->state = TRANSFER_READY;
	list_init(&t->link);
	list_init(&t->todo);
	list_push_back(&u->all, &t->all);
	uv_timer_init(u->loop, &t->timer);
	t->timer.data = t;
	u->handles++;
	t->id = idmap_add(&u->transfers, t);
	if (u->closing)
		t->cancelled = true;
	transfer_kick(t);
	return t->id;
}
