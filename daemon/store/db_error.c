/* SQLite's result codes in the store's words. */
#include "daemon/store/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

int db_fail(char **why, int code, const char *fmt, ...)
{
	va_list ap;

	if (!why || *why)
		return code;
	va_start(ap, fmt);
	if (vasprintf(why, fmt, ap) < 0)
		*why = NULL;
	va_end(ap);
	return code;
}

/* The name of the file behind a connection, for people. */
static const char *file_of(sqlite3 *conn)
{
	const char *name = conn ? sqlite3_db_filename(conn, "main") : NULL;

	return name && *name ? name : "the database";
}

/* The system's errno behind a failure; a rollback in between can hide it from the connection. */
static int errno_of(sqlite3 *conn)
{
	int e = conn ? sqlite3_system_errno(conn) : 0;

	if (conn && !e)
		(void)sqlite3_file_control(conn, "main", SQLITE_FCNTL_LAST_ERRNO, &e);
	return e;
}

static bool is_full(int system_errno)
{
	return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

/* A failed read or write: the system's reason says more than SQLite's code. */
static int io_error(sqlite3 *conn, int rc, char **why)
{
	int e = errno_of(conn);

	if (rc == SQLITE_IOERR_NOMEM)
		return db_fail(why, -ENOMEM, "out of memory");
	if (rc == SQLITE_IOERR_CORRUPTFS || rc == SQLITE_IOERR_SHORT_READ)
		return db_fail(why, STORE_E_CORRUPT, "'%s' is damaged: restore it from a backup",
			file_of(conn));
	if (is_full(e))
		return db_fail(why, STORE_E_FULL, "no space left for '%s' (%s): make room",
			file_of(conn), strerror(e));
	if (e == EROFS)
		return db_fail(why, STORE_E_READ_ONLY, "'%s' lies on a read-only file system",
			file_of(conn));
	return db_fail(why, -EIO, "cannot read or write '%s': %s", file_of(conn),
		e ? strerror(e) : sqlite3_errstr(rc));
}

static int cannot_open(sqlite3 *conn, int rc, char **why)
{
	int e = errno_of(conn);

	if (is_full(e))
		return io_error(conn, rc, why);
	if (rc == SQLITE_CANTOPEN_SYMLINK)
		return db_fail(why, STORE_E_LOOSE,
			"'%s' is a symbolic link: name the file it leads to", file_of(conn));
	return db_fail(why, e ? -e : -EIO, "cannot open '%s': %s", file_of(conn),
		e ? strerror(e) : sqlite3_errstr(rc));
}

int db_error(sqlite3 *conn, int rc, char **why)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return db_fail(why, STORE_E_BUSY, "'%s' is in use by another program: close it",
			file_of(conn));
	case SQLITE_FULL:
		return db_fail(
			why, STORE_E_FULL, "no space left for '%s': make room", file_of(conn));
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return db_fail(why, STORE_E_READ_ONLY,
			"'%s' cannot be written: check its mode and owner", file_of(conn));
	case SQLITE_CORRUPT:
		return db_fail(why, STORE_E_CORRUPT, "'%s' is damaged: restore it from a backup",
			file_of(conn));
	case SQLITE_NOTADB:
		return db_fail(
			why, STORE_E_NOT_OURS, "'%s' is not an SQLite database", file_of(conn));
	case SQLITE_INTERRUPT:
		return db_fail(why, STORE_E_DEADLINE, "took too long and was cut");
	case SQLITE_NOMEM:
		return db_fail(why, -ENOMEM, "out of memory");
	case SQLITE_TOOBIG:
		return db_fail(why, -EFBIG, "a text is too long for the database");
	case SQLITE_IOERR:
		return io_error(conn, rc, why);
	case SQLITE_CANTOPEN:
		return cannot_open(conn, rc, why);
	default:
		return db_fail(why, -EINVAL, "database: %s",
			conn ? sqlite3_errmsg(conn) : sqlite3_errstr(rc));
	}
}
