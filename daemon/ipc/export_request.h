/* Rows of the store and live turns as the request of ragchatd-pdf: JSON within its frame (daemon/worker/renderer.h). */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/json.h"
#include "daemon/chat/turn.h"
#include "daemon/store/turns.h"

struct export_request {
	struct buf out;
	struct json_out w;
	int64_t epoch_us;  /* of the newest turn: the date of the document */
};

/* paper: "a4" or "letter"; format: "pdf" or "html". title and thread may be NULL. */
void export_request_begin(struct export_request *x, const char *format, const char *paper, const char *title, const char *thread);
/* live tells what the store does not know yet, or NULL. */
void export_request_turn(struct export_request *x, const struct turn_row *row, const struct turn *live);
int export_request_end(struct export_request *x); /* 0, -ENOBUFS: larger than the renderer takes, -ENOMEM */
