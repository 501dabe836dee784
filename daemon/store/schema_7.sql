-- Version 7: how the markers of an answer hold, as a JSON array; its text keeps them as they were sent.

ALTER TABLE ragchat_turn ADD COLUMN marks TEXT;
