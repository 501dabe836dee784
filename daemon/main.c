/* ragchatd: parse the command line, then init, check, or serve. */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/config.h"
#include "daemon/library/library.h"
#include "daemon/server.h"
#include "daemon/worker/harden.h"

static const char usage[] =
	"usage: ragchatd [-c CONFIG] [-S SOCKET] [-D DATABASE] [--system] [--init | --check | --options] [-v] [-V] [-h]\n"
	"\n"
	"Serves ragchat's clients on a Unix socket. Runs in the foreground and logs to stderr.\n"
	"\n"
	"  -c, --config FILE     read FILE instead of ~/.config/ragchat/ragchat.conf\n"
	"  -S, --socket PATH     listen there\n"
	"  -D, --database FILE   keep conversations there, documents in library.db beside it\n"
	"      --system          serve the machine, not one user (mode = system): /etc/ragchat/ragchat.conf,\n"
	"                        /var/lib/ragchat, and a socket handed over by systemd\n"
	"      --init            make or bring up to date the database, then leave\n"
	"      --check           read the configuration, say what is in force, then leave\n"
	"      --options         list the options of the configuration, then leave\n"
	"  -v, --verbose         log more; twice: everything\n"
	"  -V, --version         print the version and the layers that protect the daemon\n"
	"  -h, --help            print this\n"
	"\n"
	"Example: ragchatd --check && ragchatd -v\n";

struct arguments {
	struct server_options server;
	bool init, check, options, version;
	int verbose;
};

enum { OPT_INIT = 256, OPT_CHECK, OPT_OPTIONS, OPT_AUTOSTARTED, OPT_SYSTEM };

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 'S' },
		{ "database", required_argument, NULL, 'D' },
		{ "init", no_argument, NULL, OPT_INIT },
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "options", no_argument, NULL, OPT_OPTIONS },
		{ "system", no_argument, NULL, OPT_SYSTEM },
		{ "autostarted", no_argument, NULL, OPT_AUTOSTARTED },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:S:D:vVh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			a->server.config_file = optarg;
			break;
		case 'S':
			a->server.socket = optarg;
			break;
		case 'D':
			a->server.database = optarg;
			break;
		case OPT_INIT:
			a->init = true;
			break;
		case OPT_CHECK:
			a->check = true;
			break;
		case OPT_OPTIONS:
			a->options = true;
			break;
		case OPT_SYSTEM:
			a->server.system_wide = true;
			break;
		case OPT_AUTOSTARTED:
			a->server.autostarted = true;
			break;
		case 'v':
			a->verbose++;
			break;
		case 'V':
			a->version = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs("ragchatd: try ragchatd --help\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ragchatd: '%s' is not expected here; try ragchatd --help\n", argv[optind]);
		return 2;
	}
	return 0;
}

/* As the seed's script says it: "Database initialized: PATH". */
static int init_database(const struct arguments *a, const struct config *config)
{
	char *path = config_database_path(config, a->server.database), *why = NULL;
	const struct library_config lc = { .max_document = 1 };
	const struct store_config sc = { .path = path, .create = true, .init_only = true };
	struct library *library = NULL;
	struct store *store = NULL;
	uv_loop_t loop;
	int r;

	if (!path) {
		fputs("ragchatd: no home folder; name the database with -D\n", stderr);
		return EX_CONFIG;
	}
	uv_loop_init(&loop);
	library_new(&library, NULL, &lc);
	r = store_open(&store, &loop, &sc, &why);
	if (why)
		fprintf(stderr, "ragchatd: %s%s%s\n", r ? path : "", r ? ": " : "", why);
	if (r == 0)
		printf("Database initialized: %s\n", store ? store_path(store) : path);
	store_close(store);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	library_free(library);
	mem_free(why);
	mem_free(path);
	return r == 0 ? 0 : 1;
}

static int check_configuration(const struct arguments *a, const struct config *config)
{
	char *database = config_database_path(config, a->server.database);
	char *socket = config_socket_path(config, a->server.socket);

	printf("configuration: %s\n", config->file ? config->file : "none; every option has its default");
	printf("mode:          %s\n", config->mode == MODE_SYSTEM ? "system" : "user");
	printf("database:      %s\n", database ? database : "?");
	printf("socket:        %s\n", socket ? socket : "?");
	if (config->url)
		printf("backend:       %s (%s), %s key\n", config->url, config->url_source, config->key ? "with a" : "no");
	else
		printf("backend:       none; answers come from your documents\n");
	if (config->notice)
		printf("note:          %s\n", config->notice);
	mem_free(database);
	mem_free(socket);
	return 0;
}

static int with_configuration(const struct arguments *a, int (*fn)(const struct arguments *, const struct config *))
{
	struct config *config = NULL;
	char *why = NULL;
	int r = config_load(a->server.config_file, server_config_flags(&a->server), &config, &why);

	if (r != 0) {
		fprintf(stderr, "ragchatd: %s\n", why ? why : strerror(-r));
		mem_free(why);
		return EX_CONFIG;
	}
	r = fn(a, config);
	config_free(config);
	return r;
}

/* For programs: name, type, default, "live" or "restart", and the sentence, with tabs between. */
static int print_options(void)
{
	size_t n;
	const struct config_option *o = config_options(&n);

	for (size_t i = 0; i < n; i++)
		printf("%s\t%s\t%s\t%s\t%s\n", o[i].name, o[i].type, o[i].dflt, o[i].live ? "live" : "restart", o[i].text);
	return 0;
}

static int print_version(void)
{
	char *layers = harden_layers();

	printf("ragchatd %s\nsandbox: %s\n", RAGCHAT_VERSION, layers);
	mem_free(layers);
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments a = { 0 };
	/* One that could not start is not taken apart: the process ends. Static, so that a leak checker sees what it holds. */
	static struct server *server;
	int r = parse(argc, argv, &a);

	if (r != 0)
		return r;
	umask(077);
	signal(SIGPIPE, SIG_IGN); /* libuv does not */
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is told of by EFBIG, like a full disk */
	mallopt(M_ARENA_MAX, 2);  /* few threads, little memory each */
	if (a.verbose)
		a.server.log = a.verbose > 1 ? "trace" : "debug";
	log_setup(a.server.log ? a.server.log : "info");
	if (a.version)
		return print_version();
	if (a.options)
		return print_options();
	if (a.init)
		return with_configuration(&a, init_database);
	if (a.check)
		return with_configuration(&a, check_configuration);

	server = mem_new(sizeof(*server));
	r = server_init(server, &a.server);
	if (r != 0)
		return r;
	server_run(server);
	server = mem_free(server);
	return 0;
}
