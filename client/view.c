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

/* The place of the option's value among `words`, or -1 and said. */
static int choice(struct opts *o, const char *name, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(o->value, words[i]))
			return (int)i;
	opts_fail(o, "--%s cannot be '%s'", name, o->value);
	return -1;
}

static void take_citations(struct view *v, struct opts *o)
{
	static const char *const words[] = { "auto", "inline", "end", "none" };
	int i = choice(o, "citations", words, array_len(words));

	v->citations = i < 0 ? CITATIONS_AUTO : (enum view_citations)i;
}

static void take_color(struct view *v, struct opts *o)
{
	static const char *const words[] = { "auto", "always", "never" };
	int i = choice(o, "color", words, array_len(words));

	v->color = i < 0 ? COLOR_AUTO : (enum color_when)i;
}

static void take_width(struct view *v, struct opts *o)
{
	int64_t n = 0;

	if (str_int(o->value, 10, 10000, &n))
		opts_fail(o, "--width must be 10 to 10000, not '%s'", o->value);
	v->width = (unsigned)n;
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
		take_color(v, o);
		return true;
	case OPT_WIDTH:
		take_width(v, o);
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
