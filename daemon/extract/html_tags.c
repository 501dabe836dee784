/* Tags that libxml2 would take minutes over: each attribute is compared with all that were before it. */
#include <ctype.h>

#include "daemon/extract/extract.h"

/* Where the words of a tag are counted, outside of quotes. */
struct tag {
	bool in, space;
	char quote;
	unsigned words;
};

static void step(struct tag *t, char c, char next)
{
	if (!t->in) {
		if (c == '<' && isalpha((unsigned char)next))
			*t = (struct tag){ .in = true };
	} else if (t->quote) {
		t->quote = c == t->quote ? '\0' : t->quote;
	} else if (c == '>') {
		t->in = false;
	} else if (c == '"' || c == '\'') {
		t->quote = c;
	} else if (isspace((unsigned char)c) || c == '/') {
		t->space = true;
	} else {
		t->words += t->space;
		t->space = false;
	}
}

bool html_tag_has_too_many(const char *s, size_t n)
{
	struct tag t = { .in = false };

	for (size_t i = 0; i + 1 < n && t.words <= HTML_ATTRIBUTES; i++)
		step(&t, s[i], s[i + 1]);
	return t.words > HTML_ATTRIBUTES;
}
