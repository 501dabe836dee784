-- Version 6: what the search has still to see, threads on their way in or out, tags by themselves.

-- What was written since the index of the search last looked (search.db): a turn, or with turn NULL a
-- thread, that may be gone; thread '': the account is gone. Numbers are never given twice.
CREATE TABLE ragchat_change (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	thread TEXT NOT NULL,
	turn TEXT
);

-- Threads that nobody sees while their rows come or go, bit by bit. What a crash leaves goes.
CREATE TABLE ragchat_passing (
	thread TEXT PRIMARY KEY,
	account TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE ragchat_tag (
	account TEXT NOT NULL,
	tag TEXT NOT NULL,
	thread TEXT NOT NULL,
	PRIMARY KEY (account, tag, thread)
) WITHOUT ROWID;
CREATE INDEX ragchat_tag_thread ON ragchat_tag(thread);
INSERT OR IGNORE INTO ragchat_tag(account, tag, thread)
	SELECT t.account, e.value, t.id FROM ragchat_thread t, json_each(t.tags) e
	WHERE t.tags IS NOT NULL AND json_valid(t.tags);
