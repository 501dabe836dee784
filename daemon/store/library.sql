-- library.db: documents and their index, apart from the conversations.
--
-- A document's text is stored once, as bytes in pieces; passages are places in it. The words of a
-- collection are an FTS5 table of its own, words_<collection>, made when the first document comes:
-- contentless (the text is here already), without sizes (they lie packed in `lengths`), with
-- positions (how often a word occurs is counted from them). Its rowids are passage ids.
--
-- A passage id is collection << 40 | its number, counted from 0 and never given twice: what an
-- index may still hold of a document that is gone can then never point at another one.

CREATE TABLE collection (
	id        INTEGER PRIMARY KEY,
	account   TEXT NOT NULL,
	name      TEXT NOT NULL,
	next      INTEGER NOT NULL DEFAULT 0, -- number of the passage that comes next
	documents INTEGER NOT NULL DEFAULT 0, -- of state 1; so are the three below
	passages  INTEGER NOT NULL DEFAULT 0,
	terms     INTEGER NOT NULL DEFAULT 0, -- in those passages: with `passages` the mean length
	bytes     INTEGER NOT NULL DEFAULT 0,
	UNIQUE (account, name)
);

-- state 0: on its way in, 1: there, 2: on its way out. Only 1 is seen by anybody.
CREATE TABLE document (
	key        INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	collection INTEGER NOT NULL REFERENCES collection (id),
	name       TEXT NOT NULL,
	sha256     TEXT NOT NULL,              -- of the file as it came
	bytes      INTEGER NOT NULL,           -- of the file
	text_bytes INTEGER NOT NULL,           -- of the text in `piece`
	first      INTEGER NOT NULL UNIQUE,    -- id of its first passage, the others follow
	passages   INTEGER NOT NULL,
	terms      INTEGER NOT NULL DEFAULT 0,
	state      INTEGER NOT NULL,
	added      INTEGER NOT NULL            -- microseconds since 1970
);
CREATE UNIQUE INDEX document_name ON document (collection, name) WHERE state = 1;
CREATE INDEX document_moving ON document (state) WHERE state <> 1;

-- id: document.key << 20 | number; each but the last has 32768 bytes.
CREATE TABLE piece (
	id    INTEGER PRIMARY KEY,
	bytes BLOB NOT NULL
);

-- start, end: bytes of the document's text; line from 1; page from 1 or -1; heading may be NULL.
CREATE TABLE passage (
	id      INTEGER PRIMARY KEY,
	start   INTEGER NOT NULL,
	end     INTEGER NOT NULL,
	line    INTEGER NOT NULL,
	page    INTEGER NOT NULL,
	heading TEXT
);

-- id: passage id >> 12. 4096 little-endian 16-bit numbers: terms in the passage, bit 15 set for the
-- first one of a document; 0x7fff: nothing to be seen here.
CREATE TABLE lengths (
	id   INTEGER PRIMARY KEY,
	data BLOB NOT NULL
);

-- One row: what the index makes of a fixed text. Another result, and the words are indexed anew.
CREATE TABLE tokenizer (
	fingerprint INTEGER NOT NULL
);
