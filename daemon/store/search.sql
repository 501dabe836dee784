-- search.db: the index of what was said. All of it can be made again from chat_history.db.
--
-- Every account has tables of words of its own, so that nobody's words weigh in another's search or
-- slow it down, cut by time into shards of some 30 000 rows: a look at the newest is cheap however
-- common the words, and what was deleted is merged out of one shard, not out of all. A row is a
-- piece of a question or an answer; its rowid is base << 8 | piece, base being the turn's time in
-- microseconds, moved to a free one.

CREATE TABLE state (
	id          INTEGER PRIMARY KEY CHECK (id = 1),
	fingerprint INTEGER NOT NULL,           -- of the rules for words
	upto        INTEGER NOT NULL,           -- ragchat_change.n seen so far
	part        INTEGER NOT NULL DEFAULT 0, -- of the thread after that: 0 goes out, n + 1: turns to seq n are in
	filled      INTEGER NOT NULL DEFAULT 0, -- 1: whatever was there at the beginning is in; until then the place:
	account     TEXT NOT NULL DEFAULT '',
	created     INTEGER NOT NULL DEFAULT -1,
	turn        TEXT NOT NULL DEFAULT ''
);

CREATE TABLE account (
	no INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE
);

-- Its words are in said_ID. `first`: the smallest base; dirty 1: what was deleted is to be merged
-- out, 2: that has begun.
CREATE TABLE shard (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL,
	first   INTEGER NOT NULL,
	rows    INTEGER NOT NULL DEFAULT 0,
	dirty   INTEGER NOT NULL DEFAULT 0,
	UNIQUE (account, first)
);
CREATE INDEX shard_dirty ON shard (dirty) WHERE dirty <> 0;

CREATE TABLE thread (
	no INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE
);

CREATE TABLE turn (
	account INTEGER NOT NULL,
	base    INTEGER NOT NULL,
	id      TEXT NOT NULL,
	thread  INTEGER NOT NULL,
	shard   INTEGER NOT NULL,
	rows    INTEGER NOT NULL,
	PRIMARY KEY (account, base)
) WITHOUT ROWID;
CREATE UNIQUE INDEX turn_thread ON turn (thread, id);
