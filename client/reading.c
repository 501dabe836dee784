/* Showing stored texts. */
#include "client/reading.h"

#include <unistd.h>

#include "client/out.h"
#include "client/pager.h"
#include "client/view.h"

bool reading_option(struct reading *r, struct opts *o, int id)
{
	switch (id) {
	case 'r':
		r->raw = true;
		return true;
	case OPT_READING_COLOR:
		view_color(o, &r->color);
		return true;
	case OPT_READING_WIDTH:
		view_width(o, &r->width);
		return true;
	case OPT_READING_RAW_OUTPUT:
		r->raw_output++;
		return true;
	case OPT_NO_PAGER:
		r->no_pager = true;
		return true;
	default:
		return false;
	}
}

int reading_check(const struct reading *r, struct opts *o)
{
	if (!o->status && r->raw_output == 1 && isatty(STDOUT_FILENO))
		return opts_fail(o, "--raw-output lets the text drive your terminal; give it twice if that is meant");
	return o->status;
}

/* As ask does: for a terminal, or where colour is asked for by name. */
struct paper reading_paper(const struct reading *r)
{
	bool tty = isatty(STDOUT_FILENO), color;

	if (r->raw_output)
		return (struct paper){ .format = PAPER_SENT };
	if (r->raw || (!tty && r->color != COLOR_ALWAYS))
		return (struct paper){ .format = PAPER_MD };
	color = term_color(r->color, STDOUT_FILENO) && (r->no_pager || r->color == COLOR_ALWAYS || !tty || pager_has_color());
	return (struct paper){ .format = PAPER_DRAWN, .look = markdown_look(r->width ? r->width : term_wrap_width(STDOUT_FILENO), color) };
}

int reading_print(const struct reading *r, const struct paper *p, const struct buf *text)
{
	bool drawn = p->format == PAPER_DRAWN;

	if (!r->raw_output && !r->no_pager && p->format != PAPER_JSON && pager_wants(text))
		return pager_show(text, drawn);
	return out_text(text, r->raw_output || drawn || p->format == PAPER_JSON);
}
