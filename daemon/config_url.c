/*
 * Addresses: the backend's, brought into one form, and the proxy that the environment names for
 * it, by curl's rules (RFC 3986; https://everything.curl.dev/usingcurl/proxies/env.html).
 */
#include "daemon/config_parts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"

struct authority {
	const char *host; /* of an IPv6 address without its brackets */
	size_t nhost;
	const char *end; /* first byte behind host and port */
};

static const char *byte_complaint(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return "it holds a blank or a control character";
		if (strchr("\\\"<>^`{|}", *s))
			return "it holds a character that no address has";
	}
	return NULL;
}

static const char *port_complaint(const char *s, size_t n)
{
	unsigned long v = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]) || v > 65535)
			return "its port is not a number from 1 to 65535 (an IPv6 address goes "
			       "into brackets)";
		v = v * 10 + (unsigned long)(s[i] - '0');
	}
	return n && v && v <= 65535 ? NULL : "its port is not a number from 1 to 65535";
}

/* s stands behind "://". */
static const char *authority_parse(const char *s, struct authority *a)
{
	size_t n = strcspn(s, "/?#");
	const char *port;

	a->end = s + n;
	if (*s == '[') {
		const char *close = memchr(s, ']', n);

		if (!close)
			return "the bracket of its IPv6 address is not closed";
		a->host = s + 1;
		a->nhost = (size_t)(close - a->host);
		port = close + 1;
		if (port < a->end && *port != ':')
			return "something follows the bracket of its IPv6 address";
	} else {
		port = memchr(s, ':', n);
		if (!port)
			port = a->end;
		a->host = s;
		a->nhost = (size_t)(port - s);
	}
	if (!a->nhost)
		return "it has no host";
	return port < a->end ? port_complaint(port + 1, (size_t)(a->end - port - 1)) : NULL;
}

/* Everybody writes the address down as their client wanted it. */
static size_t cut_tail(const char *s, size_t n, size_t least)
{
	while (n > least && s[n - 1] == '/')
		n--;
	if (n >= least + 3 && !memcmp(s + n - 3, "/v1", 3))
		n -= 3;
	while (n > least && s[n - 1] == '/')
		n--;
	return n;
}

static const char *unix_parse(const char *path, char **out)
{
	size_t n;

	while (str_starts(path, "//"))
		path++; /* as in unix:///run/x.sock */
	n = cut_tail(path, strlen(path), 1);
	if (*path != '/' || n < 2)
		return "unix: is followed by an absolute path, as in unix:/run/llama.sock";
	if (n > PATH_SOCKET_MAX)
		return "the path of a Unix socket has at most 107 bytes";
	*out = mem_printf("unix:%.*s", (int)n, path);
	return NULL;
}

static const char *http_parse(const char *scheme, const char *rest, char **out)
{
	struct authority a;
	const char *bad;
	size_t n;

	if (memchr(rest, '@', strcspn(rest, "/?#")))
		return "it holds a user name or password; leave them out, the key goes into "
		       "api_key (API_KEY)";
	bad = authority_parse(rest, &a);
	if (bad)
		return bad;
	if (strpbrk(a.end, "?#"))
		return "it has a query or a fragment ('?', '#'); leave it out";
	if (strstr(a.end, "/chat/completions"))
		return "leave out /chat/completions: it is added to each request";
	n = cut_tail(rest, strlen(rest), (size_t)(a.end - rest));
	*out = mem_printf("%s://%.*s", scheme, (int)n, rest);
	return NULL;
}

const char *backend_url_parse(const char *text, char **out)
{
	const char *bad, *rest;

	if (!*text)
		return "it is empty";
	if (!strncasecmp(text, "unix:", 5))
		return unix_parse(text + 5, out); /* blanks are fine in a path */
	bad = byte_complaint(text);
	if (bad)
		return bad;
	rest = strstr(text, "://");
	if (!rest)
		return "it has no scheme; put http://, https:// or unix: in front";
	rest += 3;
	if (!strncasecmp(text, "http://", 7))
		return http_parse("http", rest, out);
	if (!strncasecmp(text, "https://", 8))
		return http_parse("https", rest, out);
	return "its scheme is not known here; it begins with http://, https:// or unix:/";
}

const char *proxy_url_complaint(const char *text)
{
	static const char *const schemes[] = { "http://", "https://", "socks4://", "socks4a://",
		"socks5://", "socks5h://" };
	const char *rest = strstr(text, "://"), *bad = byte_complaint(text), *at;
	struct authority a;
	bool known = !rest;

	if (bad)
		return bad;
	for (size_t i = 0; i < array_len(schemes); i++)
		known |= !strncasecmp(text, schemes[i], strlen(schemes[i]));
	if (!known)
		return "its scheme is not known here; it begins with http://, https://, socks5:// "
		       "or socks5h://";
	rest = rest ? rest + 3 : text;
	at = memrchr(rest, '@', strcspn(rest, "/?#"));
	return authority_parse(at ? at + 1 : rest, &a);
}

/* The first `bits` bits are the same. */
static bool same_network(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return !rest || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

/* item is "10.0.0.0/8", "::1" or the like. */
static bool address_matches(const char *item, const char *host)
{
	char text[INET6_ADDRSTRLEN + 5];
	unsigned char a[16], b[16];
	int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	int64_t most = family == AF_INET6 ? 128 : 32, bits = most;
	char *slash;

	if (strlen(item) >= sizeof(text) || inet_pton(family, host, a) != 1)
		return false;
	snprintf(text, sizeof(text), "%s", item);
	slash = strchr(text, '/');
	if (slash) {
		*slash = '\0';
		if (str_int(slash + 1, 0, most, &bits) != 0)
			return false;
	}
	return inet_pton(family, text, b) == 1 && same_network(a, b, (unsigned)bits);
}

/* item is "example.org" or ".example.org": the name itself and what ends in it, at a dot. */
static bool name_matches(const char *item, const char *host)
{
	size_t n, k = strlen(host);

	item += *item == '.';
	n = strlen(item);
	if (n && item[n - 1] == '.')
		n--;
	if (k && host[k - 1] == '.')
		k--;
	if (!n || n > k || strncasecmp(host + k - n, item, n) != 0)
		return false;
	return n == k || host[k - n - 1] == '.';
}

static bool item_matches(char *item, const char *host)
{
	size_t n = strlen(item);

	if (n > 1 && *item == '[' && item[n - 1] == ']') {
		item[n - 1] = '\0';
		item++;
	}
	return !strcmp(item, "*") || address_matches(item, host) || name_matches(item, host);
}

bool no_proxy_matches(const char *list, const char *host, size_t n)
{
	char *copy = mem_dup(list), *name = mem_ndup(host, n), *rest = copy, *item;
	bool found = false;

	while (!found && (item = strsep(&rest, ", \t")) != NULL)
		found = *item && item_matches(item, name);
	free(copy);
	free(name);
	return found;
}

static const char *environment(const char *const *names, const char **name)
{
	for (; *names; names++) {
		const char *v = getenv(*names);

		if (v && *v) {
			*name = *names;
			return v;
		}
	}
	return NULL;
}

/* HTTP_PROXY is not asked: in a CGI it is the client's header "Proxy:" (httpoxy). */
const char *proxy_from_environment(const char *url, const char **name)
{
	static const char *const http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
		NULL };
	static const char *const none[] = { "no_proxy", "NO_PROXY", NULL };
	/* A proxy reaches its own loopback, not ours. */
	static const char loopback[] = "localhost,127.0.0.0/8,::1";
	bool secure = str_starts(url, "https://");
	const char *value, *except, *ignored;
	struct authority a;

	if (str_starts(url, "unix:") || authority_parse(strstr(url, "://") + 3, &a))
		return NULL;
	value = environment(secure ? https : http, name);
	except = environment(none, &ignored);
	if (!value || no_proxy_matches(loopback, a.host, a.nhost))
		return NULL;
	return except && no_proxy_matches(except, a.host, a.nhost) ? NULL : value;
}
