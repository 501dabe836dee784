/* ragchat search --source: the answers that cite a document. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct client;

/* A status, and said. limit 0: all. */
int cited_run(const struct client *c, const char *source, int64_t limit, bool json);
