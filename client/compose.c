/* Through a private file, which is gone afterwards. */
#include "client/compose.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/editor.h"
#include "client/say.h"
#include "client/term.h"
#include "client/text.h"
#include "common/fd.h"
#include "common/mem.h"
#include "proto/limits.h"

static int read_back(const char *path, struct buf *text)
{
	char piece[16384];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	buf_reset(text);
	while (fd >= 0 && text->len <= LIMIT_PROMPT && (n = fd_read(fd, piece, sizeof(piece))) > 0)
		(void)buf_add(text, piece, (size_t)n);
	if (fd < 0 || n < 0)
		return say_fail(STATUS_INPUT, "cannot read what the editor has left");
	fd_close(fd);
	while (text->len && (text->data[text->len - 1] == '\n' || text->data[text->len - 1] == ' '))
		text->len--;
	if (!text->len)
		return say_fail(STATUS_USAGE, "the text is empty: nothing was asked");
	if (text->len > LIMIT_PROMPT)
		return say_fail(STATUS_DATA, "the question has more than %u bytes", LIMIT_PROMPT);
	return text_check("the question", text->data, text->len);
}

int compose(struct buf *text)
{
	const char *folder = term_environment("TMPDIR");
	char *path = mem_printf("%s/ragchat-XXXXXX.md", folder ? folder : "/tmp");
	int fd = mkostemps(path, 3, O_CLOEXEC), r;

	if (fd < 0) {
		r = say_fail(STATUS_OUTPUT, "cannot make a file in '%s' for the editor", folder ? folder : "/tmp");
	} else {
		r = fd_write_all(fd, text->data, text->len) == 0 ? 0 : say_fail(STATUS_OUTPUT, "cannot write '%s'", path);
		fd_close(fd);
		if (!r)
			r = editor_run(path);
		if (!r)
			r = read_back(path, text);
		(void)unlink(path);
	}
	mem_free(path);
	return r;
}
