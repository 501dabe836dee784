/*
 * A list of allowed calls as a seccomp filter: classic BPF over struct seccomp_data (seccomp(2)).
 * First the architecture, then the row's number, then its arguments in both halves; whatever is left
 * kills the process.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

#include "daemon/worker/sandbox.h"

#define SANDBOX_FILTER_MAX 1024 /* instructions; the kernel takes 4096 */

struct sandbox_filter {
	struct sock_filter code[SANDBOX_FILTER_MAX];
	unsigned short n;
};

int sandbox_filter_build(struct sandbox_filter *f, const struct sandbox_call *calls, size_t n); /* 0, -E2BIG */
int sandbox_filter_install(const struct sandbox_filter *f); /* for good; needs no_new_privs; 0, -errno */
