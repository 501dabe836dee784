-- Version 4: what an account keeps, and how many uploads it began on a day. The sizes of its texts are
-- summed up within an index: whoever writes a text, a Chainlit or an import too, is counted.

CREATE INDEX ragchat_steps_bytes ON steps("threadId", length(CAST(output AS BLOB)));

-- day: days since 1970, UTC.
CREATE TABLE ragchat_upload (
	account TEXT PRIMARY KEY,
	day INTEGER NOT NULL,
	uploads INTEGER NOT NULL
) WITHOUT ROWID;
