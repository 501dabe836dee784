/*
 * Log lines. A line is put together on the stack and leaves in one write(2), so lines of several
 * threads never mix and logging works when memory has run out. Settings are the only state.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/utf8.h"

#define LINE_MAX_BYTES 2048
#define TAG_MAX 15
#define TAGS_MAX 32
#define TEXT_MAX 200

static const char tag_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

struct log_levels {
	enum log_level all;
	size_t ntags;
	struct {
		char tag[TAG_MAX + 1];
		enum log_level level;
	} tags[TAGS_MAX];
};

static const char *const level_names[] = { "error", "warn", "info", "debug", "trace" };
static const char *const level_prefixes[] = { "<3>", "<4>", "<6>", "<7>", "<7>" };

/* Guards levels, and file with its path, size and cap. Plain lines to stderr do not take it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_levels levels = { .all = LOG_LEVEL_INFO };
/* The lowest and the highest level of any tag: between them alone the table must be asked. */
static atomic_int lowest = LOG_LEVEL_INFO, highest = LOG_LEVEL_INFO;
static atomic_bool to_journal;
static atomic_bool to_file;
static int file = -1;
static size_t file_size, file_max;
static char file_path[PATH_MAX];

static bool level_parse(const char *s, size_t n, enum log_level *level)
{
	for (size_t i = 0; i < array_len(level_names); i++) {
		if (strlen(level_names[i]) == n && !memcmp(s, level_names[i], n)) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static bool part_parse(struct log_levels *l, const char *s, size_t n)
{
	const char *equals = memchr(s, '=', n);
	size_t tag = equals ? (size_t)(equals - s) : 0;

	if (!equals)
		return level_parse(s, n, &l->all);
	if (!tag || tag > TAG_MAX || l->ntags == TAGS_MAX || strspn(s, tag_letters) != tag)
		return false;
	memcpy(l->tags[l->ntags].tag, s, tag);
	l->tags[l->ntags].tag[tag] = '\0';
	return level_parse(equals + 1, n - tag - 1, &l->tags[l->ntags++].level);
}

/* The journal has the time and wants the level as a prefix (sd-daemon(3), JOURNAL_STREAM). */
static bool stderr_is_journal(void)
{
	const char *s = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;
	char *end;

	if (!s || fstat(STDERR_FILENO, &st) < 0)
		return false;
	dev = strtoumax(s, &end, 10);
	if (end == s || *end != ':')
		return false;
	s = end + 1;
	ino = strtoumax(s, &end, 10);
	return end != s && !*end && dev == st.st_dev && ino == st.st_ino;
}

int log_setup(const char *spec)
{
	struct log_levels l = { .all = LOG_LEVEL_INFO };
	int low, high;

	for (const char *s = spec;; s++) {
		size_t n = strcspn(s, ",");

		if (!part_parse(&l, s, n))
			return -EINVAL;
		s += n;
		if (!*s)
			break;
	}
	low = high = (int)l.all;
	for (size_t i = 0; i < l.ntags; i++) {
		low = min_of(low, (int)l.tags[i].level);
		high = max_of(high, (int)l.tags[i].level);
	}
	pthread_mutex_lock(&lock);
	levels = l;
	atomic_store(&lowest, low);
	atomic_store(&highest, high);
	pthread_mutex_unlock(&lock);
	atomic_store(&to_journal, stderr_is_journal());
	return 0;
}

bool log_wants(enum log_level level, const char *tag)
{
	enum log_level most;

	if ((int)level <= atomic_load_explicit(&lowest, memory_order_relaxed))
		return true;
	if ((int)level > atomic_load_explicit(&highest, memory_order_relaxed))
		return false;
	pthread_mutex_lock(&lock);
	most = levels.all;
	for (size_t i = 0; i < levels.ntags; i++)
		if (!strcmp(levels.tags[i].tag, tag))
			most = levels.tags[i].level;
	pthread_mutex_unlock(&lock);
	return level <= most;
}

static void write_line(int fd, const char *line, size_t n)
{
	ssize_t r;

	/* A log that cannot be written has nowhere to complain. */
	do {
		r = write(fd, line, n);
	} while (r < 0 && errno == EINTR);
}

/* The open descriptor of path, its size in file_size; -errno. */
static int file_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	file_size = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
	return fd;
}

/* The full file becomes PATH.1; where that cannot be, it starts over: the cap holds either way. */
static void file_turn_over(void)
{
	char old[PATH_MAX + 2];
	int fd;

	snprintf(old, sizeof(old), "%s.1", file_path);
	if (rename(file_path, old) == 0) {
		fd = file_open(file_path);
		if (fd >= 0) {
			close(file);
			file = fd;
			return;
		}
	}
	if (ftruncate(file, 0) == 0)
		file_size = 0;
}

static void file_line(const char *line, size_t n)
{
	pthread_mutex_lock(&lock);
	if (file_max && file_size && file_size + n > file_max)
		file_turn_over();
	write_line(file >= 0 ? file : STDERR_FILENO, line, n);
	file_size += n;
	pthread_mutex_unlock(&lock);
}

static size_t put_head(char *line, size_t size, enum log_level level, const char *tag, bool journal)
{
	char iso[CLOCK_ISO_LEN + 1];
	int n;

	if (journal) {
		n = snprintf(line, size, "%s%s: ", level_prefixes[level], tag);
	} else {
		clock_iso(clock_wall_us(), iso);
		n = snprintf(line, size, "%.23sZ %s %s: ", iso, level_names[level], tag);
	}
	return n < 0 ? 0 : min_of((size_t)n, size - 1);
}

void log_write(enum log_level level, const char *tag, const char *fmt, ...)
{
	bool in_file = atomic_load(&to_file);
	char line[LINE_MAX_BYTES];
	int saved = errno, r;
	size_t head, n;
	va_list ap;

	n = put_head(line, sizeof(line) / 2, level, tag, !in_file && atomic_load(&to_journal));
	head = n;
	va_start(ap, fmt);
	errno = saved; /* for %m */
	r = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	n += r < 0 ? 0 : min_of((size_t)r, sizeof(line) - n - 1);
	if (r > 0 && n == sizeof(line) - 1 && (size_t)r > n - head)
		memcpy(line + n - 3, "...", 3);
	for (size_t i = head; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
			line[i] = '?'; /* one line stays one line */
	line[n++] = '\n';
	if (in_file)
		file_line(line, n);
	else
		write_line(STDERR_FILENO, line, n);
	errno = saved;
}

/* One code point, or one invalid byte, as it may be shown; the bytes of s used. */
static size_t put_shown(const char *s, size_t n, char out[8], size_t *len)
{
	static const char named[] = "\n\r\t\\", names[] = "nrt\\";
	uint32_t cp;
	int r = utf8_decode(s, n, &cp);
	const char *name = *s ? strchr(named, *s) : NULL;

	if (name)
		*len = (size_t)snprintf(out, 8, "\\%c", names[name - named]);
	else if (r < 0 || cp < 0x20 || cp == 0x7F)
		*len = (size_t)snprintf(out, 8, "\\x%02x", (unsigned char)*s);
	else if (utf8_is_control(cp))
		*len = (size_t)snprintf(out, 8, "\\u%04x", (unsigned)(cp & 0xFFFF));
	else
		*len = utf8_encode(cp, out);
	return r < 0 ? 1 : (size_t)r;
}

const char *log_text(const char *s, size_t n)
{
	static _Thread_local char ring[4][TEXT_MAX + 1];
	static _Thread_local unsigned turn;
	char *out = ring[turn++ % array_len(ring)];
	size_t len = 0, cut = 0; /* cut: where "..." still fits behind whole pieces */

	for (size_t i = 0; i < n;) {
		char piece[8];
		size_t k;

		i += put_shown(s + i, n - i, piece, &k);
		if (len + k > TEXT_MAX) {
			memcpy(out + cut, "...", 3);
			len = cut + 3;
			break;
		}
		memcpy(out + len, piece, k);
		len += k;
		if (len + 3 <= TEXT_MAX)
			cut = len;
	}
	out[len] = '\0';
	return out;
}

/* Takes over the open file fd, or -1 for stderr. */
static void use_file(int fd, const char *path, size_t max_bytes)
{
	if (file >= 0)
		close(file);
	file = fd;
	file_max = fd >= 0 ? max_bytes : 0;
	if (fd >= 0)
		snprintf(file_path, sizeof(file_path), "%s", path);
	atomic_store(&to_file, fd >= 0);
}

void log_reopen(const char *path, size_t max_bytes)
{
	int fd = -1;

	pthread_mutex_lock(&lock);
	if (path)
		fd = strlen(path) < PATH_MAX ? file_open(path) : -ENAMETOOLONG;
	if (!path || fd >= 0)
		use_file(fd, path, max_bytes);
	pthread_mutex_unlock(&lock);
	atomic_store(&to_journal, stderr_is_journal());
	if (path && fd < 0)
		log_error("cannot open log file '%s': %s", path, strerror(-fd));
}
