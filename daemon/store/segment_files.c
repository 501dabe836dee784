/*
 * The files of segments: made under a passing name, on the disk before they get their own, mapped
 * read-only. The folder is ours alone and its files are only ever made, never changed; the length is
 * compared with the row's before one is mapped, and one that loses bytes later is made anew.
 */
#define LOG_TAG "library"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/mapping.h"
#include "common/mem.h"
#include "daemon/store/segments.h"

#define OPEN_FILES 256 /* mapped by a thread, unless one search wants more */

struct mapped {
	char name[40];
	unsigned turn; /* when it was opened last */
	struct mapping m;
	struct segment s;
};

struct segment_maps {
	struct mapped **v;
	size_t n, cap;
	unsigned turn; /* of who opens several: what was opened in it stays */
};

int segments_folder(const char *path, int *fd, char **why)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return db_fail(why, errno == EROFS ? STORE_E_READ_ONLY : -errno, "cannot make '%s': %s",
			path, strerror(errno));
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &st) < 0)
		return db_fail(why, -errno, "cannot open the folder '%s': %s", path, strerror(errno));
	if (st.st_uid != geteuid() || st.st_mode & 077) {
		*fd = fd_close(*fd);
		return db_fail(why, STORE_E_LOOSE, "'%s' belongs to somebody else or is open to others: chmod 700 it", path);
	}
	return 0;
}

/*
 * In the folder. ThreadSanitizer does not see openat, and would take the number for that of a connection
 * which libuv closed behind its back: there it is opened by a way that it sees.
 */
static int open_in(struct db *db, const char *name, int flags)
{
#ifdef __SANITIZE_THREAD__
	char path[320];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%.255s", db->segments, name);
	return open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
#else
	return openat(db->segments, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
#endif
}

/* ---- mapped ---- */

static void unmap(struct mapped *m)
{
	segment_close(&m->s);
	mapping_close(&m->m);
	mem_free(m);
}

static void forget_at(struct segment_maps *maps, size_t i)
{
	unmap(maps->v[i]);
	maps->v[i] = maps->v[--maps->n];
}

void segments_turn(struct db *db)
{
	if (db->maps)
		db->maps->turn++;
}

void segments_forget(struct db *db)
{
	while (db->maps && db->maps->n)
		forget_at(db->maps, 0);
	if (db->maps)
		mem_free(db->maps->v);
	db->maps = mem_free(db->maps);
}

void segments_close(struct db *db, const char *file)
{
	for (size_t i = 0; db->maps && i < db->maps->n; i++)
		if (!strcmp(db->maps->v[i]->name, file)) {
			forget_at(db->maps, i);
			return;
		}
}

/* Those whose files were deleted; where there are many, the ones that nobody uses now. */
static void make_room(struct db *db)
{
	struct segment_maps *maps = db->maps;
	bool many = maps->n >= OPEN_FILES;

	for (size_t i = maps->n; i--;)
		if (maps->v[i]->turn != maps->turn &&
			(many || faccessat(db->segments, maps->v[i]->name, F_OK, 0) < 0))
			forget_at(maps, i);
}

/* What is in the file's place can never be read, or the disk does not give it: no matter of this moment. */
static bool is_lost(int error)
{
	return error == EACCES || error == EPERM || error == ELOOP || error == ENXIO || error == EIO;
}

/* As long as its row says. Nothing is waited for: there may be a pipe in its place. */
static int map(struct db *db, const char *file, int64_t bytes, struct mapping *m)
{
	int fd = open_in(db, file, O_RDONLY | O_NONBLOCK), r;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		r = is_lost(errno) ? SEGMENT_E_CORRUPT : -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size != bytes || bytes <= 0)
		r = SEGMENT_E_CORRUPT;
	else
		r = mapping_open(m, fd, (size_t)bytes);
	fd_close(fd);
	return r;
}

static struct mapped *map_file(struct db *db, const char *file, int64_t bytes, int *r)
{
	struct mapped *m = mem_new(sizeof(*m));

	*r = map(db, file, bytes, &m->m);
	if (*r != 0)
		return mem_free(m);
	(void)madvise((void *)(uintptr_t)m->m.p, m->m.n, MADV_RANDOM);
	(void)snprintf(m->name, sizeof(m->name), "%s", file);
	*r = segment_open(&m->s, m->m.p, m->m.n);
	m->s.lost = mapping_lost(&m->m);
	if (*r == 0)
		return m;
	unmap(m);
	return NULL;
}

static bool is_as_long(struct db *db, const struct mapped *m)
{
	struct stat st;

	return fstatat(db->segments, m->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || (uint64_t)st.st_size == m->m.n;
}

/* One that turned out bad, or has another length now, is not given again: its file is looked at anew. */
static struct mapped *find(struct db *db, const char *file)
{
	struct segment_maps *maps = db->maps;

	for (size_t i = 0; i < maps->n; i++) {
		if (strcmp(maps->v[i]->name, file))
			continue;
		if (!segment_is_bad(&maps->v[i]->s) && is_as_long(db, maps->v[i]))
			return maps->v[i];
		forget_at(maps, i);
		break;
	}
	return NULL;
}

struct segment *segments_open(struct db *db, const char *file, int64_t bytes, int *r)
{
	struct segment_maps *maps = db->maps;
	struct mapped *m;

	*r = 0;
	if (!maps)
		maps = db->maps = mem_new(sizeof(*maps));
	m = find(db, file);
	if (!m) {
		make_room(db);
		m = map_file(db, file, bytes, r);
		if (!m)
			return NULL;
		maps->v = mem_grow(maps->v, &maps->cap, maps->n, sizeof(*maps->v));
		maps->v[maps->n++] = m;
	}
	m->turn = maps->turn;
	return &m->s;
}

/* ---- made ---- */

int segment_file_make(struct segment_file *f, struct db *db, char **why)
{
	id_str id;

	uuid_v4(id);
	*f = (struct segment_file){ .db = db, .fd = -1 };
	(void)snprintf(f->name, sizeof(f->name), "%s", id);
	(void)snprintf(f->part, sizeof(f->part), "%s.part", id);
	f->fd = open_in(db, f->part, O_WRONLY | O_CREAT | O_EXCL);
	return f->fd >= 0 ? 0 : db_fail(why, -errno, "cannot make a file of the index: %s", strerror(errno));
}

int segment_file_put(void *file, const void *p, size_t n)
{
	struct segment_file *f = file;

	f->bytes += (int64_t)n;
	return fd_write_all(f->fd, p, n);
}

int segment_file_keep(struct segment_file *f, bool sync, char **why)
{
	struct db *db = f->db;

	if ((sync && fsync(f->fd) < 0) || renameat(db->segments, f->part, db->segments, f->name) < 0 ||
		(sync && fsync(db->segments) < 0))
		return db_fail(why, -errno, "cannot write a file of the index: %s", strerror(errno));
	f->part[0] = '\0';
	f->fd = fd_close(f->fd);
	return 0;
}

void segment_file_drop(struct segment_file *f)
{
	f->fd = fd_close(f->fd);
	if (f->part[0])
		(void)unlinkat(f->db->segments, f->part, 0);
	f->part[0] = '\0';
}

void segment_file_delete(struct db *db, const char *name)
{
	if (unlinkat(db->segments, name, 0) < 0 && errno != ENOENT)
		log_warn("cannot delete '%s' of the index: %s", name, strerror(errno));
}

bool segment_file_is(struct db *db, const char *name, int64_t bytes)
{
	struct stat st;

	return fstatat(db->segments, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size == bytes;
}

int segment_file_each(struct db *db, int (*each)(struct db *, const char *name, char **why), char **why)
{
	int fd = open_in(db, ".", O_RDONLY | O_DIRECTORY), r = 0;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (!dir) {
		fd_close(fd);
		return -errno;
	}
	while (r == 0 && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			r = each(db, e->d_name, why);
	closedir(dir);
	return r;
}
