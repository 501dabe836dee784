/* The user's editor on a file. */
#pragma once

/* $VISUAL, else $EDITOR, else vi, through the shell, so that it may have arguments. A status, said. */
int editor_run(const char *path);
