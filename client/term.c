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

/* First and last code points; sorted. Source: EastAsianWidth.txt and general categories Mn, Me, Cf.
 */
struct range {
	uint32_t first, last;
};
static const struct range zero_width[] = {
	{ 0x0300, 0x036F },
	{ 0x0483, 0x0489 },
	{ 0x0591, 0x05BD },
	{ 0x05BF, 0x05BF },
	{ 0x05C1, 0x05C2 },
	{ 0x05C4, 0x05C5 },
	{ 0x0610, 0x061A },
	{ 0x061C, 0x061C },
	{ 0x064B, 0x065F },
	{ 0x0670, 0x0670 },
	{ 0x06D6, 0x06DC },
	{ 0x06DF, 0x06E4 },
	{ 0x06E7, 0x06E8 },
	{ 0x06EA, 0x06ED },
	{ 0x0900, 0x0902 },
	{ 0x093C, 0x093C },
	{ 0x0941, 0x0948 },
	{ 0x094D, 0x094D },
	{ 0x0E31, 0x0E31 },
	{ 0x0E34, 0x0E3A },
	{ 0x0E47, 0x0E4E },
	{ 0x1AB0, 0x1AFF },
	{ 0x1DC0, 0x1DFF },
	{ 0x200B, 0x200F },
	{ 0x202A, 0x202E },
	{ 0x2060, 0x2064 },
	{ 0x2066, 0x206F },
	{ 0x20D0, 0x20F0 },
	{ 0x3099, 0x309A },
	{ 0xFE00, 0xFE0F },
	{ 0xFE20, 0xFE2F },
	{ 0x1F3FB, 0x1F3FF },
	{ 0xE0020, 0xE007F },
	{ 0xE0100, 0xE01EF },
};
static const struct range two_wide[] = {
	{ 0x1100, 0x115F },
	{ 0x231A, 0x231B },
	{ 0x23E9, 0x23EC },
	{ 0x25FD, 0x25FE },
	{ 0x2614, 0x2615 },
	{ 0x2648, 0x2653 },
	{ 0x26A1, 0x26A1 },
	{ 0x26BD, 0x26BE },
	{ 0x2705, 0x2705 },
	{ 0x270A, 0x270B },
	{ 0x2728, 0x2728 },
	{ 0x274C, 0x274C },
	{ 0x2753, 0x2755 },
	{ 0x2795, 0x2797 },
	{ 0x2B1B, 0x2B1C },
	{ 0x2B50, 0x2B50 },
	{ 0x2E80, 0x303E },
	{ 0x3041, 0x33FF },
	{ 0x3400, 0x4DBF },
	{ 0x4E00, 0x9FFF },
	{ 0xA000, 0xA4CF },
	{ 0xA960, 0xA97F },
	{ 0xAC00, 0xD7A3 },
	{ 0xF900, 0xFAFF },
	{ 0xFE30, 0xFE6F },
	{ 0xFF00, 0xFF60 },
	{ 0xFFE0, 0xFFE6 },
	{ 0x16FE0, 0x18CFF },
	{ 0x1B000, 0x1B2FF },
	{ 0x1F004, 0x1F004 },
	{ 0x1F18E, 0x1F18E },
	{ 0x1F191, 0x1F19A },
	{ 0x1F200, 0x1F320 },
	{ 0x1F32D, 0x1F335 },
	{ 0x1F337, 0x1F37C },
	{ 0x1F37E, 0x1F393 },
	{ 0x1F3A0, 0x1F3CA },
	{ 0x1F3E0, 0x1F3F0 },
	{ 0x1F3F4, 0x1F3F4 },
	{ 0x1F3F8, 0x1F43E },
	{ 0x1F440, 0x1F4FC },
	{ 0x1F4FF, 0x1F53D },
	{ 0x1F54B, 0x1F567 },
	{ 0x1F5FB, 0x1F64F },
	{ 0x1F680, 0x1F6C5 },
	{ 0x1F6D0, 0x1F6DF },
	{ 0x1F6EB, 0x1F6FC },
	{ 0x1F7E0, 0x1F7EB },
	{ 0x1F90C, 0x1FAFF },
	{ 0x20000, 0x3FFFD },
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
	size_t n = strlen(p->text);
	struct buf line = { 0 };

	if (width > 3)
		n = term_cut(p->text, n, width - 3);
	(void)buf_addf(&line, "\r%c %.*s\033[K", wheel[p->step++ % 4], (int)n, p->text);
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
