/*
 * What GMime would go down into by calling itself until the stack ends, seen before it: parts within
 * parts (each level needs a boundary of its own, and each boundary is declared) and groups of
 * addresses within groups (each has its colon).
 */
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "daemon/extract/extract.h"
#include "daemon/extract/mail.h"

static bool begins(const char *s, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - s) >= n && !strncasecmp(s, with, n);
}

/* "boundary=", "boundary*0=", "boundary*=" */
static size_t boundaries(const char *s, const char *end)
{
	size_t count = 0;

	for (const char *at = s; (at = memchr(at, '=', (size_t)(end - at))); at++) {
		const char *name = at;

		while (name > s && at - name < 8 && (name[-1] == '*' || (name[-1] >= '0' && name[-1] <= '9')))
			name--;
		count += name - s >= 8 && begins(name - 8, end, "boundary");
	}
	return count;
}

static bool is_of_addresses(const char *s, const char *end)
{
	static const char *const names[] = { "from:", "to:", "cc:", "bcc:", "sender:", "reply-to:", "resent-" };

	for (size_t i = 0; i < array_len(names); i++)
		if (begins(s, end, names[i]))
			return true;
	return false;
}

static size_t colons(const char *s, const char *end)
{
	size_t count = 0;

	for (; (s = memchr(s, ':', (size_t)(end - s))); s++)
		count++;
	return count;
}

bool mail_nests_too_deep(struct extract *x, const uint8_t *p, size_t n, bool mbox)
{
	const char *s = (const char *)p, *end = s + n, *next;
	size_t parts = 0, groups = 0;
	bool addresses = false;

	for (; s < end && parts <= MAIL_PARTS && groups <= MAIL_GROUPS; s = next) {
		next = memchr(s, '\n', (size_t)(end - s));
		next = next ? next + 1 : end;
		if (*s != ' ' && *s != '\t') { /* a header goes on behind a blank */
			addresses = is_of_addresses(s, next);
			groups = 0;
		}
		groups += addresses ? colons(s, next) : 0;
		parts = mbox && begins(s, next, "From ") ? 0 : parts + boundaries(s, next);
	}
	if (parts > MAIL_PARTS)
		extract_fail(x, EXTRACT_E_LIMIT, "it has more than %d parts", MAIL_PARTS);
	else if (groups > MAIL_GROUPS)
		extract_fail(x, EXTRACT_E_LIMIT, "a line of addresses in it has more than %d groups: not a mail", MAIL_GROUPS);
	return x->r != 0;
}
