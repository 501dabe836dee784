/*
 * Finding the daemon: -S, RAGCHAT_SOCKET, the user's socket, the system's; where the user has none,
 * a daemon is started. Whoever listens has to be us, root or the system's own user before a byte
 * is sent.
 */
#pragma once

#include <stdbool.h>

struct client;

#define CONNECT_SYSTEM_USER "ragchat"

enum connect_error {
	CONNECT_E_NOBODY = 1, /* nothing listens */
	CONNECT_E_STATUS,     /* said; *status */
};

/* The socket the client was told to use: -S or RAGCHAT_SOCKET; NULL: the usual places. */
const char *connect_told(const struct client *c);
/*
 * One path: a non-blocking descriptor, or -errno (ECONNREFUSED, ENOENT: nobody is there), or -EPERM
 * with *uid: a stranger listens.
 */
int connect_path(const char *path, unsigned *uid);
int connect_path_once(const char *path, unsigned *uid); /* without waiting; -EAGAIN: its queue is full */
/* The socket of a daemon that lives on our own database, by its lock file; malloc'd, or NULL. */
char *connect_locked_socket(void);
/*
 * As described above, starting one where needed: 0 with fd and path, or CONNECT_E_STATUS with a
 * status and why. aside: the words of a system daemon that was passed over, or NULL. Says nothing.
 */
struct connect_found {
	int fd, status;
	char *path, *why, *aside;
};
int connect_find(const char *told, bool autostart, struct connect_found *f);
void connect_found_fini(struct connect_found *f);
/* The same, and said: 0 with *fd and *path, or CONNECT_E_STATUS. */
int connect_daemon(const struct client *c, int *fd, char **path, int *status);
