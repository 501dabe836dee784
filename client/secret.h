/*
 * Passwords as they come in, and the token as it is kept: one file for each socket, in
 * $XDG_STATE_HOME/ragchat, 0600. Neither is ever taken from or put on a command line or into the
 * environment. Secrets are malloc'd and given back by secret_free.
 */
#pragma once

#include <stdbool.h>

char *secret_free(char *s); /* wipes; takes NULL; gives NULL */

/*
 * From where the user said: one line of the descriptor (>= 0), else the file ragchat-password in
 * $CREDENTIALS_DIRECTORY (systemd.exec(5)), else the terminal, without echo and after `prompt`,
 * asked for twice with `again`. NULL with *status, and said.
 */
char *secret_password(int fd, const char *prompt, bool again, int *status);
char *secret_ask(const char *prompt, int *status); /* from the terminal, once */
bool secret_fd(const char *text, int *fd); /* the value of --password-fd; false: no number */

char *secret_token(const char *socket);  /* NULL: none; one that others could read is refused, and said */
char *secret_token_quietly(const char *socket); /* the same, and nothing is said */
int secret_token_keep(const char *socket, const char *token); /* a status, and said */
void secret_token_forget(const char *socket);
