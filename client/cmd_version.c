/* ragchat version. */
#include "client/cmd.h"
#include "client/out.h"
#include "proto/limits.h"

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_version, argc, argv);
	struct buf out = { 0 };
	bool none = false;
	int r;

	if (opts_simple(&o, &none, 0, 0))
		return o.status;
	(void)buf_addf(&out, "ragchat %s (protocol %d, level %d)\n", RAGCHAT_VERSION, PROTO_VERSION,
		PROTO_LEVEL);
	r = out_text(&out, false);
	buf_fini(&out);
	return r;
}

const struct cmd cmd_version = {
	.name = "version",
	.brief = "print the version",
	.run = run,
	.help = "usage: ragchat version\n"
		"The version of this program and of the protocol that it speaks.\n"
		"example: ragchat version\n",
};
