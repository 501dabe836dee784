/*
 * Operations on accounts, tokens and records. An account is a row of `users`; what Chainlit does not
 * know of it is in ragchat_account, whose row may be missing. What changes something is recorded in
 * the same transaction; no secret reaches a record.
 */
#pragma once

#include "common/sha256.h"
#include "daemon/store/turns.h"

#define TOKEN_ID_LEN 8 /* hex; by which a person names a token */
typedef char token_id[TOKEN_ID_LEN + 1];

const char *account_role_name(enum account_role role);          /* "user", "admin" */
int account_role_parse(const char *name, enum account_role *role); /* 0 or -EINVAL */

/* Who does it, for the record: the account's name (may be NULL) and the peer's uid. */
struct actor {
	char *name;
	int64_t uid;
};

/*
 * The account of a uid. Without `name` it is looked for (STORE_KEYED): STORE_E_NOT_FOUND when
 * there is none. With one it is made where there is none yet (STORE_WRITER), under that name, or
 * another that shows the uid where the name is somebody else's.
 */
struct op_peer_account {
	struct job job;
	int64_t uid;
	char *name;
	enum account_role role; /* of one that is made */
	struct account account; /* out */
	bool created;
};
struct op_peer_account *op_peer_account_new(void);
int op_peer_account_run(struct db *db, struct job *j);
void op_peer_account_free(struct op_peer_account *op);

/*
 * Before a log-in (STORE_KEYED): what is stored of the account that a name or a token leads to.
 * STORE_E_NOT_FOUND: there is none, or the token has expired.
 */
struct op_login {
	struct job job;
	/* in: one of the two */
	char *name;
	uint8_t digest[SHA256_LEN];
	/* out */
	struct account account;
	int64_t uid;            /* the account's, -1: none */
	char *hash;             /* its password's, or NULL; wiped */
	int64_t token_uid;      /* whom the token is bound to, -1: nobody */
	int64_t expires_us;
	token_id token;
};
struct op_login *op_login_new(void);
int op_login_run(struct db *db, struct job *j);
void op_login_free(struct op_login *op);

/* A line in the record (STORE_WRITER). */
struct op_record {
	struct job job;
	bool failed;
	const char *kind;       /* static: "login", "login.token", ... */
	char *account;          /* whom it is about, by name */
	struct actor actor;
	char *detail;           /* or NULL */
	id_str seen;            /* this account was seen now; "" none */
	token_id used;          /* this token was used now; "" none */
};
struct op_record *op_record_new(void);
int op_record_run(struct db *db, struct job *j);
void op_record_free(struct op_record *op);

/*
 * Set a password (STORE_WRITER). With `was` only where the hash is still that one: a better hash of
 * the same password, which is not recorded and ends nothing. Else all tokens of the account end.
 */
struct op_password_set {
	struct job job;
	char *name;             /* in: of the account; with `make` it is made where there is none */
	char *hash, *was;       /* wiped */
	bool once;              /* only where there never was one; else STORE_E_CONFLICT */
	bool make;
	enum account_role role; /* of one that is made or gets its first row */
	struct actor actor;
	struct account account; /* out */
	int64_t ended;          /* tokens */
};
struct op_password_set *op_password_set_new(void);
int op_password_set_run(struct db *db, struct job *j);
void op_password_set_free(struct op_password_set *op);

/* ---- administration (STORE_WRITER, lists STORE_KEYED) ---- */

struct account_row {
	id_str id;
	char *name;
	enum account_role role;
	int64_t uid;            /* -1: none */
	bool password;
	int64_t created_us, seen_us; /* 0: unknown, never */
	int64_t threads, tokens;
};

struct op_account_list {
	struct job job;
	int limit;
	char *after;            /* name, or NULL */
	struct account_row *rows;
	size_t n;
	bool more;
};
struct op_account_list *op_account_list_new(void);
int op_account_list_run(struct db *db, struct job *j);
void op_account_list_free(struct op_account_list *op);

enum account_change { ACCOUNT_ADD, ACCOUNT_ROLE, ACCOUNT_REMOVE };

/*
 * STORE_E_CONFLICT: the name or the uid is taken; the last admin with a way in would go.
 * Removed, an account is out at once: no name, no uid, no tokens. What it owns goes bit by bit,
 * with op_account_purge.
 */
struct op_account_change {
	struct job job;
	enum account_change change;
	char *name;
	int64_t uid;            /* ADD; -1: none */
	enum account_role role; /* ADD, ROLE */
	char *hash;             /* ADD, or NULL; wiped */
	struct actor actor;
	struct account account; /* out */
};
struct op_account_change *op_account_change_new(void);
int op_account_change_run(struct db *db, struct job *j);
void op_account_change_free(struct op_account_change *op);

/*
 * One bit of what removed accounts leave behind: no transaction gets long. Submit again while `more`.
 * look: only whose (STORE_KEYED).
 */
struct op_account_purge {
	struct job job;
	bool look;
	bool more;
	id_str account;         /* out: whose it was; its documents are the caller's to remove */
};
struct op_account_purge *op_account_purge_new(void);
int op_account_purge_run(struct db *db, struct job *j);
void op_account_purge_free(struct op_account_purge *op);

/* ---- tokens ---- */

struct token_row {
	token_id id;
	char *label;
	int64_t uid;            /* -1: any */
	int64_t created_us, expires_us, used_us; /* used 0: never */
};

struct op_token_create {
	struct job job;
	struct account account;
	uint8_t digest[SHA256_LEN];
	char *label;
	int64_t uid, expires_us;
	int max;                /* tokens of an account; past it STORE_E_CONFLICT */
	struct actor actor;
	token_id id;            /* out */
};
struct op_token_create *op_token_create_new(void);
int op_token_create_run(struct db *db, struct job *j);
void op_token_create_free(struct op_token_create *op);

struct op_token_list {
	struct job job;
	struct account account;
	struct token_row *rows; /* newest first; expired ones are gone */
	size_t n;
};
struct op_token_list *op_token_list_new(void);
int op_token_list_run(struct db *db, struct job *j);
void op_token_list_free(struct op_token_list *op);

struct op_token_revoke {
	struct job job;
	struct account account;
	char *id;               /* NULL: all */
	struct actor actor;
	int64_t revoked;        /* out */
};
struct op_token_revoke *op_token_revoke_new(void);
int op_token_revoke_run(struct db *db, struct job *j);
void op_token_revoke_free(struct op_token_revoke *op);

/* ---- records ---- */

struct record_row {
	int64_t id, at_us, uid; /* uid -1: unknown */
	bool failed;
	char *kind, *account, *actor, *detail;
};

struct op_record_list {
	struct job job;
	int limit;
	int64_t before;         /* id; INT64_MAX: the newest */
	char *account;          /* only those about or by this name; NULL: all */
	bool failed;            /* only failures */
	struct record_row *rows; /* newest first */
	size_t n;
	bool more;
};
struct op_record_list *op_record_list_new(void);
int op_record_list_run(struct db *db, struct job *j);
void op_record_list_free(struct op_record_list *op);
