/* The options of how an answer is shown. */
#include "client/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/say.h"
#include "common/attr.h"
#include "common/str.h"

#define SECONDS_MAX (30 * 24 * 3600)

int view_seconds(const char *s, uint64_t *ms)
{
	size_t digits = strspn(s, "0123456789");
	int64_t value;
	double seconds;

	if (s[digits] != '\0' && s[digits] != '.') {
		if (str_duration(s, &value) || value < 1)
			return -EINVAL;
		*ms = (uint64_t)value;
		return 0;
	}
	if (!digits || s[digits + (s[digits] == '.') +
			       strspn(s + digits + (s[digits] == '.'), "0123456789")])
		return -EINVAL;
	seconds = strtod(s, NULL);
	if (seconds <= 0 || seconds > SECONDS_MAX)
		return -EINVAL;
	*ms = (uint64_t)(seconds * 1000 + 0.5);
	*ms = *ms ? *ms : 1;
	return 0;
}

/* The place of the option's value among `words`; n: it is none of them. */
static size_t choice(const struct opts *o, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(o->value, words[i]) != 0)
		i++;
	return i;
}

static void take_citations(struct view *v, struct opts *o)
{
	static const char *const words[] = { "auto", "inline", "end", "none" };
	size_t i = choice(o, words, array_len(words));

	if (i == array_len(words))
		opts_fail(o, "--citations cannot be '%s'", o->value);
	else
		v->citations = (enum view_citations)i;
}

void view_color(struct opts *o, enum color_when *when)
{
	static const char *const words[] = { "auto", "always", "never" };
	size_t i = choice(o, words, array_len(words));

	if (i == array_len(words))
		opts_fail(o, "--color is auto, always or never, not '%s'", o->value);
	else
		*when = (enum color_when)i;
}

void view_width(struct opts *o, unsigned *width)
{
	int64_t n = 0;

	if (str_int(o->value, 10, 10000, &n))
		opts_fail(o, "--width must be 10 to 10000, not '%s'", o->value);
	*width = (unsigned)n;
}

static bool flag_option(struct view *v, int id)
{
	switch (id) {
	case 'r':
		v->raw = true;
		return true;
	case 'q':
		v->quiet = true;
		return true;
	case 'u':
		v->usage = true;
		return true;
	case OPT_JSON:
		v->mode = VIEW_JSON;
		return true;
	case OPT_JSONL:
		v->mode = VIEW_JSONL;
		return true;
	case OPT_NO_STREAM:
		v->no_stream = true;
		return true;
	case OPT_RAW_OUTPUT:
		v->raw_output++;
		return true;
	default:
		return false;
	}
}

bool view_option(struct view *v, struct opts *o, int id)
{
	switch (id) {
	case 'o':
		v->output = o->value;
		return true;
	case OPT_TIMEOUT:
		if (view_seconds(o->value, &v->timeout_ms))
			opts_fail(o, "--timeout is a number of seconds, not '%s'", o->value);
		return true;
	case OPT_CITATIONS:
		take_citations(v, o);
		return true;
	case OPT_COLOR:
		view_color(o, &v->color);
		return true;
	case OPT_WIDTH:
		view_width(o, &v->width);
		return true;
	default:
		return flag_option(v, id);
	}
}

bool view_is_json(const struct view *v)
{
	return v->mode == VIEW_JSON || v->mode == VIEW_JSONL;
}

int view_check(const struct view *v, struct opts *o)
{
	if (o->status)
		return o->status;
	if (v->raw_output == 1 && v->mode == VIEW_TEXT && !v->output && isatty(STDOUT_FILENO))
		return opts_fail(o, "--raw-output lets the answer drive your terminal; give it "
				    "twice if that is meant");
	return 0;
}
