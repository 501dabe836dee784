/* Looking for the helpers, before the walls are up. */
#include "daemon/worker/helper.h"

#include <limits.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/path.h"

char *helper_path(const char *name)
{
	char self[PATH_MAX] = "/usr/bin/ragchatd";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *dir, *beside, *above, *found;

	if (n > 0)
		self[n] = '\0';
	dir = path_dirname(self);
	beside = path_join(dir, name);
	above = path_dirname(dir);
	found = mem_printf("%s/libexec/ragchat/%s", above, name);
	if (access(beside, X_OK) == 0) {
		mem_free(found);
		found = beside;
		beside = NULL;
	}
	mem_free(beside);
	mem_free(above);
	mem_free(dir);
	return found;
}
