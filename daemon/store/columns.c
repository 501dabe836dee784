/* The columns of the five tables as the file has them, and inserts that respect them. */
#include "daemon/store/columns.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/mem.h"

struct column {
	char *name;
	bool required; /* NOT NULL without a default, and no primary key */
	bool text;     /* by its declared type */
};

struct columns {
	struct column_list {
		struct column *v;
		size_t n, cap;
	} table[CHAT_TABLES];
};

static const char *const table_names[] = { "users", "threads", "steps", "feedbacks", "elements" };

/* Without these a file is not one of Chainlit's. */
static const struct {
	enum chat_table table;
	const char *column;
} core[] = {
	{ TABLE_USERS, "id" },
	{ TABLE_USERS, "identifier" },
	{ TABLE_THREADS, "id" },
	{ TABLE_THREADS, "createdAt" },
	{ TABLE_THREADS, "name" },
	{ TABLE_THREADS, "userId" },
	{ TABLE_THREADS, "userIdentifier" },
	{ TABLE_THREADS, "metadata" },
	{ TABLE_STEPS, "id" },
	{ TABLE_STEPS, "type" },
	{ TABLE_STEPS, "threadId" },
	{ TABLE_STEPS, "parentId" },
	{ TABLE_STEPS, "input" },
	{ TABLE_STEPS, "output" },
	{ TABLE_STEPS, "createdAt" },
	{ TABLE_FEEDBACKS, "id" },
	{ TABLE_FEEDBACKS, "forId" },
	{ TABLE_FEEDBACKS, "value" },
	{ TABLE_ELEMENTS, "id" },
	{ TABLE_ELEMENTS, "threadId" },
	{ TABLE_ELEMENTS, "forId" },
	{ TABLE_ELEMENTS, "name" },
};

struct columns *columns_free(struct columns *c)
{
	for (int t = 0; c && t < CHAT_TABLES; t++) {
		for (size_t i = 0; i < c->table[t].n; i++)
			mem_free(c->table[t].v[i].name);
		mem_free(c->table[t].v);
	}
	return mem_free(c);
}

static bool declared_as_text(const char *type)
{
	return type &&
	       (strcasestr(type, "TEXT") || strcasestr(type, "CHAR") || strcasestr(type, "CLOB") ||
		       strcasestr(type, "UUID") || strcasestr(type, "JSON"));
}

static int load_table(struct column_list *list, sqlite3 *chat, const char *table, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = 0,
	    rc = sqlite3_prepare_v2(chat,
		    "SELECT name, type, \"notnull\" AND dflt_value IS NULL AND NOT pk FROM "
		    "pragma_table_info(?1)",
		    -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return db_error(chat, rc, why);
	r = db_bind(stmt, 1, db_text(table), why);
	while (r == 0 && row) {
		r = db_step(stmt, &row, why);
		if (r != 0 || !row)
			break;
		list->v = mem_grow(list->v, &list->cap, list->n, sizeof(*list->v));
		list->v[list->n++] = (struct column){ .name = db_col_dup(stmt, 0),
			.text = declared_as_text(db_col_text(stmt, 1)),
			.required = db_col_int(stmt, 2) != 0 };
	}
	sqlite3_finalize(stmt);
	return r;
}

int columns_load(struct columns **out, sqlite3 *chat, char **why)
{
	struct columns *c = mem_new(sizeof(*c));
	int r = 0;

	*out = NULL;
	for (int t = 0; r == 0 && t < CHAT_TABLES; t++)
		r = load_table(&c->table[t], chat, table_names[t], why);
	for (size_t i = 0; r == 0 && i < array_len(core); i++)
		if (c->table[core[i].table].n && !columns_has(c, core[i].table, core[i].column))
			r = db_fail(why, STORE_E_NOT_OURS,
				"table '%s' has no column '%s': no database of Chainlit's or ours",
				table_names[core[i].table], core[i].column);
	if (r != 0) {
		columns_free(c);
		return r;
	}
	*out = c;
	return 0;
}

static const struct column *find(const struct columns *c, enum chat_table table, const char *name)
{
	for (size_t i = 0; i < c->table[table].n; i++)
		if (!strcasecmp(c->table[table].v[i].name, name))
			return &c->table[table].v[i];
	return NULL;
}

bool columns_has(const struct columns *c, enum chat_table table, const char *column)
{
	return find(c, table, column) != NULL;
}

void columns_select(const struct columns *c, enum chat_table table, const char *alias,
	const char *column, struct buf *sql)
{
	if (columns_has(c, table, column))
		buf_addf(sql, "%s.\"%s\"", alias, column);
	else
		buf_add_str(sql, "NULL");
}

/* An INSERT as it grows: columns to the left, their values beside. */
struct insert {
	struct buf sql;
	struct db_value values[48];
	size_t n;
};

static void insert_add(struct insert *in, const char *column, struct db_value value)
{
	if (in->n == array_len(in->values))
		return; /* no table of Chainlit's has half as many */
	buf_addf(&in->sql, "%s\"%s\"", in->n ? ", " : "", column);
	in->values[in->n++] = value;
}

static bool among(const struct cell *cells, size_t n, const char *column)
{
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(cells[i].column, column) && cells[i].value.type != DB_NULL)
			return true;
	return false;
}

int db_insert(struct db *db, enum chat_table table, const struct cell *cells, size_t n, char **why)
{
	const struct column_list *list = &db->columns->table[table];
	struct insert in = { .n = 0 };
	int r;

	buf_init(&in.sql, 0);
	buf_addf(&in.sql, "INSERT INTO %s(", table_names[table]);
	for (size_t i = 0; i < n; i++)
		if (cells[i].value.type != DB_NULL &&
			columns_has(db->columns, table, cells[i].column))
			insert_add(&in, cells[i].column, cells[i].value);
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].required && !among(cells, n, list->v[i].name))
			insert_add(&in, list->v[i].name,
				list->v[i].text ? db_textn("", 0) : db_int(0));
	buf_add_str(&in.sql, ") VALUES(");
	for (size_t i = 0; i < in.n; i++)
		buf_add_str(&in.sql, i ? ", ?" : "?");
	buf_add_byte(&in.sql, ')');
	r = in.sql.failed ? -ENOMEM
			  : db_run_values(db, db->chat, why, buf_cstr(&in.sql), in.values, in.n);
	buf_fini(&in.sql);
	return r;
}
