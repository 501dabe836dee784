/* A copy of a database beside it, made through SQLite so that a log still open is in it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "daemon/store/migrate.h"

/*
 * "PATH.bak-20260102T030405Z", and a number behind it if two fall into one second. Until it is
 * whole it ends in ".part": *part.
 */
static int make_file(const char *path, char **name, char **part, char **why)
{
	char iso[CLOCK_ISO_LEN + 1], number[16] = "";
	int fd = -1, e = EEXIST;

	clock_iso(clock_wall_us(), iso);
	for (int i = 1; fd < 0 && e == EEXIST && i < 100; i++) {
		if (i > 1)
			snprintf(number, sizeof(number), "-%d", i);
		mem_free(*name);
		mem_free(*part);
		*name = mem_printf("%s.bak-%.4s%.2s%.2sT%.2s%.2s%.2sZ%s", path, iso, iso + 5,
			iso + 8, iso + 11, iso + 14, iso + 17, number);
		*part = mem_printf("%s.part", *name);
		if (access(*name, F_OK) == 0)
			continue;
		fd = open(*part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		e = errno;
	}
	if (fd < 0)
		return db_fail(why, e == ENOSPC || e == EDQUOT ? STORE_E_FULL : -e,
			"cannot make the backup '%s': %s", *name, strerror(e));
	fd_close(fd);
	return 0;
}

int backup_copy(sqlite3 *from, const char *name, char **why)
{
	sqlite3 *to = NULL;
	sqlite3_backup *b = NULL;
	int rc = sqlite3_open_v2(name, &to,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, NULL);
	int r = 0;

	if (rc == SQLITE_OK)
		b = sqlite3_backup_init(to, "main", from, "main");
	if (b) {
		rc = sqlite3_backup_step(b, -1);
		rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
		(void)sqlite3_backup_finish(b); /* repeats rc */
	} else if (rc == SQLITE_OK) {
		rc = sqlite3_extended_errcode(to);
	}
	if (rc != SQLITE_OK)
		r = db_error(
			(rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_BUSY ? from : to, rc,
			why);
	(void)sqlite3_close(to);
	return r;
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	fd_close(fd);
	return r;
}

/* The copy under its final name, both on the disk. */
static int keep(const char *part, const char *name, const char *dir)
{
	int r = sync_path(part, 0);

	if (r == 0 && rename(part, name) < 0)
		r = -errno;
	return r ? r : sync_path(dir, O_DIRECTORY);
}

int backup_make(sqlite3 *from, const char *path, char **name, char **why)
{
	char *dir = path_dirname(path), *part = NULL;
	int r;

	*name = NULL;
	r = make_file(path, name, &part, why);
	if (r == 0) {
		r = backup_copy(from, part, why);
		if (r == 0)
			r = keep(part, *name, dir);
		if (r != 0)
			(void)unlink(part); /* half a copy is worse than none */
	}
	if (r != 0) {
		db_fail(why, r, "cannot back up '%s': %s", path, strerror(r < 0 ? -r : EIO));
		*name = mem_free(*name);
	}
	mem_free(part);
	mem_free(dir);
	return r;
}
