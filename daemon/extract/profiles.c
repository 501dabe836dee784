/* Which calls, which files. Found with strace over every test document; see tests/system. */
#include "daemon/extract/profiles.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "common/attr.h"
#include "daemon/extract/limits.h"
#include "daemon/extract/pdf.h"
#include "daemon/worker/landlock.h"

#define FD 0xFFFFFFFFu
#define ALL UINT64_MAX

#define MEMORY_AND_ITS_END \
	{ .nr = SYS_write, .check = { { 0, FD, 1 } } }, { .nr = SYS_write, .check = { { 0, FD, 2 } } }, { .nr = SYS_brk }, \
	{ .nr = SYS_mmap, \
		.check = { { 2, ALL & ~(uint64_t)(PROT_READ | PROT_WRITE), 0 }, \
			{ 3, ALL & ~(uint64_t)MAP_NORESERVE, MAP_PRIVATE | MAP_ANONYMOUS }, \
			{ 4, FD, FD } } }, \
	{ .nr = SYS_munmap }, { .nr = SYS_mremap }, { .nr = SYS_exit_group }

static const struct sandbox_call text_calls[] = {
	{ .nr = SYS_read, .check = { { 0, FD, 0 } } },
	MEMORY_AND_ITS_END,
	/* what a library might try, and lives without */
	{ .nr = SYS_openat, .error = EACCES },
	{ .nr = SYS_newfstatat, .error = EACCES },
	{ .nr = SYS_madvise, .error = EACCES },
};

const struct sandbox_profile profile_text = {
	.name = "text",
	.limit = { .cpu_s = EXTRACT_CPU_S,
		.memory = EXTRACT_MEMORY,
		.file = EXTRACT_TEXT_MAX * 2,
		.files = 0 },
	.calls = text_calls,
	.ncalls = array_len(text_calls),
};

#define READ(fd) { .nr = SYS_read, .check = { { 0, FD, fd } } }
#define WRITE(fd) { .nr = SYS_write, .check = { { 0, FD, fd } } }
#define CLOSE(fd) { .nr = SYS_close, .check = { { 0, FD, fd } } }

static const struct sandbox_call pages_calls[] = {
	READ(0),
	READ(PDF_WORDS(PDF_FIRST)),
	READ(PDF_TEXT(PDF_FIRST)),
	WRITE(PDF_INPUT(PDF_FIRST)),
	CLOSE(PDF_TEXT(PDF_FIRST)),
	CLOSE(PDF_INPUT(PDF_FIRST)),
	READ(PDF_WORDS(PDF_SECOND)),
	READ(PDF_TEXT(PDF_SECOND)),
	WRITE(PDF_INPUT(PDF_SECOND)),
	CLOSE(PDF_INPUT(PDF_SECOND)),
	{ .nr = SYS_poll },
	{ .nr = SYS_restart_syscall }, /* the kernel's own, for a poll that a stop or a suspend came into */
	{ .nr = SYS_wait4 },
	MEMORY_AND_ITS_END,
};

const struct sandbox_profile profile_pages = {
	.name = "pages",
	.parent = true,
	.limit = { .cpu_s = PDF_CPU_S,
		.memory = PAGES_MEMORY,
		.file = EXTRACT_TEXT_MAX * 2,
		.files = PDF_CHILDREN }, /* as many can be polled; none can be opened */
	.calls = pages_calls,
	.ncalls = array_len(pages_calls),
};

/*
 * A dynamic program from its execve to its end. Files are opened for reading only; Landlock says
 * which, and no rule gives a right to write.
 */
#define WRITING ((uint64_t)(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND))
static const struct sandbox_call pdf_calls[] = {
	{ .nr = SYS_read },
	{ .nr = SYS_write, .check = { { 0, FD, 1 } } },
	{ .nr = SYS_write, .check = { { 0, FD, 2 } } },
	{ .nr = SYS_pread64 },
	{ .nr = SYS_lseek },
	{ .nr = SYS_close },
	{ .nr = SYS_openat, .check = { { 2, WRITING, 0 } } },
	{ .nr = SYS_newfstatat },
	{ .nr = SYS_access },
	{ .nr = SYS_readlink, .error = EACCES },
	{ .nr = SYS_getdents64 },
	{ .nr = SYS_execve },
	{ .nr = SYS_brk },
	/* libraries are mapped to be executed, memory that can be written never is */
	{ .nr = SYS_mmap, .check = { { 2, PROT_EXEC, 0 }, { 3, MAP_SHARED, 0 } } },
	{ .nr = SYS_mmap, .check = { { 2, PROT_WRITE, 0 }, { 3, MAP_SHARED, 0 } } },
	{ .nr = SYS_mprotect, .check = { { 2, PROT_EXEC, 0 } } },
	{ .nr = SYS_munmap },
	{ .nr = SYS_mremap },
	{ .nr = SYS_madvise },
	{ .nr = SYS_arch_prctl },
	{ .nr = SYS_set_tid_address },
	{ .nr = SYS_set_robust_list },
	{ .nr = SYS_rseq },
	{ .nr = SYS_prlimit64, .check = { { 0, FD, 0 }, { 2, ALL, 0 } } }, /* asks, does not set */
	{ .nr = SYS_getrandom },
	{ .nr = SYS_futex },
	{ .nr = SYS_sysinfo },
	{ .nr = SYS_sched_getaffinity, .error = EPERM },
	{ .nr = SYS_fcntl, .check = { { 1, FD, F_GETFD } } },
	{ .nr = SYS_ioctl, .error = ENOTTY },
	{ .nr = SYS_rt_sigaction },
	{ .nr = SYS_rt_sigprocmask },
	{ .nr = SYS_getpid },
	{ .nr = SYS_gettid },
	{ .nr = SYS_tgkill, .error = EPERM },
	/* what looks for fonts, where a form has none of its own, and lives without */
	{ .nr = SYS_openat, .error = EACCES },
	{ .nr = SYS_fcntl, .error = EACCES },
	{ .nr = SYS_statfs, .error = EACCES },
	{ .nr = SYS_fstatfs, .error = EACCES },
	{ .nr = SYS_fadvise64, .error = EACCES },
	{ .nr = SYS_exit_group },
};

static const struct sandbox_path pdf_paths[] = {
	{ "/usr", LL_READ | LL_EXECUTE },
	{ "/lib", LL_READ | LL_EXECUTE },
	{ "/lib64", LL_READ | LL_EXECUTE },
	{ "/lib32", LL_READ | LL_EXECUTE },
	{ "/etc/ld.so.cache", LL_READ_FILE },
};

/* what becoming a dynamic program takes, as the probes see it */
static const char *const pdf_granted[] = { "execve", "stat a file", "sigaction", "getrandom", NULL };

const struct sandbox_profile profile_pdf = {
	.name = "pdf",
	.limit = { .cpu_s = PDF_CPU_S,
		.memory = PDF_MEMORY,
		.file = EXTRACT_TEXT_MAX * 2,
		.files = PDF_FILES },
	.calls = pdf_calls,
	.ncalls = array_len(pdf_calls),
	.paths = pdf_paths,
	.npaths = array_len(pdf_paths),
	.granted = pdf_granted,
};
