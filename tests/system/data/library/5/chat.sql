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
INSERT INTO users VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96','root','2026-11-28T18:42:44.373408Z','{}');
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
INSERT INTO threads VALUES('baa71f75-9680-4732-821b-6e548ad514b6','2026-11-28T18:42:45.189227Z','fees','24ba2112-c6fa-4064-a50c-5fb0db021f96','root',NULL,'{}');
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
INSERT INTO steps VALUES('d1583142-6ef1-4ce9-93f1-79caa32a5d35','root','user_message','baa71f75-9680-4732-821b-6e548ad514b6',NULL,0,0,0,0,'{}',NULL,NULL,'How much do members pay a month?','2026-11-28T18:42:45.189227Z','2026-11-28T18:42:45.189227Z','2026-11-28T18:42:45.189227Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO steps VALUES('86c763a7-568f-4c79-9e49-8bc807c9cd1e','on_message','run','baa71f75-9680-4732-821b-6e548ad514b6','d1583142-6ef1-4ce9-93f1-79caa32a5d35',0,0,NULL,0,'{}',NULL,'How much do members pay a month?','','2026-11-28T18:42:45.189228Z','2026-11-28T18:42:45.189228Z','2026-11-28T18:42:45.204036Z','json',NULL,NULL,'null',NULL,NULL,0,0);
INSERT INTO steps VALUES('c2765bd2-d5e1-4b0d-83d3-fc5ec44a3123','Assistant','assistant_message','baa71f75-9680-4732-821b-6e548ad514b6','86c763a7-568f-4c79-9e49-8bc807c9cd1e',0,0,0,0,'{}',NULL,NULL,replace('No language model is set up. The closest passages, quoted:\n\n> Members pay 24 euros a month. Guests pay 5 euros a day. [1]\n\n','\n',char(10)),'2026-11-28T18:42:45.189229Z','2026-11-28T18:42:45.189229Z','2026-11-28T18:42:45.189229Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
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
INSERT INTO elements VALUES('5219dcd9-f9f0-4756-8ef6-dc9de4932797','baa71f75-9680-4732-821b-6e548ad514b6','text',NULL,NULL,'[1]','side','951fe15f-d3a9-411c-8bf0-53d6a1d8453c',NULL,NULL,NULL,'c2765bd2-d5e1-4b0d-83d3-fc5ec44a3123','text/plain','{"n": 1, "document": "951fe15f-d3a9-411c-8bf0-53d6a1d8453c", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "handbook.md", "title": "Workshop > Fees", "quote": "Members pay 24 euros a month. Guests pay 5 euros a day.", "line": 5, "start": 21, "end": 76, "score": 10.64542263745325, "support": 1, "cited": true}',NULL,NULL);
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
INSERT INTO ragchat_thread VALUES('baa71f75-9680-4732-821b-6e548ad514b6','24ba2112-c6fa-4064-a50c-5fb0db021f96',1795891365189227,1795891365204036,1,1,'86c763a7-568f-4c79-9e49-8bc807c9cd1e',NULL,NULL);
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
INSERT INTO ragchat_turn VALUES('86c763a7-568f-4c79-9e49-8bc807c9cd1e','baa71f75-9680-4732-821b-6e548ad514b6','24ba2112-c6fa-4064-a50c-5fb0db021f96',1,4,NULL,NULL,'d1583142-6ef1-4ce9-93f1-79caa32a5d35','86c763a7-568f-4c79-9e49-8bc807c9cd1e','c2765bd2-d5e1-4b0d-83d3-fc5ec44a3123',1795891365189227,1795891365204036,123,'16f51d6a8491600c0afdda249bff47de79d118923164dab1cc5e217328618545','stop','documents',NULL,NULL,NULL,1,0.63847454947781601131,NULL,NULL,'{"times":{"started_ms":4,"asked_ms":7,"first_ms":7,"events":1}}',NULL,NULL,NULL);
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
INSERT INTO ragchat_key VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96','a72bd159-fb19-48cf-b525-244bb509905a',X'6235eb931af3512fff8bec7285576413d620784294b6b0dfa9d04e7099f0a033','86c763a7-568f-4c79-9e49-8bc807c9cd1e',1795891365190079);
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
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',1,1795891364555864,'document.added','b8ef1cf0-30cb-4994-8729-7f2edaa2622e',NULL,'boat0.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',2,1795891364573852,'document.added','c4423c32-dfc8-483e-9709-c5444fc00d77',NULL,'boat1.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',3,1795891364593696,'document.added','2f8ae400-7b91-4427-a05d-b07e26ddfbe3',NULL,'boat2.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',4,1795891364645208,'document.added','22a74283-bd34-4272-8428-cbc412c7fb28',NULL,'boat3.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',5,1795891364695338,'document.added','6b3fac70-4162-490c-a0cd-6c48b24eeaa5',NULL,'boat4.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',6,1795891364752726,'document.added','b8d62c45-a83d-4205-a253-cd2160bbb9ec',NULL,'boat5.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',7,1795891364781281,'document.added','0b1181ce-5c67-4127-a095-b46367576618',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',8,1795891364790030,'document.added','951fe15f-d3a9-411c-8bf0-53d6a1d8453c',NULL,'handbook.md',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',9,1795891364797197,'document.changed','45b2b8a1-2172-4d39-8760-b58ed97e989d',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',10,1795891364835716,'document.added','fd6d2392-a75c-47bf-abf7-01e491ac5d23',NULL,'tides.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',11,1795891365011934,'document.added','facd989a-92c3-40d2-9993-dea9f63b9d1c',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',12,1795891365105339,'document.added','9aa33531-2657-4b60-ac3e-a8f58a53bc0c',NULL,'copy.md',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',13,1795891365138201,'document.added','11fc1f01-8684-49d4-960b-9d5a69e9bece',NULL,'letters.txt',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',14,1795891365190036,'thread.created','baa71f75-9680-4732-821b-6e548ad514b6',NULL,'fees',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',15,1795891365190075,'turn.begun','86c763a7-568f-4c79-9e49-8bc807c9cd1e','baa71f75-9680-4732-821b-6e548ad514b6','fees',NULL);
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',16,1795891365204412,'turn.ended','86c763a7-568f-4c79-9e49-8bc807c9cd1e','baa71f75-9680-4732-821b-6e548ad514b6','fees','done');
INSERT INTO ragchat_event VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',17,1795891365204513,'document.removed','facd989a-92c3-40d2-9993-dea9f63b9d1c',NULL,'gone.txt',NULL);
CREATE TABLE ragchat_event_mark (
	account TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_event_mark VALUES('24ba2112-c6fa-4064-a50c-5fb0db021f96',17);
CREATE TABLE ragchat_carried (
	id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO ragchat_carried VALUES('8c13c6bf-fbf8-4bce-bcc5-1ee76239659f');
CREATE TABLE ragchat_change (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	thread TEXT NOT NULL,
	turn TEXT
);
INSERT INTO ragchat_change VALUES(1,'24ba2112-c6fa-4064-a50c-5fb0db021f96','baa71f75-9680-4732-821b-6e548ad514b6','86c763a7-568f-4c79-9e49-8bc807c9cd1e');
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
