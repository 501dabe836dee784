/* Reads a chain: letters and digits in parts, with the joints between them (foo_bar2.c,
 * COVID-19, 3.5). */
#include <string.h>

#include "common/attr.h"
#include "daemon/library/words_in.h"

/* Does a new part begin at `at`? One case, one script or digits alone make a part: foo|Bar,
 * HTTP|Server, FY|2018. */
static bool part_begins(
	const struct words *w, size_t at, const struct rune *before, const struct rune *r)
{
	struct rune next, after;

	if (r->script != before->script)
		return true;
	if (!fold_upper(r->cp))
		return false;
	if (!fold_upper(before->cp))
		return true;
	next = rune_at(w, at + r->n);
	after = rune_at(w, at + r->n + next.n);
	return rune_in_chain(&next) && next.script == r->script && !fold_upper(next.cp) &&
	       rune_in_chain(&after) && after.script == r->script && !fold_upper(after.cp);
}

/* Room for the part is the caller's care. */
static struct part *part_open(struct words *w, size_t at, enum script script, char joint)
{
	struct part *p = &w->parts[w->nparts++];

	p->n = 0;
	p->last = 0;
	p->start = p->end = at;
	p->script = script;
	p->joined = joint != 0;
	p->joint = joint;
	p->hidden = false;
	return p;
}

/* Letters and digits without a joint. False: the chain is full, and w->pos stands on what is left.
 */
static bool read_run(struct words *w, char joint)
{
	struct rune before = { 0 };
	struct part *p = NULL;

	for (;;) {
		struct rune r = rune_at(w, w->pos);

		if (r.script == SCRIPT_JOINED && p) {
			part_add(p, r.cp);
			w->pos += r.n;
			p->end = w->pos;
			continue;
		}
		if (!r.n || !rune_in_chain(&r))
			return true;
		if (!p || part_begins(w, w->pos, &before, &r)) {
			if (w->nparts == PARTS_MAX)
				return false;
			p = part_open(w, w->pos, r.script, p ? 0 : joint);
		}
		part_add(p, r.cp);
		w->pos += r.n;
		p->end = w->pos;
		before = r;
	}
}

/* An apostrophe inside a word: 1 byte, or 3 for the typographic ones; 0: none here. */
static size_t apostrophe(const struct words *w, size_t at)
{
	struct rune r = rune_at(w, at);

	return r.n && (r.cp == '\'' || r.cp == 0x2019 || r.cp == 0x02bc) ? r.n : 0;
}

/* After n't, 's, 'll and the like the word is over; what they are made of is not worth a term. */
static void skip_clitic(struct words *w)
{
	static const char *const clitics[] = { "s", "t", "d", "m", "ll", "re", "ve" };
	size_t mark = apostrophe(w, w->pos), at = w->pos + mark, len = 0;
	struct rune r;

	if (!mark || !w->nparts || w->parts[w->nparts - 1].script != SCRIPT_LATIN)
		return;
	while (len < 3 && at + len < w->n &&
		fold_script((unsigned char)w->text[at + len]) == SCRIPT_LATIN)
		len++;
	r = rune_at(w, at + len);
	if (r.n && r.script != SCRIPT_NONE)
		return;
	for (size_t i = 0; i < array_len(clitics); i++)
		if (strlen(clitics[i]) == len && !strncasecmp(w->text + at, clitics[i], len))
			w->pos = at + len;
}

#define HYPHEN "\xe2\x80\x90"    /* U+2010: what man pages break words with */
#define SOFT_HYPHEN "\xc2\xad" /* U+00AD: read as part of the word before it */

static bool text_at(const struct words *w, size_t at, const char *s)
{
	return w->n - at >= strlen(s) && !memcmp(w->text + at, s, strlen(s));
}

/* Where a word that ends its line at `at` goes on, in small letters; 0: it does not. */
static size_t next_line(const struct words *w, size_t at)
{
	struct rune r;

	at += at < w->n && w->text[at] == '\r';
	if (at >= w->n || w->text[at] != '\n')
		return 0;
	for (at++; at < w->n && (w->text[at] == ' ' || w->text[at] == '\t');)
		at++;
	r = rune_at(w, at);
	return rune_in_chain(&r) && fold_lower(r.cp) ? at : 0;
}

/* A word broken at the end of its line: behind the break, or 0. The hyphen may be the word's own: both are a chain. */
static size_t broken_at(const struct words *w)
{
	if (w->pos >= 2 && text_at(w, w->pos - 2, SOFT_HYPHEN))
		return next_line(w, w->pos);
	return text_at(w, w->pos, "-") ? next_line(w, w->pos + 1) : text_at(w, w->pos, HYPHEN) ? next_line(w, w->pos + 3) : 0;
}

/* Does the chain go on behind a joint here? Then *to is behind it, and the joint is returned, or 0. */
static char joint_at(const struct words *w, size_t *to)
{
	char c = w->pos < w->n ? w->text[w->pos] : 0;
	struct rune next;

	*to = broken_at(w);
	if (*to)
		return '-';
	*to = w->pos + 1;
	if (text_at(w, w->pos, HYPHEN)) {
		c = '-';
		*to = w->pos + strlen(HYPHEN);
	}
	if (*to >= w->n || (c != '_' && c != '.' && c != '-' && c != ','))
		return 0;
	next = rune_at(w, *to);
	if (!rune_in_chain(&next))
		return 0;
	if (c == ',' &&
		(next.script != SCRIPT_DIGIT || w->parts[w->nparts - 1].script != SCRIPT_DIGIT))
		return 0;
	return c;
}

/* C++, C#, F#: a mark right behind one or two letters is part of the name. */
static int give_sharp(struct words *w)
{
	struct part *p = &w->parts[w->nparts - 1];
	size_t plus = 0;
	struct rune next;
	struct word word;
	char text[4];

	while (plus < 2 && w->pos + plus < w->n && w->text[w->pos + plus] == '+')
		plus++;
	if (plus != 2)
		plus = w->pos < w->n && w->text[w->pos] == '#' ? 1 : 0;
	next = rune_at(w, w->pos + plus);
	if (!plus || w->nparts != 1 || p->n > 2 || p->script != SCRIPT_LATIN ||
		rune_in_chain(&next))
		return words_give_chain(w);
	memcpy(text, p->text, p->n);
	memcpy(text + p->n, w->text + w->pos, plus);
	word = (struct word){
		.plain = text,
		.plain_n = p->n + plus,
		.start = p->start,
		.end = p->end + plus,
		.group = w->group,
	};
	w->pos += plus;
	w->group++;
	w->nparts = 0;
	return words_give(w, SCRIPT_OTHER, &word);
}

/* May the chain go on with it, or be told apart by it? All but letters and digits that end a word in most texts do not. */
static bool ends_word(const char *s, size_t left)
{
	unsigned char c = left ? (unsigned char)s[0] : ' ';

	if ((c == '.' || c == ',') && (left == 1 || s[1] == ' ' || s[1] == '\n'))
		return true;
	return c < 0x80 && fold_script(c) == SCRIPT_NONE && !strchr("_.-,'+#", c);
}

/* One capital at the most, at its beginning: what most words are. */
bool words_plain(struct words *w, int *r)
{
	const char *s = w->text + w->pos;
	size_t left = w->n - w->pos, n = 1;
	char text[WORD_MAX];
	struct word word = { .plain = text, .start = w->pos, .group = w->group };

	text[0] = (char)(s[0] | 0x20);
	for (; n < left && s[n] >= 'a' && s[n] <= 'z'; n++) {
		if (n == WORD_MAX)
			return false;
		text[n] = s[n];
	}
	if (!ends_word(s + n, left - n))
		return false;
	word.plain_n = n;
	w->pos += n;
	word.end = w->pos;
	w->group++;
	*r = words_give(w, SCRIPT_LATIN, &word);
	return true;
}

int words_chain(struct words *w)
{
	char joint = 0;
	size_t to;

	while (read_run(w, joint)) {
		skip_clitic(w);
		joint = joint_at(w, &to);
		if (!joint || w->nparts == PARTS_MAX)
			break;
		w->pos = to;
	}
	return give_sharp(w);
}
