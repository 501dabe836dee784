/* Results of transfers in words, and the rules for trying again. */
#include "daemon/upstream/transfer_errors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/upstream/errors.h"

char *transfer_time(uint64_t ms)
{
	return ms < 1000 ? mem_printf("%llu ms", (unsigned long long)ms)
			 : mem_printf("%.3g s", (double)ms / 1000);
}

bool transfer_is_connect(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT ||
	       code == CURLE_PROXY;
}

static bool by_proxy(const struct transfer *t)
{
	return t->settings->config.proxy && !t->settings->unix_path;
}

static char *connect_text(struct transfer *t)
{
	const char *proxied = by_proxy(t) ? " through the proxy" : "";
	const char *remedy = by_proxy(t)                        ? "is the proxy right?"
			     : t->kind->request == REQUEST_EMBED ? "is the embeddings server running?"
								 : "is the backend running?";
	long error = 0;

	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
	if (!error)
		return mem_printf("cannot connect to %s%s; %s", t->settings->host, proxied, remedy);
	return mem_printf("cannot connect to %s%s (%s); %s", t->settings->host, proxied,
		strerror((int)error), remedy);
}

static char *tls_text(struct transfer *t, CURLcode code)
{
	const char *said = t->errors && *t->errors ? t->errors : curl_easy_strerror(code);

	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return mem_printf("the TLS certificate of %s is not trusted (%s); name its "
				  "authority with ca_file",
			t->settings->host, said);
	case CURLE_SSL_CACERT_BADFILE:
		return mem_printf("ca_file '%s' cannot be read (%s)",
			t->settings->config.ca_file ? t->settings->config.ca_file : "", said);
	case CURLE_SSL_CERTPROBLEM:
		return mem_printf("client_cert or client_key cannot be used (%s)", said);
	default:
		return mem_printf("no TLS connection to %s (%s); is it an https address?",
			t->settings->host, said);
	}
}

static char *lookup_text(struct transfer *t, CURLcode code)
{
	/* Not the proxy's address: a password may stand in it. */
	if (code == CURLE_COULDNT_RESOLVE_PROXY)
		return mem_dup("the proxy's name cannot be found; is its address right?");
	return mem_printf(
		"the name in '%s' cannot be found; is the address right?", t->settings->host);
}

/* The connection was there and broke. */
static char *broken_text(struct transfer *t, CURLcode code, enum upstream_result *result)
{
	const char *how = code == CURLE_GOT_NOTHING    ? "closed the connection without a reply"
			  : code == CURLE_PARTIAL_FILE ? "closed the connection in mid-reply"
						       : "broke the connection";

	*result = t->status ? UPSTREAM_E_TRUNCATED : UPSTREAM_E_UNREACHABLE;
	if (t->errors && *t->errors) /* what TLS or a tunnel has to say about it */
		return mem_printf("%s %s (%s)", t->settings->host, how, t->errors);
	return mem_printf("%s %s", t->settings->host, how);
}

char *transfer_curl_text(struct transfer *t, CURLcode code, enum upstream_result *result)
{
	char *time, *text;

	*result = UPSTREAM_E_UNREACHABLE;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return lookup_text(t, code);
	case CURLE_COULDNT_CONNECT:
	case CURLE_PROXY:
		return connect_text(t);
	case CURLE_OPERATION_TIMEDOUT: /* libcurl only times the connecting */
		time = transfer_time(t->settings->config.connect_timeout_ms);
		text = mem_printf(
			"no connection to %s within %s (connect_timeout)", t->settings->host, time);
		free(time);
		return text;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return tls_text(t, code);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return broken_text(t, code, result);
	case CURLE_OUT_OF_MEMORY: /* what libcurl says when a header is past its own bound, too */
		*result = UPSTREAM_E_PROTOCOL;
		return mem_dup("the reply's headers are too large");
	case CURLE_BAD_CONTENT_ENCODING:
		*result = UPSTREAM_E_PROTOCOL;
		return mem_dup("the reply is compressed in a way that cannot be read");
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: whatever it is, it is no reply */
	case CURLE_WEIRD_SERVER_REPLY:
		*result = UPSTREAM_E_PROTOCOL;
		return mem_printf(
			"what %s says is not HTTP; is the address right?", t->settings->host);
	default:
		*result = t->status ? UPSTREAM_E_TRUNCATED : UPSTREAM_E_UNREACHABLE;
		return mem_printf("the transfer from %s failed: %s", t->settings->host,
			curl_easy_strerror(code));
	}
}

/* The last header of that name, or NULL; lives until the next call. */
static const char *header_of(struct transfer *t, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value
										     : NULL;
}

char *transfer_http_text(struct transfer *t, enum upstream_result *result)
{
	char *url = settings_request_url(t->settings, t->kind->path), *location = NULL, *text;

	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location);
	text = errors_http(t->status, buf_cstr(&t->refusal), t->refusal.len,
		&(struct errors_place){
			.url = url,
			.what = t->kind->what,
			.has_key = t->settings->config.key != NULL,
			.location = location,
		},
		result);
	free(url);
	return text;
}

/*
 * 500 is among them: gateways say it for what is over in a second. llama.cpp says it for a request
 * that it cannot parse as well, which the bound on tries takes care of. 501 and 505 stay as they
 * are.
 */
bool transfer_may_retry(struct transfer *t)
{
	const char *told = header_of(t, "x-should-retry");

	if (told && t->status >= 400 && (!strcmp(told, "true") || !strcmp(told, "false")))
		return !strcmp(told, "true");
	switch (t->status) {
	case 408:
	case 409:
	case 429:
		return true;
	case 501:
	case 505:
		return false;
	default:
		return t->status >= 500 && t->status < 600;
	}
}

/* Digits and a point, and nothing after them. */
static bool parse_number(const char *s, double *value)
{
	char *end;

	if (!strspn(s, "0123456789.") || strspn(s, "0123456789. ") != strlen(s))
		return false;
	*value = strtod(s, &end);
	return end != s && isfinite(*value);
}

int64_t transfer_retry_after(struct transfer *t)
{
	const char *s = header_of(t, "retry-after-ms");
	double value;
	time_t when;
	int64_t wait;

	if (s && parse_number(s, &value))
		return (int64_t)fmin(value, 1e12);
	s = header_of(t, "retry-after");
	if (!s)
		return -1;
	if (parse_number(s, &value))
		return (int64_t)fmin(value * 1000, 1e12);
	when = curl_getdate(s, NULL);
	if (when == (time_t)-1)
		return -1;
	wait = (int64_t)when * 1000 - clock_wall_us() / 1000;
	return wait > 0 ? wait : 0;
}
