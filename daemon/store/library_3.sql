-- Version 3: the title that a document gives itself, where its format has one.
-- Its words are those of the name: indexed with the first passage.

ALTER TABLE document ADD COLUMN title TEXT;
