/* Links: [text](address "title"), ![image](address), <address>; <br> is a line break. */
#include <string.h>

#include "client/markdown_scan.h"

#define LINK_MAX 2048 /* bytes of a link's address and title */

static bool is_address(const char *s, size_t n)
{
	return n >= 8 && (!memcmp(s, "http://", 7) || !memcmp(s, "https://", 8) || !memcmp(s, "mailto:", 7));
}

/* <https://...> and <a href="..."> hide marks as code does: what is between is an address. 0: it is none. */
size_t scan_angle(const struct scan *c, size_t at, bool *wait)
{
	const char *s = c->s + at + 1;
	size_t end = at + 1, n;

	while (end < c->n && end - at < SPAN_MAX && c->s[end] != '>' && c->s[end] != '<' && c->s[end] != '\n')
		end++;
	if (end == c->n) {
		*wait = !c->end && end - at < SPAN_MAX;
		return 0;
	}
	n = end - at - 1;
	if (c->s[end] != '>')
		return 0;
	/* A tag has an attribute that is quoted; "a <b and c> d" has none. */
	return is_address(s, n) || (n && is_word(s[0]) && (memmem(s, n, "=\"", 2) || memmem(s, n, "='", 2))) ? n + 2 : 0;
}

static enum verdict bracket_end(const struct scan *c, size_t from, size_t *end)
{
	size_t last = from + SPAN_MAX, step, depth = 0;
	bool wait = false;

	for (size_t i = from; i < c->n && i < last; i += step) {
		step = scan_hidden(c, i, &wait);
		if (wait)
			return WAIT;
		if (step)
			continue;
		step = 1;
		if (c->s[i] == '[') {
			depth++;
		} else if (c->s[i] == ']' && !depth--) {
			*end = i;
			return TAKEN;
		}
	}
	return c->end || c->n >= last ? LITERAL : WAIT;
}

/* "(address "title")" from `at`, the parenthesis: where it ends, and the address within. */
static enum verdict address_end(const struct scan *c, size_t at, size_t *end, size_t *url, size_t *url_len)
{
	size_t last = at + LINK_MAX, depth = 0, i = at + 1, from;
	char quote = 0;

	while (i < c->n && c->s[i] == ' ')
		i++;
	from = *url = i;
	for (; i < c->n && i < last && (is_space(c->s[i]) ? i == from : c->s[i] != ')' || depth); i++)
		depth += c->s[i] == '(' ? 1 : c->s[i] == ')' ? -1UL : 0;
	*url_len = i - from;
	for (; i < c->n && i < last; i++) {
		if (quote ? c->s[i] == quote : c->s[i] == '"' || c->s[i] == '\'')
			quote = quote ? 0 : c->s[i];
		else if (!quote && c->s[i] == ')') {
			*end = i + 1;
			return TAKEN;
		} else if (!quote && !is_space(c->s[i])) {
			return LITERAL;
		}
	}
	return c->end || c->n >= last ? LITERAL : WAIT;
}

struct link_parts {
	size_t text, text_len, url, url_len, end;
};

/* "[text](address)" from `at`, the bracket. */
static enum verdict link_at(const struct scan *c, size_t at, struct link_parts *l)
{
	size_t text_end = 0;
	enum verdict v = bracket_end(c, at + 1, &text_end);

	if (v != TAKEN)
		return v;
	if (text_end + 1 >= c->n)
		return c->end ? LITERAL : WAIT;
	if (c->s[text_end + 1] != '(')
		return LITERAL;
	l->text = at + 1;
	l->text_len = text_end - l->text;
	return address_end(c, text_end + 1, &l->end, &l->url, &l->url_len);
}

/* A link is one before the marks in it are. 0: none begins here. */
size_t scan_link(const struct scan *c, size_t at, bool *wait)
{
	struct link_parts l;
	enum verdict v = link_at(c, at, &l);

	*wait = v == WAIT;
	return v == TAKEN ? l.end - at : 0;
}

static void put_link(const struct scan *c, const struct link_parts *l, bool image, ink k)
{
	const char *u = c->s + l->url;
	size_t url_len = l->url_len;
	bool bare = l->text_len == url_len && !memcmp(c->s + l->text, u, url_len);
	unsigned link;

	if (url_len > 1 && u[0] == '<' && u[url_len - 1] == '>') {
		u++;
		url_len -= 2;
	}
	link = links_add(c->x->links, c->x->look, u, url_len);
	k |= (ink)(link << 8);
	if (image)
		scan_put(c, "[image: ", 8, k);
	scan_inner(c, l->text, l->text_len, image || !c->x->look->styled ? k : k | INK_UNDERLINE);
	if (image)
		scan_put(c, "]", 1, k);
	/* The address is always seen: a text may say one thing and lead to another. */
	if (!bare && url_len) {
		scan_put(c, " (", 2, k & 0xFF);
		scan_put(c, u, url_len, (k & 0xFF) | INK_DIM);
		scan_put(c, ")", 1, k & 0xFF);
	}
}

enum verdict take_link(const struct scan *c, size_t at, ink k, size_t *used)
{
	bool image = c->s[at] == '!';
	struct link_parts l;
	enum verdict v;

	*used = 1;
	if (at + 1 + image >= c->n && !c->end)
		return WAIT;
	if (c->depth >= NESTING || (image && (at + 1 >= c->n || c->s[at + 1] != '[')))
		return LITERAL;
	v = link_at(c, at + image, &l);
	if (v != TAKEN)
		return v;
	*used = l.end - at;
	put_link(c, &l, image, k);
	return TAKEN;
}

/* <https://...> loses its brackets, <br> is a line break; any other tag is text. */
enum verdict take_angle(const struct scan *c, size_t at, ink k, size_t *used)
{
	size_t end = at + 1, n;
	const char *s = c->s + at + 1;
	unsigned link;

	*used = 1;
	while (end < c->n && end - at < SPAN_MAX && c->s[end] != '>' && c->s[end] != '<' && !is_space(c->s[end]))
		end++;
	if (end == c->n && end - at < SPAN_MAX && !c->end)
		return WAIT;
	n = end - at - 1;
	/* "<br />" */
	if (n == 2 && end + 2 >= c->n && !c->end)
		return WAIT;
	if (n == 2 && !strncmp(s, "br", 2) && end + 2 < c->n && !strncmp(s + 2, " />", 3))
		end += 2;
	if (end >= c->n || c->s[end] != '>')
		return LITERAL;
	*used = end + 1 - at;
	if ((n == 2 && !strncmp(s, "br", 2)) || (n == 3 && !strncmp(s, "br/", 3))) {
		c->to->line_break(c->to->ctx);
		return TAKEN;
	}
	if (!is_address(s, n)) {
		*used = 1;
		return LITERAL;
	}
	link = links_add(c->x->links, c->x->look, s, n);
	scan_put(c, s, n, k | (ink)(link << 8) | (c->x->look->styled ? INK_UNDERLINE : 0));
	return TAKEN;
}
