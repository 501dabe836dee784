/* Walking folders. */
#include "client/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/attr.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"

#define BLANK_MAX 4096 /* bytes of a file that is looked at for having no text: the __init__.py of a source tree */

struct walk {
	const struct folder_events *events;
	size_t strip; /* bytes of a path that its name leaves out */
	bool ended;   /* no more is wanted */
};

const char *folder_skip_words(enum folder_skip why, bool many)
{
	static const char *const words[FOLDER_SKIPS][2] = {
		[FOLDER_HIDDEN] = { "hidden", "hidden" },
		[FOLDER_MADE] = { "made by a program", "made by programs" },
		[FOLDER_EMPTY] = { "empty", "empty" },
		[FOLDER_LINK] = { "link that leads to no file", "links that lead to no file" },
		[FOLDER_SPECIAL] = { "no file", "no files" },
	};

	return words[why][many];
}

/* Folders and files that programs make for themselves, beside what people write. */
static bool is_made(const char *base)
{
	static const char *const names[] = { "node_modules", "__pycache__", "CACHEDIR.TAG" };
	size_t n = strlen(base);

	for (size_t i = 0; i < array_len(names); i++)
		if (!strcmp(base, names[i]))
			return true;
	return n && base[n - 1] == '~';
}

/* Of a regular file; one that cannot be read is none: whoever reads it says why. */
static bool is_blank(const char *path, off_t size)
{
	char text[BLANK_MAX];
	ssize_t n;
	int fd;

	if (size == 0)
		return true;
	fd = size <= BLANK_MAX ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	if (fd < 0)
		return false;
	n = fd_read(fd, text, sizeof(text));
	fd_close(fd);
	for (ssize_t i = 0; i < n; i++)
		if (!text[i] || !strchr(" \t\r\n\f\v", text[i]))
			return false;
	return n > 0;
}

static void walk(struct walk *w, const char *dir);

static void walk_entry(struct walk *w, const char *path)
{
	const struct folder_events *to = w->events;
	const char *base = path_basename(path);
	struct stat st, file;

	if (base[0] == '.')
		to->skipped(to->ctx, path, FOLDER_HIDDEN);
	else if (is_made(base))
		to->skipped(to->ctx, path, FOLDER_MADE);
	else if (lstat(path, &st) < 0)
		to->unreadable(to->ctx, path, errno);
	else if (S_ISDIR(st.st_mode))
		walk(w, path);
	else if (S_ISLNK(st.st_mode) && (stat(path, &file) < 0 || !S_ISREG(file.st_mode)))
		to->skipped(to->ctx, path, FOLDER_LINK);
	else if (!S_ISLNK(st.st_mode) && !S_ISREG(st.st_mode))
		to->skipped(to->ctx, path, FOLDER_SPECIAL);
	else if (is_blank(path, S_ISLNK(st.st_mode) ? file.st_size : st.st_size))
		to->skipped(to->ctx, path, FOLDER_EMPTY);
	else
		w->ended = !to->found(to->ctx, path, path + w->strip);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static void walk(struct walk *w, const char *dir)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, not_dots, by_name);

	if (n < 0)
		w->events->unreadable(w->events->ctx, dir, errno);
	for (int i = 0; i < n; i++) {
		char *path = path_join(dir, entries[i]->d_name);

		if (!w->ended)
			walk_entry(w, path);
		mem_free(path);
		free(entries[i]);
	}
	free(entries);
}

void folder_walk(const char *path, const struct folder_events *events)
{
	size_t n = strlen(path);
	struct walk w = { .events = events, .strip = n + (path[n - 1] != '/') };

	walk(&w, path);
}
