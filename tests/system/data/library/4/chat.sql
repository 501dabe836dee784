PRAGMA page_size=4096;
PRAGMA auto_vacuum=0;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE users (
	id TEXT PRIMARY KEY,
	identifier TEXT NOT NULL UNIQUE,
	"createdAt" TEXT,
	metadata TEXT NOT NULL DEFAULT '{}'
);
INSERT INTO users VALUES('046a8eed-be6a-457c-8143-0a380e60072c','root','2026-11-28T18:41:34.200225Z','{}');
CREATE TABLE threads (
	id TEXT PRIMARY KEY,
	"createdAt" TEXT,
	name TEXT,
	"userId" TEXT,
	"userIdentifier" TEXT,
	tags TEXT,
	metadata TEXT NOT NULL DEFAULT '{}',
	FOREIGN KEY ("userId") REFERENCES users(id) ON DELETE CASCADE
);
INSERT INTO threads VALUES('78488e17-3296-450c-8123-b61a859d64d4','2026-11-28T18:41:34.897321Z','fees','046a8eed-be6a-457c-8143-0a380e60072c','root',NULL,'{}');
CREATE TABLE steps (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	type TEXT NOT NULL,
	"threadId" TEXT NOT NULL,
	"parentId" TEXT,
	"disableFeedback" INTEGER NOT NULL DEFAULT 0,
	streaming INTEGER NOT NULL DEFAULT 0,
	"waitForAnswer" INTEGER,
	"isError" INTEGER NOT NULL DEFAULT 0,
	metadata TEXT NOT NULL DEFAULT '{}',
	tags TEXT,
	input TEXT,
	output TEXT,
	"createdAt" TEXT,
	start TEXT,
	"end" TEXT,
	"showInput" TEXT,
	language TEXT,
	indent INTEGER,
	generation TEXT,
	command TEXT,
	modes TEXT,
	"defaultOpen" INTEGER,
	"autoCollapse" INTEGER,
	FOREIGN KEY ("threadId") REFERENCES threads(id) ON DELETE CASCADE
);
INSERT INTO steps VALUES('4943370a-6ee7-4ad7-869a-e5288ec75d61','root','user_message','78488e17-3296-450c-8123-b61a859d64d4',NULL,0,0,0,0,'{}',NULL,NULL,'How much do members pay a month?','2026-11-28T18:41:34.897321Z','2026-11-28T18:41:34.897321Z','2026-11-28T18:41:34.897321Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO steps VALUES('f31c6deb-253f-4e68-8854-29b222c8106a','on_message','run','78488e17-3296-450c-8123-b61a859d64d4','4943370a-6ee7-4ad7-869a-e5288ec75d61',0,0,NULL,0,'{}',NULL,'How much do members pay a month?','','2026-11-28T18:41:34.897322Z','2026-11-28T18:41:34.897322Z','2026-11-28T18:41:34.954929Z','json',NULL,NULL,'null',NULL,NULL,0,0);
INSERT INTO steps VALUES('bb98a2de-426d-47f8-9190-4e5eae7f946a','Assistant','assistant_message','78488e17-3296-450c-8123-b61a859d64d4','f31c6deb-253f-4e68-8854-29b222c8106a',0,0,0,0,'{}',NULL,NULL,replace('No language model is set up. The closest passages, quoted:\n\n> Members pay 24 euros a month. Guests pay 5 euros a day. [1]\n\n','\n',char(10)),'2026-11-28T18:41:34.897323Z','2026-11-28T18:41:34.897323Z','2026-11-28T18:41:34.897323Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
CREATE TABLE feedbacks (
	id TEXT PRIMARY KEY,
	"forId" TEXT NOT NULL,
	"threadId" TEXT NOT NULL,
	value INTEGER NOT NULL,
	comment TEXT
);
CREATE TABLE elements (
	id TEXT PRIMARY KEY,
	"threadId" TEXT,
	type TEXT,
	url TEXT,
	"chainlitKey" TEXT,
	name TEXT NOT NULL,
	display TEXT,
	"objectKey" TEXT,
	size TEXT,
	page INTEGER,
	language TEXT,
	"forId" TEXT,
	mime TEXT,
	props TEXT,
	"autoPlay" INTEGER,
	"playerConfig" TEXT
);
INSERT INTO elements VALUES('2e849ef2-794f-43f2-8581-2fd090f39d62','78488e17-3296-450c-8123-b61a859d64d4','text',NULL,NULL,'[1]','side','168bf105-7069-4786-b139-1ab21c7feb84',NULL,NULL,NULL,'bb98a2de-426d-47f8-9190-4e5eae7f946a','text/plain','{"n": 1, "document": "168bf105-7069-4786-b139-1ab21c7feb84", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "handbook.md", "title": "Workshop > Fees", "quote": "Members pay 24 euros a month. Guests pay 5 euros a day.", "line": 5, "start": 21, "end": 76, "score": 10.64542263745325, "support": 1, "cited": true}',NULL,NULL);
CREATE TABLE ragchat_thread (
	id TEXT PRIMARY KEY,
	account TEXT NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	turns INTEGER NOT NULL DEFAULT 0,
	last_seq INTEGER NOT NULL DEFAULT 0,
	last_turn TEXT,
	origin TEXT,
	tags TEXT
) WITHOUT ROWID;
INSERT INTO ragchat_thread VALUES('78488e17-3296-450c-8123-b61a859d64d4','046a8eed-be6a-457c-8143-0a380e60072c',1795891294897321,1795891294954929,1,1,'f31c6deb-253f-4e68-8854-29b222c8106a',NULL,NULL);
CREATE TABLE ragchat_turn (
	id TEXT PRIMARY KEY,
	thread TEXT NOT NULL,
	account TEXT NOT NULL,
	seq INTEGER NOT NULL,
	state INTEGER NOT NULL,
	parent TEXT,
	of TEXT,
	user_step TEXT,
	run_step TEXT,
	answer_step TEXT,
	created INTEGER NOT NULL,
	ended INTEGER,
	length INTEGER NOT NULL DEFAULT 0,
	sha256 TEXT,
	finish_reason TEXT,
	model TEXT,
	origin TEXT,
	error TEXT,
	error_text TEXT,
	found INTEGER,
	coverage REAL,
	usage TEXT,
	notices TEXT,
	meta TEXT,
	sources TEXT,
	reasoning TEXT, marks TEXT,
	UNIQUE (thread, seq)
);
INSERT INTO ragchat_turn VALUES('f31c6deb-253f-4e68-8854-29b222c8106a','78488e17-3296-450c-8123-b61a859d64d4','046a8eed-be6a-457c-8143-0a380e60072c',1,4,NULL,NULL,'4943370a-6ee7-4ad7-869a-e5288ec75d61','f31c6deb-253f-4e68-8854-29b222c8106a','bb98a2de-426d-47f8-9190-4e5eae7f946a',1795891294897321,1795891294954929,123,'16f51d6a8491600c0afdda249bff47de79d118923164dab1cc5e217328618545','stop','documents',NULL,NULL,NULL,1,0.63847454947781601131,NULL,NULL,'{"times":{"started_ms":3,"asked_ms":57,"first_ms":57,"events":1}}',NULL,NULL,NULL);
CREATE TABLE ragchat_delta (
	id INTEGER PRIMARY KEY,
	turn TEXT NOT NULL,
	off INTEGER NOT NULL,
	text TEXT NOT NULL
);
CREATE TABLE ragchat_key (
	account TEXT NOT NULL,
	key TEXT NOT NULL,
	digest BLOB NOT NULL,
	turn TEXT NOT NULL,
	created INTEGER NOT NULL,
	PRIMARY KEY (account, key)
) WITHOUT ROWID;
INSERT INTO ragchat_key VALUES('046a8eed-be6a-457c-8143-0a380e60072c','fe1b8cd1-d5a8-40ce-b03f-32d61f1e0c13',X'6235eb931af3512fff8bec7285576413d620784294b6b0dfa9d04e7099f0a033','f31c6deb-253f-4e68-8854-29b222c8106a',1795891294898408);
CREATE TABLE ragchat_terminal (
	account TEXT NOT NULL,
	terminal TEXT NOT NULL,
	thread TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (account, terminal)
) WITHOUT ROWID;
CREATE TABLE ragchat_meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_meta VALUES('chainlit_step','');
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
CREATE TABLE ragchat_share (
	id INTEGER PRIMARY KEY,
	thread TEXT NOT NULL,
	account TEXT,
	gid INTEGER,
	created INTEGER NOT NULL
);
CREATE TABLE ragchat_member (
	account TEXT NOT NULL,
	gid INTEGER NOT NULL,
	PRIMARY KEY (account, gid)
) WITHOUT ROWID;
CREATE TABLE ragchat_upload (
	account TEXT PRIMARY KEY,
	day INTEGER NOT NULL,
	uploads INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE ragchat_event (
	account TEXT NOT NULL,
	n INTEGER NOT NULL,
	at INTEGER NOT NULL,
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	thread TEXT,
	name TEXT,
	state TEXT,
	PRIMARY KEY (account, n)
) WITHOUT ROWID;
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',1,1795891294317564,'document.added','3de82b87-f654-4296-bce7-873c1394475e',NULL,'boat0.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',2,1795891294372794,'document.added','db99e7fc-0ad7-4ae6-9ed7-76db65e102dd',NULL,'boat1.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',3,1795891294405665,'document.added','bc83ebfc-1d26-4368-8f1f-e957597ba590',NULL,'boat2.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',4,1795891294490749,'document.added','fc6a5ec0-ddf5-4179-96d2-7a2cb2cec49a',NULL,'boat3.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',5,1795891294605313,'document.added','8b1d0c8d-44d7-4d1e-aef6-b88a4287d689',NULL,'boat4.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',6,1795891294605351,'document.added','70b41fda-70ae-4b36-b38c-a00a44a2cf0b',NULL,'boat5.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',7,1795891294665491,'document.added','cd916cb0-2df5-433b-939d-eb12be45a180',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',8,1795891294665517,'document.added','168bf105-7069-4786-b139-1ab21c7feb84',NULL,'handbook.md',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',9,1795891294717224,'document.changed','d789b18e-24c6-42f4-b52a-0e597be7da82',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',10,1795891294789438,'document.added','65f14fa0-f72b-4882-bb09-6aa7f1caf697',NULL,'tides.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',11,1795891294812510,'document.added','e614eb73-f51f-41a5-ad7d-fdef744be704',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',12,1795891294833644,'document.added','282efea5-ece4-4cf3-a515-6039245243d6',NULL,'copy.md',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',13,1795891294878841,'document.added','0c35eb6a-752c-45ff-bcb4-7bef4989c595',NULL,'letters.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',14,1795891294885950,'document.removed','e614eb73-f51f-41a5-ad7d-fdef744be704',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',15,1795891294898306,'thread.created','78488e17-3296-450c-8123-b61a859d64d4',NULL,'fees',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',16,1795891294898346,'turn.begun','f31c6deb-253f-4e68-8854-29b222c8106a','78488e17-3296-450c-8123-b61a859d64d4','fees',NULL);
INSERT INTO ragchat_event VALUES('046a8eed-be6a-457c-8143-0a380e60072c',17,1795891294955308,'turn.ended','f31c6deb-253f-4e68-8854-29b222c8106a','78488e17-3296-450c-8123-b61a859d64d4','fees','done');
CREATE TABLE ragchat_event_mark (
	account TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_event_mark VALUES('046a8eed-be6a-457c-8143-0a380e60072c',17);
CREATE TABLE ragchat_carried (
	id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO ragchat_carried VALUES('4dfdfb9e-ede3-450d-a123-ac696cc1f4e1');
CREATE TABLE ragchat_change (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	thread TEXT NOT NULL,
	turn TEXT
);
INSERT INTO ragchat_change VALUES(1,'046a8eed-be6a-457c-8143-0a380e60072c','78488e17-3296-450c-8123-b61a859d64d4','f31c6deb-253f-4e68-8854-29b222c8106a');
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
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('ragchat_change',1);
CREATE INDEX ragchat_steps_thread ON steps("threadId", "createdAt");
CREATE INDEX ragchat_feedbacks_for ON feedbacks("forId");
CREATE INDEX ragchat_elements_thread ON elements("threadId", "forId");
CREATE INDEX ragchat_threads_name ON threads("userId",
	rtrim(substr(substr(ltrim(name, char(9,10,13,32)), 1,
		instr(ltrim(name, char(9,10,13,32)) || char(10), char(10)) - 1), 1, 200), char(9,13,32)));
CREATE INDEX ragchat_thread_page ON ragchat_thread(account, updated, id, turns);
CREATE INDEX ragchat_turn_page ON ragchat_turn(account, created, id);
CREATE INDEX ragchat_turn_live ON ragchat_turn(state) WHERE state < 4;
CREATE INDEX ragchat_delta_turn ON ragchat_delta(turn, off);
CREATE INDEX ragchat_key_created ON ragchat_key(created);
CREATE INDEX ragchat_terminal_at ON ragchat_terminal(account, at);
CREATE INDEX ragchat_account_removed ON ragchat_account(removed) WHERE removed IS NOT NULL;
CREATE INDEX ragchat_token_account ON ragchat_token(account, created);
CREATE INDEX ragchat_record_failed ON ragchat_record(failed, id);
CREATE UNIQUE INDEX ragchat_share_account ON ragchat_share(account, thread) WHERE account IS NOT NULL;
CREATE UNIQUE INDEX ragchat_share_gid ON ragchat_share(gid, thread) WHERE gid IS NOT NULL;
CREATE INDEX ragchat_share_thread ON ragchat_share(thread);
CREATE INDEX ragchat_steps_bytes ON steps("threadId", length(CAST(output AS BLOB)));
CREATE INDEX ragchat_tag_thread ON ragchat_tag(thread);
CREATE INDEX ragchat_turn_odd ON ragchat_turn(account, state, thread, id) WHERE state > 4;
COMMIT;
PRAGMA application_id=1380009795;
PRAGMA user_version=8;
