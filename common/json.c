/*
 * JSON reader (RFC 8259). The state between two calls is one byte and a stack of bits, so a reader
 * costs nothing to set up and a walk of any input ends: every call consumes bytes, leaves a level
 * or fails. Strings are not looked into beyond quotes and escapes; json_unescape cleans them.
 */
#include "common/json.h"

#include <errno.h>
#include <string.h>

#include "common/json_scan.h"

enum {
	STATE_VALUE, /* a value must come: at the start, after a key, where json_item said so */
	STATE_FIRST, /* a container was just entered: a member or its end */
	STATE_AFTER, /* a value was read: a comma or the end of the container */
};

void json_init(struct json *j, const char *s, size_t n, unsigned max_depth)
{
	*j = (struct json){
		.p = s,
		.end = s + n,
		.max_depth = min_of(max_depth, 64 * (unsigned)array_len(j->kinds)),
	};
}

static bool fail(struct json *j)
{
	j->failed = true;
	return false;
}

static char after_space(struct json *j)
{
	const char *p = j->p;

	while (p < j->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	j->p = p;
	return p < j->end ? *p : '\0';
}

/* The byte ahead, white space skipped, or 0 at the end: a NUL is as wrong there as the end is. */
static inline char ahead(struct json *j)
{
	/* Machines write without white space, so the look is worth a path of its own. */
	if (j->p < j->end && (unsigned char)*j->p > ' ')
		return *j->p;
	return after_space(j);
}

/* As ahead(), but 0 also where no value may be read. */
static inline char value_ahead(struct json *j)
{
	return j->failed || j->state != STATE_VALUE ? '\0' : ahead(j);
}

static bool in_object(const struct json *j)
{
	unsigned level = j->depth - 1;

	return j->depth && (j->kinds[level / 64] >> level % 64 & 1);
}

static bool in_array(const struct json *j)
{
	return j->depth && !in_object(j);
}

enum json_type json_peek(struct json *j)
{
	switch (value_ahead(j)) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	case '-':
	case '0' ... '9':
		return JSON_NUMBER;
	default:
		/* No value begins so. The end of the input is for json_end to judge. */
		if (j->state == STATE_VALUE && j->p < j->end)
			fail(j);
		return JSON_NONE;
	}
}

static bool enter(struct json *j, char open, uint64_t kind)
{
	uint64_t *word;

	if (value_ahead(j) != open)
		return false;
	if (j->depth == j->max_depth)
		return fail(j);
	word = &j->kinds[j->depth / 64];
	*word = (*word & ~(UINT64_C(1) << j->depth % 64)) | kind << j->depth % 64;
	j->depth++;
	j->p++;
	j->state = STATE_FIRST;
	return true;
}

bool json_object(struct json *j)
{
	return enter(j, '{', 1);
}

bool json_array(struct json *j)
{
	return enter(j, '[', 0);
}

/* To the next member of the level: true when there is one. The level is left at `close`. */
static bool next_member(struct json *j, char close)
{
	char c;

	if (j->state == STATE_VALUE && !json_skip(j))
		return false;
	c = ahead(j);
	if (c == close) {
		j->p++;
		j->depth--;
		j->state = STATE_AFTER;
		return false;
	}
	if (j->state == STATE_AFTER) {
		if (c != ',')
			return fail(j);
		j->p++;
		c = ahead(j);
	}
	if (!c || c == close)
		return fail(j);
	j->state = STATE_VALUE;
	return true;
}

bool json_key(struct json *j, struct json_slice *key)
{
	if (j->failed || !in_object(j) || !next_member(j, '}'))
		return false;
	if (ahead(j) != '"' || !json_scan_string(&j->p, j->end, key))
		return fail(j);
	if (ahead(j) != ':')
		return fail(j);
	j->p++;
	return true;
}

bool json_item(struct json *j)
{
	return !j->failed && in_array(j) && next_member(j, ']');
}

bool json_string(struct json *j, struct json_slice *raw)
{
	if (value_ahead(j) != '"')
		return false;
	if (!json_scan_string(&j->p, j->end, raw))
		return fail(j);
	j->state = STATE_AFTER;
	return true;
}

static bool number_text(struct json *j, struct json_number *number)
{
	char c = value_ahead(j);

	if (c != '-' && (c < '0' || c > '9'))
		return false;
	if (!json_scan_number(&j->p, j->end, number))
		return fail(j);
	j->state = STATE_AFTER;
	return true;
}

bool json_number(struct json *j, double *value)
{
	struct json_number number;

	if (!number_text(j, &number))
		return false;
	*value = json_number_double(&number);
	return true;
}

bool json_integer(struct json *j, int64_t *value)
{
	struct json_number number;

	if (!number_text(j, &number))
		return false;
	*value = json_number_int(&number);
	return true;
}

static bool word(struct json *j, const char *text, size_t n)
{
	if (value_ahead(j) != text[0])
		return false;
	if ((size_t)(j->end - j->p) < n || memcmp(j->p, text, n) != 0)
		return fail(j);
	j->p += n;
	j->state = STATE_AFTER;
	return true;
}

bool json_bool(struct json *j, bool *value)
{
	bool truth = word(j, "true", 4);

	if (!truth && !word(j, "false", 5))
		return false;
	*value = truth;
	return true;
}

bool json_null(struct json *j)
{
	return word(j, "null", 4);
}

/* One value; of a container only its opening. */
static bool skip_step(struct json *j)
{
	struct json_slice ignored;
	struct json_number number;

	switch (json_peek(j)) {
	case JSON_OBJECT:
		return json_object(j);
	case JSON_ARRAY:
		return json_array(j);
	case JSON_STRING:
		return json_string(j, &ignored);
	case JSON_NUMBER:
		return number_text(j, &number);
	case JSON_TRUE:
		return word(j, "true", 4);
	case JSON_FALSE:
		return word(j, "false", 5);
	case JSON_NULL:
		return json_null(j);
	default:
		return fail(j);
	}
}

/* A loop and not a recursion: the depth is bounded by the caller's bound, not by the C stack. */
bool json_skip(struct json *j)
{
	unsigned base = j->depth;
	struct json_slice key;

	if (j->failed || j->state != STATE_VALUE)
		return false;
	if (ahead(j) == '"') /* what is skipped most */
		return json_string(j, &key);
	for (;;) {
		if (!skip_step(j))
			return false;
		while (j->depth > base && !(in_object(j) ? json_key(j, &key) : json_item(j)))
			if (j->failed)
				return false;
		if (j->state != STATE_VALUE)
			return true;
	}
}

bool json_raw(struct json *j, struct json_slice *raw)
{
	const char *from;

	if (!value_ahead(j))
		return false;
	from = j->p;
	if (!json_skip(j))
		return false;
	*raw = (struct json_slice){ .p = from, .n = (size_t)(j->p - from) };
	raw->escaped = memchr(from, '\\', raw->n) != NULL;
	return true;
}

int json_end(const struct json *j)
{
	struct json copy = *j;

	if (j->failed || j->depth || j->state != STATE_AFTER)
		return -EBADMSG;
	(void)ahead(&copy);
	return copy.p == copy.end ? 0 : -EBADMSG;
}
