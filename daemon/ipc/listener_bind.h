/*
 * Private to the listener: the socket as a place in the file system. Blocking calls only, and
 * only short ones; no loop. Words of an error are malloc'd.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/ipc/listener.h"

struct bound_socket {
	char *path, *dir, *lock_path;
	int lock_fd; /* -1: not locked */
	dev_t dev;   /* of the socket that we bound */
	ino_t ino;
	bool bound;
};

enum socket_view {
	SOCKET_OURS,      /* the path leads to the socket that we bound */
	SOCKET_GONE,
	SOCKET_ELSEWHERE, /* to something else */
};

/* Checks the length of the path; nothing is made yet. 0 or LISTENER_E_PATH. */
int bound_socket_init(struct bound_socket *b, const char *path, char **why);
void bound_socket_fini(struct bound_socket *b);
/*
 * Folder, lock, probe, bind, mode 0600, listen. *fd is non-blocking and close-on-exec. Once bound it may
 * be called again: the lock is kept as long as its file is the one that we locked.
 * 0, LISTENER_E_*, -errno.
 */
int bound_socket_bind(struct bound_socket *b, int *fd, char **why);
enum socket_view bound_socket_look(const struct bound_socket *b);
void bound_socket_unlink(const struct bound_socket *b); /* only what we bound */

/* *fd: the socket of LISTEN_FDS, or -1 when there is none for us. The variables are gone afterwards. 0, LISTENER_E_PATH. */
int activated_socket(int *fd, char **why);
char *socket_name(int fd); /* where it is bound; "" when unnamed */
