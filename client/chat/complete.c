/* What Tab offers behind a slash: verbs, files, and names that the daemon knows. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "client/chat/prompt.h"
#include "client/chat/talk.h"
#include "client/chat/verbs.h"
#include "client/chat/words.h"
#include "client/link.h"
#include "common/buf.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"
#include "common/utf8.h"

#define CALL_MS 3000 /* a backend that is slower gets no say in it */

/* ---- files ---- */

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void add_file(struct choices *c, const char *dir, const char *shown_dir, const char *name)
{
	char *path = path_join(dir, name), *shown, *quoted;

	shown = mem_printf("%s%s%s", shown_dir, name, is_folder(path) ? "/" : "");
	quoted = words_quote(shown);
	choices_add(c, quoted);
	mem_free(quoted);
	mem_free(shown);
	mem_free(path);
}

static void add_files(struct choices *c, const char *word)
{
	const char *base = strrchr(word, '/') ? strrchr(word, '/') + 1 : word;
	char *shown = mem_ndup(word, (size_t)(base - word)), *dir = path_expand(*shown ? shown : ".");
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		/* Hidden files are offered to who has begun to name one. */
		if (!str_starts(e->d_name, base) || (e->d_name[0] == '.' && !*base) || !strcmp(e->d_name, ".") ||
			!strcmp(e->d_name, ".."))
			continue;
		if (utf8_valid_no_nul(e->d_name, strlen(e->d_name)))
			add_file(c, dir, shown, e->d_name);
	}
	if (d)
		(void)closedir(d);
	c->after = c->n == 1 && str_ends(c->v[0], "/") ? "" : " ";
	mem_free(dir);
	mem_free(shown);
}

/* Where the last word of the arguments begins, and what it says; malloc'd. */
static char *last_word(const char *s, size_t n, size_t *start)
{
	char *text, *word;
	struct words w;

	*start = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 1 < n)
			i++;
		else if (s[i] == ' ' || s[i] == '\t')
			*start = i + 1;
	}
	text = mem_ndup(s + *start, n - *start);
	word = words_split(text, false, &w) == 0 && w.n ? mem_dup(w.v[0]) : mem_dup("");
	words_fini(&w);
	mem_free(text);
	return word;
}

/* ---- what the daemon knows ---- */

static void add_name(struct choices *c, const char *name, const char *word, bool quoted)
{
	char *text = quoted ? words_quote(name) : mem_dup(name);

	/* A name of several lines is no line of the editor. */
	if (!strncasecmp(name, word, strlen(word)) && !strchr(name, '\n'))
		choices_add(c, text);
	mem_free(text);
}

static void add_listed(struct talk *t, struct choices *c, const char *method, const char *list, const char *key,
	const char *word, bool quoted)
{
	struct pack *p = talk_request(t, method);
	struct val rows;

	if (strcmp(list, "threads") == 0 || strcmp(list, "documents") == 0)
		pack_kv_int(p, "limit", 200);
	if (talk_call(t, CALL_MS))
		return;
	rows = val_get(t->link->msg.result, list);
	for (size_t i = 0; i < val_count(rows); i++) {
		char *name = val_get_text(val_at(rows, i), key);

		if (name)
			add_name(c, name, word, quoted);
		mem_free(name);
	}
}

static void add_words(struct choices *c, const char *const *words, const char *word)
{
	for (; *words; words++)
		if (str_starts(*words, word))
			choices_add(c, *words);
}

/* ---- which of them ---- */

static void complete_verb(const char *word, struct choices *c)
{
	for (const struct verb *v = verbs; v->name; v++) {
		char *name = mem_printf("/%s", v->name);

		if (str_starts(name, word))
			choices_add(c, name);
		mem_free(name);
	}
	c->after = " ";
}

static void complete_argument(struct talk *t, const char *verb, const char *args, size_t n, size_t at, struct choices *c)
{
	char *rest = mem_ndup(args, n), *word;
	size_t start;

	word = last_word(args, n, &start);
	c->start = at + start;
	if (!strcmp(verb, "upload") || !strcmp(verb, "save") || !strcmp(verb, "pdf")) {
		add_files(c, word);
	} else if (!strcmp(verb, "use")) {
		add_words(c, (const char *const[]){ "all", NULL }, word);
		add_listed(t, c, "collection.list", "collections", "name", word, true);
		add_listed(t, c, "doc.list", "documents", "name", word, true);
		c->after = " ";
	} else if (!strcmp(verb, "rate")) {
		add_words(c, (const char *const[]){ "up", "down", "none", NULL }, word);
	} else {
		/* The name is all that follows the verb. */
		c->start = at;
		if (!strcmp(verb, "thread")) {
			add_words(c, (const char *const[]){ "new", NULL }, rest);
			add_listed(t, c, "thread.list", "threads", "name", rest, false);
		} else if (!strcmp(verb, "model") || !strcmp(verb, "retry")) {
			add_listed(t, c, "model.list", "models", "id", rest, false);
		}
	}
	mem_free(word);
	mem_free(rest);
}

void verbs_complete(void *talk, const char *text, size_t n, struct choices *c)
{
	size_t verb_len, at;
	char *verb;

	if (!n || text[0] != '/')
		return;
	verb_len = strcspn(text, " \t");
	if (verb_len >= n) {
		char *word = mem_ndup(text, n);

		complete_verb(word, c);
		mem_free(word);
		return;
	}
	at = verb_len + strspn(text + verb_len, " \t");
	if (at > n)
		at = n;
	verb = mem_ndup(text + 1, verb_len - 1);
	complete_argument(talk, verb, text + at, n - at, at, c);
	mem_free(verb);
}
