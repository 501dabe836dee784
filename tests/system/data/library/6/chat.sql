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
INSERT INTO users VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9','root','2026-11-28T18:54:45.384193Z','{}');
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
INSERT INTO threads VALUES('b3e6ca82-e6fa-435c-b288-3297b3f3f398','2026-11-28T18:54:46.142371Z','fees','cd8828a7-140b-42c3-8b5a-2343508e0cb9','root',NULL,'{}');
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
INSERT INTO steps VALUES('76146874-46da-4d6d-908c-cc216a2a2b35','root','user_message','b3e6ca82-e6fa-435c-b288-3297b3f3f398',NULL,0,0,0,0,'{}',NULL,NULL,'How much do members pay a month?','2026-11-28T18:54:46.142371Z','2026-11-28T18:54:46.142371Z','2026-11-28T18:54:46.142371Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO steps VALUES('e5d21ec7-116c-4b2f-816a-10a2f1521202','on_message','run','b3e6ca82-e6fa-435c-b288-3297b3f3f398','76146874-46da-4d6d-908c-cc216a2a2b35',0,0,NULL,0,'{}',NULL,'How much do members pay a month?','','2026-11-28T18:54:46.142372Z','2026-11-28T18:54:46.142372Z','2026-11-28T18:54:46.325237Z','json',NULL,NULL,'null',NULL,NULL,0,0);
INSERT INTO steps VALUES('95ef9990-7b1c-4228-bd35-b1960106ecd0','Assistant','assistant_message','b3e6ca82-e6fa-435c-b288-3297b3f3f398','e5d21ec7-116c-4b2f-816a-10a2f1521202',0,0,0,0,'{}',NULL,NULL,replace('No language model is set up. The closest passages, quoted:\n\n> Members pay 24 euros a month. Guests pay 5 euros a day. [1]\n\n','\n',char(10)),'2026-11-28T18:54:46.142373Z','2026-11-28T18:54:46.142373Z','2026-11-28T18:54:46.142373Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
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
INSERT INTO elements VALUES('99d9a642-32b5-4d1f-9c9d-fb2514d283b9','b3e6ca82-e6fa-435c-b288-3297b3f3f398','text',NULL,NULL,'[1]','side','bc031cb4-4c44-491e-80ed-339597db5efc',NULL,NULL,NULL,'95ef9990-7b1c-4228-bd35-b1960106ecd0','text/plain','{"n": 1, "document": "bc031cb4-4c44-491e-80ed-339597db5efc", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "handbook.md", "title": "Workshop > Fees", "quote": "Members pay 24 euros a month. Guests pay 5 euros a day.", "line": 5, "start": 21, "end": 76, "score": 10.64542263745325, "support": 1, "cited": true}',NULL,NULL);
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
INSERT INTO ragchat_thread VALUES('b3e6ca82-e6fa-435c-b288-3297b3f3f398','cd8828a7-140b-42c3-8b5a-2343508e0cb9',1795892086142371,1795892086325237,1,1,'e5d21ec7-116c-4b2f-816a-10a2f1521202',NULL,NULL);
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
INSERT INTO ragchat_turn VALUES('e5d21ec7-116c-4b2f-816a-10a2f1521202','b3e6ca82-e6fa-435c-b288-3297b3f3f398','cd8828a7-140b-42c3-8b5a-2343508e0cb9',1,4,NULL,NULL,'76146874-46da-4d6d-908c-cc216a2a2b35','e5d21ec7-116c-4b2f-816a-10a2f1521202','95ef9990-7b1c-4228-bd35-b1960106ecd0',1795892086142371,1795892086325237,123,'16f51d6a8491600c0afdda249bff47de79d118923164dab1cc5e217328618545','stop','documents',NULL,NULL,NULL,1,0.63847454947781601131,NULL,NULL,'{"times":{"started_ms":114,"asked_ms":180,"first_ms":180,"events":1}}',NULL,NULL,NULL);
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
INSERT INTO ragchat_key VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9','41632b7d-0f7f-4294-ba5b-9182f3cfd90d',X'6235eb931af3512fff8bec7285576413d620784294b6b0dfa9d04e7099f0a033','e5d21ec7-116c-4b2f-816a-10a2f1521202',1795892086218482);
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
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',1,1795892085432608,'document.added','7b8b12a4-824d-4978-b090-c86bac9f246e',NULL,'boat0.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',2,1795892085457173,'document.added','631a2241-e37e-4c31-8b31-90e91419a9c0',NULL,'boat1.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',3,1795892085477739,'document.added','3d69ceb1-7caf-456f-b8d4-eedd78264668',NULL,'boat2.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',4,1795892085494544,'document.added','41f83bc3-ecee-47ad-bf75-e00d09edb429',NULL,'boat3.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',5,1795892085522976,'document.added','097bc373-821c-44c7-aab9-43c5f62c6c77',NULL,'boat4.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',6,1795892085551328,'document.added','b25416a3-6dea-42cb-b20f-5e3225fb7c80',NULL,'boat5.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',7,1795892085577734,'document.added','627c5b97-f7f4-4e56-866d-a0fc38de20c7',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',8,1795892085621384,'document.added','bc031cb4-4c44-491e-80ed-339597db5efc',NULL,'handbook.md',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',9,1795892085649991,'document.changed','931c8693-2eba-47d7-b0c4-62399f36c417',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',10,1795892085684007,'document.added','fcabd1b6-11e7-4a79-b60d-5b957153f0ab',NULL,'tides.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',11,1795892085729433,'document.added','705cdaca-c237-4bd7-9d60-3b5e3b03a381',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',12,1795892085860235,'document.added','4cfbae95-fa82-48b1-9f8b-dde59d5c68bf',NULL,'copy.md',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',13,1795892086003502,'document.added','9ea7e237-269b-46ae-9ca9-6fbdcb526a28',NULL,'letters.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',14,1795892086122437,'document.removed','705cdaca-c237-4bd7-9d60-3b5e3b03a381',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',15,1795892086200765,'thread.created','b3e6ca82-e6fa-435c-b288-3297b3f3f398',NULL,'fees',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',16,1795892086202599,'turn.begun','e5d21ec7-116c-4b2f-816a-10a2f1521202','b3e6ca82-e6fa-435c-b288-3297b3f3f398','fees',NULL);
INSERT INTO ragchat_event VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',17,1795892086330276,'turn.ended','e5d21ec7-116c-4b2f-816a-10a2f1521202','b3e6ca82-e6fa-435c-b288-3297b3f3f398','fees','done');
CREATE TABLE ragchat_event_mark (
	account TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_event_mark VALUES('cd8828a7-140b-42c3-8b5a-2343508e0cb9',17);
CREATE TABLE ragchat_carried (
	id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO ragchat_carried VALUES('aada20d5-6e4a-44d2-bdde-6223d05ba0a8');
CREATE TABLE ragchat_change (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	thread TEXT NOT NULL,
	turn TEXT
);
INSERT INTO ragchat_change VALUES(1,'cd8828a7-140b-42c3-8b5a-2343508e0cb9','b3e6ca82-e6fa-435c-b288-3297b3f3f398','e5d21ec7-116c-4b2f-816a-10a2f1521202');
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
