/* For autostart, and for what starts a daemon of its own: the program that becomes the daemon, and the process that watches it start. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* ragchatd beside our own program, else in PATH; NULL: nowhere. malloc'd. */
char *autostart_find_program(void);
/* Somebody accepts connections there. */
bool autostart_listens(const char *path);
/* The few names of environ that a daemon gets; array and strings malloc'd, NULL at the end. */
char **autostart_environment(void);
void autostart_environment_free(char **env);
/* Its log, begun anew when it has grown: a descriptor, or -errno. *path malloc'd in any case. */
int autostart_open_log(char **path);
/* The last line written behind `from`, without stamp, level and tag; NULL: none. malloc'd. */
char *autostart_last_line(const char *path, off_t from);

/* The process that watches the daemon start. */
struct autostart_child {
	pid_t watcher;
	int watch; /* readable when the daemon has ended, and gives an int, its wait status; -1: closed */
};

/* Starts program with argv and env in a session of its own, its output to log. 0, -errno. */
int autostart_spawn(const char *program, char *const argv[], char *const env[], int log,
	struct autostart_child *c);
void autostart_let_go(struct autostart_child *c); /* the watcher leaves and is reaped; the daemon stays */
