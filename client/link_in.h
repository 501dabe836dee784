/* What the files of the connection share; nothing of it is for others. */
#pragma once

#include "client/link.h"

#define LINK_TOKEN_ID 0 /* a log-in between hello and the requests */
#define LINK_HELLO_ID 1 /* the first of every connection; requests have larger ones */

/* ---- link.c ---- */

/* The server speaks another protocol: says so. LINK_REFUSED. */
int link_refuse(struct link *l, const char *why);

/* ---- link_hello.c ---- */

void link_hello(struct link *l); /* the first word goes to `out` */
/* The replies of it and of the token behind it: 0, or LINK_REFUSED. */
int link_hello_answered(struct link *l);
int link_token_answered(struct link *l);
