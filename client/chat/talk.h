/* A conversation: what it is about, where the next question goes, and asking it. */
#pragma once

#include <stdbool.h>

#include "client/chat/prompt.h"
#include "client/cmd.h"
#include "client/follow.h"
#include "client/view.h"
#include "common/str.h"
#include "proto/val.h"

struct talk {
	struct client *client;
	struct link *link;
	struct prompt prompt;
	struct view view;
	char *model, *system;
	char *collection;  /* /use: questions look only there; */
	char **documents;  /* or into these */
	size_t ndocuments;
	char *thread;      /* id, or a name to be made; NULL: the next question begins one */
	char turn[UUID_LEN + 1]; /* the newest answer, "" none */
	bool turn_whole, turn_sources;
	char hint[80];
	char *written;     /* the next message begins with that */
	bool editing;      /* ... and replaces the question of `turn` */
	bool leaving;
	int status;        /* of the last answer or command */
};

/* Each says what goes wrong, and keeps a status. */
void talk_ask(struct talk *t, const char *text, size_t n);
void talk_retry(struct talk *t, const char *model);
void talk_edit(struct talk *t, const char *text, size_t n);
/* A request is packed in t->link: its reply, or a link_result. C-c ends the wait: LINK_E_STATUS. */
int talk_call(struct talk *t, unsigned ms);
struct pack *talk_request(struct talk *t, const char *method);
int talk_fail(struct talk *t, int result);

/*
 * REF becomes the thread of the next questions: its last turn is shown, its questions are in the
 * history. NULL: what this terminal talked about last. create: it need not be there.
 */
bool talk_open_thread(struct talk *t, const char *ref, bool create);
void talk_new_thread(struct talk *t);
void talk_forget_turn(struct talk *t);
void talk_take_turn(struct talk *t, const char *turn, bool whole, bool sources); /* the newest answer */
void talk_set_thread(struct talk *t, const char *thread);
/* Between an answer and the next question, for the eye; a pipe gets answers alone. */
void talk_blank_line(const struct talk *t);
/* Words of our own: filtered, wrapped at the window's width. Frees. */
void talk_print(const struct talk *t, struct buf *text);
/* A command of ragchat, in a process of its own: C-c ends that one alone. Its status. */
int talk_run(struct talk *t, const char *name, int argc, const char *const *argv);
/* The same for one that asks something of whoever sits there. */
int talk_run_asking(struct talk *t, const char *name, int argc, const char *const *argv);
