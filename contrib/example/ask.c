/*
 * Asks one question with libragchat and prints the answer as it comes:
 *
 *	cc -o ask ask.c $(pkg-config --cflags --libs ragchat)
 *	./ask Who are you?
 *
 * Ctrl-C stops the answer; what came of it is kept.
 */
#include <poll.h>
#include <ragchat.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

struct asking {
	int status;
};

/* What a model says is not for the terminal to act on. */
static void print(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		putchar((c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? '?' : c);
	}
	fflush(stdout);
}

static void print_sources(const char *json)
{
	char *title = ragchat_text(json, "source.path"), *kind = ragchat_text(json, "kind");

	if (kind && !strcmp(kind, "citation"))
		fprintf(stderr, "[%lld] %s\n", (long long)ragchat_int(json, "source.n", 0), title ? title : "");
	free(title);
	free(kind);
}

static void on_event(void *ctx, int64_t id, const struct ragchat_event *event)
{
	struct asking *a = ctx;

	(void)id;
	switch (event->kind) {
	case RAGCHAT_DELTA:
		print(event->text, event->text_len);
		break;
	case RAGCHAT_EVENT:
		print_sources(event->json);
		break;
	case RAGCHAT_DONE:
		putchar('\n');
		a->status = strcmp(event->state, "done") != 0;
		if (a->status)
			fprintf(stderr, "the answer is %s\n", event->state);
		break;
	case RAGCHAT_REFUSED:
		fprintf(stderr, "%s\n", event->text);
		a->status = 1;
		break;
	default:
		break; /* of what a newer library tells, too */
	}
}

int main(int argc, char **argv)
{
	struct asking a = { 1 };
	struct ragchat *chat = ragchat_open(NULL, 0);
	struct pollfd p;
	int64_t id;

	if (!chat || argc != 2) {
		fprintf(stderr, "usage: ask QUESTION\n");
		return 2;
	}
	id = ragchat_ask(chat, argv[1], NULL, on_event, &a);
	if (id < 0) {
		fprintf(stderr, "%s\n", ragchat_error(chat));
		return 1;
	}
	signal(SIGINT, on_signal);
	p = (struct pollfd){ .fd = ragchat_fd(chat), .events = POLLIN };
	while (ragchat_waiting(chat)) {
		(void)poll(&p, 1, -1); /* among whatever else the program waits for */
		if (interrupted)
			(void)ragchat_cancel(chat, id);
		(void)ragchat_process(chat);
	}
	ragchat_close(chat);
	return a.status;
}
