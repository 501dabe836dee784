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
INSERT INTO users VALUES('b26b7324-facc-48f2-8f25-323479619822','root','2026-11-28T18:40:09.539090Z','{}');
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
INSERT INTO threads VALUES('88adbebe-5486-4881-ae5c-4699b18ba01e','2026-11-28T18:40:09.781321Z','fees','b26b7324-facc-48f2-8f25-323479619822','root',NULL,'{}');
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
INSERT INTO steps VALUES('e72e19f7-452f-4bdf-92fa-364d6dc327d4','root','user_message','88adbebe-5486-4881-ae5c-4699b18ba01e',NULL,0,0,0,0,'{}',NULL,NULL,'How much do members pay a month?','2026-11-28T18:40:09.781321Z','2026-11-28T18:40:09.781321Z','2026-11-28T18:40:09.781321Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO steps VALUES('d858a461-052c-4bf2-9d96-ecbf5c0a5d56','on_message','run','88adbebe-5486-4881-ae5c-4699b18ba01e','e72e19f7-452f-4bdf-92fa-364d6dc327d4',0,0,NULL,0,'{}',NULL,'How much do members pay a month?','','2026-11-28T18:40:09.781322Z','2026-11-28T18:40:09.781322Z','2026-11-28T18:40:09.786277Z','json',NULL,NULL,'null',NULL,NULL,0,0);
INSERT INTO steps VALUES('ab75b1f2-3ac0-4202-b3d8-5c39ae9fb674','Assistant','assistant_message','88adbebe-5486-4881-ae5c-4699b18ba01e','d858a461-052c-4bf2-9d96-ecbf5c0a5d56',0,0,0,0,'{}',NULL,NULL,replace('No language model is set up. The closest passages, quoted:\n\n> Members pay 24 euros a month. Guests pay 5 euros a day. [1]\n\n','\n',char(10)),'2026-11-28T18:40:09.781323Z','2026-11-28T18:40:09.781323Z','2026-11-28T18:40:09.781323Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
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
INSERT INTO elements VALUES('95431b0d-d8d9-4222-8790-a3add6f150bd','88adbebe-5486-4881-ae5c-4699b18ba01e','text',NULL,NULL,'[1]','side','479bb74d-1fab-4174-9a91-631cf3d6d179',NULL,NULL,NULL,'ab75b1f2-3ac0-4202-b3d8-5c39ae9fb674','text/plain','{"n": 1, "document": "479bb74d-1fab-4174-9a91-631cf3d6d179", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "handbook.md", "title": "Workshop > Fees", "quote": "Members pay 24 euros a month. Guests pay 5 euros a day.", "line": 5, "start": 21, "end": 76, "score": 9.061776474001569, "cited": true}',NULL,NULL);
INSERT INTO elements VALUES('9cd40922-13e2-4e98-a8e2-e5fa43eb0322','88adbebe-5486-4881-ae5c-4699b18ba01e','text',NULL,NULL,'[2]','side','915b81b6-b3f3-4538-9f68-605edb8bf4c1',NULL,NULL,NULL,'ab75b1f2-3ac0-4202-b3d8-5c39ae9fb674','text/plain','{"n": 2, "document": "915b81b6-b3f3-4538-9f68-605edb8bf4c1", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "copy.md", "title": "Workshop > Fees", "quote": "# Workshop\n\n## Fees\n\nMembers pay 24 euros a month. Guests pay 5 euros a day.", "line": 1, "start": 0, "end": 76, "score": 9.061776474001569, "cited": false}',NULL,NULL);
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
INSERT INTO ragchat_thread VALUES('88adbebe-5486-4881-ae5c-4699b18ba01e','b26b7324-facc-48f2-8f25-323479619822',1795891209781321,1795891209786277,1,1,'d858a461-052c-4bf2-9d96-ecbf5c0a5d56',NULL,NULL);
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
	reasoning TEXT,
	UNIQUE (thread, seq)
);
INSERT INTO ragchat_turn VALUES('d858a461-052c-4bf2-9d96-ecbf5c0a5d56','88adbebe-5486-4881-ae5c-4699b18ba01e','b26b7324-facc-48f2-8f25-323479619822',1,4,NULL,NULL,'e72e19f7-452f-4bdf-92fa-364d6dc327d4','d858a461-052c-4bf2-9d96-ecbf5c0a5d56','ab75b1f2-3ac0-4202-b3d8-5c39ae9fb674',1795891209781321,1795891209786277,123,'16f51d6a8491600c0afdda249bff47de79d118923164dab1cc5e217328618545','stop','documents',NULL,NULL,NULL,1,0.75447633829565852181,NULL,NULL,'{"times":{"started_ms":3,"asked_ms":4,"first_ms":4}}',NULL,NULL);
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
INSERT INTO ragchat_key VALUES('b26b7324-facc-48f2-8f25-323479619822','cecb4798-6c94-4977-be00-4d0e887dfa29',X'6235eb931af3512fff8bec7285576413d620784294b6b0dfa9d04e7099f0a033','d858a461-052c-4bf2-9d96-ecbf5c0a5d56',1795891209782017);
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
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',1,1795891209625704,'document.added','ebe9cea0-ee6b-489b-9d42-2e1548d41274',NULL,'boat0.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',2,1795891209645782,'document.added','1a6eef9d-1251-4159-8eda-5cbc724595aa',NULL,'boat1.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',3,1795891209690612,'document.added','575b1e32-585c-44f2-9819-e47e24556863',NULL,'boat2.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',4,1795891209737394,'document.added','9c117307-345f-4b2f-899d-2e09b0aa924d',NULL,'boat3.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',5,1795891209737421,'document.added','24b83f1b-f3d9-4966-b6f4-f780a9752016',NULL,'boat4.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',6,1795891209737437,'document.added','2ac09178-6e1d-4ccf-b8d3-fe46842c3f22',NULL,'boat5.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',7,1795891209737448,'document.added','022d30b8-c52f-48b9-8778-096bf6c5ede1',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',8,1795891209737459,'document.added','479bb74d-1fab-4174-9a91-631cf3d6d179',NULL,'handbook.md',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',9,1795891209761269,'document.changed','ef4620a3-46a6-4d97-a0b6-247cd180cd67',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',10,1795891209761289,'document.added','cf909739-cf38-482c-8aa6-277c641c82f2',NULL,'tides.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',11,1795891209781980,'thread.created','88adbebe-5486-4881-ae5c-4699b18ba01e',NULL,'fees',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',12,1795891209782014,'turn.begun','d858a461-052c-4bf2-9d96-ecbf5c0a5d56','88adbebe-5486-4881-ae5c-4699b18ba01e','fees',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',13,1795891209786722,'turn.ended','d858a461-052c-4bf2-9d96-ecbf5c0a5d56','88adbebe-5486-4881-ae5c-4699b18ba01e','fees','done');
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',14,1795891209813651,'document.added','49e97470-8737-480d-9b45-b53154de54d2',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',15,1795891209813671,'document.added','915b81b6-b3f3-4538-9f68-605edb8bf4c1',NULL,'copy.md',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',16,1795891209813685,'document.added','b7fdcf74-b23d-4a6d-8c69-e719f1af1e02',NULL,'letters.txt',NULL);
INSERT INTO ragchat_event VALUES('b26b7324-facc-48f2-8f25-323479619822',17,1795891209813786,'document.removed','49e97470-8737-480d-9b45-b53154de54d2',NULL,'gone.txt',NULL);
CREATE TABLE ragchat_event_mark (
	account TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_event_mark VALUES('b26b7324-facc-48f2-8f25-323479619822',17);
CREATE TABLE ragchat_carried (
	id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO ragchat_carried VALUES('2089142f-acd5-4a81-8083-d017e530145b');
INSERT INTO ragchat_carried VALUES('4038b3e5-b25a-4793-ab95-cacaed5189ae');
INSERT INTO ragchat_carried VALUES('5003508c-249a-4bb3-9def-61ea927e7b50');
INSERT INTO ragchat_carried VALUES('828e4f2e-2b55-4753-9aea-51c603b49b1d');
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
COMMIT;
PRAGMA application_id=1380009795;
PRAGMA user_version=5;
