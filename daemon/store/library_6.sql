-- Version 6: no number is given to two collections, and vectors of passages have their tables from the start.
--
-- Ids of passages have their collection's number in front. One that got the number of a collection that
-- was gone could find that one's vectors waiting: those made so far are made anew.

CREATE TABLE collection_number (id INTEGER PRIMARY KEY AUTOINCREMENT); -- has no rows: its sequence counts
INSERT INTO collection_number (id) SELECT coalesce(max(id), 0) FROM collection;
DELETE FROM collection_number;

DROP TABLE IF EXISTS vector;
DROP TABLE IF EXISTS vectors;
CREATE TABLE vector (
	id    INTEGER PRIMARY KEY, -- of the passage
	scale REAL NOT NULL,       -- the numbers times this are a vector of length 1
	data  BLOB NOT NULL        -- a byte a number
);
CREATE TABLE vectors (
	collection INTEGER PRIMARY KEY,
	model      TEXT NOT NULL,
	dimension  INTEGER NOT NULL,
	probe      BLOB NOT NULL -- what the server made of one text that is always the same, like `data`: another model makes something else
);
