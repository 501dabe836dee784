/* The list of commands. */
#include <string.h>

#include "client/cmd.h"
#include "client/words.h"
#include "common/attr.h"

const struct cmd *const cmds[] = {
	&cmd_ask,
	&cmd_chat,
	&cmd_attach,
	&cmd_retry,
	&cmd_cancel,
	&cmd_ps,
	&cmd_wait,
	&cmd_ls,
	&cmd_show,
	&cmd_last,
	&cmd_search,
	&cmd_fork,
	&cmd_edit,
	&cmd_mv,
	&cmd_tag,
	&cmd_rate,
	&cmd_rm,
	&cmd_sources,
	&cmd_export,
	&cmd_share,
	&cmd_upload,
	&cmd_docs,
	&cmd_models,
	&cmd_login,
	&cmd_logout,
	&cmd_whoami,
	&cmd_passwd,
	&cmd_user,
	&cmd_token,
	&cmd_config,
	&cmd_log,
	&cmd_idle,
	&cmd_usage,
	&cmd_backup,
	&cmd_import,
	&cmd_status,
	&cmd_doctor,
	&cmd_completion,
	&cmd_daemon,
	&cmd_bridge,
	&cmd_mcp,
	&cmd_help,
	&cmd_version,
	NULL,
};

const struct cmd *cmd_find(const char *word)
{
	for (size_t i = 0; cmds[i]; i++)
		if (!strcmp(cmds[i]->name, word) ||
			(cmds[i]->alias && !strcmp(cmds[i]->alias, word)))
			return cmds[i];
	return NULL;
}

static void closer(const char *word, const char *name, const char **best, size_t *distance)
{
	size_t d = name ? word_distance(word, name, 2) : 3;

	if (d < *distance) {
		*distance = d;
		*best = name;
	}
}

const char *cmd_nearest(const char *word)
{
	/* Two edits turn any short word into another: "hello" into "help". */
	size_t distance = strlen(word) <= 5 ? 2 : 3;
	const char *best = NULL;

	for (size_t i = 0; cmds[i]; i++) {
		closer(word, cmds[i]->name, &best, &distance);
		closer(word, cmds[i]->alias, &best, &distance);
	}
	return best;
}
