/* A database of Chainlit's, or of a ragchatd's: read by a daemon of its own, on a copy. */
#pragma once

struct import;
struct progress;

/* account: whose threads; NULL: those of its only user. A status, said. */
int import_chainlit(struct import *k, const char *account, struct progress *p);
