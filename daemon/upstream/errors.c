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

static bool is_embeddings(const struct errors_place *place)
{
	return place && !strcmp(place->what, "embeddings");
}

static const char *who(const struct errors_place *place)
{
	return is_embeddings(place) ? "the embeddings server" : "the backend";
}

static const char *key_remedy(const struct errors_place *place)
{
	return is_embeddings(place) ? "set embeddings_key in ragchat.conf" : "set it with 'ragchat config set api_key'";
}

static const char *remedy_of(const struct trouble *t, const struct errors_place *place)
{
	if (is_embeddings(place))
		return t->model ? "; is embedding_model right?" : "";
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
			t->code, remedy_of(t, NULL));
	if (!t->message)
		return mem_printf(
			"the backend reported an error without saying why%s", remedy_of(t, NULL));
	return mem_printf("%s%s", t->message, remedy_of(t, NULL));
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
	if (is_embeddings(place))
		return mem_printf("the embeddings server has no such page (%ld%s); is the address right? '%s' was asked", status, words,
			place->url);
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
			return mem_printf("%s wants a key and none is set (401%s); %s", who(place), words, key_remedy(place));
		/* fall through */
	case 403:
		return mem_printf("%s refused the key (%ld%s); %s", who(place), status, words, key_remedy(place));
	case 404:
	case 405:
		if (t->model || (t->message && strcasestr(t->message, "model")))
			return mem_printf("%s does not have the model (%ld%s); %s", who(place), status, words,
				is_embeddings(place) ? "is embedding_model right?" : "'ragchat models' lists what it has");
		return no_such_page(status, words, place);
	case 407:
		return mem_printf(
			"the proxy wants a user and password (407%s); put them into its address",
			words);
	case 408:
	case 504:
		return mem_printf(
			"%s did not answer in its own time (%ld%s); try again later",
			who(place), status, words);
	case 413:
		return mem_printf("the %s too large for %s (413%s)",
			is_embeddings(place) ? "texts are" : !strcmp(place->what, "upload") ? "file is" : "question is", who(place), words);
	case 400:
	case 422:
		return mem_printf("%s did not accept the request (%ld%s)%s", who(place), status, words,
			remedy_of(t, place));
	case 429:
		return mem_printf("%s is busy (429%s); try again later", who(place), words);
	case 502:
		return mem_printf(
			"the gateway cannot reach %s (502%s); is it running?", who(place), words);
	case 503:
	case 529:
		return mem_printf(
			"%s is not ready (%ld%s); try again later", who(place), status, words);
	default:
		return mem_printf(
			"%s failed with status %ld%s%s", who(place), status, words, remedy_of(t, place));
	}
}

/* Scheme and host of the address: the rest of a redirect may carry what is nobody's business. */
static char *redirect_text(long status, const struct errors_place *place)
{
	const char *host = place->location ? strstr(place->location, "://") : NULL;
	size_t n;
	char *line, *text;

	if (!host)
		return mem_printf("%s redirects (%ld) without saying where; is the "
				  "address right? '%s' was "
				  "asked",
			who(place), status, place->url);
	n = (size_t)(host - place->location) + 3;
	n += strcspn(place->location + n, "/?#");
	line = errors_line(place->location, n, 300);
	text = mem_printf("%s redirects to '%s' (%ld), which is not followed; set the "
			  "address to that if it is "
			  "right",
		who(place), line, status);
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
