/* Inside the lanes: what their threads share. */
#pragma once

#include "daemon/store/lane.h"

void lane_wait(struct lane *l);                      /* with the mutex: until there is a job, or the end */
bool lane_take(struct lane *l, struct list *batch);  /* all that is queued; false: stopped and empty */
struct job *lane_pop(struct list *batch);
void lane_deliver(struct lane *l, struct list *finished);
void lane_fail_group(struct list *group, int r, const char *why); /* those that had succeeded share the fate of their transaction */

/* One more thread of the store: small, without signals. 0 or -errno. */
int lane_thread(uv_thread_t *thread, void (*run)(void *), void *arg);

void lane_write_main(struct lane *l);
void lane_library_main(struct lane *l);
void lane_read_main(struct lane *l);
void lane_scan_main(struct lane *l);
