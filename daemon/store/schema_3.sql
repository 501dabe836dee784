-- Version 3: threads that others may read. With one account, or with a group by its number: whose
-- members are known from when they connect.

CREATE TABLE ragchat_share (
	id INTEGER PRIMARY KEY,
	thread TEXT NOT NULL,
	account TEXT,
	gid INTEGER,
	created INTEGER NOT NULL
);
CREATE UNIQUE INDEX ragchat_share_account ON ragchat_share(account, thread) WHERE account IS NOT NULL;
CREATE UNIQUE INDEX ragchat_share_gid ON ragchat_share(gid, thread) WHERE gid IS NOT NULL;
CREATE INDEX ragchat_share_thread ON ragchat_share(thread);

CREATE TABLE ragchat_member (
	account TEXT NOT NULL,
	gid INTEGER NOT NULL,
	PRIMARY KEY (account, gid)
) WITHOUT ROWID;
