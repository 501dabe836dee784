/*
 * Any bytes as a configuration file, as a line of a shell, as a help: what is set is read again and the rest of the
 * file stays, what is quoted is split into what it was, no line is wider than a screen unless a word is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/conf.h"
#include "client/help.h"
#include "client/shell_words.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

static void configuration(const char *text, size_t n)
{
	/* The value is the file's own end: any bytes but NUL. */
	char *value = mem_ndup(text + n / 2, n - n / 2), *values[] = { value };
	struct buf out = { 0 }, got = { 0 }, other = { 0 }, other_after = { 0 };
	bool had = conf_get(text, n, "other", &other);

	conf_set(text, n, "model", values, 1, &out);
	require(conf_get((const char *)out.data, out.len, "model", &got));
	/* CR at an end is of the line, not of the value; nothing else may change. */
	if (!strchr(value, '\r'))
		require(got.len == strlen(value) && !memcmp(buf_cstr(&got), value, got.len));
	require(conf_get((const char *)out.data, out.len, "other", &other_after) == had);
	require(!had || (other.len == other_after.len && !memcmp(buf_cstr(&other), buf_cstr(&other_after), other.len)));
	buf_fini(&out);
	buf_fini(&got);
	buf_fini(&other);
	buf_fini(&other_after);
	mem_free(value);
}

static void words(const char *line, size_t n)
{
	static const char quotes[] = { 0, '"', '\'' };
	struct shell_words w, back;

	shell_words_split(&w, line, n);
	require(w.n > 0 && w.start <= n);
	for (size_t i = 0; i < w.n && i < 8; i++)
		for (size_t q = 0; q < sizeof(quotes); q++) {
			struct buf quoted = { 0 };

			if (!*w.v[i] && !quotes[q])
				continue;
			shell_quote(w.v[i], quotes[q], &quoted);
			shell_words_split(&back, buf_cstr(&quoted), quoted.len);
			require(back.n == 1 && !strcmp(back.v[0], w.v[i]));
			shell_words_fini(&back);
			buf_fini(&quoted);
		}
	shell_words_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_ndup(size ? (const char *)data : "", size);
	struct buf out = { 0 };
	size_t n;

	for (size_t i = 0; i < size; i++)
		if (!text[i])
			text[i] = ' ';
	n = size;
	configuration(text, n);
	words(text, n);
	help_fill(text, &out);
	buf_fini(&out);
	mem_free(text);
	return 0;
}
