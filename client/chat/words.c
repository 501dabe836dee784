/* Splitting a line into arguments. Nothing of it is ever run. */
#include "client/chat/words.h"

#include <errno.h>
#include <glob.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/path.h"

#define SPECIAL " \t\n\\'\"*?[]~"

static void add(struct words *w, const char *s)
{
	w->v = mem_grow(w->v, &w->cap, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = mem_dup(s);
	w->v[w->n] = NULL;
}

void words_fini(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		mem_free(w->v[i]);
	mem_free(w->v);
	*w = (struct words){ .n = 0 };
}

/* plain: as it was meant; pattern: the same with what was quoted escaped for glob(3). */
struct word {
	struct buf plain, pattern;
	bool begun, magic, home;
};

static void put(struct word *d, char c, bool quoted)
{
	d->begun = true;
	(void)buf_add_byte(&d->plain, (uint8_t)c);
	if (quoted && strchr("*?[]~\\", c))
		(void)buf_add_byte(&d->pattern, '\\');
	(void)buf_add_byte(&d->pattern, (uint8_t)c);
	if (!quoted && strchr("*?[", c))
		d->magic = true;
	if (!quoted && c == '~' && d->plain.len == 1)
		d->home = true;
}

static void end_word(struct word *d, bool files, struct words *out)
{
	glob_t found = { .gl_pathc = 0 };
	char *path = NULL;

	if (!d->begun)
		return;
	if (files && d->home)
		path = path_expand(buf_cstr(&d->plain));
	if (files && d->magic && glob(buf_cstr(&d->pattern), GLOB_TILDE, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			add(out, found.gl_pathv[i]);
	else
		add(out, path ? path : buf_cstr(&d->plain));
	globfree(&found);
	mem_free(path);
	buf_reset(&d->plain);
	buf_reset(&d->pattern);
	d->begun = d->magic = d->home = false;
}

int words_split(const char *s, bool files, struct words *out)
{
	struct word d = { .begun = false };
	char quote = '\0';

	*out = (struct words){ .n = 0 };
	for (; *s; s++) {
		if (*s == '\\' && s[1] && quote != '\'')
			put(&d, *++s, true);
		else if (quote && *s == quote)
			quote = '\0';
		else if (!quote && (*s == '\'' || *s == '"')) {
			quote = *s;
			d.begun = true;
		} else if (!quote && strchr(" \t\n", *s))
			end_word(&d, files, out);
		else
			put(&d, *s, quote != '\0');
	}
	end_word(&d, files, out);
	buf_fini(&d.plain);
	buf_fini(&d.pattern);
	if (quote) {
		words_fini(out);
		return -EINVAL;
	}
	return 0;
}

char *words_quote(const char *s)
{
	struct buf out = { 0 };
	char *text;

	for (const char *p = s; *p; p++) {
		if (strchr(SPECIAL, *p) && !(p == s && *p == '~' && (p[1] == '/' || !p[1])))
			(void)buf_add_byte(&out, '\\');
		(void)buf_add_byte(&out, (uint8_t)*p);
	}
	text = buf_steal(&out, NULL);
	return text ? text : mem_dup("");
}
