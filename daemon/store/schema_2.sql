-- Version 2: who may use the daemon. An account is a row of `users`, as in Chainlit; what only we know
-- of it stands here and may be missing: then it has no uid, no password and the role user.

CREATE TABLE ragchat_account (
	id TEXT PRIMARY KEY,
	uid INTEGER UNIQUE,
	role INTEGER NOT NULL DEFAULT 0,
	password TEXT,
	password_at INTEGER,
	created INTEGER NOT NULL,
	seen INTEGER,
	removed INTEGER
) WITHOUT ROWID;
CREATE INDEX ragchat_account_removed ON ragchat_account(removed) WHERE removed IS NOT NULL;

-- Of a token only its SHA-256 is kept: 256 random bits need no slow hash. `uid` NULL: any peer may use it.
CREATE TABLE ragchat_token (
	digest BLOB PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	account TEXT NOT NULL,
	uid INTEGER,
	label TEXT,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	used INTEGER
) WITHOUT ROWID;
CREATE INDEX ragchat_token_account ON ragchat_token(account, created);

-- What happened to accounts, by name as it was then, without secrets. Failures are counted apart, so
-- that a flood of them pushes nothing else out.
CREATE TABLE ragchat_record (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	kind TEXT NOT NULL,
	account TEXT,
	actor TEXT,
	uid INTEGER,
	detail TEXT
);
CREATE INDEX ragchat_record_failed ON ragchat_record(failed, id);
