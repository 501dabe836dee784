/* How far an upload of many files is. */
#pragma once

#include "client/upload.h"
#include "common/json.h"

/* How many files these arguments are, about: 1 each; folders: those in them, hidden ones left out. */
size_t progress_count(char *const *paths, size_t n, bool folders);
/* "12/344 files  report.pdf  page 140" */
void progress_upload(struct progress *p, const struct upload_news *news, size_t total);
/* {"kind": "reading", "name", "pages", "done", "total"}, for --jsonl */
void progress_upload_json(struct json_out *w, const struct upload_news *news, size_t total);
