/* A document's file as it came, piece by piece to a file or a pipe; its hash is looked at on the way. */
#pragma once

struct link;

/* path NULL or "-": stdout, which is no terminal. Status. */
int original_write(struct link *l, const char *ref, const char *collection, const char *path);
