/*
 * event.next that found nothing yet: they wait for their account's next event, or for their time to
 * be over. A wait belongs to its connection and goes with it.
 */
#pragma once

struct conn;
struct server;

void waits_init(struct server *s);
void waits_wake(struct server *s);  /* once in each loop turn: who has news reads again */
void waits_drop(struct conn *c);    /* the connection ends */
void waits_close(struct server *s); /* before the loop ends */
