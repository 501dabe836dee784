/* Looking for the helpers, before the walls are up. */
#include "daemon/worker/helper.h"

#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/path.h"

#ifndef RAGCHAT_LIBEXEC
#define RAGCHAT_LIBEXEC "/usr/local/libexec/ragchat"
#endif

char *helper_path(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *dir, *beside;

	if (n > 0) {
		self[n] = '\0';
		dir = path_dirname(self);
		beside = path_join(dir, name);
		mem_free(dir);
		if (access(beside, X_OK) == 0)
			return beside;
		mem_free(beside);
	}
	return path_join(RAGCHAT_LIBEXEC, name);
}
