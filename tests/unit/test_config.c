/* The configuration: what a file may say, which source wins, and what each mistake is told. */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "daemon/config_parts.h"
#include "tests/unit/test.h"

static char dir[64];

static const char *const variables[] = { "FASTAPI_URL", "API_KEY", "APP_USER", "APP_PASSWORD",
	"RAGCHAT_CONFIG", "XDG_CONFIG_HOME", "http_proxy", "HTTP_PROXY", "https_proxy",
	"HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE",
	"CREDENTIALS_DIRECTORY" };

__attribute__((constructor(101))) static void make_folder(void)
{
	snprintf(dir, sizeof(dir), "/tmp/ragchat-test-XXXXXX");
	if (!mkdtemp(dir))
		abort();
}

__attribute__((destructor)) static void remove_folder(void)
{
	static const char *const names[] = { "ragchat.conf", ".env", "key", "ca.pem",
		"other.conf", "api_key" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static char *place(const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(path[i], PATH_MAX, "%s/%s", dir, name);
	return path[i];
}

static void write_file(const char *name, const char *text, size_t n, mode_t mode)
{
	char *path = place(name);
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, n, f) != n || fclose(f) || chmod(path, mode))
		abort();
}

static void put(const char *name, const char *text)
{
	write_file(name, text, strlen(text), 0600);
}

static void clean_environment(void)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	setenv("XDG_CONFIG_HOME", place("nowhere"), 1);
}

/* The configuration of this text; NULL with *why when it is refused. */
static struct config *load(const char *text, char **why)
{
	struct config *c = NULL;

	*why = NULL;
	put("ragchat.conf", text);
	if (config_load(place("ragchat.conf"), true, &c, why) && c)
		abort(); /* an error hands out nothing */
	return c;
}

static struct config *load_fine(const char *text)
{
	char *why;
	struct config *c = load(text, &why);

	if (!c) {
		printf("refused: %s\n", why);
		free(why);
	}
	return c;
}

/* What the refusal says behind the folder's name: "ragchat.conf:1: ..."; "" when it was taken. */
static const char *refusal(const char *text)
{
	static char said[1024];
	char *why;
	struct config *c = load(text, &why);
	size_t n = strlen(dir) + 1;

	snprintf(said, sizeof(said), "%s", c ? "" : !strncmp(why, dir, n - 1) ? why + n : why);
	config_free(c);
	free(why);
	return said;
}

static bool has(const char *text, const char *part)
{
	if (!strstr(text, part))
		printf("'%s' does not hold '%s'\n", text, part);
	return strstr(text, part);
}

TEST(without_a_file_every_option_has_its_default)
{
	struct config *c = NULL;
	char *why = NULL;

	clean_environment();
	check_int(config_load(NULL, true, &c, &why), 0);
	check(!c->file && !c->url && !c->key && !c->backend && !c->socket && !c->proxy &&
		!c->notice);
	check_str(c->log, "info");
	check_int(c->first_byte_timeout, 300000);
	check_int(c->context, 48 << 10);
	check_int(c->max_answer, 8 << 20);
	check_int(c->retries, 2);
	check(c->inline_think && !c->http2);
	check_int(c->retrieval, RETRIEVAL_AUTO);
	check_int(c->header.n, 0);
	config_free(c);
}

TEST(uncommenting_every_default_changes_nothing)
{
	char text[32768] = "";
	size_t n, used = 0, nlive, nrestart;
	const struct config_option *o = config_options(&n);
	struct config *a, *b;
	const char **live, **restart;

	clean_environment();
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s = %s\n", o[i].name, o[i].dflt);
	a = load_fine("");
	b = load_fine(text);
	check(a && b);
	config_diff(a, b, &live, &nlive, &restart, &nrestart);
	check_int(nlive + nrestart, 0);
	free(live);
	free(restart);
	config_free(a);
	config_free(b);
}

TEST(every_kind_of_value_is_read)
{
	struct config *c;

	clean_environment();
	c = load_fine("\xef\xbb\xbf# a head\r\n"
		      "  backend=http://host:8080/v1/   # of the office\r\n"
		      "api_key = \"sk-1\"\r\n"
		      "system = \"be brief # and \\\"kind\\\"\\n\\tnow\\\\\"  # quoted\n"
		      "model = a b#c\n"
		      "header = X-One: 1\nheader = \"X-Two: a # b\"\nheader =\n"
		      "option = temperature=0.2\n"
		      "http2 = ON\ninline_think = No\n"
		      "retries = 0\nmax_answer = 4k\nidle_timeout = 5m\nretrieval = local\n"
		      "database = ~/x/chat.db\n"
		      "log = debug,turn=trace");
	check(c != NULL);
	check_str(c->url, "http://host:8080");
	check_str(c->key, "sk-1");
	check_str(c->url_source, "ragchat.conf");
	check_str(c->system, "be brief # and \"kind\"\n\tnow\\");
	check_str(c->model, "a b#c");
	check_int(c->header.n, 2);
	check_str(c->header.v[1], "X-Two: a # b");
	check_str(c->option.v[0], "temperature=0.2");
	check(c->http2 && !c->inline_think);
	check_int(c->retries, 0);
	check_int(c->max_answer, 4096);
	check_int(c->idle_timeout, 300000);
	check_int(c->retrieval, RETRIEVAL_LOCAL);
	check(c->database[0] == '/' && strstr(c->database, "/x/chat.db"));
	check_str(c->log, "debug,turn=trace");
	config_free(c);
}

TEST(relative_paths_begin_in_the_folder_of_the_file)
{
	struct config *c;

	clean_environment();
	put("ca.pem", "x");
	c = load_fine("ca_file = ca.pem\nlog_file = sub/log");
	check(c != NULL);
	check_str(c->ca_file, place("ca.pem"));
	check_str(c->log_file, place("sub/log"));
	config_free(c);
}

TEST(mistakes_of_form_name_file_and_line)
{
	clean_environment();
	check_str(refusal("\n\nnonsense"),
		"ragchat.conf:3: 'nonsense' is not followed by '='; write 'name = value'");
	check_str(refusal("= 3"),
		"ragchat.conf:1: this is no 'name = value'; a comment begins with '#'");
	check_str(refusal("[backend]"),
		"ragchat.conf:1: there are no sections here; leave this line out");
	check_str(refusal("retries = 1\n# two\nretries = 2"),
		"ragchat.conf:3: retries stands in line 1 already; keep one of them");
	check_str(refusal("model = \"open"), "ragchat.conf:1: model: the quotes are not closed");
	check_str(refusal("model = \"a\\"),
		"ragchat.conf:1: model: after a backslash in quotes comes one of \" \\ n t");
	check_str(refusal("model = \"a\\q\""),
		"ragchat.conf:1: model: after a backslash in quotes comes one of \" \\ n t");
	check_str(refusal("model = \"a\"b"),
		"ragchat.conf:1: model: something follows the closing quote; "
		"write \\\" for a quote within quotes");
	check_str(refusal("\nmodel = \xff"), "ragchat.conf:2: this line is not UTF-8 text");
}

TEST(a_nul_byte_is_refused_in_its_line)
{
	static const char text[] = "retries = 1\nmodel = a\0b\n";
	struct config *c = NULL;
	char *why = NULL;

	clean_environment();
	write_file("ragchat.conf", text, sizeof(text) - 1, 0600);
	check_int(config_load(place("ragchat.conf"), true, &c, &why), -EINVAL);
	check(has(why, "ragchat.conf:2: this line is not UTF-8 text"));
	free(why);
}

TEST(an_unknown_name_gets_the_nearest_one)
{
	clean_environment();
	check_str(refusal("bakend = x"),
		"ragchat.conf:1: there is no option 'bakend'; did you mean 'backend'?");
	check_str(refusal("api-key = x"),
		"ragchat.conf:1: there is no option 'api-key'; did you mean 'api_key'?");
	check_str(refusal("URL = x"),
		"ragchat.conf:1: there is no option 'URL'; did you mean 'backend'?");
	check_str(refusal("idle_timout = 3"),
		"ragchat.conf:1: there is no option 'idle_timout'; did you mean 'idle_timeout'?");
	check_str(refusal("quux = x"),
		"ragchat.conf:1: there is no option 'quux'; see ragchat.conf(5)");
	check(has(refusal("a_name_that_is_longer_than_any_option_of_this_program_could_be_in_all_"
			  "eternity = 1"),
		"see ragchat.conf(5)"));
}

TEST(mistakes_of_value_say_what_is_wanted)
{
	clean_environment();
	check_str(refusal("http2 = maybe"), "ragchat.conf:1: http2 is yes or no, not 'maybe'");
	check_str(refusal("retries = two"), "ragchat.conf:1: retries is a whole number, not 'two'");
	check_str(refusal("retries = 11"), "ragchat.conf:1: retries goes from 0 to 10");
	check_str(refusal("retries ="), "ragchat.conf:1: retries has no value; the default is 2");
	check_str(refusal("max_answer = 1"), "ragchat.conf:1: max_answer goes from 4k to 256M");
	check_str(refusal("max_answer = 1T"), "ragchat.conf:1: max_answer is a size in bytes, as "
					      "65536, 64k, 16M or 1G, not '1T'");
	check_str(refusal("idle_timeout = soon"),
		"ragchat.conf:1: idle_timeout is a time, as 250ms, 30s, 5m or 2h, not 'soon'");
	check_str(refusal("idle_timeout = 0"), "ragchat.conf:1: idle_timeout goes from 1ms to 1d");
	check_str(refusal("idle_timeout = 99999999999999999999d"),
		"ragchat.conf:1: idle_timeout is a time, as 250ms, 30s, 5m or 2h, not "
		"'99999999999999999999d'");
	check_str(refusal("retrieval = on"),
		"ragchat.conf:1: retrieval is one of auto|off|local, not 'on'");
	check_str(refusal("retrieval = aut"),
		"ragchat.conf:1: retrieval is one of auto|off|local, not 'aut'");
	check(has(refusal("log = loud"),
		"ragchat.conf:1: log is a level (error, warn, info, debug, trace)"));
	check(has(refusal("log = info,=debug"), "log is a level"));
	check(has(refusal("log = info,"), "log is a level"));
	check_str(refusal("header = nothing"), "ragchat.conf:1: header is not 'Name: value'");
	check_str(refusal("header = \"X: a\\nY: b\""),
		"ragchat.conf:1: header holds a control character");
	check(has(refusal("header = content-Length: 3"), "ragchatd sets itself"));
	check_str(refusal("option = temperature"),
		"ragchat.conf:1: option is not 'name=value', as in temperature=0.2");
	check(has(refusal("option = stream=false"), "ragchatd sets itself"));
	check_str(refusal("client_key = key"),
		"ragchat.conf:1: client_key is given without client_cert; give both");
	check(has(refusal("ca_file = missing.pem"), "ragchat.conf:1: cannot read ca_file '"));
	check(has(refusal("model = \"a\\nb\""), "model holds a control character"));
}

TEST(a_socket_path_of_108_bytes_is_refused)
{
	char text[256] = "\nsocket = /";

	clean_environment();
	memset(text + strlen(text), 'a', 107);
	check_str(refusal(text),
		"ragchat.conf:2: socket has 108 bytes; the path of a Unix socket has at most 107");
	text[strlen(text) - 1] = '\0';
	check_str(refusal(text), "");
}

TEST(a_file_that_is_named_must_be_there)
{
	struct config *c = NULL;
	char *why = NULL;

	clean_environment();
	check_int(config_load(place("other.conf"), true, &c, &why), -ENOENT);
	check(has(why, "cannot read '/tmp/ragchat-test-") &&
		has(why, "other.conf': No such file or directory"));
	free(why);
	check_int(config_load(dir, true, &c, &why), -EISDIR);
	free(why);
	setenv("RAGCHAT_CONFIG", place("other.conf"), 1);
	check_int(config_load(NULL, true, &c, &why), -ENOENT);
	free(why);
	put("other.conf", "retries = 7");
	check_int(config_load(NULL, true, &c, &why), 0);
	check_int(c->retries, 7);
	check_str(c->file, place("other.conf"));
	config_free(c);
	check_int(config_load("/dev/null", true, &c, &why), 0);
	config_free(c);
}

static bool normalises(const char *from, const char *to)
{
	char *out = NULL;
	const char *bad = backend_url_parse(from, &out);
	bool same = !bad && !strcmp(out, to);

	if (!same)
		printf("'%s' became '%s', wanted '%s'\n", from, bad ? bad : out, to);
	free(out);
	return same;
}

TEST(addresses_are_brought_into_one_form)
{
	check(normalises("http://h", "http://h"));
	check(normalises("HTTP://h/", "http://h"));
	check(normalises("https://h/v1", "https://h"));
	check(normalises("https://h:8443/v1/", "https://h:8443"));
	check(normalises("https://h//v1//", "https://h"));
	check(normalises("https://h/openai/v1", "https://h/openai"));
	check(normalises("https://h/v11", "https://h/v11"));
	check(normalises("https://v1", "https://v1"));
	check(normalises("http://[::1]:80/v1", "http://[::1]:80"));
	check(normalises("unix:/run/llama.sock", "unix:/run/llama.sock"));
	check(normalises("unix:///run/llama.sock/v1/", "unix:/run/llama.sock"));
	check(normalises("unix:/run/a b", "unix:/run/a b"));
}

TEST(addresses_that_cannot_be_used_are_told_why)
{
	static const struct {
		const char *url, *words;
	} cases[] = { { "localhost:8080", "backend: it has no scheme" },
		{ "ftp://h", "its scheme is not known here" },
		{ "http://user:pw@h", "it holds a user name or password" },
		{ "http://h/?k=v", "it has a query or a fragment" },
		{ "http://h/#x", "it has a query or a fragment" }, { "http://", "it has no host" },
		{ "http://:80", "it has no host" },
		{ "http://h:0", "its port is not a number from 1 to 65535" },
		{ "http://h:", "its port is not a number from 1 to 65535" },
		{ "http://h:65536", "its port is not a number" },
		{ "http://h:18446744073709551617", "its port is not a number" },
		{ "http://::1:80", "it has no host" },
		{ "http://fe80::1:80", "goes into brackets" }, { "http://[::1", "is not closed" },
		{ "http://[::1]x", "something follows the bracket" },
		{ "http://a b", "it holds a blank" },
		{ "http://a<b", "a character that no address has" },
		{ "http://h/v1/chat/completions", "leave out /chat/completions" },
		{ "unix:run/x", "absolute path" } };
	char line[128];

	clean_environment();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(line, sizeof(line), "backend = %s", cases[i].url);
		check(has(refusal(line), cases[i].words));
		check(has(refusal(line), "ragchat.conf:1: "));
		check(!strstr(refusal(line), "pw"));
	}
	snprintf(line, sizeof(line), "backend = unix:/%0107d", 0);
	check(has(refusal(line), "at most 107 bytes"));
}

TEST(default_and_none_are_addresses_too)
{
	struct config *c;

	clean_environment();
	setenv("FASTAPI_URL", "http://env", 1);
	c = load_fine("backend = default");
	check_str(c->url, "http://localhost:8080");
	config_free(c);
	c = load_fine("backend = none");
	check(!c->url);
	config_free(c);
}

TEST(the_file_wins_over_the_environment_and_that_over_the_env_file)
{
	struct config *c;
	char *why = NULL;

	clean_environment();
	put(".env", "FASTAPI_URL=http://dot/v1\nAPI_KEY=dotkey\nQDRANT_URL=http://"
		    "q\nCHAINLIT_AUTH_SECRET=\"x\"\n");
	setenv("FASTAPI_URL", "http://env/", 1);
	setenv("API_KEY", "envkey", 1);

	c = load_fine("env_file = .env\nbackend = http://file\napi_key = filekey");
	check_str(c->url, "http://file");
	check_str(c->key, "filekey");
	config_free(c);

	c = load_fine("env_file = .env");
	check_str(c->url, "http://env");
	check_str(c->key, "envkey");
	check_str(c->url_source, "FASTAPI_URL in the environment");
	config_free(c);

	check_int(config_load(place("ragchat.conf"), false, &c, &why), 0);
	check_str(c->url, "http://dot");
	check_str(c->key, "dotkey");
	check(has(c->url_source, ".env file /tmp/ragchat-test-"));
	config_free(c);

	setenv("FASTAPI_URL", "", 1);
	c = load_fine("env_file = .env");
	check_str(c->url, "http://dot");
	config_free(c);
}

TEST(a_key_goes_only_with_the_address_of_its_own_source)
{
	struct config *c;

	clean_environment();
	put(".env", "API_KEY=dotkey\n");
	setenv("API_KEY", "envkey", 1);
	c = load_fine("env_file = .env\n");
	check(!c->url && !c->key); /* a key alone configures nothing */
	config_free(c);

	c = load_fine("backend = http://file\n");
	check(c->url && !c->key);
	check(has(c->notice, "API_KEY in the environment is not sent"));
	config_free(c);

	setenv("FASTAPI_URL", "http://env", 1);
	unsetenv("API_KEY");
	c = load_fine("api_key = filekey\nenv_file = .env\nheader = Authorization: Bearer "
		      "x\nheader = X-Team: 1");
	check_str(c->url, "http://env");
	check(!c->key);
	check_int(c->header.n, 1);
	check_str(c->header.v[0], "X-Team: 1");
	check(has(c->notice, "a secret header of") && has(c->notice, "the key of "));
	config_free(c);

	clean_environment();
	c = load_fine("api_key = filekey\n");
	check(!c->url && !c->key);
	check(has(c->notice, "is not used: no backend is set"));
	config_free(c);
}

TEST(mistakes_of_the_environment_name_their_place)
{
	clean_environment();
	setenv("FASTAPI_URL", "http://u:secret@h", 1);
	check(has(refusal(""), "environment: FASTAPI_URL: it holds a user name or password"));
	check(!strstr(refusal(""), "secret"));
	setenv("FASTAPI_URL", "http://h", 1);
	setenv("API_KEY", "Bearer x", 1);
	check_str(refusal(""), "environment: API_KEY begins with 'Bearer'; give the key alone");
	clean_environment();
	put(".env", "\nFASTAPI_URL=ftp://x\n");
	check(has(refusal("env_file = .env"), ".env:2: FASTAPI_URL: its scheme is not known here"));
	put(".env", "\n\nAPI_KEY = \"open\n");
	check_str(refusal("env_file = .env"), ".env:3: the quote is not closed");
	check(has(refusal("\nenv_file = gone.env"), "ragchat.conf:2: cannot read env_file '"));
}

static const char *dotenv(const char *text, enum seed_name name, struct seed *s)
{
	const char *complaint;
	unsigned line;

	seed_fini(s);
	if (dotenv_parse(s, text, strlen(text), &line, &complaint)) {
		static char said[128];

		snprintf(said, sizeof(said), "%u: %s", line, complaint);
		return said;
	}
	return s->v[name] ? s->v[name] : "(unset)";
}

TEST(a_dotenv_file_is_read_as_python_dotenv_reads_it)
{
	struct seed s = { 0 };

	check_str(dotenv("API_KEY=a b  # c\n", SEED_KEY, &s), "a b");
	check_str(dotenv("API_KEY=a#b", SEED_KEY, &s), "a#b");
	check_str(dotenv("  export  API_KEY = x\r\nAPP_USER=u\r\n", SEED_KEY, &s), "x");
	check_str(dotenv("API_KEY=\r\n", SEED_KEY, &s), "(unset)");
	check_str(dotenv("API_KEY\n", SEED_KEY, &s), "(unset)");
	check_str(dotenv("API_KEY=1\nAPI_KEY=2\n", SEED_KEY, &s), "2");
	check_str(dotenv("API_KEY='a\\'b\\n#' # c", SEED_KEY, &s), "a'b\\n#");
	check_str(dotenv("API_KEY=\"a\\\"b\\n\\d\"", SEED_KEY, &s), "a\"b\n\\d");
	check_str(dotenv("\xef\xbb\xbf'API_KEY'=x", SEED_KEY, &s), "x");
	check_str(dotenv("OTHER=\"one\nAPI_KEY=inside\n\"\nAPI_KEY=x", SEED_KEY, &s), "x");
	check_int(s.line[SEED_KEY], 4);
	check_str(dotenv("OTHER=\"never closed\nAPI_KEY=x", SEED_KEY, &s), "x");
	check_str(dotenv("!! junk \xff\n= 3\nMY_API_KEY=no\nAPI_KEY=x", SEED_KEY, &s), "x");
	check_str(dotenv("\nAPI_KEY: x", SEED_KEY, &s),
		"(unset)"); /* another name to python-dotenv, too */
	check_str(dotenv("\nAPI_KEY x", SEED_KEY, &s), "2: '=' is missing behind the name");
	check_str(
		dotenv("API_KEY=\"a\" b", SEED_KEY, &s), "1: something follows the closing quote");
	check_str(dotenv("API_KEY=\xff", SEED_KEY, &s), "1: its value is not UTF-8 text");
	check_str(dotenv("API_KEY=a${B}", SEED_KEY, &s),
		"1: ${...} is not expanded here; write the value out");
	seed_fini(&s);
}

TEST(the_account_of_the_seed_is_taken_but_not_its_example)
{
	struct config *c;

	clean_environment();
	put(".env", "APP_USER=rita\nAPP_PASSWORD=pw\n");
	c = load_fine("env_file = .env");
	check_str(c->app_user, "rita");
	check_str(c->app_password, "pw");
	config_free(c);

	setenv("APP_USER", "otto", 1);
	c = load_fine("env_file = .env");
	check_str(c->app_user, "otto");
	check(!c->app_password); /* never the password of another place */
	config_free(c);

	clean_environment();
	put(".env", "APP_USER=admin\nAPP_PASSWORD=admin\n");
	c = load_fine("env_file = .env");
	check(!c->app_user && !c->app_password);
	check(has(c->notice, ".env are admin/admin and are not taken over"));
	config_free(c);
}

TEST(an_open_env_file_with_a_secret_is_a_warning)
{
	struct config *c;

	clean_environment();
	write_file(".env", "FASTAPI_URL=http://h\nAPI_KEY=k\n", 31, 0644);
	c = load_fine("env_file = .env");
	check_str(c->key, "k");
	check(has(c->notice, "is open to others; chmod 600 "));
	config_free(c);
}

TEST(a_key_in_a_file_that_others_can_read_is_refused)
{
	struct config *c = NULL;
	char *why = NULL;
	static const char *const texts[] = { "\napi_key = k\n", "\nheader = X-Api-Key: k\n",
		"\nproxy = http://u:p@h\n" };

	clean_environment();
	for (size_t i = 0; i < 3; i++) {
		write_file("ragchat.conf", texts[i], strlen(texts[i]), 0640);
		check_int(config_load(place("ragchat.conf"), true, &c, &why), -EINVAL);
		check(has(why, "ragchat.conf:2: this file holds a key and is open to others; chmod "
			       "600 /tmp/"));
		free(why);
	}
	write_file("ragchat.conf", "retries = 1\n", 12, 0644);
	check_int(config_load(place("ragchat.conf"), true, &c, &why), 0);
	config_free(c);
}

TEST(a_key_file_is_checked_and_read)
{
	struct config *c;

	clean_environment();
	put("key", "  sk-2 \r\n");
	c = load_fine("backend = http://h\napi_key_file = key");
	check_str(c->key, "sk-2");
	check(!c->api_key);
	config_free(c);

	write_file("key", "sk", 2, 0604);
	check(has(refusal("\napi_key_file = key"),
		"ragchat.conf:2: api_key_file '/tmp/ragchat-test-"));
	check(has(refusal("\napi_key_file = key"), "key' is open to others; chmod 600 /tmp/"));
	put("key", "\n");
	check(has(refusal("api_key_file = key"), "is empty; put the key into it"));
	put("key", "a\nb\n");
	check(has(refusal("api_key_file = key"), "holds a blank"));
	write_file("key", "a\0b", 3, 0600);
	check(has(refusal("api_key_file = key"), "is not text"));
	check(has(refusal("api_key_file = /dev/null"), "is not a plain file"));
	check(has(refusal("api_key_file = gone"), "No such file or directory"));
	check(has(refusal("api_key = k\napi_key_file = key"), "are both given; keep one of them"));
	check(has(refusal("api_key = Bearer k"), "api_key begins with 'Bearer'"));
	if (geteuid() == 0) {
		put("key", "sk");
		check_int(chown(place("key"), 12345, 12345), 0);
		check(has(refusal("api_key_file = key"), "belongs to another user (uid 12345)"));
	}
}

TEST(a_service_managers_credential_goes_with_the_address_of_the_file)
{
	struct config *c;
	char *why = NULL;

	clean_environment();
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	write_file("api_key", "sk-cred\n", 8, 0444); /* its mode is the manager's business */
	c = load_fine("backend = http://h");
	check(c);
	check_str(c->key, "sk-cred");
	check(!c->notice);
	config_free(c);

	c = load_fine("backend = http://h\napi_key = own"); /* who wrote a key meant it */
	check_str(c->key, "own");
	config_free(c);

	setenv("FASTAPI_URL", "http://elsewhere", 1);
	c = load_fine("");
	check_str(c->url, "http://elsewhere");
	check(!c->key);
	check(has(c->notice, "the key of the credential api_key is not sent"));
	config_free(c);
	unsetenv("FASTAPI_URL");

	c = load_fine("");
	check(!c->key && has(c->notice, "is not used: no backend is set"));
	config_free(c);

	put("api_key", "\n");
	c = load_fine("backend = http://h");
	check(c && !c->key && !c->notice);
	config_free(c);
	put("api_key", "planted words");
	check(has(refusal("backend = http://h"), "the credential '"));
	check(!strstr(refusal("backend = http://h"), "planted"));

	unlink(place("api_key"));
	c = load_fine("backend = http://h");
	check(c && !c->key);
	config_free(c);

	put("api_key", "sk-cred");
	check_int(config_load(place("ragchat.conf"), false, &c, &why), 0); /* a client started it */
	check(!c->key);
	config_free(c);
}

static const char *proxy_for(const char *url)
{
	const char *name = "", *v = proxy_from_environment(url, &name);

	return v ? v : "(none)";
}

TEST(the_environment_gives_the_proxy_by_the_rules_of_curl)
{
	clean_environment();
	setenv("HTTP_PROXY", "http://upper", 1);
	check_str(proxy_for("http://h"), "(none)"); /* httpoxy */
	setenv("http_proxy", "http://plain", 1);
	setenv("HTTPS_PROXY", "http://secure", 1);
	setenv("ALL_PROXY", "socks5h://all", 1);
	check_str(proxy_for("http://h"), "http://plain");
	check_str(proxy_for("https://h"), "http://secure");
	check_str(proxy_for("unix:/run/x"), "(none)");
	unsetenv("http_proxy");
	check_str(proxy_for("http://h"), "socks5h://all");
	check_str(proxy_for("http://localhost:8080"), "(none)");
	check_str(proxy_for("http://127.3.2.1"), "(none)");
	check_str(proxy_for("http://[::1]:80"), "(none)");
	setenv("NO_PROXY", "other.org, .example.org,10.0.0.0/8", 1);
	check_str(proxy_for("http://a.example.org"), "(none)");
	check_str(proxy_for("http://10.9.8.7:1234/x"), "(none)");
	check_str(proxy_for("http://11.9.8.7"), "socks5h://all");
}

TEST(no_proxy_knows_names_networks_and_the_star)
{
	check(no_proxy_matches("example.org", "example.org", 11));
	check(no_proxy_matches("example.org", "EXAMPLE.org.", 12));
	check(no_proxy_matches("example.org.", "a.example.org", 13));
	check(!no_proxy_matches("example.org", "badexample.org", 14));
	check(!no_proxy_matches("a.example.org", "example.org", 11));
	check(no_proxy_matches("x *", "h", 1));
	check(no_proxy_matches("192.168.0.0/20", "192.168.15.1", 12));
	check(!no_proxy_matches("192.168.0.0/20", "192.168.16.1", 12));
	check(no_proxy_matches("0.0.0.0/0", "8.8.8.8", 7));
	check(no_proxy_matches("[fe80::]/10", "fe80::1", 7) ||
		no_proxy_matches("fe80::/10", "fe80::1", 7));
	check(no_proxy_matches("[::1]", "::1", 3));
	check(!no_proxy_matches("10.0.0.0/33,10.0.0.0/x", "10.0.0.1", 8));
	check(!no_proxy_matches("", "h", 1));
	check(!no_proxy_matches(".", "h", 1));
}

TEST(the_effective_proxy_stands_in_the_option)
{
	struct config *c;

	clean_environment();
	setenv("http_proxy", "http://env:3128", 1);
	c = load_fine("backend = http://h");
	check_str(c->proxy, "http://env:3128");
	config_free(c);
	c = load_fine("backend = http://h\nproxy = none");
	check(!c->proxy);
	config_free(c);
	c = load_fine("backend = http://h\nproxy = socks5h://u:p@mine:1080");
	check_str(c->proxy, "socks5h://u:p@mine:1080");
	config_free(c);
	c = load_fine("");
	check(!c->proxy);
	config_free(c);
	check(has(refusal("proxy = gopher://x"),
		"ragchat.conf:1: proxy: its scheme is not known here"));
	setenv("http_proxy", "gopher://x", 1);
	check(has(refusal("backend = http://h"),
		"environment: http_proxy: its scheme is not known here"));
}

TEST(the_environment_names_a_certificate_authority_for_https)
{
	struct config *c;

	clean_environment();
	put("ca.pem", "x");
	setenv("SSL_CERT_FILE", place("ca.pem"), 1);
	c = load_fine("backend = https://h");
	check_str(c->ca_file, place("ca.pem"));
	config_free(c);
	c = load_fine("backend = http://h");
	check(!c->ca_file);
	config_free(c);
	setenv("SSL_CERT_FILE", "/nowhere/ca.pem", 1);
	c = load_fine("backend = https://h\nca_file = ca.pem");
	check_str(c->ca_file, place("ca.pem"));
	config_free(c);
	check_str(refusal("backend = https://h"), "environment: SSL_CERT_FILE: cannot read "
						  "'/nowhere/ca.pem': No such file or directory");
}

TEST(a_reload_that_fails_leaves_the_old_one)
{
	struct config *old, *c;
	char *why = NULL;

	clean_environment();
	old = load_fine("backend = http://a\nretries = 3");
	c = old;
	put("ragchat.conf", "retries = many");
	check_int(config_load(place("ragchat.conf"), true, &c, &why), -EINVAL);
	check(c == old);
	check_int(old->retries, 3);
	free(why);
	config_free(old);
}

static void join(const char **names, size_t n, char *out, size_t room)
{
	*out = '\0';
	for (size_t i = 0; i < n; i++)
		snprintf(out + strlen(out), room - strlen(out), "%s ", names[i]);
}

TEST(a_reload_tells_what_changed_and_what_needs_a_restart)
{
	struct config *a, *b;
	const char **live, **restart;
	size_t nlive, nrestart;
	char text[256];

	clean_environment();
	put("key", "one");
	a = load_fine("backend = http://a\napi_key_file = key\nheader = X: 1\nsocket = /tmp/a");
	put("key", "two");
	b = load_fine("backend = http://a\napi_key_file = key\nheader = X: 2\nsocket = "
		      "/tmp/b\nretries = 5\nhttp2 = yes");
	check(a && b);
	config_diff(a, b, &live, &nlive, &restart, &nrestart);
	join(live, nlive, text, sizeof(text));
	check_str(text, "api_key_file header http2 retries ");
	join(restart, nrestart, text, sizeof(text));
	check_str(text, "socket ");
	free(live);
	free(restart);
	config_free(a);
	config_free(b);
}

TEST(every_option_has_a_sentence_and_a_default_within_its_bounds)
{
	size_t n;
	const struct config_option *o = config_options(&n);

	check_int(n, OPT_COUNT);
	for (size_t i = 0; i < n; i++) {
		check_msg(strlen(o[i].text) > 5, "%s has no sentence", o[i].name);
		check_msg(*o[i].type, "%s has no type", o[i].name);
	}
}

TEST_MAIN()
