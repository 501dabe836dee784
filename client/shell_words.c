/* Splitting and quoting. */
#include "client/shell_words.h"

#include <string.h>

#include "common/mem.h"

static void add_word(struct shell_words *w, size_t *cap, struct buf *word)
{
	w->v = mem_grow(w->v, cap, w->n, sizeof(*w->v));
	w->v[w->n++] = mem_ndup(word->data ? (const char *)word->data : "", word->len);
	word->len = 0;
}

static void begin_anew(struct shell_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		mem_free(w->v[i]);
	w->n = 0;
}

void shell_words_split(struct shell_words *w, const char *line, size_t n)
{
	struct buf word = { 0 };
	bool inside = false;
	size_t cap = 0;
	char quote = 0;

	*w = (struct shell_words){ .start = n };
	for (size_t i = 0; i < n; i++) {
		char c = line[i];

		if (!quote && (c == ' ' || c == '\t' || c == '\n')) {
			if (inside)
				add_word(w, &cap, &word);
			inside = false;
			continue;
		}
		if (!quote && strchr(";|&()", c)) {
			begin_anew(w);
			word.len = 0;
			inside = false;
			continue;
		}
		if (!inside)
			w->start = i;
		inside = true;
		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else if (c == '\\' && quote != '\'' && i + 1 < n && (!quote || strchr("\"\\$`", line[i + 1])))
			(void)buf_add_byte(&word, (uint8_t)line[++i]);
		else
			(void)buf_add_byte(&word, (uint8_t)c);
	}
	if (!inside)
		w->start = n;
	w->quote = quote;
	add_word(w, &cap, &word);
	buf_fini(&word);
}

void shell_words_fini(struct shell_words *w)
{
	begin_anew(w);
	mem_free(w->v);
}

void shell_quote(const char *word, char quote, struct buf *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,+@%^";

	if (quote)
		(void)buf_add_byte(out, (uint8_t)quote);
	for (; *word; word++) {
		if (quote == '\'' && *word == '\'')
			(void)buf_add_str(out, "'\\'");
		if (quote == '"' && *word == '!') { /* of the history: a backslash within quotes would stay */
			(void)buf_add_str(out, "\"\\!\"");
			continue;
		}
		if (quote == '"' ? strchr("\"\\$`", *word) != NULL : !quote && !strchr(plain, *word) && !(*word & 0x80))
			(void)buf_add_byte(out, '\\');
		(void)buf_add_byte(out, (uint8_t)*word);
	}
	if (quote)
		(void)buf_add_byte(out, (uint8_t)quote);
}
