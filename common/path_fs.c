/*
 * Is a path on another machine's disk? Locks and shared memory of a database do not work there as
 * SQLite needs them. By the number statfs(2) gives, since the name of a mount says nothing; only
 * FUSE has one number for all its file systems, and is asked for its kind in /proc/self/mountinfo.
 */
#include "common/path.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "common/attr.h"
#include "common/mem.h"

#define MAGIC_FUSE 0x65735546u

/* <linux/magic.h> lacks half of them; the rest are in their file systems' sources. */
static const uint32_t network_magic[] = {
	0x00006969, /* NFS */
	0x0000517B, /* SMB, the old one */
	0xFF534D42, /* CIFS */
	0xFE534D42, /* SMB2 and 3 */
	0x0000564C, /* NCP */
	0x01021997, /* 9p: the share of a virtual machine's host */
	0x5346414F, /* OpenAFS */
	0x6B414653, /* AFS of the kernel */
	0x73757245, /* Coda */
	0x00C36400, /* Ceph */
	0x0BD00BD0, /* Lustre */
	0x47504653, /* GPFS */
	0x19830326, /* BeeGFS */
	0x786F4256, /* VirtualBox shared folder */
	0xBACBACBC, /* VMware shared folder */
};

/* Beginnings of what stands behind "fuse." in the type of a mount that is not local. */
static const char *const network_fuse[] = { "sshfs", "nfs", "smb", "cifs", "davfs", "gluster",
	"ceph", "s3fs", "rclone", "gcsfuse", "juicefs", "goofys", "seaweedfs", "mfs", "moosefs",
	"curlftpfs", "gvfsd", "vmhgfs", "google-drive", "onedriver" };

/* The type in a line of mountinfo is the first field after " - " (proc_pid_mountinfo(5)). */
static bool line_is_network(const char *line)
{
	const char *type = strstr(line, " - ");
	char word[64];

	if (!type || sscanf(type, " - fuse.%63s", word) != 1)
		return false;
	for (size_t i = 0; i < array_len(network_fuse); i++)
		if (!strncmp(word, network_fuse[i], strlen(network_fuse[i])))
			return true;
	return false;
}

static bool fuse_is_network(dev_t dev)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	bool network = false;

	while (f && getline(&line, &cap, f) >= 0) {
		unsigned major_no, minor_no;

		if (sscanf(line, "%*d %*d %u:%u", &major_no, &minor_no) == 2 &&
			major_no == major(dev) && minor_no == minor(dev))
			network = line_is_network(line); /* of several the last is seen */
	}
	free(line);
	if (f)
		fclose(f);
	return network;
}

/* statfs and stat of the path, or of its nearest parent that is there. */
static int look_up(const char *path, struct statfs *fs, struct stat *st)
{
	char *at = mem_dup(path);
	int r;

	while ((r = statfs(at, fs) < 0 || stat(at, st) < 0 ? -errno : 0) == -ENOENT) {
		char *parent = path_dirname(at);
		bool top = !strcmp(parent, at);

		mem_free(at);
		at = parent;
		if (top)
			break;
	}
	mem_free(at);
	return r;
}

bool path_is_network_fs(const char *path)
{
	struct statfs fs;
	struct stat st;
	uint32_t magic;

	if (look_up(path, &fs, &st) < 0)
		return false; /* whoever opens it will hear why it cannot be */
	magic = (uint32_t)fs.f_type;
	for (size_t i = 0; i < array_len(network_magic); i++)
		if (network_magic[i] == magic)
			return true;
	return magic == MAGIC_FUSE && fuse_is_network(st.st_dev);
}
