/*
 * A helper that misbehaves as its request says, behind the real sandbox. The first of these words
 * within the input counts; without one it does what a good helper does.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/fd.h"
#include "daemon/worker/sandbox.h"

static void put(int fd, const char *s)
{
	(void)fd_write_all(fd, s, strlen(s));
}

static void loop(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

static void flood(void)
{
	static char piece[65536];

	for (;;)
		(void)fd_write_all(1, piece, sizeof(piece));
}

static void allocate(void)
{
	for (;;) {
		char *p = mmap(NULL, 16u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(EX_OSERR);
		p[0] = 1;
	}
}

static void open_file(void)
{
	_exit(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? 3 : 4);
}

static void crash(void)
{
	volatile uintptr_t nowhere = 16;

	*(volatile char *)nowhere = 1;
}

static void half(void)
{
	put(1, "%PDF-1.7\nhalf of a docu");
	_exit(0);
}

static void whole_but_failed(void)
{
	put(1, "%PDF-1.7\n%%EOF\n");
	_exit(9);
}

static void refuse(void)
{
	put(2, "noise\n{\"pages\":0,\"error\":\"a table of 9 cells is too large\"}\n");
	_exit(EX_DATAERR);
}

static void chatter(void)
{
	for (int i = 0; i < 2000; i++)
		put(2, "a line that nobody wants to keep in full\n");
	_exit(9);
}

static const struct {
	const char *word;
	void (*act)(void);
} acts[] = {
	{ "LOOP", loop }, { "FLOOD", flood }, { "ALLOC", allocate }, { "OPEN", open_file }, { "CRASH", crash },
	{ "HALF", half }, { "WHOLE-BUT-FAILED", whole_but_failed }, { "REFUSE", refuse }, { "CHATTER", chatter },
};

int main(void)
{
	char level[SANDBOX_LEVEL], line[32];
	struct buf in = { 0 };
	ssize_t n;

	if (sandbox_begin() != 0 || sandbox_lock(&sandbox_reader, level) != 0)
		_exit(EX_CONFIG);
	while (buf_reserve(&in, 65536) == 0 && (n = fd_read(0, in.data + in.len, 65536)) > 0)
		in.len += (size_t)n;
	for (size_t i = 0; i < array_len(acts); i++) {
		if (memmem(in.data, in.len, acts[i].word, strlen(acts[i].word)))
			acts[i].act();
	}
	put(1, "%PDF-1.7\n");
	snprintf(line, sizeof(line), "%zu bytes\n", in.len);
	put(1, line);
	put(1, "%%EOF\n");
	put(2, "{\"pages\":1,\"level\":\"fake\",\"error\":null,\"warnings\":[],\"missing\":{\"count\":0,\"codepoints\":[]}}\n");
	_exit(0);
}
