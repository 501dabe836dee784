/*
 * Results that are larger than a frame: a client fetches them piece by piece with blob.read. A blob
 * belongs to its connection and goes with it, or with its last piece; nobody else can name it. What all
 * of them take is capped: when there is no room, those that nobody has read from for a while go first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct conn;
struct server;

#define BLOB_PIECE (512u << 10)
#define BLOBS_PER_CONN 4         /* a fifth takes the place of the oldest */
#define BLOB_STALE_MS 60000

uint64_t blob_add(struct conn *c, struct buf *data); /* data is taken; its id; 0: no room */
uint64_t blob_add_file(struct conn *c, int fd, uint64_t size); /* fd is taken, and read piece by piece */
void blobs_drop(struct conn *c);                     /* the connection ends */
