/* The folder and the file before they are opened. */
#include "daemon/store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "daemon/store/db.h"

static int no_folder(const char *dir, int r, char **why)
{
	if (r == -ENOENT)
		return db_fail(why, STORE_E_NOT_FOUND, "there is no folder '%s'", dir);
	if (r == -EROFS)
		return db_fail(why, STORE_E_READ_ONLY, "cannot make the folder '%s': %s", dir,
			strerror(-r));
	if (r == -ENOSPC || r == -EDQUOT)
		return db_fail(
			why, STORE_E_FULL, "no space left for the folder '%s': make room", dir);
	return db_fail(why, r, "cannot use the folder '%s': %s", dir, strerror(-r));
}

static int check_folder(const char *dir, char **real, char **why)
{
	char words[160];
	struct stat st;
	int r = path_check_private_dir(dir, real, words);

	if (r == -EPERM || r == -EACCES)
		return db_fail(why, STORE_E_LOOSE, "%s", words);
	if (r != 0)
		return no_folder(dir, r, why);
	if (path_is_network_fs(*real))
		return db_fail(why, STORE_E_NETWORK_FS,
			"'%s' lies on a network file system, where a database gets damaged: set "
			"`database` to a path on a local disk",
			*real);
	if (stat(*real, &st) < 0)
		return no_folder(dir, -errno, why);
	/* Root would get in, and leave what its owner cannot write. */
	if ((st.st_mode & 0300) != 0300)
		return db_fail(why, STORE_E_READ_ONLY,
			"the folder '%s' cannot be written: chmod 700 it", *real);
	return 0;
}

static int find_folder(struct place *p, const char *path, bool create, char **why)
{
	char *dir = path_dirname(path);
	int r = create ? path_make_dirs(dir) : 0;

	if (r != 0)
		r = no_folder(dir, r, why);
	else
		r = check_folder(dir, &p->dir, why);
	mem_free(dir);
	return r;
}

static int check_owner(const char *path, const struct stat *st, char **why)
{
	if (S_ISLNK(st->st_mode))
		return db_fail(why, STORE_E_LOOSE,
			"'%s' is a symbolic link: name the file it leads to", path);
	if (!S_ISREG(st->st_mode))
		return db_fail(why, STORE_E_NOT_OURS, "'%s' is not a file", path);
	if (st->st_uid != geteuid())
		return db_fail(why, STORE_E_LOOSE,
			"'%s' belongs to uid %lu, not to uid %lu: chown it", path,
			(unsigned long)st->st_uid, (unsigned long)geteuid());
	if (!(st->st_mode & S_IWUSR)) /* root would write where the owner said no */
		return db_fail(why, STORE_E_READ_ONLY, "'%s' is read-only: chmod 600 it", path);
	return 0;
}

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The first 100 bytes (sqlite.org/fileformat2.html, 1.3). */
static int check_header(struct place *p, const uint8_t h[100], ssize_t n, char **why)
{
	uint32_t page = n >= 100 ? (uint32_t)h[16] << 8 | h[17] : 0;

	if (n < 16 || memcmp(h, "SQLite format 3", 16) != 0)
		return db_fail(why, STORE_E_NOT_OURS, "'%s' is not an SQLite database", p->path);
	if (page == 1)
		page = 65536;
	if (n < 100 || page < 512 || (page & (page - 1)))
		return db_fail(
			why, STORE_E_CORRUPT, "'%s' is damaged: restore it from a backup", p->path);
	p->ours = big_endian(h + 68) == APPLICATION_ID;
	/*
	 * The size in the header counts only if whoever wrote last knew of it. A log may hold the
	 * rest.
	 */
	if (!p->unclean && big_endian(h + 24) == big_endian(h + 92) &&
		(int64_t)big_endian(h + 28) * page > p->bytes)
		return db_fail(why, STORE_E_CORRUPT,
			"'%s' is cut short (%lld bytes of %lld): restore it from a backup", p->path,
			(long long)p->bytes, (long long)big_endian(h + 28) * page);
	return 0;
}

static bool has_bytes(const char *path, const char *suffix)
{
	char *name = mem_printf("%s%s", path, suffix);
	struct stat st;
	bool has = lstat(name, &st) == 0 && st.st_size > 0;

	mem_free(name);
	return has;
}

static int read_header(struct place *p, char **why)
{
	int fd = open(p->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
	uint8_t header[100];
	ssize_t n = fd < 0 ? -errno : fd_read(fd, header, sizeof(header));

	fd_close(fd);
	if (n < 0)
		return db_fail(why, (int)n, "cannot read '%s': %s", p->path, strerror((int)-n));
	p->exists = n > 0;
	return n ? check_header(p, header, n, why) : 0;
}

static int check_file(struct place *p, char **why)
{
	struct stat st;
	int r;

	if (lstat(p->path, &st) < 0)
		return errno == ENOENT ? 0
				       : db_fail(why, -errno, "cannot open '%s': %s", p->path,
						 strerror(errno));
	r = check_owner(p->path, &st, why);
	if (r != 0)
		return r;
	p->bytes = st.st_size;
	p->loose = st.st_mode & 077;
	p->unclean = has_bytes(p->path, "-wal") || has_bytes(p->path, "-journal");
	r = read_header(p, why);
	if (r == 0 && p->loose && (p->ours || !p->exists))
		return db_fail(why, STORE_E_LOOSE,
			"'%s' is open to others (mode %04o): chmod 600 it", p->path,
			(unsigned)(st.st_mode & 07777));
	return r;
}

int place_find(struct place *p, const char *path, bool create, char **why)
{
	const char *name = path_basename(path);
	int r;

	*p = (struct place){ 0 };
	if (!*name)
		return db_fail(why, -EINVAL, "'%s' names a folder: add the file's name", path);
	r = find_folder(p, path, create, why);
	if (r != 0)
		return r;
	p->path = path_join(p->dir, name);
	p->library = path_join(p->dir, "library.db");
	p->search = path_join(p->dir, "search.db");
	p->segments = path_join(p->dir, "library.segments");
	p->lock = mem_printf("%s.lock", p->path);
	if (!strcmp(name, "library.db") || !strcmp(name, "search.db"))
		return db_fail(why, -EINVAL,
			"'%s' is the name of the documents' file or the search's: choose another", p->path);
	r = check_file(p, why);
	if (r == 0 && !p->exists && !create)
		return db_fail(why, STORE_E_NOT_FOUND, "there is no database '%s'", p->path);
	return r;
}

int place_check_library(const struct place *p, int64_t *bytes, bool *unclean, char **why)
{
	struct place lib = { .path = p->library };
	int r = check_file(&lib, why);

	*bytes = lib.bytes;
	*unclean = lib.unclean;
	if (r == 0 && lib.loose)
		return db_fail(
			why, STORE_E_LOOSE, "'%s' is open to others: chmod 600 it", p->library);
	return r;
}

void place_fini(struct place *p)
{
	mem_free(p->dir);
	mem_free(p->path);
	mem_free(p->library);
	mem_free(p->search);
	mem_free(p->segments);
	mem_free(p->lock);
	*p = (struct place){ 0 };
}
