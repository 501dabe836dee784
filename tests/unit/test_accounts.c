/* Accounts in the store: the way from the first version, and uids that get theirs. */
#include "daemon/store/accounts.h"
#include "tests/unit/store.h"

static const char version_1[] =
#include "daemon/store/schema.sql.h"
	;
static const char version_2[] =
#include "daemon/store/schema_2.sql.h"
	;
static const char version_3[] =
#include "daemon/store/schema_3.sql.h"
	;
static const char version_4[] =
#include "daemon/store/schema_4.sql.h"
	;
static const char version_5[] =
#include "daemon/store/schema_5.sql.h"
	;
static const char version_6[] =
#include "daemon/store/schema_6.sql.h"
	;
static const char version_7[] =
#include "daemon/store/schema_7.sql.h"
	;
static const char *const steps[] = { version_1, version_2, version_3, version_4, version_5, version_6, version_7 };
_Static_assert(sizeof(steps) / sizeof(*steps) == SCHEMA_VERSION - 1, "a step for each earlier version");

/* A file as an earlier version made it, with one account and its thread. */
static void make_version(const struct world *w, int version)
{
	int fd = open(w->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	close(fd);
	for (int i = 0; i < version; i++)
		sql_run(w->path, steps[i]);
	sql_run(w->path,
		"INSERT INTO users(id, identifier, createdAt) VALUES('0b0fd5f6-0000-4000-8000-00000000000a', 'ada', '2026-01-01T00:00:00.000000Z');"
		"INSERT INTO threads(id, name, userId, userIdentifier, createdAt) VALUES('0b0fd5f6-0000-4000-8000-00000000000b', 'kept', "
		"'0b0fd5f6-0000-4000-8000-00000000000a', 'ada', '2026-01-01T00:00:00.000000Z');"
		"INSERT INTO ragchat_thread(id, account, created, updated) VALUES('0b0fd5f6-0000-4000-8000-00000000000b', "
		"'0b0fd5f6-0000-4000-8000-00000000000a', 1, 1)");
	char *mark = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, version);
	sql_run(w->path, mark);
	mem_free(mark);
}

static int of_uid(struct world *w, enum store_lane lane, int64_t uid, const char *name, struct account *out)
{
	struct op_peer_account *op = op_peer_account_new();
	int r;

	op->uid = uid;
	op->name = mem_dup(name);
	r = world_run(w, lane, &op->job);
	mem_free(out->name);
	*out = op->account;
	op->account.name = NULL;
	op_peer_account_free(op);
	return r;
}

static void bring_along(int version)
{
	struct account who = { .name = NULL };
	struct world w;

	world_make(&w);
	make_version(&w, version);
	check_int(world_open(&w), 0);
	check(w.why && strstr(w.why, "as it was"));
	check_int(sql_int(w.path, "PRAGMA user_version"), SCHEMA_VERSION);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_account"), 0);
	check_int(world_account(&w, "fallback"), 0);
	check_str(w.who.name, "ada");
	check_str(sql_text(w.path, "SELECT name FROM threads"), "kept");
	check_int(of_uid(&w, STORE_WRITER, 1000, "ada", &who), 0);
	check_str(who.name, "ada-1000"); /* the same name is no proof */
	world_close(&w);
	check_int(world_open(&w), 0);
	check(!w.why || !strstr(w.why, "as it was"));
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_share"), 0);
	check_int(sql_int(w.path, "SELECT count(*) FROM ragchat_upload"), 0);
	mem_free(who.name);
	world_end(&w);
}

TEST(every_earlier_version_is_brought_along_with_all_it_holds)
{
	for (int version = 1; version < SCHEMA_VERSION && !test_bad; version++)
		bring_along(version);
}

TEST(a_uid_has_one_account_from_its_first_coming_on)
{
	struct account first = { .name = NULL }, second = { .name = NULL };
	struct world w;

	world_make(&w);
	check_int(world_open(&w), 0);
	check_int(of_uid(&w, STORE_KEYED, 1000, NULL, &first), STORE_E_NOT_FOUND);
	check_int(of_uid(&w, STORE_WRITER, 1000, "ann", &first), 0);
	check_str(first.name, "ann");
	check_int(of_uid(&w, STORE_KEYED, 1000, NULL, &second), 0);
	check_str(second.id, first.id);
	check_int(of_uid(&w, STORE_WRITER, 1000, "renamed", &second), 0);
	check_str(second.name, "ann");
	check_int(of_uid(&w, STORE_WRITER, 4294967293, "high", &second), 0);
	check_int(sql_int(w.path, "SELECT uid FROM ragchat_account a JOIN users u ON u.id = a.id WHERE u.identifier = 'high'"), 4294967293);
	mem_free(first.name);
	mem_free(second.name);
	world_end(&w);
}

TEST_MAIN()
