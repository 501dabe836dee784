/*
 * Where the helpers lie: beside the daemon's own program in a build tree, else in ../libexec/ragchat from there, as
 * installed. Relative, so that a tree may be installed under one prefix and moved to another.
 */
#pragma once

/* Path of the program, malloc'd. It is there, or is the one in libexec, which the error then names. */
char *helper_path(const char *name);
