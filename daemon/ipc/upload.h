/*
 * Documents on their way in: doc.begin, doc.chunk, doc.commit of one connection. Goes to the
 * library, or to the backend's own /upload; a chunk is answered when more is wanted.
 */
#pragma once

struct conn;

void uploads_abort(struct conn *c); /* the connection ends: what is not whole is dropped */
