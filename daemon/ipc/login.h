/*
 * Logging in with a password or a token, and hashing passwords for those who set one: between the
 * wire, the store, the back-off and the auth thread.
 */
#pragma once

#include "daemon/auth/hasher.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/store/accounts.h"

struct password_policy login_policy(const struct server *s);
/* A password among the params, as a copy to be wiped (mem_wipe). NULL: absent, or no possible one and args_ok is false. */
char *login_password(struct args *a, const char *key, enum arg_need need);
struct actor login_actor(const struct call *call); /* account and uid of the connection */
bool login_may_try(struct call *call, const char *account); /* false: it has to wait, and was told so */
void login_failed(struct call *call, const char *account);  /* counts, records and logs it; does not answer */
/* False: the auth thread has no room; the call is answered and the job freed. */
bool login_hash(struct call *call, struct hash_job *j);
/* Close the connections of an account but for one; those of a token only, if it is not NULL. */
void login_close(struct server *s, const char *account, const char *token, const struct conn *but);

/*
 * At the start: APP_USER and APP_PASSWORD become an account's hash, once. Refuses to start where
 * nobody could log in. 0 or an exit status, said on stderr.
 */
int login_import(struct server *s);
