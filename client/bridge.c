/* ragchat bridge: the daemon for programs that speak JSON-RPC on stdin and stdout. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client/bridge_in.h"
#include "client/cmd.h"
#include "client/connect.h"
#include "client/say.h"
#include "client/secret.h"
#include "common/fd.h"
#include "common/mem.h"

#define READ_SIZE 65536
#define QUEUE_MAX (1u << 20) /* bytes that the daemon has not taken: then the program is not read */

enum { OPT_LSP = OPT_OWN, OPT_LINES, OPT_WAIT };

static const struct opt opts[] = {
	{ OPT_LSP, "lsp", NULL },
	{ OPT_LINES, "lines", NULL },
	{ OPT_WAIT, "wait", NULL },
	OPTS_END,
};

/* ---- the program's side ---- */

static void take_messages(struct bridge *b)
{
	const char *message;
	size_t n;

	while (!b->broken && out_left(&b->out) < OUT_BACKLOG && session_queued(b->session) < QUEUE_MAX) {
		switch (framing_next(&b->framing, &message, &n)) {
		case FRAMING_MORE:
			return;
		case FRAMING_MESSAGE:
			bridge_take(b, message, n);
			break;
		case FRAMING_LARGE:
			bridge_error(b, NULL, "null", RPC_INVALID, "too_large", "a message is larger than 8 MiB");
			break;
		case FRAMING_BROKEN:
			bridge_error(b, NULL, "null", RPC_PARSE, "parse_error", b->framing.why);
			b->status = say_fail(STATUS_DATA, "%s: the next message cannot be found", b->framing.why);
			b->broken = b->eof = true;
			return;
		}
	}
}

static void at_eof(struct bridge *b)
{
	const char *message;
	size_t n;

	b->eof = true;
	if (framing_rest(&b->framing, &message, &n))
		bridge_take(b, message, n);
	else if (!framing_is_empty(&b->framing))
		b->status = say_fail(STATUS_DATA, "the input ended within a message");
}

static void read_program(struct bridge *b)
{
	uint8_t *room = framing_room(&b->framing, READ_SIZE);
	ssize_t n = room ? fd_read(STDIN_FILENO, room, READ_SIZE) : -ENOMEM;

	if (n > 0)
		framing_read(&b->framing, (size_t)n);
	take_messages(b);
	if (n == -EAGAIN)
		return;
	if (n < 0)
		b->status = say_fail(STATUS_INPUT, "cannot read: %s", strerror((int)-n));
	if (n <= 0 && !b->eof)
		at_eof(b);
}

/* ---- the loop ---- */

static bool anyone_waits(const struct bridge *b)
{
	for (size_t i = 0; i < SESSION_REQUESTS; i++)
		if (b->jobs[i].used)
			return true;
	return false;
}

static bool is_over(const struct bridge *b)
{
	if (b->out.error)
		return true;
	return b->eof && !anyone_waits(b) && !session_queued(b->session) && !out_left(&b->out) &&
	       !(b->until_done && session_streams(b->session));
}

static void step(struct bridge *b)
{
	bool full = out_left(&b->out) >= OUT_BACKLOG, reads;
	struct pollfd p[3] = {
		{ .fd = session_fd(b->session), .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = (short)(out_left(&b->out) ? POLLOUT : 0) },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	session_hold(b->session, full);
	reads = !b->eof && !full && session_queued(b->session) < QUEUE_MAX;
	if (!reads)
		p[2].fd = -1;
	if (b->out.always) /* a file; what it did not take shows with the next write */
		p[1].fd = -1;
	if (poll(p, 3, -1) < 0)
		return;
	if (p[1].revents & (POLLERR | POLLNVAL) || (p[1].revents & POLLHUP && !(p[1].revents & POLLOUT)))
		b->out.error = -EPIPE; /* nobody reads any more */
	(void)out_drain(&b->out);
	if (p[2].revents)
		read_program(b);
	else if (reads)
		take_messages(b); /* those that had to wait for room */
	session_run(b->session);
	(void)out_drain(&b->out);
}

static void finish(struct bridge *b)
{
	session_free(b->session);
	framing_fini(&b->framing);
	for (size_t i = 0; i < SESSION_REQUESTS; i++) {
		bridge_batch_unref(b, b->jobs[i].batch);
		mem_free(b->jobs[i].id);
		mem_free(b->jobs[i].turn);
	}
	for (size_t i = 0; i < BRIDGE_ENDED; i++)
		mem_free(b->ended[i].id);
	buf_wipe(&b->line);
}

static int bridge(struct client *c, enum framing_mode mode, bool until_done)
{
	struct bridge *b = mem_new(sizeof(*b));
	struct session_handler handler = { .ctx = b, .reply = bridge_on_reply, .note = bridge_on_note };
	struct session_config config = { .name = "ragchat-bridge", .socket = connect_told(c), .autostart = c->autostart,
		.start_again = true, .token = secret_token };
	int status;

	b->until_done = until_done;
	framing_init(&b->framing, mode);
	b->session = session_new(&config, &handler);
	if (!b->session) {
		mem_free(b);
		return say_fail(STATUS_FAILED, "no descriptors are left");
	}
	(void)out_open(&b->out, NULL);
	while (!is_over(b))
		step(b);
	status = b->out.error ? out_status(&b->out) : b->status;
	finish(b);
	buf_fini(&b->out.queue);
	mem_free(b);
	return status;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_bridge, argc, argv);
	bool lsp = false, lines = false, until_done = false;
	int id;

	while ((id = opts_next(&o)) > 0) {
		lsp |= id == OPT_LSP;
		lines |= id == OPT_LINES;
		until_done |= id == OPT_WAIT;
	}
	if (id < 0 || opts_count(&o, 0, 0))
		return o.status;
	if (lsp == lines)
		return opts_fail(&o, "bridge wants either --lsp or --lines");
	return bridge(c, lsp ? FRAMING_LSP : FRAMING_LINES, until_done);
}

const struct cmd cmd_bridge = {
	.name = "bridge",
	.brief = "speak JSON-RPC on stdin and stdout, for editors and scripts",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat bridge --lsp|--lines [--wait]\n"
		"The methods and notifications of the daemon (PROTOCOL.md) as JSON-RPC 2.0. It ends\n"
		"with its input, once every request is answered; answers go on in the daemon.\n"
		"      --lsp           messages with a Content-Length head, as editors speak\n"
		"      --lines         a message on each line\n"
		"      --wait          after the input's end, stay until the streams have ended\n"
		"example: jq -n {id:1,method:\"status\"} -c | ragchat bridge --lines | jq .result.server\n",
};
