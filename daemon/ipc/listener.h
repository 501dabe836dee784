/*
 * The listening socket of per-user mode, or one handed over by a service manager.
 *
 * Bind under a lock (SOCKET.lock, flock, never unlinked): of any number of daemons that start at
 * once exactly one wins. A stale socket is probed, then replaced under that lock. The folder is
 * checked: ours, 0700. While it runs the path is looked at every `check_ms`: when it no longer
 * leads to our socket it is bound again (if nobody else took it). See unix(7), sd_listen_fds(3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct listener;

enum listener_error {
	LISTENER_E_TAKEN = 1, /* a live daemon answers there */
	LISTENER_E_PATH,      /* too long, a folder that is not private, not a socket; why says it */
};

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;   /* for logs only: it can be reused */
	bool member; /* of the configured group when it connected */
};

struct listener_config {
	const char *path;
	uint64_t check_ms;
	gid_t group; /* whose members are told apart; (gid_t)-1: none */
	/*
	 * A new connection: accept it with listener_accept into an initialised uv_pipe_t (ipc = 0), or let it be:
	 * what is not accepted within the call is accepted and closed.
	 */
	void (*on_connection)(void *ctx, struct listener *l);
	void *ctx;
};

/* Takes sockets from LISTEN_FDS when LISTEN_PID is us (and unsets these), else binds. 0, LISTENER_E_*, -errno; *why malloc'd words. */
int listener_new(struct listener **out, uv_loop_t *loop, const struct listener_config *config, char **why);
int listener_accept(struct listener *l, uv_pipe_t *pipe, struct peer *peer); /* 0, -errno */
char *listener_handed_path(void); /* where the socket of LISTEN_FDS is bound, NULL: none; before listener_new; malloc'd */
const char *listener_path(const struct listener *l);
bool listener_activated(const struct listener *l);
void listener_stop(struct listener *l);  /* no more connections; unlinks its own socket only, under the lock */
void listener_close(struct listener *l, void (*closed)(void *ctx), void *ctx); /* closed: from the loop; frees */
