/* First the bytes, then the uploads, each only where it has a limit. */
#include "daemon/ipc/quota.h"

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/server.h"
#include "daemon/store/usage.h"

#define DAY_US (86400 * INT64_C(1000000))

struct check {
	struct call *call;
	uint64_t more, room;
	bool upload;
	void (*then)(void *ctx, bool ok, uint64_t room);
	void *ctx;
};

static void end(struct check *k, bool ok)
{
	k->then(k->ctx, ok, k->room);
	call_drop(k->call);
	mem_free(k);
}

static void on_counted(struct job *j)
{
	struct op_upload_count *op = container_of(j, struct op_upload_count, job);
	struct check *k = j->ctx;
	int64_t left_ms = (DAY_US - clock_wall_us() % DAY_US) / 1000;

	if (j->r != 0)
		reply_store_error(k->call, j->r, j->why, NULL, "upload");
	else if (op->refused)
		reply_error_retry(k->call, PROTO_E_RATE_LIMITED, left_ms,
			"%lld uploads a day are the most here (max_uploads); the next day begins in %lld minutes",
			(long long)op->most, (long long)(left_ms / 60000 + 1));
	end(k, j->r == 0 && !op->refused);
	op_upload_count_free(op);
}

static void count_upload(struct check *k)
{
	struct server *s = k->call->server;
	struct op_upload_count *op;

	if (!k->upload || !s->config->max_uploads) {
		end(k, true);
		return;
	}
	op = op_upload_count_new(k->call->account.id);
	op->day = clock_wall_us() / DAY_US;
	op->most = s->config->max_uploads;
	op->job.done = on_counted;
	op->job.ctx = k;
	if (store_submit(s->store, STORE_WRITER, &op->job) == 0)
		return;
	op->job.r = STORE_E_BUSY;
	on_counted(&op->job);
}

static void on_kept(struct job *j)
{
	struct op_kept *op = container_of(j, struct op_kept, job);
	struct check *k = j->ctx;
	uint64_t most = (uint64_t)k->call->server->config->max_stored;
	int r = j->r;

	k->room = op->bytes < most ? most - op->bytes : 0;
	if (r != 0)
		reply_store_error(k->call, r, j->why, NULL, "account");
	else if (!k->room || k->more > k->room)
		reply_error(k->call, PROTO_E_NO_SPACE,
			"your account keeps %llu bytes and may keep %llu (max_stored): remove what is not needed, then try again",
			(unsigned long long)op->bytes, (unsigned long long)most);
	if (r != 0 || !k->room || k->more > k->room)
		end(k, false);
	else
		count_upload(k);
	op_kept_free(op);
}

void quota_check(struct call *call, uint64_t more, bool upload, void (*then)(void *ctx, bool ok, uint64_t room), void *ctx)
{
	struct server *s = call->server;
	struct check *k = mem_new(sizeof(*k));
	struct op_kept *op;

	*k = (struct check){ call_keep(call), more, QUOTA_NONE, upload, then, ctx };
	if (!s->config->max_stored) {
		count_upload(k);
		return;
	}
	op = op_kept_new(call->account.id);
	op->job.done = on_kept;
	op->job.ctx = k;
	if (store_submit(s->store, STORE_KEYED, &op->job) == 0)
		return;
	op->job.r = STORE_E_BUSY;
	on_kept(&op->job);
}
