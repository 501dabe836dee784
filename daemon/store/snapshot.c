/* One file copied, page by page within one read transaction. */
#include "daemon/store/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"
#include "daemon/store/db.h"
#include "daemon/store/migrate.h"

#define COPY ".copy-" /* behind the file's name, and six letters */

static int copy(struct snapshot *s)
{
	struct db db = { .lane = STORE_SCAN };
	struct stat st;
	int r = db_connect(&db.chat, s->path, s->library ? DB_LIBRARY : DB_CHAT, false, &s->why);

	if (r == 0)
		r = backup_copy(db.chat, s->part, &s->why);
	db_close(&db);
	if (r == 0) {
		s->fd = open(s->part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (s->fd < 0 || fstat(s->fd, &st) < 0)
			r = db_fail(&s->why, -errno, "cannot read the copy");
		else
			s->size = st.st_size;
	}
	(void)unlink(s->part);
	return r;
}

static void on_work(uv_work_t *work)
{
	struct snapshot *s = container_of(work, struct snapshot, work);

	s->r = copy(s);
}

static void on_done(uv_work_t *work, int status)
{
	struct snapshot *s = container_of(work, struct snapshot, work);

	if (status && !s->r)
		s->r = status;
	s->done(s);
}

struct snapshot *snapshot_begin(struct store *store, uv_loop_t *loop, bool library, void (*done)(struct snapshot *), void *ctx)
{
	const char *path = library ? store_library_path(store) : store_path(store);
	struct snapshot *s = mem_new(sizeof(*s));
	int fd;

	*s = (struct snapshot){ .library = library, .fd = -1, .done = done, .ctx = ctx, .path = mem_dup(path), .part = mem_printf("%s" COPY "XXXXXX", path) };
	fd = mkostemp(s->part, O_CLOEXEC); /* 0600, beside the file: there is its disk */
	fd_close(fd);
	if (fd >= 0 && uv_queue_work(loop, &s->work, on_work, on_done) == 0)
		return s;
	if (fd >= 0)
		(void)unlink(s->part);
	snapshot_free(s);
	return NULL;
}

void snapshot_tidy(const char *path)
{
	char *folder = path_dirname(path), *prefix = mem_printf("%s" COPY, path_basename(path));
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (str_starts(e->d_name, prefix))
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		(void)closedir(d);
	mem_free(prefix);
	mem_free(folder);
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	fd_close(s->fd);
	mem_free(s->path);
	mem_free(s->part);
	mem_free(s->why);
	mem_free(s);
}
