/* Which addresses a reader may click. Everything else is shown as text. */
#include <string.h>

#include "common/str.h"
#include "common/utf8.h"
#include "daemon/pdf/md.h"

static size_t scheme_len(const char *url, size_t len)
{
	static const char *const schemes[] = { "http://", "https://", "mailto:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]), k = 0;

		while (k < n && k < len && (url[k] | (url[k] >= 'A' && url[k] <= 'Z' ? 0x20 : 0)) == schemes[i][k])
			k++;
		if (k == n)
			return n;
	}
	return 0;
}

bool md_url_allowed(const char *url, size_t len)
{
	size_t at = scheme_len(url, len);

	if (!at || at == len)
		return false;
	while (at < len) {
		uint32_t cp;
		int r = utf8_decode(url + at, len - at, &cp);

		/* A backslash is a slash to browsers, and a bidi control shows another address than it opens. */
		if (r <= 0 || cp == ' ' || cp == '\\' || cp == '"' || cp == '<' || cp == '>' || cp == 0xA0 ||
			cp == 0xFFFD || utf8_is_control(cp))
			return false;
		at += (size_t)r;
	}
	return true;
}
