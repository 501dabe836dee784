/* A name for this terminal session, the same for every command in it and for none after it. */
#pragma once

#include <stdbool.h>

#define TERMKEY_LEN 32

/*
 * A hash of the terminal's device, the session leader's pid and start time and the boot id; false:
 * there is no controlling terminal (cron, a service, ssh without one). Source: proc(5).
 */
bool termkey(char out[TERMKEY_LEN + 1]);
