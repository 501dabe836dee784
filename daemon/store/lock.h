/*
 * PATH.lock: one daemon for one database. The file is never removed; it holds the live daemon's
 * socket path and a newline. It is locked twice over: by flock(2), which keeps others out, and by
 * an open file description lock (fcntl(2)), which can be asked about without being taken.
 */
#pragma once

/*
 * *fd is open and locked. STORE_E_LOCKED with the other's socket in the words, or what opening a
 * file can bring.
 */
int lock_take(int *fd, const char *path, const char *db_path, const char *socket, char **why);
int lock_drop(int fd); /* takes -1; returns -1 */
