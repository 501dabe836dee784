/* One thread, its queue, and the way back to the loop. */
#define LOG_TAG "auth"
#include "daemon/auth/hasher.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

struct hasher {
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t wake;
	uv_async_t async;
	struct list queue, ended; /* under mutex, like stop */
	bool stop;
	unsigned waiting;         /* loop: submitted and not handed back */
	uid_t uids[HASHER_QUEUE]; /* loop: of these */
	char dummy[PASSWORD_HASH_MAX]; /* thread: nobody's hash */
	unsigned dummy_cost;
};

struct hash_job *hash_job_new(void)
{
	return mem_new(sizeof(struct hash_job));
}

static char *wipe(char *s)
{
	return mem_wipe(s, s ? strlen(s) : 0);
}

void hash_job_free(struct hash_job *j)
{
	if (!j)
		return;
	wipe(j->password);
	wipe(j->fresh);
	wipe(j->hash);
	mem_wipe(j, sizeof(*j));
}

/* ---- on the thread ---- */

/* A hash of nobody's password, made before the first job of each policy, whatever that job is. */
static void make_dummy(struct hasher *h, const struct password_policy *policy)
{
	uint8_t raw[16];
	char text[33];

	if (h->dummy_cost == policy->cost || rand_bytes(raw, sizeof(raw)) != 0)
		return;
	hex_encode(raw, sizeof(raw), text);
	if (password_hash(text, policy, h->dummy) == 0)
		h->dummy_cost = policy->cost;
}

static void compute(struct hasher *h, struct hash_job *j)
{
	enum password_grade grade = j->check && j->hash ? password_judge(j->hash, &j->policy) : PASSWORD_REFUSED;

	make_dummy(h, &j->policy);
	if (j->check && grade == PASSWORD_REFUSED) { /* costs as much as what there is a password of */
		j->refused = j->hash != NULL;
		(void)password_matches(j->password, h->dummy);
		return;
	}
	j->matched = !j->check || password_matches(j->password, j->hash);
	if (j->matched && j->fresh)
		j->r = password_hash(j->fresh, &j->policy, j->made);
	else if (j->matched && j->check && grade == PASSWORD_WEAK)
		(void)password_hash(j->password, &j->policy, j->made);
}

static void run(void *arg)
{
	struct hasher *h = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	(void)pthread_setname_np(pthread_self(), "auth");
	uv_mutex_lock(&h->mutex);
	for (;;) {
		struct hash_job *j;

		while (list_empty(&h->queue) && !h->stop)
			uv_cond_wait(&h->wake, &h->mutex);
		j = list_first(&h->queue, struct hash_job, link);
		if (!j)
			break;
		list_remove(&j->link);
		if (h->stop)
			j->r = -ECANCELED;
		uv_mutex_unlock(&h->mutex);
		if (j->r == 0)
			compute(h, j);
		uv_mutex_lock(&h->mutex);
		list_push_back(&h->ended, &j->link);
		uv_async_send(&h->async);
	}
	uv_mutex_unlock(&h->mutex);
}

/* ---- on the loop ---- */

static void forget_uid(struct hasher *h, uid_t uid)
{
	for (unsigned i = 0; i < h->waiting; i++) {
		if (h->uids[i] == uid) {
			h->uids[i] = h->uids[--h->waiting];
			return;
		}
	}
}

static void hand_back(struct hasher *h)
{
	struct list ended;

	list_init(&ended);
	uv_mutex_lock(&h->mutex);
	list_splice(&ended, &h->ended);
	uv_mutex_unlock(&h->mutex);
	while (!list_empty(&ended)) {
		struct hash_job *j = list_first(&ended, struct hash_job, link);

		list_remove(&j->link);
		forget_uid(h, j->uid);
		j->done(j);
	}
}

static void on_async(uv_async_t *a)
{
	struct hasher *h = a->data;

	hand_back(h);
	if (!h->waiting)
		uv_unref((uv_handle_t *)a); /* an idle thread does not keep the loop alive */
}

int hasher_start(struct hasher **out, uv_loop_t *loop)
{
	struct hasher *h = mem_new(sizeof(*h));
	uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = 256 << 10 };
	int r;

	list_init(&h->queue);
	list_init(&h->ended);
	uv_mutex_init(&h->mutex);
	uv_cond_init(&h->wake);
	uv_async_init(loop, &h->async, on_async);
	uv_unref((uv_handle_t *)&h->async);
	h->async.data = h;
	r = uv_thread_create_ex(&h->thread, &options, run, h);
	if (r != 0)
		log_error("cannot start the auth thread: %s", uv_strerror(r));
	else
		*out = h;
	return r;
}

int hasher_submit(struct hasher *h, struct hash_job *j)
{
	for (unsigned i = 0; i < h->waiting; i++)
		if (h->uids[i] == j->uid)
			return -EALREADY;
	if (h->waiting == HASHER_QUEUE)
		return -EAGAIN;
	h->uids[h->waiting++] = j->uid;
	uv_ref((uv_handle_t *)&h->async);
	uv_mutex_lock(&h->mutex);
	list_push_back(&h->queue, &j->link);
	uv_cond_signal(&h->wake);
	uv_mutex_unlock(&h->mutex);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct hasher *h = handle->data;

	uv_cond_destroy(&h->wake);
	uv_mutex_destroy(&h->mutex);
	mem_wipe(h, sizeof(*h));
}

void hasher_stop(struct hasher *h)
{
	if (!h)
		return;
	uv_mutex_lock(&h->mutex);
	h->stop = true;
	uv_cond_signal(&h->wake);
	uv_mutex_unlock(&h->mutex);
	uv_thread_join(&h->thread);
	hand_back(h);
	uv_close((uv_handle_t *)&h->async, on_closed);
}
