/*
 * What a text costs of a prompt, without any model's tokenizer: a character of most scripts counts
 * one, an ideograph, a kana or a syllable of Hangul four. Four make about a token. Pure.
 */
#pragma once

#include <stddef.h>

#define COST_TOKEN 4

size_t cost_of(const char *s, size_t n);
/* The longest beginning, cut between characters, that costs at most `cost`. Its bytes. */
size_t cost_fits(const char *s, size_t n, size_t cost);
