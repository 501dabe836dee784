/* The filter of a helper, put together instruction by instruction. */
#include "daemon/worker/sandbox_bpf.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_LONG__ != 8
#error "the filter reads arguments as two little-endian halves: look at sandbox_bpf.c"
#endif
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u /* the same architecture to the kernel, with other calls */
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#else
#error "this architecture's calls have not been looked at: name its AUDIT_ARCH_* here"
#endif

#define NR offsetof(struct seccomp_data, nr)
#define ARG_LOW(i) (offsetof(struct seccomp_data, args) + 8 * (i))
#define ARG_HIGH(i) (ARG_LOW(i) + 4)
#define MISS 0xFF /* jump target that is known only when the row is whole */

static void emit(struct sandbox_filter *f, unsigned short code, uint8_t no, uint32_t k)
{
	if (f->n < SANDBOX_FILTER_MAX)
		f->code[f->n++] = (struct sock_filter){ .code = code, .jf = no, .k = k };
}

static void emit_load(struct sandbox_filter *f, size_t at)
{
	emit(f, BPF_LD | BPF_W | BPF_ABS, 0, (uint32_t)at);
}

/* One half of an argument. The kernel passes all 64 bits; of a mask's half that is 0 none counts. */
static void emit_half(struct sandbox_filter *f, size_t at, uint32_t mask, uint32_t value)
{
	if (!mask)
		return;
	emit_load(f, at);
	if (mask != UINT32_MAX)
		emit(f, BPF_ALU | BPF_AND | BPF_K, 0, mask);
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, MISS, value);
}

static void emit_checks(struct sandbox_filter *f, const struct sandbox_call *c)
{
	for (size_t i = 0; i < sizeof(c->check) / sizeof(c->check[0]) && c->check[i].mask; i++) {
		const struct sandbox_check *k = &c->check[i];

		emit_half(f, ARG_HIGH(k->arg), (uint32_t)(k->mask >> 32), (uint32_t)(k->value >> 32));
		emit_half(f, ARG_LOW(k->arg), (uint32_t)k->mask, (uint32_t)k->value);
	}
}

/* A row that does not match falls through to the next one. */
static void emit_call(struct sandbox_filter *f, const struct sandbox_call *c)
{
	unsigned first = f->n;

	emit_load(f, NR);
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, MISS, (uint32_t)c->nr);
	emit_checks(f, c);
	emit(f, BPF_RET | BPF_K, 0,
		c->error ? SECCOMP_RET_ERRNO | ((uint32_t)c->error & SECCOMP_RET_DATA) :
			   SECCOMP_RET_ALLOW);
	for (unsigned i = first; i < f->n; i++) {
		if (f->code[i].jf == MISS)
			f->code[i].jf = (uint8_t)(f->n - i - 1);
	}
}

int sandbox_filter_build(struct sandbox_filter *f, const struct sandbox_call *calls, size_t n)
{
	f->n = 0;
	emit_load(f, offsetof(struct seccomp_data, arch));
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, 1, ARCH);
	emit(f, BPF_JMP | BPF_JA, 0, 1); /* over the next */
	emit(f, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
#ifdef X32_BIT
	emit_load(f, NR);
	emit(f, BPF_JMP | BPF_JGE | BPF_K, 1, X32_BIT);
	emit(f, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < n; i++)
		emit_call(f, &calls[i]);
	emit(f, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
	return f->n < SANDBOX_FILTER_MAX ? 0 : -E2BIG;
}

int sandbox_filter_install(const struct sandbox_filter *f)
{
	const struct sock_fprog program = { .len = f->n,
		.filter = (struct sock_filter *)(uintptr_t)f->code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -errno;
}
