/* Forbidden acts, each as directly as the kernel offers it, and the few that a helper lives of. */
#include "daemon/worker/sandbox_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/attr.h"

static int result(long r)
{
	return r < 0 ? errno : 0;
}

static int open_passwd(struct probe_scene *s attr_unused)
{
	return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int open_environ(struct probe_scene *s attr_unused)
{
	return result(open("/proc/self/environ", O_RDONLY | O_CLOEXEC));
}

static int create_file(struct probe_scene *s)
{
	return result(open(s->other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int unlink_file(struct probe_scene *s)
{
	return result(unlink(s->file));
}

static int rename_file(struct probe_scene *s)
{
	return result(rename(s->file, s->other));
}

static int stat_file(struct probe_scene *s)
{
	struct stat st;

	return result(stat(s->file, &st));
}

static int change_mode(struct probe_scene *s)
{
	return result(chmod(s->file, 0777));
}

static int tcp_connect(struct probe_scene *s)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return result(fd < 0 ? fd : connect(fd, (struct sockaddr *)&s->tcp, sizeof(s->tcp)));
}

static int udp_send(struct probe_scene *s)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return result(fd < 0 ? fd : sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&s->udp, sizeof(s->udp)));
}

static int unix_connect(struct probe_scene *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return result(fd < 0 ? fd : connect(fd, (struct sockaddr *)&s->unix_name, s->unix_len));
}

static int socket_pair(struct probe_scene *s attr_unused)
{
	int fds[2];

	return result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
}

static int signal_parent(struct probe_scene *s)
{
	return result(kill(s->parent, 0));
}

/* Seizing does not stop it, and ends with us. */
static int trace_parent(struct probe_scene *s)
{
	return result(ptrace(PTRACE_SEIZE, s->parent, NULL, NULL));
}

static int read_parent(struct probe_scene *s)
{
	char got[sizeof(s->secret)];
	struct iovec here = { got, sizeof(got) }, there = { s->secret, sizeof(s->secret) };

	return result(process_vm_readv(s->parent, &here, 1, &there, 1, 0));
}

static int do_fork(struct probe_scene *s attr_unused)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return result(pid);
}

/* Exit status 0 of the program is what "it worked" looks like. */
static int do_execve(struct probe_scene *s attr_unused)
{
	char *argv[] = { (char[]){ "true" }, NULL }, *envp[] = { NULL };

	return result(execve("/bin/true", argv, envp));
}

static int map_executable(struct probe_scene *s attr_unused)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int make_executable(struct probe_scene *s attr_unused)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int map_shared(struct probe_scene *s attr_unused)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

/* A key of its own: asked of no keyring that others see. */
static int use_keyring(struct probe_scene *s attr_unused)
{
	return result(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -2 /* process */, 1));
}

static int open_ring(struct probe_scene *s attr_unused)
{
	uint64_t params[15] = { 0 }; /* struct io_uring_params, 120 bytes */

	return result(syscall(SYS_io_uring_setup, 1, params));
}

static int make_memfd(struct probe_scene *s attr_unused)
{
	return result(syscall(SYS_memfd_create, "probe", 1u));
}

static int load_bpf(struct probe_scene *s attr_unused)
{
	uint64_t attr[16] = { (uint64_t)4 << 32 | 2, (uint64_t)1 << 32 | 4 }; /* an array map: key 4, value 4, 1 entry */

	return result(syscall(SYS_bpf, 0 /* BPF_MAP_CREATE */, attr, 72));
}

static int handle_faults(struct probe_scene *s attr_unused)
{
	return result(syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */));
}

static int count_events(struct probe_scene *s attr_unused)
{
	uint64_t attr[16] = { 1 | (uint64_t)128 << 32 }; /* a software event: the cpu clock */

	return result(syscall(SYS_perf_event_open, attr, 0, -1, -1, 0ul));
}

static int new_user(struct probe_scene *s attr_unused)
{
	return result(unshare(CLONE_NEWUSER));
}

static int mount_folder(struct probe_scene *s)
{
	if (mount("none", s->dir, "tmpfs", 0, NULL) != 0)
		return errno;
	umount2(s->dir, MNT_DETACH);
	return 0;
}

static int open_by_pid(struct probe_scene *s)
{
	return result(syscall(SYS_pidfd_open, s->parent, 0));
}

static int install_handler(struct probe_scene *s attr_unused)
{
	struct sigaction act = { .sa_handler = SIG_IGN };

	return result(sigaction(SIGUSR1, &act, NULL));
}

static int ask_random(struct probe_scene *s attr_unused)
{
	char c;

	return result(syscall(SYS_getrandom, &c, 1, 0));
}

static int duplicate(struct probe_scene *s attr_unused)
{
	return result(dup(0));
}

static int make_pipe(struct probe_scene *s attr_unused)
{
	int fds[2];

	return result(pipe2(fds, O_CLOEXEC));
}

static int read_leaked(struct probe_scene *s)
{
	char c;

	return result(pread(s->leaked, &c, 1, 0));
}

static int write_leaked(struct probe_scene *s)
{
	return result(write(s->leaked, "x", 1));
}

static int read_stdout(struct probe_scene *s attr_unused)
{
	char c;

	return result(read(1, &c, 0));
}

static int map_leaked(struct probe_scene *s)
{
	void *p = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, s->leaked, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int allocate_much(struct probe_scene *s attr_unused)
{
	void *p = mmap(NULL, (size_t)2560 << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

#if defined(__x86_64__)
/* The calls of 32-bit programs: another table, with numbers that mean other things. */
static int call_int80(struct probe_scene *s attr_unused)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) /* getpid */ : "memory", "r8", "r9", "r10", "r11");
	return r > 0 ? 0 : (int)-r;
}

static int call_x32(struct probe_scene *s attr_unused)
{
	return result(syscall(0x40000000L + SYS_getpid));
}
#endif

static int read_stdin(struct probe_scene *s attr_unused)
{
	char c;

	return result(read(0, &c, 0));
}

static int write_stderr(struct probe_scene *s attr_unused)
{
	return result(write(2, "", 0));
}

static int use_memory(struct probe_scene *s attr_unused)
{
	size_t n = (size_t)64 << 20;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	p[n - 1] = 1;
	p = mremap(p, n, 2 * n, MREMAP_MAYMOVE);
	return p == MAP_FAILED ? errno : result(munmap(p, 2 * n));
}

const struct probe probes[] = {
	{ "open /etc/passwd", open_passwd, 0 },
	{ "open /proc/self/environ", open_environ, 0 },
	{ "create a file", create_file, 0 },
	{ "unlink a file", unlink_file, 0 },
	{ "rename a file", rename_file, 0 },
	{ "change a file's mode", change_mode, 0 },
	{ "stat a file", stat_file, 0 },
	{ "tcp to loopback", tcp_connect, 0 },
	{ "udp to loopback", udp_send, 0 },
	{ "abstract unix socket", unix_connect, 0 },
	{ "socketpair", socket_pair, 0 },
	{ "signal to the parent", signal_parent, 0 },
	{ "ptrace the parent", trace_parent, 0 },
	{ "read the parent's memory", read_parent, 0 },
	{ "pidfd of the parent", open_by_pid, 0 },
	{ "fork", do_fork, 0 },
	{ "execve", do_execve, 0 },
	{ "mmap writable + executable", map_executable, 0 },
	{ "mprotect executable", make_executable, 0 },
	{ "mmap shared", map_shared, 0 },
	{ "keyctl", use_keyring, 0 },
	{ "io_uring_setup", open_ring, 0 },
	{ "memfd_create", make_memfd, 0 },
	{ "bpf", load_bpf, 0 },
	{ "userfaultfd", handle_faults, 0 },
	{ "perf_event_open", count_events, 0 },
	{ "unshare", new_user, 0 },
	{ "mount", mount_folder, 0 },
	{ "sigaction", install_handler, 0 },
	{ "getrandom", ask_random, 0 },
	{ "dup", duplicate, 0 },
	{ "pipe", make_pipe, 0 },
	{ "read a leaked descriptor", read_leaked, 0 },
	{ "write a leaked descriptor", write_leaked, 0 },
	{ "map a leaked descriptor", map_leaked, 0 },
	{ "read stdout", read_stdout, 0 },
	{ "2.5 GiB of memory", allocate_much, 0 },
#if defined(__x86_64__)
	{ "32-bit call (int 0x80)", call_int80, 0 },
	{ "x32 call", call_x32, 0 },
#endif
	{ "read stdin", read_stdin, 1 },
	{ "write stderr", write_stderr, 1 },
	{ "64 MiB of memory, grown", use_memory, 1 },
};
const size_t nprobes = array_len(probes);
