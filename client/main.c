/* ragchat: picks the command. A line that names none is a question. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/help.h"
#include "client/opts.h"
#include "client/say.h"
#include "client/signals.h"
#include "client/words.h"
#include "common/attr.h"
#include "common/mem.h"

/*
 * Names of commands to come: to ask them as questions today would make them mean something else
 * tomorrow.
 */
static const char *const reserved[] = { "fork", "edit" };

/* A socket that got number 1 would be written to as stdout; a closed one has to stay unusable. */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

static bool is_reserved(const char *word)
{
	for (size_t i = 0; i < array_len(reserved); i++)
		if (!strcmp(word, reserved[i]))
			return true;
	return false;
}

static int refuse_reserved(int argc, char **argv)
{
	char *line = shell_join(argv, (size_t)argc);

	say("this version has no command '%s'; to ask it: `ragchat ask %s`", argv[0], line);
	mem_free(line);
	return STATUS_USAGE;
}

/* One word could be a mistyped command. Words of other scripts, and with punctuation, could not. */
static bool is_bare_word(const char *word)
{
	return word[0] != '-' &&
	       !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_-")];
}

static bool is_alone(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (argv[i][0] != '-')
			return false;
	return true;
}

static int refuse_bare_word(const char *word)
{
	const char *nearest = cmd_nearest(word);

	if (nearest)
		say("'%s' is no command; did you mean `ragchat %s`? to ask it: `ragchat ask %s`",
			word, nearest, word);
	else
		say("'%s' is no command; to ask it: `ragchat ask %s`", word, word);
	return STATUS_USAGE;
}

/* argv: what follows the global options. */
static int dispatch(struct client *c, int argc, char **argv)
{
	const struct cmd *cmd = argc ? cmd_find(argv[0]) : NULL;

	if (cmd)
		return cmd->run(c, argc - 1, argv + 1);
	if (argc && !strcmp(argv[0], "__complete"))
		return complete_run(c, argc - 1, argv + 1);
	if (argc && is_reserved(argv[0]))
		return refuse_reserved(argc, argv);
	if (argc && is_bare_word(argv[0]) && is_alone(argc, argv) && isatty(STDIN_FILENO))
		return refuse_bare_word(argv[0]);
	if (!argc && isatty(STDIN_FILENO))
		return help_first();
	return cmd_ask.run(c, argc, argv);
}

int main(int argc, char **argv)
{
	struct client c = { .autostart = true };
	int i = 1, r = 1, status = 0;

	fill_standard_fds();
	signals_init();
	while (r > 0 && i < argc)
		r = opts_global(&c, argc, argv, &i, &status);
	return r < 0 ? status : dispatch(&c, argc - i, argv + i);
}
