/* Documents in a real store: in, replaced, listed, out; accounts apart; crashes and upgrades
 * between. */
#include <poll.h>
#include <signal.h>

#include "common/clock.h"
#include "tests/unit/desk.h"

TEST(the_same_file_again_changes_nothing_and_a_new_one_replaces_it)
{
	struct desk d;
	struct found f;
	struct taken a, b;

	desk_make(&d);
	a = upload(&d, "note.txt", "The password of the gate is swordfish.");
	b = upload(&d, "note.txt", "The password of the gate is swordfish.");
	check(b.unchanged && !b.replaced);
	check_str(a.id, b.id);
	b = upload(&d, "./note.txt", "The password of the gate is tadpole.");
	check(b.replaced && !b.unchanged);
	check(strcmp(a.id, b.id) != 0);
	find(&d, &f, "What is the password of the gate?");
	check(strstr(answer(&f), "tadpole"));
	check(!strstr(answer(&f), "swordfish"));
	check_int(f.documents, 1);
	check_int(f.passages, 1);
	found_fini(&f);
	desk_close(&d);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM document"), 1);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM passage"), 1);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM piece"), 1);
	desk_end(&d);
}

static int remove_document(struct desk *d, const char *ref)
{
	struct op_document_remove *op = op_document_remove_new();
	int r;

	op->account = account_copy(&d->w.who);
	op->ref = mem_dup(ref);
	r = world_run(&d->w, STORE_LIBRARY, &op->job);
	op_document_remove_free(op);
	return r;
}

TEST(a_removed_document_leaves_no_trace)
{
	struct desk d;
	struct found f;
	struct taken t;
	char prefix[9];

	desk_make(&d);
	t = upload(&d, "a.txt", "Secret words of the first file.");
	upload(&d, "b.txt", "Other words of the second file.");
	memcpy(prefix, t.id, 8);
	prefix[8] = '\0';
	check_int(remove_document(&d, "none.txt"), STORE_E_NOT_FOUND);
	check_int(remove_document(&d, prefix), 0);
	check_int(remove_document(&d, prefix), STORE_E_NOT_FOUND);
	find(&d, &f, "secret words of the first file");
	check_int(f.documents, 1);
	for (size_t i = 0; i < f.sources.n; i++)
		check_str(f.sources.v[i].path, "b.txt");
	found_fini(&f);
	check_int(remove_document(&d, "b.txt"), 0);
	find(&d, &f, "other words");
	check_int(f.documents, 0);
	found_fini(&f);
	desk_close(&d);
	check_int(sql_int(d.library_path, "SELECT (SELECT count(*) FROM document) + (SELECT "
					  "count(*) FROM collection) + "
					  "(SELECT count(*) FROM passage) + (SELECT count(*) FROM "
					  "piece) + (SELECT count(*) FROM lengths)"),
		0);
	check_int(sql_int(d.library_path,
			  "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'words%'"),
		0);
	desk_end(&d);
}

TEST(a_collection_never_gets_the_number_of_one_that_is_gone)
{
	struct desk d;

	desk_make(&d);
	check_int(upload(&d, "guide.md", guide).r, 0);
	desk_close(&d);
	sql_run(d.library_path, "INSERT INTO vector SELECT id, 1.0, x'0102' FROM passage; INSERT INTO vectors SELECT id, 'm', 2, x'0102' FROM collection");
	desk_open(&d);
	check_int(remove_document(&d, "guide.md"), 0);
	become(&d, "bob");
	check_int(upload(&d, "guide.md", guide).r, 0);
	desk_close(&d);
	check_int(sql_int(d.library_path, "SELECT id FROM collection"), 2);
	check_int(sql_int(d.library_path, "SELECT (SELECT count(*) FROM vector) + (SELECT count(*) FROM vectors)"), 0);
	desk_end(&d);
}

TEST(vectors_of_the_version_before_are_made_anew)
{
	struct desk d;

	desk_make(&d);
	check_int(upload(&d, "guide.md", guide).r, 0);
	desk_close(&d);
	sql_run(d.library_path,
		LIBRARY_AS_OF_5 "PRAGMA user_version = 5; "
		"CREATE TABLE vector (id INTEGER PRIMARY KEY, scale REAL NOT NULL, data BLOB NOT NULL);"
		"CREATE TABLE vectors (collection INTEGER PRIMARY KEY, model TEXT NOT NULL, dimension INTEGER NOT NULL);"
		"INSERT INTO vector SELECT id, 1.0, x'0102' FROM passage; INSERT INTO vectors SELECT id, 'm', 2 FROM collection");
	desk_open(&d);
	check_int(upload_to(&d, "second", "guide.md", guide, strlen(guide)).r, 0);
	desk_close(&d);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM vector"), 0);
	check_int(sql_int(d.library_path, "SELECT max(id) FROM collection"), 2);
	desk_end(&d);
}

static size_t count_documents(struct desk *d, const char *ref, int *r)
{
	struct op_document_list *op = op_document_list_new();
	size_t n;

	op->account = account_copy(&d->w.who);
	op->ref = mem_dup(ref);
	op->limit = 100;
	*r = world_run(&d->w, STORE_KEYED, &op->job);
	n = op->n;
	op_document_list_free(op);
	return n;
}

TEST(two_accounts_see_nothing_of_each_other)
{
	struct desk d;
	struct found f;
	struct taken t;
	int r;

	desk_make(&d);
	t = upload(&d, "hers.txt", "The treasure lies under the oak of Ada.");
	become(&d, "bob");
	upload(&d, "his.txt", "The treasure lies under the pine of Bob.");
	find(&d, &f, "Where does the treasure lie?");
	check_int(f.documents, 1);
	check_int(f.passages, 1);
	check_int(f.sources.n, 1);
	check_str(first_path(&f), "his.txt");
	found_fini(&f);
	check_int(count_documents(&d, NULL, &r), 1);
	check_int(count_documents(&d, "hers.txt", &r), 0);
	check_int(r, STORE_E_NOT_FOUND);
	check_int(count_documents(&d, t.id, &r), 0);
	check_int(remove_document(&d, t.id), STORE_E_NOT_FOUND);
	check_int(remove_document(&d, "hers.txt"), STORE_E_NOT_FOUND);
	/* the same name is no conflict, and the same words count apart */
	upload(&d, "hers.txt", "Nothing of interest.");
	become(&d, "ada");
	find(&d, &f, "Where does the treasure lie?");
	check_str(first_path(&f), "hers.txt");
	check(strstr(answer(&f), "oak"));
	found_fini(&f);
	desk_end(&d);
}

TEST(what_cannot_be_taken_is_refused_with_a_reason)
{
	struct desk d;
	char *big = malloc(9 << 20);
	struct taken t;

	desk_make(&d);
	t = upload(&d, "a.pdf", "%PDF-1.4 and so on");
	check_int(t.r, LIBRARY_E_TYPE);
	check(strstr(t.why, "ragchatd-extract"));
	check_int(upload_to(&d, NULL, "a.txt", "caf\xe9 au lait", 11).r, LIBRARY_E_TYPE);
	check_int(upload(&d, "a.txt", " \n\t\n").r, LIBRARY_E_EMPTY);
	check_int(upload(&d, "a.txt", "").r, LIBRARY_E_EMPTY);
	check_int(upload(&d, "", "x").r, LIBRARY_E_NAME);
	check_int(upload(&d, "/etc/passwd", "x").r, LIBRARY_E_NAME);
	check_int(upload(&d, "a/../b", "x").r, LIBRARY_E_NAME);
	check_int(upload(&d, "..", "x").r, LIBRARY_E_NAME);
	check_int(upload(&d, "a\x1b[2J", "x").r, LIBRARY_E_NAME);
	check_int(upload(&d, "a\xff", "x").r, LIBRARY_E_NAME);
	check_int(upload(&d, "folder/", "x").r, LIBRARY_E_NAME);
	check_int(upload(&d, "a..b", "fine").r, 0);
	memset(big, 'x', 9 << 20);
	check_int(upload_to(&d, NULL, "big.txt", big, 9 << 20).r, LIBRARY_E_TOO_LARGE);
	memcpy(big,
		"\x7f"
		"ELF",
		4);
	check_int(upload_to(&d, NULL, "prog", big, 1 << 20).r, LIBRARY_E_TYPE);
	free(big);
	desk_end(&d);
}

TEST(documents_are_listed_in_pages)
{
	struct desk d;
	char *before = NULL;
	size_t seen = 0, pages = 0;

	desk_make(&d);
	for (int i = 0; i < 7; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.txt", i);
		upload_to(&d, i % 2 ? "odd" : NULL, name, name, strlen(name));
	}
	do {
		struct op_document_list *op = op_document_list_new();

		op->account = account_copy(&d.w.who);
		op->limit = 3;
		op->before = before;
		check_int(world_run(&d.w, STORE_KEYED, &op->job), 0);
		for (size_t i = 0; i < op->n; i++) {
			char name[32];

			snprintf(name, sizeof(name), "n%zu.txt", seen++);
			check_str(op->rows[i].name, name);
		}
		before = op->next;
		op->next = NULL;
		op_document_list_free(op);
		pages++;
	} while (before);
	check_int(seen, 7);
	check_int(pages, 3);
	desk_end(&d);
}

TEST(a_cursor_from_nowhere_is_refused_and_collections_are_counted)
{
	struct desk d;
	struct op_document_list *list = op_document_list_new();
	struct op_collection_list *op = op_collection_list_new();

	desk_make(&d);
	upload_to(&d, "b", "x.txt", "one two three", 13);
	upload_to(&d, "a", "x.txt", "four five six", 13);
	list->account = account_copy(&d.w.who);
	list->before = mem_dup("nonsense");
	check_int(world_run(&d.w, STORE_KEYED, &list->job), STORE_E_NOT_FOUND);
	op_document_list_free(list);
	op->account = account_copy(&d.w.who);
	check_int(world_run(&d.w, STORE_KEYED, &op->job), 0);
	check_int(op->n, 2);
	check_str(op->rows[0].name, "a");
	check_int(op->rows[0].documents, 1);
	check_int(op->rows[1].bytes, 13);
	op_collection_list_free(op);
	check_int(remove_document(&d, "x.txt"), STORE_E_AMBIGUOUS);
	desk_end(&d);
}

TEST(however_many_collections_there_are_all_are_searched)
{
	struct desk d;
	struct found f;
	char name[32];

	desk_make(&d);
	for (unsigned i = 0; i < 300; i++) {
		const char *text = i < 299 ? "Nothing of interest." : "The treasure lies under the oak.";

		(void)snprintf(name, sizeof(name), "box%u", i);
		check_int(upload_to(&d, name, "note.txt", text, strlen(text)).r, 0);
	}
	find(&d, &f, "Where does the treasure lie?");
	check_int(f.documents, 300);
	check_int(f.sources.n, 1);
	check(!f.cut);
	found_fini(&f);
	desk_end(&d);
}

TEST(a_large_document_is_whole_to_its_last_line)
{
	struct desk d;
	struct found f;
	struct taken t;
	size_t n;
	char *text = large_text(3 << 20, &n, "The zebra crossing is closed on Mondays.\n");
	char *start;

	desk_make(&d);
	t = upload_to(&d, NULL, "large.txt", text, n);
	check_int(t.r, 0);
	check(t.passages > 5000);
	find(&d, &f, "When is the zebra crossing closed?");
	check(f.sources.n > 0);
	check(strstr(f.sources.v[0].quote, "zebra crossing is closed on Mondays"));
	check_mem(f.sources.v[0].quote, strlen(f.sources.v[0].quote), text + f.sources.v[0].start,
		(size_t)(f.sources.v[0].end - f.sources.v[0].start));
	check_int(f.passages, t.passages);
	found_fini(&f);
	start = strstr(text, "Paragraph 7777 ");
	check(start != NULL);
	free(text);
	desk_end(&d);
}

struct watch {
	struct found f;
	int finished, both, none;
};

static void on_watched(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct watch *w = ctx;
	bool old = false, new = false;

	(void)owner;
	for (size_t i = 0; i < r->nsources; i++) {
		old = old || strstr(r->sources[i].quote, "ends in old");
		new = new || strstr(r->sources[i].quote, "ends in new");
	}
	w->finished++;
	w->both += old && new;
	w->none += !old && !new;
}

TEST(while_a_document_is_replaced_one_of_the_two_is_always_seen)
{
	struct desk d;
	struct watch w = { .finished = 0 };
	struct taken t = { .done = false };
	struct ingest *i;
	size_t old_n, new_n;
	char *old = large_text(1 << 20, &old_n, "The glacier ends in old ice.\n");
	char *new = large_text(1 << 20, &new_n, "The glacier ends in new ice.\n");
	struct retrieve_request req = { .question = "glacier ice ends", .question_len = 16 };
	int asked = 0;

	desk_make(&d);
	check_int(upload_to(&d, NULL, "g.txt", old, old_n).r, 0);
	check_int(ingest_begin(d.library, &d.w.who, "g.txt", NULL, -1, &i, t.why), 0);
	check_int(ingest_feed(i, new, new_n, t.why), 0);
	ingest_commit(i, on_taken, 1, &t);
	req.account = d.w.who;
	while (!t.done || w.finished < asked) {
		if (!t.done && asked - w.finished < 2) {
			check_int(library_retrieve(d.library, &req, on_watched, 1, &w), 0);
			asked++;
		}
		uv_run(&d.w.loop, UV_RUN_ONCE);
	}
	check_int(t.r, 0);
	check(asked > 1);
	check_int(w.both, 0);
	check_int(w.none, 0);
	find(&d, &w.f, "glacier ice ends");
	check(strstr(answer(&w.f), "new ice"));
	found_fini(&w.f);
	free(old);
	free(new);
	desk_end(&d);
}

/* ---- crashes and upgrades ---- */

static _Noreturn void child_uploads(const char *path, const char *text, size_t n)
{
	struct desk d = { .library = NULL };
	struct store_config config = { .path = path, .create = true };

	uv_loop_init(&d.w.loop);
	library_new(&d.library, NULL, &usual);
	if (store_open(&d.w.store, &d.w.loop, &config, &d.w.why) != 0)
		_exit(1);
	library_attach(d.library, d.w.store);
	become(&d, "ada");
	upload_to(&d, NULL, "half.txt", text, n);
	_exit(0);
}

/* Waits until a good part of a document is on disk and not shown yet. */
static bool half_way_in(const char *path)
{
	uint64_t end = clock_mono_ms() + 20000;

	while (clock_mono_ms() < end) {
		sqlite3 *conn = NULL;
		sqlite3_stmt *stmt = NULL;
		int n = 0;

		if (sqlite3_open_v2(path, &conn, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
			sqlite3_prepare_v2(conn,
				"SELECT count(*) FROM passage, document WHERE state = 0", -1, &stmt,
				NULL) == SQLITE_OK &&
			sqlite3_step(stmt) == SQLITE_ROW)
			n = sqlite3_column_int(stmt, 0);
		sqlite3_finalize(stmt);
		sqlite3_close(conn);
		if (n > 200)
			return true;
		poll(NULL, 0, 2);
	}
	return false;
}

TEST(a_crash_in_the_middle_of_a_document_leaves_nothing_of_it)
{
	struct desk d;
	struct found f;
	size_t n;
	char *text = large_text(6 << 20, &n, "");
	int status;
	pid_t child;

	desk_make(&d);
	upload(&d, "whole.txt", "Paragraph one of the document that was there before.");
	desk_close(&d);
	child = fork();
	if (child == 0)
		child_uploads(d.w.path, text, n);
	check(half_way_in(d.library_path));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	check(WIFSIGNALED(status));
	desk_open(&d);
	find(&d, &f, "paragraph item3 item5 before");
	check_int(f.documents, 1);
	check_int(f.passages, 1);
	for (size_t i = 0; i < f.sources.n; i++)
		check_str(f.sources.v[i].path, "whole.txt");
	found_fini(&f);
	upload(&d, "after.txt", "the tidying has run when this is in");
	desk_close(&d);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM document"), 2);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM passage"), 2);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM piece"), 2);
	check_str(sql_text(d.library_path, "PRAGMA integrity_check"), "ok");
	free(text);
	desk_end(&d);
}

/* Until the index is that of today's rules. */
static void wait_rebuilt(struct desk *d)
{
	for (int i = 0; i < 2000 && sql_int(d->library_path, "SELECT count(*) FROM collection WHERE cursor <> 0 OR recipe IN (0, 1)"); i++) {
		uv_run(&d->w.loop, UV_RUN_NOWAIT);
		usleep(2000);
	}
	for (int i = 0; i < 2000 && sql_int(d->library_path, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'words_*_old'"); i++) {
		uv_run(&d->w.loop, UV_RUN_NOWAIT);
		usleep(2000);
	}
}

TEST(an_index_made_by_other_rules_is_made_again)
{
	struct desk d;
	struct found f;
	int64_t terms;

	desk_make(&d);
	upload(&d, "guide.md", guide);
	upload(&d, "b.txt", "Machines and more machines.");
	desk_close(&d);
	terms = sql_int(d.library_path, "SELECT terms FROM collection");
	check(terms > 20);
	/* as if another stemmer had counted: the note says so */
	sql_run(d.library_path,
		"UPDATE collection SET recipe = 1, terms = terms - 3; UPDATE document SET terms = terms - 3 WHERE name = 'guide.md'; "
		"UPDATE lengths SET data = x'0180' || substr(data, 3)");
	desk_open(&d);
	/* the one that is there answers meanwhile */
	find(&d, &f, "descaling the machine");
	check_int(f.band, FOUND_GOOD);
	check_str(first_path(&f), "guide.md");
	found_fini(&f);
	wait_rebuilt(&d);
	find(&d, &f, "descaling the machine");
	check_int(f.band, FOUND_GOOD);
	check_str(first_path(&f), "guide.md");
	found_fini(&f);
	/* what was put in by today's rules can be taken out by them */
	check_int(remove_document(&d, "guide.md"), 0);
	find(&d, &f, "descaling the machine");
	check_str(first_path(&f), "b.txt");
	found_fini(&f);
	desk_close(&d);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM collection WHERE recipe IN (0, 1) OR cursor <> 0"), 0);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'words_*_next'"), 0);
	desk_end(&d);
}

TEST(a_library_from_the_future_or_of_another_program_is_left_alone)
{
	struct desk d;
	struct world *w = &d.w;

	desk_make(&d);
	desk_close(&d);
	sql_run(d.library_path, "PRAGMA user_version = 99");
	check_int(world_open(w), STORE_E_NEWER);
	sql_run(d.library_path, "PRAGMA user_version = 1; PRAGMA application_id = 7");
	check_int(world_open(w), STORE_E_NOT_OURS);
	world_end(w);
}

TEST(an_upload_that_is_given_up_leaves_nothing)
{
	struct desk d;
	struct ingest *i;
	char why[256];

	desk_make(&d);
	check_int(ingest_begin(d.library, &d.w.who, "a.txt", NULL, 100, &i, why), 0);
	check_int(ingest_feed(i, "half of it", 10, why), 0);
	check(!ingest_abort(i));
	check(!ingest_abort(NULL));
	desk_close(&d);
	check_int(sql_int(d.library_path, "SELECT count(*) FROM document"), 0);
	desk_end(&d);
}

/* ---- text around a place ---- */

struct around {
	struct job job;
	const char *document;
	uint64_t start, end;
	size_t bytes;
	char *text;
	size_t len;
};

static int around_run(struct db *db, struct job *j)
{
	struct around *a = container_of(j, struct around, job);

	a->text = db_library_surroundings(db, a->document, a->start, a->end, a->bytes, &a->len);
	return 0;
}

TEST(a_place_is_shown_with_whole_lines_around_it)
{
	static const char text[] = "First line here.\nSecond line here.\nThird line here.\nFourth "
				   "line here.\nFifth line.\n";
	const char *third = strstr(text, "Third");
	struct desk d;
	struct taken t;
	struct around a = {
		.job = { .run = around_run }, .start = (uint64_t)(third - text), .bytes = 50
	};

	desk_make(&d);
	t = upload(&d, "a.txt", text);
	a.document = t.id;
	a.end = a.start + 16;
	check_int(world_run(&d.w, STORE_SCAN, &a.job), 0);
	check_mem(a.text, a.len, "Third line here.\n", 17);
	mem_free(a.text);
	a.bytes = 60;
	check_int(world_run(&d.w, STORE_SCAN, &a.job), 0);
	check_mem(a.text, a.len, "Second line here.\nThird line here.\nFourth line here.\n", 53);
	mem_free(a.text);
	a.bytes = 1000;
	check_int(world_run(&d.w, STORE_SCAN, &a.job), 0);
	check_mem(a.text, a.len, text, strlen(text));
	mem_free(a.text);
	a.end = 5000;
	check_int(world_run(&d.w, STORE_SCAN, &a.job), 0);
	check(!a.text);
	desk_end(&d);
}

TEST_MAIN()
