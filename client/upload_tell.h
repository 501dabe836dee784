/*
 * What became of an uploaded document: the reply of doc.commit in words and as JSON. What a backend says
 * of its own count comes with it.
 */
#pragma once

#include "client/upload.h"
#include "common/buf.h"

struct json_out;
struct link_error;

void upload_line(const char *name, struct val result, struct buf *out); /* with its line feed */
void upload_say_stats(const char *name, struct val stats);              /* what a backend's message leaves out */
/* One object of the list: the result, or where there is none the error. */
void upload_json(struct json_out *w, const struct link_error *error, const struct upload *file, int status, struct val result);
