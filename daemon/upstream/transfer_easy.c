/* libcurl's side of a transfer: the handle and its options, and the bytes that come. */
#include "daemon/upstream/transfer_in.h"

#include <stdlib.h>

#include "common/mem.h"

#define BUFFER_BYTES 2048L /* for each transfer; libcurl reads up to 100 of them in a row */
#define UPLOAD_BUFFER_BYTES 16384L
/* Servers drop idle connections after 5 s, and on a dead one a prompt could go out twice. */
#define REUSE_PLAIN_S 4L
#define REUSE_TLS_S 60L /* a handshake is worth more */

static void take_bytes(struct transfer *t, const char *p, size_t n)
{
	if (!t->status)
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	if (!t->first_byte) {
		t->first_byte = true;
		t->sending = t->starved = false;
		transfer_arm(t);
	}
	if (transfer_is_success(t->status))
		t->kind->body(t, p, n);
	else
		(void)buf_add(&t->refusal, p, min_of(n, TRANSFER_REFUSAL_MAX - t->refusal.len));
}

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	(void)size; /* always 1 */
	t->alive = transfer_now(t);
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
	t->alive = transfer_now(t);
	if (t->easy)
		multi_resume(&t->u->multi, t->easy);
	if (t->state == TRANSFER_RUNNING && !t->over)
		transfer_arm(t);
}

void transfer_done(struct transfer *t, CURLcode code)
{
	t->code = code;
	t->complete = true;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	transfer_kick(t);
}

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
	/* libcurl 7.88 may never end an upload that is refused half-way over a reused HTTP/2
	 * connection. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		(long)(c->http2 && s->https && t->kind->request != REQUEST_UPLOAD
				? CURL_HTTP_VERSION_2TLS
				: CURL_HTTP_VERSION_1_1));
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, s->https ? REUSE_TLS_S : REUSE_PLAIN_S);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		c->connect_timeout_ms ? (long)min_of(c->connect_timeout_ms, (uint64_t)INT32_MAX)
				      : (long)INT32_MAX);
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

bool transfer_open(struct transfer *t)
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

void transfer_drop(struct transfer *t)
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
