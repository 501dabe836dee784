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
INSERT INTO users VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d','root','2026-11-28T20:32:09.468279Z','{}');
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
INSERT INTO threads VALUES('30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','2026-11-28T20:32:09.571393Z','fees','19c1d4c3-6758-4001-ad94-b9f60fbbd89d','root',NULL,'{}');
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
INSERT INTO steps VALUES('7f11e851-9ee7-465a-9240-c355d2c8706a','root','user_message','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1',NULL,0,0,0,0,'{}',NULL,NULL,'How much do members pay a month?','2026-11-28T20:32:09.571393Z','2026-11-28T20:32:09.571393Z','2026-11-28T20:32:09.571393Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO steps VALUES('37c8af1e-b376-4815-84fc-df6e1cd370d4','on_message','run','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','7f11e851-9ee7-465a-9240-c355d2c8706a',0,0,NULL,0,'{}',NULL,'How much do members pay a month?','','2026-11-28T20:32:09.571394Z','2026-11-28T20:32:09.571394Z','2026-11-28T20:32:09.574973Z','json',NULL,NULL,'null',NULL,NULL,0,0);
INSERT INTO steps VALUES('f41ab7ff-1178-4494-a3bb-715053d7fb84','Assistant','assistant_message','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','37c8af1e-b376-4815-84fc-df6e1cd370d4',0,0,0,0,'{}',NULL,NULL,replace('No language model is set up. The closest passages, quoted:\n\n> Members pay 24 euros a month. Guests pay 5 euros a day. [1]\n\n','\n',char(10)),'2026-11-28T20:32:09.571395Z','2026-11-28T20:32:09.571395Z','2026-11-28T20:32:09.571395Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
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
INSERT INTO elements VALUES('04d698a8-c9be-4436-b698-5e72f87c03d9','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','text',NULL,NULL,'[1]','side','9a19189b-ca14-4099-897e-27f49fa24700',NULL,NULL,NULL,'f41ab7ff-1178-4494-a3bb-715053d7fb84','text/plain','{"n": 1, "document": "9a19189b-ca14-4099-897e-27f49fa24700", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "handbook.md", "title": "Workshop > Fees", "quote": "Members pay 24 euros a month. Guests pay 5 euros a day.", "line": 5, "start": 21, "end": 76, "score": 10.64542263745325, "support": 1, "cited": true}',NULL,NULL);
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
INSERT INTO ragchat_thread VALUES('30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','19c1d4c3-6758-4001-ad94-b9f60fbbd89d',1795897929571393,1795897929574973,1,1,'37c8af1e-b376-4815-84fc-df6e1cd370d4',NULL,NULL);
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
INSERT INTO ragchat_turn VALUES('37c8af1e-b376-4815-84fc-df6e1cd370d4','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','19c1d4c3-6758-4001-ad94-b9f60fbbd89d',1,4,NULL,NULL,'7f11e851-9ee7-465a-9240-c355d2c8706a','37c8af1e-b376-4815-84fc-df6e1cd370d4','f41ab7ff-1178-4494-a3bb-715053d7fb84',1795897929571393,1795897929574973,123,'16f51d6a8491600c0afdda249bff47de79d118923164dab1cc5e217328618545','stop','documents',NULL,NULL,NULL,1,0.63847454947781601131,NULL,NULL,'{"times":{"started_ms":2,"asked_ms":3,"first_ms":3,"events":1}}',NULL,NULL,NULL);
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
INSERT INTO ragchat_key VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d','1d84d305-bb1f-4734-a309-59b4d76f30ea',X'6235eb931af3512fff8bec7285576413d620784294b6b0dfa9d04e7099f0a033','37c8af1e-b376-4815-84fc-df6e1cd370d4',1795897929572350);
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
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',1,1795897929483243,'document.added','c4066d33-93a1-4501-a0e3-d84ed81d8abc',NULL,'boat0.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',2,1795897929488102,'document.added','b24abd6c-b66c-417c-b8f2-ad3886378e61',NULL,'boat1.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',3,1795897929492436,'document.added','74ee979e-fa95-4686-b459-f6e1837626da',NULL,'boat2.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',4,1795897929496683,'document.added','05615136-e0f3-4192-8f9b-5897b068fe79',NULL,'boat3.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',5,1795897929501161,'document.added','e2e297c6-ea35-4938-a8d4-9b733120f640',NULL,'boat4.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',6,1795897929512874,'document.added','3928ca7f-8a8f-4c43-9376-92222830063d',NULL,'boat5.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',7,1795897929520507,'document.added','4627ff1f-988e-496c-a8dc-8a224bbc84e1',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',8,1795897929526495,'document.added','9a19189b-ca14-4099-897e-27f49fa24700',NULL,'handbook.md',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',9,1795897929533365,'document.changed','551af969-b467-40b9-aee3-ec997ed5e32b',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',10,1795897929538668,'document.added','77a119cc-a126-41dc-b9f5-ba9391d0284f',NULL,'tides.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',11,1795897929543292,'document.added','a473eec2-ce49-4dd6-a1c1-574aec41311a',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',12,1795897929554366,'document.added','33e522a3-5fde-47ca-bda8-655b71368afb',NULL,'copy.md',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',13,1795897929561906,'document.added','161e5b89-489e-47ad-bf01-13c5ffa86591',NULL,'letters.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',14,1795897929568925,'document.removed','a473eec2-ce49-4dd6-a1c1-574aec41311a',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',15,1795897929572222,'thread.created','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1',NULL,'fees',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',16,1795897929572283,'turn.begun','37c8af1e-b376-4815-84fc-df6e1cd370d4','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','fees',NULL);
INSERT INTO ragchat_event VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',17,1795897929575219,'turn.ended','37c8af1e-b376-4815-84fc-df6e1cd370d4','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','fees','done');
CREATE TABLE ragchat_event_mark (
	account TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_event_mark VALUES('19c1d4c3-6758-4001-ad94-b9f60fbbd89d',17);
CREATE TABLE ragchat_carried (
	id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO ragchat_carried VALUES('0a138bc7-1b75-4008-9747-59d75c91db39');
CREATE TABLE ragchat_change (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	thread TEXT NOT NULL,
	turn TEXT
);
INSERT INTO ragchat_change VALUES(1,'19c1d4c3-6758-4001-ad94-b9f60fbbd89d','30e812d4-8482-4d61-b3b6-4e18ab2ce7c1','37c8af1e-b376-4815-84fc-df6e1cd370d4');
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
