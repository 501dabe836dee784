/* Beside the reading of mail: what GMime needs before the sandbox closes, and what would end its stack. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extract;

void mail_load(void);
/* True: words are set. */
bool mail_nests_too_deep(struct extract *x, const uint8_t *p, size_t n, bool mbox);
