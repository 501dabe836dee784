/* ragchat bridge: the daemon for programs that speak JSON-RPC on stdin and stdout. */
#include "client/bridge_in.h"
#include "client/cmd.h"
#include "common/mem.h"
#include "common/str.h"

enum { OPT_LSP = OPT_OWN, OPT_LINES, OPT_WAIT, OPT_JOIN };

#define JOIN_MAX_MS 10000

static const struct opt opts[] = {
	{ OPT_LSP, "lsp", NULL },
	{ OPT_LINES, "lines", NULL },
	{ OPT_WAIT, "wait", NULL },
	{ OPT_JOIN, "join", "MS" },
	OPTS_END,
};

static void fault(void *ctx, int code, const char *name, const char *words)
{
	bridge_error(ctx, NULL, "null", code, name, words);
}

static bool is_idle(void *ctx)
{
	const struct bridge *b = ctx;

	for (size_t i = 0; i < SESSION_REQUESTS; i++)
		if (b->jobs[i].used)
			return false;
	return !(b->until_done && session_streams(b->io.session));
}

static void finish(struct bridge *b)
{
	for (size_t i = 0; i < SESSION_REQUESTS; i++) {
		batch_unref(b->jobs[i].batch, &b->io);
		mem_free(b->jobs[i].id);
		mem_free(b->jobs[i].turn);
	}
	for (size_t i = 0; i < BRIDGE_ENDED; i++)
		mem_free(b->ended[i].id);
	bridge_join_fini(b);
	stdio_fini(&b->io);
	buf_wipe(&b->line);
	mem_free(b);
}

static int bridge(struct client *c, enum framing_mode mode, bool until_done, uint64_t join_ms)
{
	static const struct stdio_ops ops = { .take = bridge_take, .fault = fault, .is_idle = is_idle, .wake = bridge_join_wake };
	struct bridge *b = mem_new(sizeof(*b));
	struct session_handler handler = { .ctx = b, .reply = bridge_on_reply, .note = bridge_on_note };
	int status;

	*b = (struct bridge){ .io = { .ops = &ops, .ctx = b }, .until_done = until_done, .join_ms = join_ms };
	status = stdio_open(&b->io, c, "ragchat-bridge", mode, &handler);
	if (!status)
		status = stdio_run(&b->io);
	finish(b);
	return status;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_bridge, argc, argv);
	bool lsp = false, lines = false, until_done = false;
	int64_t join_ms = 0;
	int id;

	while ((id = opts_next(&o)) > 0) {
		lsp |= id == OPT_LSP;
		lines |= id == OPT_LINES;
		until_done |= id == OPT_WAIT;
		if (id == OPT_JOIN && str_int(o.value, 0, JOIN_MAX_MS, &join_ms))
			return opts_fail(&o, "--join takes milliseconds, at most %d", JOIN_MAX_MS);
	}
	if (id < 0 || opts_count(&o, 0, 0))
		return o.status;
	if (lsp == lines)
		return opts_fail(&o, "bridge wants either --lsp or --lines");
	return bridge(c, lsp ? FRAMING_LSP : FRAMING_LINES, until_done, (uint64_t)join_ms);
}

const struct cmd cmd_bridge = {
	.name = "bridge",
	.brief = "speak JSON-RPC on stdin and stdout, for editors and scripts",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat bridge --lsp|--lines [--wait] [--join MS]\n"
		"The methods and notifications of the daemon (PROTOCOL.md) as JSON-RPC 2.0. It ends\n"
		"with its input, once every request is answered; answers go on in the daemon.\n"
		"      --lsp           messages with a Content-Length head, as editors speak\n"
		"      --lines         a message on each line\n"
		"      --wait          after the input's end, stay until the streams have ended\n"
		"      --join MS       pieces of an answer that come within MS as one message\n"
		"example: jq -n {id:1,method:\"status\"} -c | ragchat bridge --lines | jq .result.server\n",
};
