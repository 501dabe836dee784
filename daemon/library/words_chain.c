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

/* Does the chain go on behind a joint here? The joint, or 0. */
static char joint_at(const struct words *w)
{
	struct rune next;
	char c;

	if (w->pos + 1 >= w->n)
		return 0;
	c = w->text[w->pos];
	if (c != '_' && c != '.' && c != '-' && c != ',')
		return 0;
	next = rune_at(w, w->pos + 1);
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

	while (read_run(w, joint)) {
		skip_clitic(w);
		joint = joint_at(w);
		if (!joint || w->nparts == PARTS_MAX)
			break;
		w->pos++;
	}
	return give_sharp(w);
}
