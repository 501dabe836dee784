/* The loop between a program and the daemon. */
#include "client/stdio.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/connect.h"
#include "client/say.h"
#include "client/secret.h"
#include "common/fd.h"

#define READ_SIZE 65536
#define QUEUE_MAX (1u << 20)

int stdio_open(struct stdio *io, const struct client *c, const char *name, enum framing_mode mode,
	const struct session_handler *handler)
{
	struct session_config config = { .name = name, .socket = connect_told(c), .autostart = c->autostart,
		.start_again = true, .token = secret_token };

	if (isatty(STDIN_FILENO))
		say("this is for programs: it reads requests of JSON-RPC, %s; Ctrl-D ends it",
			mode == FRAMING_LSP ? "each with a Content-Length head" : "one on each line");
	framing_init(&io->framing, mode);
	(void)out_open(&io->out, NULL);
	io->session = session_new(&config, handler);
	return io->session ? 0 : say_fail(STATUS_FAILED, "no descriptors are left");
}

void stdio_fini(struct stdio *io)
{
	io->session = session_free(io->session);
	framing_fini(&io->framing);
	buf_fini(&io->out.queue);
}

void stdio_emit(struct stdio *io, const struct buf *json)
{
	char head[64];
	int n;

	if (json->failed) {
		io->out.error = -ENOMEM;
		return;
	}
	if (io->framing.mode == FRAMING_LSP) {
		n = snprintf(head, sizeof(head), "Content-Length: %zu\r\n\r\n", json->len);
		out_add(&io->out, head, (size_t)n);
	}
	out_add(&io->out, json->data, json->len);
	if (io->framing.mode == FRAMING_LINES)
		out_add(&io->out, "\n", 1);
}

/* ---- the program's side ---- */

static bool has_room(const struct stdio *io)
{
	return out_left(&io->out) < OUT_BACKLOG && session_queued(io->session) < QUEUE_MAX;
}

static void take_messages(struct stdio *io)
{
	const char *message;
	size_t n;

	while (!io->broken && has_room(io)) {
		switch (framing_next(&io->framing, &message, &n)) {
		case FRAMING_MORE:
			return;
		case FRAMING_MESSAGE:
			io->ops->take(io->ctx, message, n);
			break;
		case FRAMING_LARGE:
			io->ops->fault(io->ctx, RPC_INVALID, "too_large", "a message is larger than 8 MiB");
			break;
		case FRAMING_BROKEN:
			io->ops->fault(io->ctx, RPC_PARSE, "parse_error", io->framing.why);
			io->status = say_fail(STATUS_DATA, "%s: the next message cannot be found", io->framing.why);
			io->broken = io->eof = true;
			return;
		}
	}
}

static void at_eof(struct stdio *io)
{
	const char *message;
	size_t n;

	io->eof = true;
	if (framing_rest(&io->framing, &message, &n))
		io->ops->take(io->ctx, message, n);
	else if (!framing_is_empty(&io->framing))
		io->status = say_fail(STATUS_DATA, "the input ended within a message");
}

static void read_program(struct stdio *io)
{
	uint8_t *room = framing_room(&io->framing, READ_SIZE);
	ssize_t n = room ? fd_read(STDIN_FILENO, room, READ_SIZE) : -ENOMEM;

	if (n > 0)
		framing_read(&io->framing, (size_t)n);
	take_messages(io);
	if (n == -EAGAIN)
		return;
	if (n < 0)
		io->status = say_fail(STATUS_INPUT, "cannot read: %s", strerror((int)-n));
	if (n <= 0 && !io->eof)
		at_eof(io);
}

/* ---- the loop ---- */

static bool is_over(const struct stdio *io)
{
	if (io->out.error)
		return true;
	return io->eof && io->ops->is_idle(io->ctx) && !session_queued(io->session) && !out_left(&io->out);
}

static void step(struct stdio *io)
{
	int wait = io->ops->wake ? io->ops->wake(io->ctx) : -1;
	bool full = out_left(&io->out) >= OUT_BACKLOG, reads = !io->eof && has_room(io);
	struct pollfd p[3] = {
		{ .fd = session_fd(io->session), .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = (short)(out_left(&io->out) ? POLLOUT : 0) },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	session_hold(io->session, full);
	if (!reads)
		p[2].fd = -1;
	if (io->out.always) /* a file; what it did not take shows with the next write */
		p[1].fd = -1;
	if (poll(p, 3, wait) < 0)
		return;
	if (p[1].revents & (POLLERR | POLLNVAL) || (p[1].revents & POLLHUP && !(p[1].revents & POLLOUT)))
		io->out.error = -EPIPE; /* nobody reads any more */
	(void)out_drain(&io->out);
	if (p[2].revents)
		read_program(io);
	else if (reads)
		take_messages(io); /* those that had to wait for room */
	session_run(io->session);
	(void)out_drain(&io->out);
}

int stdio_run(struct stdio *io)
{
	while (!is_over(io))
		step(io);
	return io->out.error ? out_status(&io->out) : io->status;
}
