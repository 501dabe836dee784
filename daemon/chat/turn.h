/*
 * One question and its answer while it lives: the state table, the text, the events, the
 * checkpoints. A turn that has ended and has no subscriber is freed; what remains is in the store.
 *
 *	QUEUED -> RETRIEVING -> STREAMING -> FINISHING -> DONE | FAILED | CANCELLED | INTERRUPTED
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/list.h"
#include "common/sha256.h"
#include "daemon/chat/fanout.h"
#include "daemon/store/turns.h"

struct chat;

/* What the asker wants of this answer beside the question. Strings owned. */
struct ask_options {
	char *system, *model, *options; /* options: JSON object */
	char *collection;
	char **documents;
	size_t ndocuments;
	char *retrieval;                /* "local", "off", or NULL */
	bool unsaved;                   /* --no-save */
	bool passages;                  /* `done` brings all that was read for the answer */
};
void ask_options_fini(struct ask_options *o);

struct turn {
	struct chat *chat;
	uint64_t handle;             /* in chat->turns: what other threads carry */
	uint64_t thread_hash, id_hash, owner; /* fair_key of the ids, owner: the account's */
	struct list link;            /* chat->live, or chat->ended */
	struct account account;
	struct turn_row row;         /* text and sha256 are filled at the end only: see text */
	struct ask_options ask;
	struct buf text, reasoning;
	struct event *events;
	size_t nevents, events_cap;
	uint64_t ev_base;            /* events of its life that are not kept: those here are numbered from ev_base + 1 */
	uint64_t events_dropped;
	struct list subs;
	struct list dirty;           /* chat->dirty: subscribers have something to be given */

	struct turn_times {
		int64_t started, asked, first; /* wall us: out of the queue; to the backend or answering; first text; 0: not */
	} times;
	uint64_t upstream;           /* transfer now running, 0 none */
	struct context_turn *context;
	size_t ncontext;
	char *metadata;              /* the leading block the backend sent */
	char *passages;              /* sources block of the prompt, while it is built */
	struct source_list read;     /* with ask.passages: what was read, best first; not stored */
	bool upstream_sources;       /* the backend named sources of its own */
	bool transfer_open;          /* upstream still holds a pointer to this turn */
	bool started;                /* left the queue */
	bool queue_told;

	size_t submitted, saved;     /* bytes of text handed to the store, and on disk */
	uint64_t oldest_us;          /* monotonic: arrival of the first byte not handed over */
	bool append_flying;
	struct list unsaved;         /* chat->unsaved */
	struct sha256 sha;
	unsigned finish_tries;
};

/* Place among the waiting turns of its account, from 1; 0: running. */
size_t turn_position(const struct turn *t);
size_t turn_length(const struct turn *t);
const char *turn_sha256(const struct turn *t); /* hex of the whole answer, once it ended */

/* For the modules of chat/ only. */
void turn_on_text(struct turn *t, const char *s, size_t n);
void turn_on_reasoning(struct turn *t, const char *s, size_t n);
struct event event_of(enum event_kind kind);     /* with nothing in it */
void turn_event(struct turn *t, struct event e); /* e's strings are taken */
void turn_notice(struct turn *t, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void turn_status(struct turn *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void turn_words(struct turn *t, const char *lines); /* which words of the question the quotes hold */
void turn_end_events(struct turn *t); /* citations, marks, usage and error of its row, as a live answer ends with and a loaded one begins with */
void turn_fail(struct turn *t, enum turn_error e, const char *text); /* then ends as FAILED */
void turn_end(struct turn *t, enum turn_state state);               /* FINISHING, then the store, then state */
void turn_move(struct turn *t, enum turn_state to);                 /* the only writer of row.state; asserts the table */
void turn_touch(struct turn *t);                                    /* subscribers have something to be given */
void turn_checkpoint(struct turn *t);
struct turn *turn_new(struct chat *chat, const struct account *account);
void *turn_free(struct turn *t);
