/* Tags of a thread: a JSON array of strings, whatever wrote them. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "daemon/store/rows.h"

#define TAG_MAX 256
#define TAGS_MAX 64

struct tags {
	struct json_out w;
	struct buf out;
	size_t n;
};

static void add(struct tags *t, const char *s, size_t n)
{
	if (!n || n > TAG_MAX || t->n == TAGS_MAX)
		return;
	json_out_string(&t->w, s, n);
	t->n++;
}

static bool read_json(struct tags *t, const char *s)
{
	struct json_slice raw;
	struct json j;

	json_init(&j, s, strlen(s), 16);
	if (!json_array(&j))
		return false;
	while (json_item(&j)) {
		char *tag;

		if (!json_string(&j, &raw)) {
			json_skip(&j);
			continue;
		}
		tag = json_strdup(&raw, TAG_MAX);
		if (tag)
			add(t, tag, strlen(tag));
		mem_free(tag);
	}
	return json_end(&j) == 0;
}

/* One element of a Postgres array, quoted or not; returns what is behind it. */
static const char *read_element(struct tags *t, const char *s)
{
	bool quoted = *s == '"';
	char tag[TAG_MAX];
	size_t n = 0;

	for (s += quoted; *s && (quoted ? *s != '"' : *s != ',' && *s != '}'); s++) {
		if (*s == '\\' && s[1])
			s++;
		if (n < TAG_MAX)
			tag[n] = *s;
		n++; /* one that is too long is left out as a whole */
	}
	add(t, tag, n);
	return quoted && *s ? s + 1 : s;
}

static bool read_postgres(struct tags *t, const char *s)
{
	if (*s++ != '{')
		return false;
	while (*s && *s != '}') {
		s = read_element(t, s);
		if (*s == ',')
			s++;
	}
	return *s == '}';
}

char *tags_normal(const char *s)
{
	struct tags t = { .n = 0 };
	char *text = NULL;

	if (!s)
		return NULL;
	buf_init(&t.out, 0);
	json_out_init(&t.w, &t.out);
	t.w.python_style = t.w.ascii = true;
	json_out_array(&t.w);
	if ((read_json(&t, s) || read_postgres(&t, s)) && t.n) {
		json_out_array_end(&t.w);
		text = mem_dup(buf_cstr(&t.out));
	}
	buf_fini(&t.out);
	return text;
}

int tags_have(struct db *db, const char *account, const char *tag, const char *thread, bool *have, char **why)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, db, db->chat, why, "SELECT 1 FROM ragchat_tag WHERE account = ?1 AND tag = ?2 AND thread = ?3", db_text(account),
		db_text(tag), db_text(thread));

	if (r == 0)
		r = db_step(stmt, have, why);
	db_release(stmt);
	return r;
}
