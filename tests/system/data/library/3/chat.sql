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
INSERT INTO users VALUES('133823c2-288d-473b-9035-9ba17e8a0eec','root','2026-11-28T18:40:18.281645Z','{}');
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
INSERT INTO threads VALUES('1bdf1d2e-3111-41d3-9629-d94561aa86f5','2026-11-28T18:40:19.426623Z','fees','133823c2-288d-473b-9035-9ba17e8a0eec','root',NULL,'{}');
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
INSERT INTO steps VALUES('3ea297fe-114f-45d6-845a-e06d7b225033','root','user_message','1bdf1d2e-3111-41d3-9629-d94561aa86f5',NULL,0,0,0,0,'{}',NULL,NULL,'How much do members pay a month?','2026-11-28T18:40:19.426623Z','2026-11-28T18:40:19.426623Z','2026-11-28T18:40:19.426623Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO steps VALUES('b60aef30-7c5d-4610-a1c3-627553df683e','on_message','run','1bdf1d2e-3111-41d3-9629-d94561aa86f5','3ea297fe-114f-45d6-845a-e06d7b225033',0,0,NULL,0,'{}',NULL,'How much do members pay a month?','','2026-11-28T18:40:19.426624Z','2026-11-28T18:40:19.426624Z','2026-11-28T18:40:19.449373Z','json',NULL,NULL,'null',NULL,NULL,0,0);
INSERT INTO steps VALUES('ff30593d-d6d8-439e-bafb-67707ebf454d','Assistant','assistant_message','1bdf1d2e-3111-41d3-9629-d94561aa86f5','b60aef30-7c5d-4610-a1c3-627553df683e',0,0,0,0,'{}',NULL,NULL,replace('No language model is set up. The closest passages, quoted:\n\n> Members pay 24 euros a month. Guests pay 5 euros a day. [1]\n\n','\n',char(10)),'2026-11-28T18:40:19.426625Z','2026-11-28T18:40:19.426625Z','2026-11-28T18:40:19.426625Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
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
INSERT INTO elements VALUES('aa500f90-9ac3-4cc8-bd5a-1189233bdcad','1bdf1d2e-3111-41d3-9629-d94561aa86f5','text',NULL,NULL,'[1]','side','d65d6bec-568a-4171-8bf6-089306c2a877',NULL,NULL,NULL,'ff30593d-d6d8-439e-bafb-67707ebf454d','text/plain','{"n": 1, "document": "d65d6bec-568a-4171-8bf6-089306c2a877", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "handbook.md", "title": "Workshop > Fees", "quote": "Members pay 24 euros a month. Guests pay 5 euros a day.", "line": 5, "start": 21, "end": 76, "score": 10.64542263745325, "support": 1, "cited": true}',NULL,NULL);
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
INSERT INTO ragchat_thread VALUES('1bdf1d2e-3111-41d3-9629-d94561aa86f5','133823c2-288d-473b-9035-9ba17e8a0eec',1795891219426623,1795891219449373,1,1,'b60aef30-7c5d-4610-a1c3-627553df683e',NULL,NULL);
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
INSERT INTO ragchat_turn VALUES('b60aef30-7c5d-4610-a1c3-627553df683e','1bdf1d2e-3111-41d3-9629-d94561aa86f5','133823c2-288d-473b-9035-9ba17e8a0eec',1,4,NULL,NULL,'3ea297fe-114f-45d6-845a-e06d7b225033','b60aef30-7c5d-4610-a1c3-627553df683e','ff30593d-d6d8-439e-bafb-67707ebf454d',1795891219426623,1795891219449373,123,'16f51d6a8491600c0afdda249bff47de79d118923164dab1cc5e217328618545','stop','documents',NULL,NULL,NULL,1,0.63847454947781601131,NULL,NULL,'{"times":{"started_ms":20,"asked_ms":22,"first_ms":22}}',NULL,NULL,NULL);
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
INSERT INTO ragchat_key VALUES('133823c2-288d-473b-9035-9ba17e8a0eec','e832c118-9812-4679-b4e3-e796b38710d7',X'6235eb931af3512fff8bec7285576413d620784294b6b0dfa9d04e7099f0a033','b60aef30-7c5d-4610-a1c3-627553df683e',1795891219427870);
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
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',1,1795891218546086,'document.added','742ac033-c6e4-4187-87f1-75366b7d75e7',NULL,'boat0.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',2,1795891218623635,'document.added','3d37d194-b989-464c-80b4-70c5b04ba189',NULL,'boat1.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',3,1795891218667818,'document.added','55c911a7-173e-41e7-9f40-d8dfb61c2632',NULL,'boat2.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',4,1795891218687368,'document.added','065ed9bc-23ef-4d17-9723-65cb2cadf177',NULL,'boat3.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',5,1795891218725683,'document.added','c19bcb03-9163-429a-b3d5-670cd7cc68b0',NULL,'boat4.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',6,1795891218737534,'document.added','5c8e9247-d32a-4b37-8a57-081fc834d4a9',NULL,'boat5.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',7,1795891218785462,'document.added','79e9f967-293b-46c2-a236-126456be7c10',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',8,1795891218873526,'document.added','d65d6bec-568a-4171-8bf6-089306c2a877',NULL,'handbook.md',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',9,1795891219030985,'document.changed','d20acef8-b569-41d8-9929-25bcc1044280',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',10,1795891219101511,'document.added','07798bed-d879-4395-9300-48c60a97f4bf',NULL,'tides.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',11,1795891219203968,'document.added','63f016bb-71de-41a0-8c85-415458c3d048',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',12,1795891219256101,'document.added','1b64ba12-e392-4ff1-9818-73e086583950',NULL,'copy.md',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',13,1795891219356425,'document.added','203108cf-662f-4cef-b599-12ea98e2192e',NULL,'letters.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',14,1795891219404786,'document.removed','63f016bb-71de-41a0-8c85-415458c3d048',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',15,1795891219427760,'thread.created','1bdf1d2e-3111-41d3-9629-d94561aa86f5',NULL,'fees',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',16,1795891219427802,'turn.begun','b60aef30-7c5d-4610-a1c3-627553df683e','1bdf1d2e-3111-41d3-9629-d94561aa86f5','fees',NULL);
INSERT INTO ragchat_event VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',17,1795891219449875,'turn.ended','b60aef30-7c5d-4610-a1c3-627553df683e','1bdf1d2e-3111-41d3-9629-d94561aa86f5','fees','done');
CREATE TABLE ragchat_event_mark (
	account TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_event_mark VALUES('133823c2-288d-473b-9035-9ba17e8a0eec',17);
CREATE TABLE ragchat_carried (
	id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO ragchat_carried VALUES('095bd036-f2a6-40e7-a904-b3512540ed97');
CREATE TABLE ragchat_change (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	thread TEXT NOT NULL,
	turn TEXT
);
INSERT INTO ragchat_change VALUES(1,'133823c2-288d-473b-9035-9ba17e8a0eec','1bdf1d2e-3111-41d3-9629-d94561aa86f5','b60aef30-7c5d-4610-a1c3-627553df683e');
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
COMMIT;
PRAGMA application_id=1380009795;
PRAGMA user_version=7;
