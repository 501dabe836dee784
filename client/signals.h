/*
 * Signals of the client. From signals_init on, INT, HUP and TERM end the process with 128 + number
 * and a broken pipe is an error of write(2). Between watch and unwatch the first one is reported
 * through a descriptor instead, so that it is seen while stdout is stuck; a second INT ends the
 * process from within the handler, whatever it hangs in. What was ignored at the start (nohup, a
 * background job) stays ignored.
 */
#pragma once

void signals_init(void);
int signals_watch(void); /* a descriptor to poll for reading; the same each time; -errno */
int signals_take(void);  /* the number of a signal that came since, or 0 */

/* For a program that stays: INT is reported however often it comes, and so is `number`. */
void signals_stay(void);
void signals_also(int number);
void signals_as_usual(void); /* in a child of it: as after signals_init */
