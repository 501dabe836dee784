/*
 * The life of a transfer. One timer serves whatever is next: the first byte, silence, the whole,
 * the grace after a finish_reason, the wait before another try. It is not moved with every byte:
 * when it fires it looks how long the silence really was.
 */
#define LOG_TAG "upstream"
#include "daemon/upstream/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/upstream/transfer_errors.h"

#define BUFFER_BYTES 2048L       /* libcurl's own, for each transfer: it reads up to 100 of them in a row */
#define UPLOAD_BUFFER_BYTES 16384L
#define REFUSAL_MAX 65536        /* bytes of an error's body that are looked at */
#define DRAIN_MS 1000            /* for what follows the end mark */
#define DRAIN_WANTED_MS 50       /* the same while others wait for a connection */
#define REUSE_PLAIN_S 4L         /* servers drop idle connections after 5 s; a dead one could send a prompt twice */
#define REUSE_TLS_S 60L          /* a handshake is worth more */

static uint64_t now_of(const struct transfer *t)
{
	return uv_now(t->u->loop);
}

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

static void arm(struct transfer *t)
{
	uint64_t when = deadline(t), now = now_of(t);

	if (when == UINT64_MAX)
		uv_timer_stop(&t->timer);
	else
		uv_timer_start(&t->timer, on_timer, when > now ? when - now : 0, 0);
}

static void time_out(struct transfer *t, uint64_t ms, const char *words, const char *option)
{
	char *time = transfer_time(ms);

	t->result = UPSTREAM_E_TIMEOUT;
	t->text = mem_printf("%s %s (%s)", words, time, option);
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
		arm(t);
}

static void on_timer(uv_timer_t *timer)
{
	struct transfer *t = timer->data;
	uint64_t now = now_of(t);

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
	t->grace = max_of(now_of(t), (uint64_t)1);
	arm(t);
}

/* ---- libcurl's callbacks ---- */

static bool is_success(long status)
{
	return status >= 200 && status < 300;
}

static void take_bytes(struct transfer *t, const char *p, size_t n)
{
	if (!t->status)
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	if (!t->first_byte) {
		t->first_byte = true;
		t->sending = t->starved = false;
		arm(t);
	}
	if (is_success(t->status))
		t->kind->body(t, p, n);
	else
		(void)buf_add(&t->refusal, p, min_of(n, REFUSAL_MAX - t->refusal.len));
}

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	(void)size; /* always 1 */
	t->alive = now_of(t);
	if (t->over || t->cancelled || t->state != TRANSFER_RUNNING)
		return n; /* read on for the connection's sake */
	if (!multi_spend(&t->u->multi, n)) {
		t->paused = true;
		list_push_back(&t->u->paused, &t->link);
		upstream_want_work(t->u);
		return CURL_WRITEFUNC_PAUSE;
	}
	t->u->figures.bytes_in += n;
	take_bytes(t, p, n);
	return n;
}

void transfer_resume(struct transfer *t)
{
	list_remove(&t->link);
	t->paused = false;
	t->alive = now_of(t);
	if (t->easy)
		multi_resume(&t->u->multi, t->easy);
	if (t->state == TRANSFER_RUNNING && !t->over)
		arm(t);
}

void transfer_done(struct transfer *t, CURLcode code)
{
	t->code = code;
	t->complete = true;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	transfer_kick(t);
}

/* ---- a try ---- */

static void set_address(struct transfer *t, CURL *easy)
{
	const struct settings *s = t->settings;
	const struct upstream_config *c = &s->config;
	char *url = settings_request_url(s, t->kind->path);

	curl_easy_setopt(easy, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	if (s->unix_path)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, s->unix_path);
	/* Explicit, or libcurl asks the environment by itself. */
	curl_easy_setopt(easy, CURLOPT_PROXY, c->proxy && !s->unix_path ? c->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	/* libcurl 7.88 may never end an upload that is refused half-way over a reused HTTP/2 connection. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		(long)(c->http2 && s->https && t->kind->request != REQUEST_UPLOAD ? CURL_HTTP_VERSION_2TLS :
										    CURL_HTTP_VERSION_1_1));
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, s->https ? REUSE_TLS_S : REUSE_PLAIN_S);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		c->connect_timeout_ms ? (long)min_of(c->connect_timeout_ms, (uint64_t)INT32_MAX) : (long)INT32_MAX);
}

static void set_tls(struct transfer *t, CURL *easy)
{
	const struct upstream_config *c = &t->settings->config;

	if (!t->settings->https)
		return;
	t->errors = t->errors ? t->errors : mem_new(CURL_ERROR_SIZE);
	t->errors[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->errors);
	if (c->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca_file);
	if (c->client_cert)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, c->client_cert);
	if (c->client_key)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, c->client_key);
}

static void set_common(struct transfer *t, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A look-up that hangs must not hold the loop when it is given up. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 60L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 30L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
}

/* libcurl's part goes; the transfer stays. */
static void drop_easy(struct transfer *t)
{
	if (t->added)
		multi_remove(&t->u->multi, t->easy);
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	t->added = false;
	request_headers_free(t->headers);
	t->headers = NULL;
	if (t->paused)
		list_remove(&t->link);
	t->paused = false;
}

static bool prepare(struct transfer *t)
{
	t->headers = request_headers(t->settings, t->kind->request);
	t->easy = t->headers ? curl_easy_init() : NULL;
	if (!t->easy)
		return false;
	set_common(t, t->easy);
	set_address(t, t->easy);
	set_tls(t, t->easy);
	t->added = t->kind->setup(t, t->easy) && multi_add(&t->u->multi, t->easy) == CURLM_OK;
	return t->added;
}

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
	now = now_of(t);
	t->state = TRANSFER_RUNNING;
	t->tries++;
	t->started = t->tries == 1 ? now : t->started;
	t->alive = now;
	t->complete = t->first_byte = t->starved = false;
	t->status = 0;
	buf_fini(&t->refusal);
	t->refusal.max = REFUSAL_MAX;
	t->u->figures.requests++;
	if (!prepare(t)) {
		transfer_fail(t, UPSTREAM_E_UNREACHABLE, mem_dup("out of memory for a request to the backend"));
		return;
	}
	arm(t);
}

/* With a bound on connections the oldest that waits comes first; a freed slot is handed to it. */
static void begin(struct transfer *t)
{
	struct upstream *u = t->u;
	unsigned max = t->settings->config.max_connections;

	if (!t->slot && max && (u->active >= max || !list_empty(&u->waiting))) {
		size_t before = 0;

		list_foreach(it, &u->waiting)
			before++;
		t->state = TRANSFER_WAITING;
		list_push_back(&u->waiting, &t->link);
		if (t->kind->waiting)
			t->kind->waiting(t, before);
		return;
	}
	if (!t->slot)
		u->active++;
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
		return (uint64_t)t->retry_ms + random_below(min_of((uint64_t)t->retry_ms / 10, c->retry_base_ms) + 1);
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
	bool may = t->status ? !is_success(t->status) && transfer_may_retry(t) : transfer_is_connect(t->code);
	uint64_t wait;
	char *why, *time, *text;

	t->retry_ms = t->status && !is_success(t->status) ? transfer_retry_after(t) : -1;
	if (!t->kind->retries || !may || t->tries > c->retries)
		return false;
	/* Asked to wait longer than we may, asking earlier would be for nothing. */
	if (t->retry_ms > (int64_t)c->retry_max_ms)
		return false;
	wait = backoff(t);
	if (c->total_timeout_ms && now_of(t) + wait >= t->started + c->total_timeout_ms)
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
	t->until = now_of(t) + wait;
	drop_easy(t);
	arm(t);
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

static void give_slot(struct transfer *t)
{
	struct upstream *u = t->u;
	struct transfer *next = list_first(&u->waiting, struct transfer, link);

	if (!t->slot)
		return;
	t->slot = false;
	if (next && !u->closing) {
		list_remove(&next->link);
		next->slot = true;
		next->state = TRANSFER_READY;
		transfer_kick(next);
	} else if (!--u->active) {
		upstream_rested(u);
	}
}

void transfer_close(struct transfer *t)
{
	if (t->state == TRANSFER_CLOSING)
		return;
	drop_easy(t);
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
		.text = result == UPSTREAM_OK ? NULL : text ? text : "",
		.status = t->status,
		.retry_ms = t->retry_ms,
	};

	t->told = true;
	idmap_remove(&t->u->transfers, t->id);
	if (result != UPSTREAM_OK && result != UPSTREAM_E_CANCELLED) {
		t->u->figures.failures++;
		/* Not the text: backends quote the question in their errors. */
		log_info("%s: %s, status %ld", t->kind->what, turn_error_name(upstream_turn_error(result)), t->status);
	}
	t->kind->tell(t, &end);
}

/* What the reply amounts to. *text is malloc'd. */
static enum upstream_result judge(struct transfer *t, char **text)
{
	enum upstream_result r, network;
	char *words;

	if (t->status && !is_success(t->status)) {
		*text = transfer_http_text(t, &r);
		return r;
	}
	if (!t->status && t->result == UPSTREAM_OK) {
		*text = transfer_curl_text(t, t->code, &r);
		return r;
	}
	/* What was held back comes out here, whatever ended it; and an answer that is whole stays one. */
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
	t->until = now_of(t) + (list_empty(&t->u->waiting) ? DRAIN_MS : DRAIN_WANTED_MS);
	arm(t);
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
