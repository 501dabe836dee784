/* Values of the wire as JSON text, on one line or indented. */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "proto/val.h"

void pretty_val(struct val v, bool indent, struct buf *out); /* with a final newline */
int pretty_print(struct val v); /* on one line, to stdout; a status */
/* A map with {"event": event} in front, on one line; event NULL: the map as it is. */
void pretty_event(const char *event, struct val map, struct buf *out);
/* Copies the pairs of a map into the object that w is in; `but` (may be NULL) is left out. */
struct json_out;
void pretty_pairs(struct json_out *w, struct val map, const char *but);
