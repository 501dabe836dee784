/* Words: edit distance (Damerau-Levenshtein, neighbours swapped once) and shell quoting. */
#include "client/words.h"

#include <string.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/mem.h"

#define WORD_MAX 32 /* longer words are not compared: no option or verb is */

size_t word_distance(const char *a, const char *b, size_t most)
{
	size_t na = strlen(a), nb = strlen(b), rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;

	if (na > WORD_MAX || nb > WORD_MAX)
		return most + 1;
	for (size_t j = 0; j <= nb; j++)
		above[j] = j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t d = above[j - 1] + (a[i - 1] != b[j - 1]);

			d = min_of(d, min_of(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = min_of(d, before[j - 2] + 1);
			row[j] = d;
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return min_of(above[nb], most + 1);
}

static void quote_into(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=.,:/@%";

	if (*word && !word[strspn(word, plain)]) {
		(void)buf_add_str(out, word);
		return;
	}
	(void)buf_add_byte(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			(void)buf_add_str(out, "'\\''");
		else
			(void)buf_add_byte(out, (uint8_t)*word);
	}
	(void)buf_add_byte(out, '\'');
}

char *shell_join(char *const *words, size_t n)
{
	struct buf out = { 0 };
	char *text;

	for (size_t i = 0; i < n; i++) {
		if (i)
			(void)buf_add_byte(&out, ' ');
		quote_into(&out, words[i]);
	}
	text = buf_steal(&out, NULL);
	return text ? text : mem_dup("");
}
