/* Backends' errors in words. What libcurl says is put into words in transfer_errors.c. */
#include "daemon/upstream/errors.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

char *errors_line(const char *s, size_t n, size_t max)
{
	struct buf out = { 0 };
	bool space = false;
	char *line;

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		char utf8[4];
		int r = utf8_decode(s + i, n - i, &cp);

		i += (size_t)(r < 0 ? -r : r);
		if (cp == 0)
			cp = 0xFFFD;
		if (cp == ' ' || utf8_is_control(cp)) {
			space = out.len > 0;
			continue;
		}
		if (out.len + 8 > max) {
			(void)buf_add_str(&out, "...");
			break;
		}
		if (space)
			(void)buf_add_byte(&out, ' ');
		space = false;
		(void)buf_add(&out, utf8, utf8_encode(cp, utf8));
	}
	line = mem_dup(buf_cstr(&out));
	buf_fini(&out);
	return line;
}

static const char *remedy_of(const struct trouble *t)
{
	if (t->context)
		return "; start a new thread or ask with less text";
	if (t->model)
		return "; 'ragchat models' lists what it has";
	if (t->result == UPSTREAM_E_REFUSED)
		return "; set the key with 'ragchat config set api_key'";
	if (t->result == UPSTREAM_E_BUSY)
		return "; try again later";
	return "";
}

char *trouble_text(const struct trouble *t)
{
	if (!t->message && t->code)
		return mem_printf("the backend reported the error %ld without saying why%s",
			t->code, remedy_of(t));
	if (!t->message)
		return mem_printf(
			"the backend reported an error without saying why%s", remedy_of(t));
	return mem_printf("%s%s", t->message, remedy_of(t));
}

/* ": MESSAGE", or nothing. */
static char *said(const struct trouble *t)
{
	return t->message ? mem_printf(": %s", t->message) : mem_dup("");
}

static char *no_such_page(long status, const char *words, const struct errors_place *place)
{
	if (!strcmp(place->what, "upload"))
		return mem_printf("the backend takes no uploads (%ld%s); with retrieval = local "
				  "the documents stay "
				  "with the daemon and their passages go with each question",
			status, words);
	return mem_printf("the backend has no such page (%ld%s); is the address right? '%s' was "
			  "asked, so the "
			  "configured one must not end in /v1/chat/completions",
		status, words, place->url);
}

static char *http_text(
	long status, const struct trouble *t, const char *words, const struct errors_place *place)
{
	switch (status) {
	case 401:
		if (!place->has_key)
			return mem_printf("the backend wants a key and none is set (401%s); set it "
					  "with 'ragchat "
					  "config set api_key'",
				words);
		/* fall through */
	case 403:
		return mem_printf("the backend refused the key (%ld%s); set it with 'ragchat "
				  "config set api_key'",
			status, words);
	case 404:
	case 405:
		if (t->model || (t->message && strcasestr(t->message, "model")))
			return mem_printf("the backend does not have the model (%ld%s); 'ragchat "
					  "models' lists what "
					  "it has",
				status, words);
		return no_such_page(status, words, place);
	case 407:
		return mem_printf(
			"the proxy wants a user and password (407%s); put them into its address",
			words);
	case 408:
	case 504:
		return mem_printf(
			"the backend did not answer in its own time (%ld%s); try again later",
			status, words);
	case 413:
		return mem_printf("the %s is too large for the backend (413%s)",
			!strcmp(place->what, "upload") ? "file" : "question", words);
	case 400:
	case 422:
		return mem_printf("the backend did not accept the request (%ld%s)%s", status, words,
			remedy_of(t));
	case 429:
		return mem_printf("the backend is busy (429%s); try again later", words);
	case 502:
		return mem_printf(
			"the gateway cannot reach the backend (502%s); is it running?", words);
	case 503:
	case 529:
		return mem_printf(
			"the backend is not ready (%ld%s); try again later", status, words);
	default:
		return mem_printf(
			"the backend failed with status %ld%s%s", status, words, remedy_of(t));
	}
}

/* Scheme and host of the address: the rest of a redirect may carry what is nobody's business. */
static char *redirect_text(long status, const struct errors_place *place)
{
	const char *host = place->location ? strstr(place->location, "://") : NULL;
	size_t n;
	char *line, *text;

	if (!host)
		return mem_printf("the backend redirects (%ld) without saying where; is the "
				  "address right? '%s' was "
				  "asked",
			status, place->url);
	n = (size_t)(host - place->location) + 3;
	n += strcspn(place->location + n, "/?#");
	line = errors_line(place->location, n, 300);
	text = mem_printf("the backend redirects to '%s' (%ld), which is not followed; set the "
			  "address to that if it is "
			  "the backend",
		line, status);
	free(line);
	return text;
}

static enum upstream_result result_of_status(long status, const struct trouble *t)
{
	if (status < 400)
		return UPSTREAM_E_PROTOCOL;
	if (errors_result_of(status) != UPSTREAM_E_ERROR)
		return errors_result_of(status);
	return status == 400 || status >= 500 ? t->result : UPSTREAM_E_ERROR;
}

char *errors_http(long status, const char *body, size_t n, const struct errors_place *place,
	enum upstream_result *result)
{
	struct trouble t;
	char *words, *inner, *text;

	trouble_read_body(&t, body, n);
	*result = result_of_status(status, &t);
	words = said(&t);
	inner = status >= 300 && status < 400 ? redirect_text(status, place)
					      : http_text(status, &t, words, place);
	text = errors_line(inner, strlen(inner), ERRORS_TEXT_MAX);
	free(inner);
	free(words);
	trouble_fini(&t);
	return text;
}
