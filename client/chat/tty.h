/*
 * The terminal of a conversation: its modes, which are given back on every way out, crashes
 * included; its size; what was typed ahead; stopping and going on. Where stdin or stdout is no
 * terminal, or TERM is dumb or not set, there are no modes: lines are read as they are, and no
 * sequence is written.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/chat/key.h"
#include "common/buf.h"

struct tty {
	bool keys;       /* read key by key; otherwise by line */
	bool typist;     /* stdin is a terminal */
	bool no_stop;    /* whoever started us does not want to be stopped with us */
	int poll_fd;     /* readable when a key or a signal has come */
	int signals;
	struct buf ahead; /* typed and not yet looked at by the editor */
	struct keys watch; /* looks for C-c and C-z in it while an answer comes */
	size_t watched;    /* bytes of `ahead` that it has seen */
	bool ended;        /* stdin is at its end */
	bool dropped;      /* more was typed ahead than is kept */
	bool resized, resumed;
	bool stopped;      /* by ourselves: the SIGCONT that follows is known already */
	int left_by; /* a signal that ends the conversation, 0: none */
};

int tty_open(struct tty *t); /* 0 or -errno */
void tty_close(struct tty *t);
unsigned tty_width(void);
unsigned tty_height(void);

/* Keys come one by one, without echo; bracketed pastes are asked for. */
void tty_raw(struct tty *t);
/* For a command of our own: no echo, C-c and C-z are signals again. */
void tty_for_command(struct tty *t);
/* As the shell had it. */
void tty_restore(struct tty *t);
void tty_stop(struct tty *t); /* C-z: until the shell lets us go on */

/*
 * What was typed goes to `ahead`, at most so many bytes of it: what is typed behind the key that leaves
 * is the shell's. False: stdin is at its end.
 */
bool tty_read(struct tty *t, size_t most);
#define TTY_READ_ALL 65536
/*
 * While an answer comes (follow_keys): SIGINT for C-c, what ends us by signal, else 0. After C-c
 * what was typed ahead waits in the editor: none of it is sent by itself.
 */
void tty_watch(struct tty *t);
int tty_take(void *tty);
/* Signals that came: false when one of them ends the conversation. SIGINT: *interrupted. */
bool tty_take_signals(struct tty *t, bool *interrupted);
