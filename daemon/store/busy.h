/* How long a thread has had something to do. Both sides hold the mutex of its queue. */
#pragma once

#include <stdint.h>

#include "common/clock.h"

struct busy {
	uint64_t since_us; /* monotonic; 0: it waits */
	uint64_t us;       /* before that */
};

static inline uint64_t busy_us(const struct busy *b)
{
	return b->us + (b->since_us ? clock_mono_us() - b->since_us : 0);
}
static inline void busy_wait(struct busy *b)
{
	b->us = busy_us(b);
	b->since_us = 0;
}
static inline void busy_work(struct busy *b)
{
	if (!b->since_us)
		b->since_us = clock_mono_us();
}
