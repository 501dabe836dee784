/* Is there a model of that name? Said at once, not with the next question's error. */
#pragma once

#include <stdbool.h>

struct talk;

/*
 * False, and said with the names that are near it: it is none of the backend's. One that is like no
 * other, and one that cannot be looked up, is taken; the backend will tell.
 */
bool model_name_holds(struct talk *t, const char *name);
