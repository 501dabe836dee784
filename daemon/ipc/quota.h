/*
 * What an account may keep (max_stored) and how many uploads it may begin on a day (max_uploads).
 * Looked at when a question or an upload begins: what is under way then is let through, and two that
 * begin at once may pass the limit by one of them. How many answers run and wait is chat/chat.h's.
 */
#pragma once

#include "daemon/ipc/dispatch.h"

#define QUOTA_NONE UINT64_MAX

/*
 * `then` comes at once or from the loop. room: bytes the account may still keep, QUOTA_NONE: no limit.
 * ok false: the call has been answered with the reason.
 */
void quota_check(struct call *call, uint64_t more, bool upload, void (*then)(void *ctx, bool ok, uint64_t room), void *ctx);
