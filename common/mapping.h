/*
 * A file mapped for reading that may lose bytes while it is mapped: cut short by somebody, or on a disk
 * that fails to read a page. The kernel says so by SIGBUS, which would end the process; here the page
 * becomes one of zeros, and the mapping is marked as lost. For files whose reader checks what it reads.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping {
	const uint8_t *p;
	size_t n;
	int slot;
};
int mapping_open(struct mapping *m, int fd, size_t n); /* 0, -errno; -EMFILE: too many are open */
void mapping_close(struct mapping *m);
/* True once a page of it was lost; valid until it is closed. */
const atomic_bool *mapping_lost(const struct mapping *m);
