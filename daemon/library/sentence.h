/*
 * Where sentences end, in prose of most scripts: enough for cutting passages and for quoting, made
 * of punctuation and a short list of abbreviations. Pure; any bytes, linear time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The end of the sentence that begins at `at` (on something that is no white space): behind its
 * closing quotes and brackets, before the white space that follows. A blank line, and a line that
 * begins a list item, a heading or a row of a table, end it too. > at; at most n.
 */
size_t sentence_end(const char *s, size_t n, size_t at);
/* The first byte from `at` on that is no white space, or n. */
size_t sentence_skip_space(const char *s, size_t n, size_t at);
/* Does a line beginning here open an item, a heading, a row: something that is no continuation of
 * prose? */
bool sentence_line_opens(const char *s, size_t n, size_t at);
