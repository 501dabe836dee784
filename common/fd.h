/* Descriptors: whole reads and writes, flags, files read with a cap. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"

int fd_close(int fd);                              /* takes -1; keeps errno; returns -1 */
int fd_write_all(int fd, const void *p, size_t n); /* blocking; retries EINTR, polls on EAGAIN; 0 or -errno */
ssize_t fd_read(int fd, void *p, size_t n);        /* retries EINTR; -errno */
int fd_nonblock(int fd, bool on);
int fd_cloexec(int fd);
/* Whole file into out (capped by its max): 0, -ENOBUFS, -errno. */
int fd_read_all(int fd, struct buf *out);
int file_read(const char *path, struct buf *out);
