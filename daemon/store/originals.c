/* Files under their hash: written beside and renamed, so that a name always means a whole file. */
#define LOG_TAG "library"
#include "daemon/store/originals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/path.h"

/* The folder of an account; malloc'd. An account's id is a UUID, made by us. */
static char *folder_of(struct db *db, const char *account)
{
	char *dir = path_dirname(sqlite3_db_filename(db->lib, "main"));
	char *path = mem_printf("%s/originals/%s", dir, account);

	mem_free(dir);
	return path;
}

char *original_path(struct db *db, const char *account, const char *sha256)
{
	char *folder = folder_of(db, account), *path = path_join(folder, sha256);

	mem_free(folder);
	return path;
}

bool original_is_there(struct db *db, const char *account, const char *sha256)
{
	char *path = original_path(db, account, sha256);
	bool there = access(path, F_OK) == 0;

	mem_free(path);
	return there;
}

static int make_folder(const char *folder)
{
	char *parent = path_dirname(folder);
	int r = mkdir(parent, 0700) < 0 && errno != EEXIST ? -errno : 0;

	if (r == 0)
		r = mkdir(folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
	mem_free(parent);
	return r;
}

/* On the disk before it has its name: the document that it belongs to is there already. */
static int write_file(const char *path, const void *p, size_t n)
{
	char *part = mem_printf("%s.part", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, p, n);

	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	fd_close(fd);
	if (r == 0 && rename(part, path) < 0)
		r = -errno;
	if (r != 0)
		(void)unlink(part);
	mem_free(part);
	return r;
}

void original_put(struct db *db, const char *account, const char *sha256, const void *p, size_t n)
{
	char *folder = folder_of(db, account), *path = path_join(folder, sha256);
	int r = access(path, F_OK) == 0 ? 0 : make_folder(folder);

	if (r == 0 && access(path, F_OK) != 0)
		r = write_file(path, p, n);
	if (r != 0)
		log_warn("the original of a document is not kept: '%s': %s", path, strerror(-r));
	mem_free(folder);
	mem_free(path);
}

void original_drop(struct db *db, const char *account, const char *sha256)
{
	char *folder = folder_of(db, account), *path = path_join(folder, sha256);

	if (unlink(path) < 0 && errno != ENOENT)
		log_warn("cannot remove '%s': %s", path, strerror(errno));
	(void)rmdir(folder); /* the last one takes it along */
	mem_free(folder);
	mem_free(path);
}
