/*
 * Starting the per-user daemon when nobody listens: once, under a lock (SOCKET.start.lock), however
 * many clients want it at the same moment. The first one starts it; the others wait for the socket.
 *
 * The daemon is nobody's child: a session of its own, "/" as its folder, stdin /dev/null, output
 * to $XDG_STATE_HOME/ragchat/ragchatd.log, and an environment of a few names, so that no key or
 * token of the shell that happened to be first lives on in it.
 */
#pragma once

#include <stdbool.h>

#define AUTOSTART_TIMEOUT_MS 10000 /* RAGCHAT_START_TIMEOUT_MS changes it */

/* Asked now and then while it waits: true gives up, with -EINTR. NULL: nobody is asked. */
void autostart_heed(bool (*stop)(void *ctx), void *ctx);
/*
 * Start a daemon that listens on `socket` and wait until it accepts, or until it says why it cannot.
 * ragchatd: path of the program, or NULL: beside this one, else in PATH. 0, or -ETIMEDOUT, -ECHILD (it
 * ended first), -ENOENT (no ragchatd) or another -errno, with *why in words, malloc'd: of a daemon
 * that failed the last line of its log. Who loses the race waits for the winner.
 */
int autostart_daemon(const char *socket, const char *ragchatd, char **why);
