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
INSERT INTO users VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64','root','2026-11-28T18:40:13.253362Z','{}');
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
INSERT INTO threads VALUES('6fe6a464-c600-4f32-a7af-775fab9caa6a','2026-11-28T18:40:13.815282Z','fees','afcd2786-057b-4c54-acec-63bb5e01cb64','root',NULL,'{}');
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
INSERT INTO steps VALUES('c4714c21-0bd6-443c-96e4-cf56212ef0a3','root','user_message','6fe6a464-c600-4f32-a7af-775fab9caa6a',NULL,0,0,0,0,'{}',NULL,NULL,'How much do members pay a month?','2026-11-28T18:40:13.815282Z','2026-11-28T18:40:13.815282Z','2026-11-28T18:40:13.815282Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
INSERT INTO steps VALUES('985eddaf-7b43-4e73-a29a-41d8618b1e37','on_message','run','6fe6a464-c600-4f32-a7af-775fab9caa6a','c4714c21-0bd6-443c-96e4-cf56212ef0a3',0,0,NULL,0,'{}',NULL,'How much do members pay a month?','','2026-11-28T18:40:13.815283Z','2026-11-28T18:40:13.815283Z','2026-11-28T18:40:13.826806Z','json',NULL,NULL,'null',NULL,NULL,0,0);
INSERT INTO steps VALUES('e51172f6-b36f-4c8c-b6c6-24b423499948','Assistant','assistant_message','6fe6a464-c600-4f32-a7af-775fab9caa6a','985eddaf-7b43-4e73-a29a-41d8618b1e37',0,0,0,0,'{}',NULL,NULL,replace('No language model is set up. The closest passages, quoted:\n\n> Members pay 24 euros a month. Guests pay 5 euros a day. [1]\n\n','\n',char(10)),'2026-11-28T18:40:13.815284Z','2026-11-28T18:40:13.815284Z','2026-11-28T18:40:13.815284Z',NULL,NULL,NULL,'{}',NULL,NULL,NULL,NULL);
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
INSERT INTO elements VALUES('0e5ade1f-508b-4fe0-a684-beb4e89dda8b','6fe6a464-c600-4f32-a7af-775fab9caa6a','text',NULL,NULL,'[1]','side','72669a32-d6d5-4fdb-bc2d-9a5de5f06bc6',NULL,NULL,NULL,'e51172f6-b36f-4c8c-b6c6-24b423499948','text/plain','{"n": 1, "document": "72669a32-d6d5-4fdb-bc2d-9a5de5f06bc6", "sha256": "58dea61c2b25f6825da1a3fb3d315de08f4c8554040bde0bc06504f8831be6e8", "path": "handbook.md", "title": "Workshop > Fees", "quote": "Members pay 24 euros a month. Guests pay 5 euros a day.", "line": 5, "start": 21, "end": 76, "score": 10.816025093301997, "cited": true}',NULL,NULL);
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
INSERT INTO ragchat_thread VALUES('6fe6a464-c600-4f32-a7af-775fab9caa6a','afcd2786-057b-4c54-acec-63bb5e01cb64',1795891213815282,1795891213826806,1,1,'985eddaf-7b43-4e73-a29a-41d8618b1e37',NULL,NULL);
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
INSERT INTO ragchat_turn VALUES('985eddaf-7b43-4e73-a29a-41d8618b1e37','6fe6a464-c600-4f32-a7af-775fab9caa6a','afcd2786-057b-4c54-acec-63bb5e01cb64',1,4,NULL,NULL,'c4714c21-0bd6-443c-96e4-cf56212ef0a3','985eddaf-7b43-4e73-a29a-41d8618b1e37','e51172f6-b36f-4c8c-b6c6-24b423499948',1795891213815282,1795891213826806,123,'16f51d6a8491600c0afdda249bff47de79d118923164dab1cc5e217328618545','stop','documents',NULL,NULL,NULL,1,0.74300623287494471647,NULL,NULL,'{"times":{"started_ms":2,"asked_ms":11,"first_ms":11}}',NULL,NULL);
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
INSERT INTO ragchat_key VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64','45a05d76-9787-4e8b-b8a4-13f7f58aba58',X'6235eb931af3512fff8bec7285576413d620784294b6b0dfa9d04e7099f0a033','985eddaf-7b43-4e73-a29a-41d8618b1e37',1795891213815879);
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
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',1,1795891213339058,'document.added','8828947a-82ea-4993-9b16-f0777baaa28f',NULL,'boat0.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',2,1795891213373811,'document.added','f407345c-1928-4bc0-a133-dc22afcf8caf',NULL,'boat1.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',3,1795891213445937,'document.added','b7e19e33-f876-44fc-9877-7ae3840061b4',NULL,'boat2.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',4,1795891213474994,'document.added','26cd141a-9ad4-469f-b3b8-913cf31c3064',NULL,'boat3.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',5,1795891213537546,'document.added','d432b71e-4258-46b5-9e4b-5d61ffecc746',NULL,'boat4.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',6,1795891213590868,'document.added','879560f3-cb3c-48d5-8693-4ca7878ea1bf',NULL,'boat5.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',7,1795891213609956,'document.added','1c22b171-8d86-44f9-9469-a3aa2ea08594',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',8,1795891213641580,'document.added','72669a32-d6d5-4fdb-bc2d-9a5de5f06bc6',NULL,'handbook.md',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',9,1795891213660548,'document.changed','57de5a42-9f2a-4da0-bced-8734ff18cf2a',NULL,'recipes.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',10,1795891213678302,'document.added','145b3e24-c7a9-430a-8338-1b81ab6dd84c',NULL,'tides.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',11,1795891213685831,'document.added','a2889705-36eb-4f50-b39b-1b186a76a8b4',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',12,1795891213767201,'document.added','1f93a8ee-e011-49af-8f9b-ed49a56621fa',NULL,'letters.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',13,1795891213795546,'document.removed','a2889705-36eb-4f50-b39b-1b186a76a8b4',NULL,'gone.txt',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',14,1795891213815850,'thread.created','6fe6a464-c600-4f32-a7af-775fab9caa6a',NULL,'fees',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',15,1795891213815877,'turn.begun','985eddaf-7b43-4e73-a29a-41d8618b1e37','6fe6a464-c600-4f32-a7af-775fab9caa6a','fees',NULL);
INSERT INTO ragchat_event VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',16,1795891213827206,'turn.ended','985eddaf-7b43-4e73-a29a-41d8618b1e37','6fe6a464-c600-4f32-a7af-775fab9caa6a','fees','done');
CREATE TABLE ragchat_event_mark (
	account TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO ragchat_event_mark VALUES('afcd2786-057b-4c54-acec-63bb5e01cb64',16);
CREATE TABLE ragchat_carried (
	id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO ragchat_carried VALUES('4d090374-1cb0-4431-9aa7-32da7cea2da3');
CREATE TABLE ragchat_change (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	thread TEXT NOT NULL,
	turn TEXT
);
INSERT INTO ragchat_change VALUES(1,'afcd2786-057b-4c54-acec-63bb5e01cb64','6fe6a464-c600-4f32-a7af-775fab9caa6a','985eddaf-7b43-4e73-a29a-41d8618b1e37');
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
PRAGMA user_version=6;
