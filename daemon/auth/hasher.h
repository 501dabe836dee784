/*
 * The auth thread: it computes one hash after another, and nothing else does. Not on uv's pool: 32
 * hashes there would hold up every look-up of a name by more than a second.
 *
 * The queue is short and takes one job for each uid: who sends a thousand passwords waits for
 * oneself. Secrets in a job are wiped when it ends.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "common/list.h"
#include "daemon/auth/password.h"

#define HASHER_QUEUE 16

struct hasher;

struct hash_job {
	/* in */
	uid_t uid;
	char *password;  /* malloc'd; to be checked or hashed */
	char *hash;      /* the stored one; NULL: there is none, and a dummy of the same cost is computed */
	bool check;      /* password against hash */
	char *fresh;     /* a new password to be hashed once the check is passed (or without one) */
	struct password_policy policy;
	void (*done)(struct hash_job *j); /* on the loop; frees it by hash_job_free */
	void *ctx;
	/* out */
	bool matched;
	bool refused;    /* the stored hash is not one that the policy computes */
	char made[PASSWORD_HASH_MAX]; /* of `fresh`, or of a password whose hash was weak; "" none */
	int r;           /* 0, -errno: the hash could not be made */
	/* private */
	struct list link;
};

struct hash_job *hash_job_new(void);
void hash_job_free(struct hash_job *j); /* wipes */

/* 0, -errno. */
int hasher_start(struct hasher **out, uv_loop_t *loop);
/* 0: taken. -EAGAIN: the queue is full. -EALREADY: this uid has a job there. Else it is still the caller's. */
int hasher_submit(struct hasher *h, struct hash_job *j);
/* Waits for the job at hand; the others are handed back with r = -ECANCELED. Takes NULL. */
void hasher_stop(struct hasher *h);
