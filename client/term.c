/* The terminal: environment, widths, and the progress line. */
#include "client/term.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/say.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/str.h"
#include "common/utf8.h"

#define PROGRESS_AFTER_MS 300
#define PROGRESS_EACH_MS 120

const char *term_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

bool term_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < array_len(names); i++) {
		const char *value = term_environment(names[i]);

		if (value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return true;
}

enum filter_mode term_filter(void)
{
	return term_utf8() ? FILTER_TERMINAL : FILTER_ASCII;
}

enum filter_mode term_filter_out(void)
{
	return isatty(STDOUT_FILENO) ? term_filter() : FILTER_TERMINAL;
}

unsigned term_width(int fd)
{
	const char *columns = term_environment("COLUMNS");
	struct winsize size;
	int64_t n;

	if (columns && str_int(columns, 1, 10000, &n) == 0)
		return (unsigned)n;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

unsigned term_wrap_width(int fd)
{
	return isatty(fd) ? min_of(term_width(fd), (unsigned)TERM_WIDTH_MAX) : 0;
}

bool term_moves(int fd)
{
	const char *term = term_environment("TERM");

	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

bool term_color(enum color_when when, int fd)
{
	const char *force = term_environment("CLICOLOR_FORCE");

	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	if (term_environment("NO_COLOR"))
		return false;
	if (force && strcmp(force, "0") != 0)
		return true;
	return term_moves(fd);
}

struct range {
	uint32_t first, last;
};
#define NARROW0(first, last) { first, last },
static const struct range zero_width[] = {
#include "client/term_width.def"
};
#define WIDE2(first, last) { first, last },
static const struct range two_wide[] = {
#include "client/term_width.def"
};

static bool in_ranges(const struct range *r, size_t n, uint32_t cp)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (cp > r[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && cp >= r[low].first;
}

unsigned term_char_width(uint32_t cp)
{
	if (cp < 0x0300)
		return 1;
	if (in_ranges(zero_width, array_len(zero_width), cp))
		return 0;
	return in_ranges(two_wide, array_len(two_wide), cp) ? 2 : 1;
}

static size_t next_char(const char *s, size_t n, unsigned *width)
{
	uint32_t cp;
	int used = utf8_decode(s, n, &cp);

	*width = term_char_width(cp);
	return (size_t)(used < 0 ? -used : used);
}

size_t term_text_width(const char *s, size_t n)
{
	size_t columns = 0;
	unsigned width;

	for (size_t i = 0; i < n; columns += width)
		i += next_char(s + i, n - i, &width);
	return columns;
}

size_t term_cut(const char *s, size_t n, size_t columns)
{
	size_t i = 0;
	unsigned width;

	while (i < n) {
		size_t used = next_char(s + i, n - i, &width);

		if (width > columns)
			break;
		columns -= width;
		i += used;
	}
	return i;
}

void term_shorten(struct buf *b, size_t from, size_t columns)
{
	b->len = from + term_cut(buf_cstr(b) + from, b->len - from, columns);
	filter_close(b, from);
}

void progress_start(struct progress *p, bool on)
{
	*p = (struct progress){ .on = on, .from_ms = clock_mono_ms() + PROGRESS_AFTER_MS };
}

void progress_text(struct progress *p, const char *s, size_t n)
{
	struct buf line = { 0 };

	filter_line(term_filter(), s, n, sizeof(p->text) - 4, &line);
	(void)snprintf(p->text, sizeof(p->text), "%s", buf_cstr(&line));
	buf_fini(&line);
	p->drawn_ms = 0;
}

static void draw(struct progress *p)
{
	static const char wheel[] = "|/-\\";
	unsigned width = term_width(STDERR_FILENO);
	struct buf line = { 0 };
	size_t head;

	(void)buf_addf(&line, "\r%c ", wheel[p->step++ % 4]);
	head = line.len;
	(void)buf_add_str(&line, p->text);
	term_shorten(&line, head, width > 3 ? width - 3 : SIZE_MAX);
	(void)buf_add_str(&line, "\033[K");
	say_plain((const char *)line.data, line.len);
	buf_fini(&line);
	p->shown = true;
}

int progress_tick(struct progress *p)
{
	uint64_t now;

	if (!p->on)
		return -1;
	now = clock_mono_ms();
	if (now < p->from_ms)
		return (int)(p->from_ms - now);
	if (now >= p->drawn_ms + PROGRESS_EACH_MS) {
		draw(p);
		p->drawn_ms = now;
	}
	return (int)(p->drawn_ms + PROGRESS_EACH_MS - now);
}

void progress_clear(struct progress *p)
{
	static const char erase[] = "\r\033[K";

	if (p->shown)
		say_plain(erase, sizeof(erase) - 1);
	p->shown = false;
}
