/*
 * Everything one daemon owns, and the order in which it starts and stops.
 *
 * Start: configuration, hardening, store (blocking), loop, upstream, chat, listener.
 * Stop:  listener, running answers (grace), clients, upstream, store, loop. Each step waits for the one before.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/idmap.h"
#include "common/list.h"
#include "daemon/auth/backoff.h"
#include "daemon/auth/hasher.h"
#include "daemon/chat/chat.h"
#include "daemon/chat/vectors.h"
#include "daemon/config.h"
#include "daemon/ipc/conn.h"
#include "daemon/ipc/housekeeping.h"
#include "daemon/ipc/indexer.h"
#include "daemon/ipc/listener.h"
#include "daemon/library/library.h"
#include "daemon/service.h"
#include "daemon/store/store.h"
#include "daemon/upstream/upstream.h"
#include "daemon/worker/pool.h"
#include "proto/msg.h"

struct server_options {
	const char *config_file; /* NULL: the usual places */
	const char *socket, *database;
	const char *log;         /* over the configuration's */
	bool autostarted;        /* by a client: no seed environment, leaves when idle */
	bool system_wide;        /* mode = system, whatever the file says */
};

enum server_stage { SERVER_RUNNING, SERVER_ENDING_TURNS, SERVER_ENDING_CLIENTS, SERVER_ENDING_PORTS };

struct server {
	uv_loop_t loop;
	struct server_options options;
	struct config *config;
	char *socket_path, *database_path;
	bool socket_handed;        /* by a service manager: neither its file nor its folder is ours */
	struct store *store;
	struct vectors *vectors; /* NULL: no server for embeddings is configured */
	struct library *library;
	struct readers *readers;
	char *extractor_path, *pdftext_path; /* ragchatd-extract, ragchatd-pdftext */
	struct upstream *upstream;
	struct chat chat;
	struct pool *renderer;
	char *renderer_path, *renderer_level; /* its program; the sandbox it reported last, or NULL */
	struct listener *listener;
	struct service service;
	struct account account;    /* of per-user mode */
	gid_t group;               /* of system mode: whose members are served */
	struct hasher *hasher;     /* the auth thread */
	struct backoff *backoff;
	struct housekeeping housekeeping;
	struct indexer indexer;
	bool purging;              /* what removed accounts left is on its way out */
	struct list known;         /* accounts by uid: identity.c */
	uint64_t known_age;        /* how often they were forgotten */
	char instance[33];         /* random, of this life */
	char *sandbox;             /* which layers protect the daemon */
	uint64_t started_us;       /* wall */

	struct idmap conns;
	struct list conn_list;     /* longest idle first */
	struct list dirty_conns;
	struct msg msg;            /* reused for every frame: handlers copy what they keep */
	char read_buffer[65536];
	size_t nconns, ungreeted, uploads;
	struct list waits;         /* event.next that wait: ipc/rpc_event.c */
	struct idmap wait_ids;
	uv_timer_t wait_clock;
	struct list blobs;         /* results that wait to be fetched, longest unread first */
	size_t blob_bytes;
	struct fair exports;       /* on their way, by account */
	bool backing_up;           /* one copy at a time: it takes the room of the database */
	uint64_t next_blob;
	struct member *members;    /* ipc/members.c */
	size_t nmembers, members_cap;

	uv_prepare_t prepare;      /* both flush: what timers made, and what the poll phase made */
	uv_check_t check;
	uv_timer_t sweep;          /* hello and stuck clients; runs only while somebody can be late */
	uv_timer_t idle;
	uv_signal_t sigterm, sigint, sighup;
	enum server_stage stage;
	unsigned open_handles;
	bool idle_armed;
	bool served;               /* somebody has come and said hello; a knock at the door is none */
	bool uploads_late;         /* stopping: those still open had their time */
};

unsigned server_config_flags(const struct server_options *options);     /* for config_load */
int server_init(struct server *s, const struct server_options *options); /* 0 or an exit status, already said on stderr */
void server_run(struct server *s);                                      /* returns after an orderly stop */
void server_stop(struct server *s, const char *reason);                 /* idempotent; asked twice: without grace */
/* 0, or *why: the old configuration goes on. Lists are malloc'd arrays of static names. */
int server_reload(struct server *s, char **why, const char ***live, size_t *nlive, const char ***restart, size_t *nrestart);
void server_wants_sweep(struct server *s);
