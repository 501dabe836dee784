/*
 * Every number of the wire, once, with its reason. Those marked (c) are defaults that the
 * configuration may change; `hello` reports what is in force.
 */
#pragma once

#define PROTO_VERSION 1 /* of the handshake; raised only when an old client could not go on */
#define PROTO_LEVEL 4   /* of the method table; raised with every addition */

/* Frames */
#define LIMIT_FRAME (1u << 20)       /* one message, either way: fits the longest prompt with its map */
#define LIMIT_FRAME_EARLY 4096       /* before hello and log-in: strangers get no memory */
#define LIMIT_DEPTH 16               /* our deepest message nests 6 */
#define LIMIT_NODES 16384            /* objects in a message; msgpack-c spends 24 bytes on each */
#define LIMIT_NODES_EARLY 64
#define LIMIT_METHOD 64              /* longest method name */
#define LIMIT_REQUESTS 64            /* outstanding on one connection */
#define LIMIT_STRAY 200              /* notifications a minute that nobody asked for, then the connection closes */

/* Texts */
#define LIMIT_PROMPT (960u << 10)    /* (c) leaves 64 KiB of the frame for the rest of `ask` */
#define LIMIT_ANSWER (8u << 20)      /* (c) then FAILED with what came */
#define LIMIT_KEY 64                 /* idempotency key */
#define LIMIT_NAME 512               /* bytes of a thread's or collection's name, a label, a REF */
#define LIMIT_TAG 256                /* bytes of a tag */
#define LIMIT_COMMENT 65536          /* bytes of what is said with a rating */
#define LIMIT_PASSWORD 511           /* bytes: crypt(3) takes no more */
#define LIMIT_TOKENS 100             /* of one account */
#define LIMIT_LOGINS 5               /* failed log-ins on one connection, then it is closed */
#define LIMIT_ACCOUNT 128            /* bytes of an account's name */
#define LIMIT_TEXT_IN_RESULT (256u << 10) /* longer texts are cut in a result; `attach` brings the rest */
#define LIMIT_PAGE 200               /* rows in one page of a list */
#define LIMIT_CHUNK (256u << 10)     /* bytes in one doc.chunk or doc.original */
#define LIMIT_DELTA (64u << 10)      /* text of one stream notification */

/* Connections */
#define LIMIT_CONNS 4096             /* (c) */
#define LIMIT_CONNS_UID 1024         /* (c) 256 in system mode */
#define OUT_HIGH (256u << 10)        /* bytes queued to one client before streams to it are skipped */
#define OUT_LOW (32u << 10)          /* ... until it has drained to this */
#define OUT_MAX (4u << 20)           /* replies included: a client that asks and never reads is closed */

/* Turns */
#define LIMIT_RUNNING_SYSTEM 64      /* running answers of one account, system mode; no cap in user mode */
#define LIMIT_QUEUED 1024            /* waiting turns of one account */
#define LIMIT_EVENTS 4096            /* non-text events kept for one turn; later ones are counted only */

/* Times, milliseconds */
#define TIME_HELLO 10000             /* (c) to say hello */
#define TIME_STUCK 60000             /* (c) with bytes queued and none taken, then the connection closes */
#define TIME_CHECKPOINT 250          /* (c) oldest byte of an answer that may be missing after a crash */
#define LIMIT_CHECKPOINT 4096        /* (c) ... or this many bytes */
#define TIME_EVENT_WAIT 600000       /* the longest wait_ms of event.next */
#define TIME_CHECK 10000             /* for the daemon's own look at its backend and files: method check */
#define TIME_KEY_MS (24 * 3600 * 1000) /* an idempotency key is remembered this long */
