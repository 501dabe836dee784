/* The name of a terminal session. */
#include "client/termkey.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/sha256.h"

/* The fields of /proc/PID/stat after the command's name, which may hold anything. */
struct stat_fields {
	int session, tty;
	unsigned long long start;
};

static bool read_stat(const char *path, struct stat_fields *out)
{
	struct buf b = { .max = 4096 };
	const char *text, *after;
	bool ok = false;

	if (file_read(path, &b) == 0) {
		text = buf_cstr(&b);
		after = strrchr(text, ')');
		ok = after && sscanf(after + 1,
				      " %*c %*d %*d %d %d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				      "%*d %*d %*d %*d %llu",
				      &out->session, &out->tty, &out->start) == 3;
	}
	buf_fini(&b);
	return ok;
}

static void read_boot_id(struct buf *out)
{
	if (file_read("/proc/sys/kernel/random/boot_id", out) < 0)
		buf_reset(out);
}

bool termkey(char out[TERMKEY_LEN + 1])
{
	struct stat_fields own = { 0 }, leader = { 0 };
	struct buf text = { .max = 4096 };
	struct sha256 sum;
	char path[64], hex[SHA256_HEX + 1];

	if (!read_stat("/proc/self/stat", &own) || own.tty == 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", own.session);
	/* A leader that has gone leaves its number: 0 stands for its start. */
	if (!read_stat(path, &leader))
		leader.start = 0;
	read_boot_id(&text);
	(void)buf_addf(&text, "%d %d %llu", own.tty, own.session, leader.start);
	sha256_init(&sum);
	sha256_add(&sum, text.data, text.len);
	sha256_end_hex(&sum, hex);
	(void)snprintf(out, TERMKEY_LEN + 1, "%.*s", TERMKEY_LEN, hex);
	buf_fini(&text);
	return true;
}
