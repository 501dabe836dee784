/*
 * Opens the libraries that the daemon opens and does nothing with them: what an idle process of that
 * kind costs at least. Prints a line when it is ready, then waits to be killed.
 *
 *	bench_bare DATABASE LIBRARY
 */
#include <curl/curl.h>
#include <err.h>
#include <libstemmer.h>
#include <msgpack.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>
#include <utf8proc.h>
#include <uv.h>

static sqlite3 *database_open(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
		sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	return db;
}

int main(int argc, char **argv)
{
	sqlite3 *chat, *library;
	uv_loop_t loop;
	CURLM *multi;
	msgpack_zone zone;
	struct sb_stemmer *stemmer;

	if (argc != 3)
		errx(2, "usage: bench_bare DATABASE LIBRARY");
	chat = database_open(argv[1]);
	library = database_open(argv[2]);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	stemmer = sb_stemmer_new("english", NULL);
	if (!chat || !library || !multi || !stemmer || uv_loop_init(&loop) != 0 || !msgpack_zone_init(&zone, 8192))
		errx(1, "out of memory");
	printf("ready with utf8proc %s\n", utf8proc_version());
	fflush(stdout);
	for (;;)
		pause();
}
