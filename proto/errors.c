/* The table of errors.def, looked up by code. */
#include "proto/errors.h"

#include <stddef.h>

struct row {
	const char *name, *text;
	int exit_status;
};

/* Codes are small and dense, so the code is the index; holes stay empty. */
static const struct row rows[] = {
#define ERROR(code, id, label, status, sentence) \
	[code] = { .name = label, .text = sentence, .exit_status = status },
#include "proto/errors.def"
#undef ERROR
};

static const struct row *row_of(int code)
{
	static const struct row none = { .name = "unknown",
		.text = "an error that this program does not know",
		.exit_status = 1 };

	if (code < 0 || (size_t)code >= sizeof(rows) / sizeof(rows[0]) || !rows[code].name)
		return &none;
	return &rows[code];
}

const char *proto_error_name(int code)
{
	return row_of(code)->name;
}

const char *proto_error_text(int code)
{
	return row_of(code)->text;
}

int proto_error_exit(int code)
{
	return row_of(code)->exit_status;
}
