/* Between the files of the server: server.c (each loop turn), server_config.c, server_start.c, server_stop.c. */
#pragma once

#include "daemon/server.h"

/* server.c */
void server_start_handles(struct server *s); /* of the loop; none of them keeps it alive */

/* server_config.c: each brings what runs in line with s->config. `why` is the caller's to free. */
void server_apply_log(struct server *s);
void server_cap_clients(struct config *c); /* as many as there are descriptors for */
void server_configure_library(struct server *s);
void server_configure_renderer(struct server *s);
int server_configure_upstream(struct server *s, const struct config *c, char **why);
int server_configure_vectors(struct server *s, char **why);

/* server_start.c: what server_init made, or part of it, but for what server_stop.c closes */
void server_fini(struct server *s);

/* server_stop.c */
void server_step(struct server *s);    /* each loop turn of the end: is the next stage due? */
void server_chat_idle(void *ctx);      /* no answer is being made any more */
