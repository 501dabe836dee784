/*
 * What a terminal shows in one place: a grapheme cluster of UTF-8 (UAX 29, by libutf8proc) and its
 * columns. A family joined by ZWJ takes two, as in tmux, kitty and foot; variation selectors do not
 * widen, as in wcwidth(3). Terminals do not agree on emoji: cell_is_odd tells where not to rely on it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t cell_next(const char *s, size_t n, unsigned *columns); /* bytes; 0 when n is 0 */
size_t cell_before(const char *s, size_t at);  /* where the cell that ends at `at` begins */
unsigned cells_width(const char *s, size_t n);
bool cell_is_odd(const char *s, size_t n);     /* some terminals give it other columns */
bool cell_is_word(const char *s, size_t n);    /* does it begin with a letter or a digit? */
