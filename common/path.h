/*
 * Where things are: one rule for client and daemon. Every result is malloc'd, the caller's. Where no
 * home is known, path_home, path_config_file and path_data_dir give NULL; the others never do.
 * A variable that holds a relative path counts as not set (XDG Base Directory Specification).
 * Folders that hold secrets are checked after realpath(3): owner is us, no group or other bits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PATH_SOCKET_MAX 107 /* sizeof sun_path - 1: libuv cuts longer ones silently (unix(7)) */

char *path_join(const char *dir, const char *name);
char *path_dirname(const char *path);
const char *path_basename(const char *path);       /* view into path; "" when it ends in '/' */
char *path_home(void);                             /* $HOME, else passwd */
char *path_expand(const char *path);               /* "~" and leading "~/"; as it is when no home is known */
char *path_config_file(void);  /* $XDG_CONFIG_HOME/ragchat/ragchat.conf, ~/.config/... */
char *path_data_dir(void);     /* $XDG_DATA_HOME/ragchat, ~/.local/share/ragchat */
/* $XDG_RUNTIME_DIR/ragchat, else /run/user/UID/ragchat when /run/user/UID is ours, else /tmp/ragchat-UID. */
char *path_runtime_dir(void);
char *path_user_socket(void);  /* path_runtime_dir()/sock */
#define PATH_SYSTEM_SOCKET "/run/ragchat/sock"
#define PATH_SYSTEM_CONFIG "/etc/ragchat/ragchat.conf"
#define PATH_SYSTEM_DATABASE "/var/lib/ragchat/chat_history.db"

/* mkdir -p with 0700 for what is made. 0, -ENOTDIR or -errno. */
int path_make_dirs(const char *dir);
/*
 * Is `dir` a folder, ours, with no bits for group and others? A link is followed when it is ours or
 * root's. *real gets its realpath (may be NULL; untouched on error). 0, or -ENOTDIR, -EPERM (another
 * owner), -EACCES (loose mode), -errno. `why` (>= 160 bytes) says it in words, "" when all is well.
 */
int path_check_private_dir(const char *dir, char **real, char why[160]);
/* NFS, SMB, 9p, FUSE to another machine and the like. What does not exist yet is judged by its parent. */
bool path_is_network_fs(const char *path);
