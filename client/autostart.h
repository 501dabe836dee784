/*
 * Starting the per-user daemon when nobody listens: once, under a lock, however many clients want it.
 */
#pragma once

/*
 * Start a daemon that listens on `socket` and wait until it accepts, or until it says why it cannot.
 * ragchatd: path of the program, or NULL: beside this one, else in PATH. Waits RAGCHAT_START_TIMEOUT_MS
 * (10000) at most. 0, or -errno with *why in words, malloc'd. Who loses the race waits for the winner.
 */
int autostart_daemon(const char *socket, const char *ragchatd, char **why);
