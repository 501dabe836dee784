/* Any bytes as ragchat.conf, as .env and as addresses: refused with words or taken, never worse. */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/config_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text of one option after the other, through the lines of a file. */
static void read_config(char *text, size_t n)
{
	struct config *c = mem_new(sizeof(*c));
	char *why = NULL;
	struct config_reader r = { .c = c, .dir = "/tmp", .why = &why };
	int res;

	c->file = mem_dup("fuzz");
	res = config_text_read(&r, text, n);
	if ((res != 0) != (why != NULL))
		abort(); /* an error has words, and nothing else has */
	free(why);
	config_free(c);
}

static void read_dotenv(const char *text, size_t n)
{
	struct seed s = { 0 };
	const char *complaint;
	unsigned line;
	int res = dotenv_parse(&s, text, n, &line, &complaint);

	if ((res != 0) != (complaint != NULL))
		abort();
	for (size_t i = 0; i < SEED_COUNT; i++) {
		if (s.v[i] && !*s.v[i])
			abort(); /* empty is unset */
	}
	seed_fini(&s);
}

/* What came out is taken again and stays as it is. */
static void read_address(const char *text)
{
	char *once = NULL, *twice = NULL;
	const char *name;

	if (!backend_url_parse(text, &once)) {
		(void)proxy_from_environment(once, &name);
		/* "/v1/v1" loses one each time. */
		if (!strstr(once, "/v1") &&
			(backend_url_parse(once, &twice) || strcmp(once, twice) != 0))
			abort();
	}
	(void)proxy_url_complaint(text);
	(void)no_proxy_matches(text, "10.1.2.3", 8);
	(void)no_proxy_matches(text, "fe80::1", 7);
	(void)no_proxy_matches(text, "a.example.org", 13);
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	read_dotenv(text, size);
	read_address(text);
	read_config(text, size); /* writes into it */
	free(text);
	return 0;
}
