-- Version 4: collections that outgrow FTS5 have their words in segments, files of their own in the
-- folder library.segments.
--
-- Passages of a collection with numbers below `base` are in segments; those in [base, frozen) in the
-- FTS5 table frozen_<collection>, on their way into segments; the others in words_<collection>. A
-- frozen table is searched until its segments are complete, then both change hands in one transaction.

ALTER TABLE collection ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE collection ADD COLUMN frozen INTEGER NOT NULL DEFAULT 0; -- 0: none

-- state 0: complete, but not all of those that belong together; 1: searched; 2: to be deleted, file
-- and row; 3: found to be wrong, to be made anew from the text.
CREATE TABLE segment (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	collection INTEGER NOT NULL,
	file       TEXT NOT NULL UNIQUE,
	state      INTEGER NOT NULL,
	first      INTEGER NOT NULL, -- ids of passages: what it covers, both included
	last       INTEGER NOT NULL,
	passages   INTEGER NOT NULL, -- that are in it
	bytes      INTEGER NOT NULL  -- of the file
);
CREATE INDEX segment_place ON segment (collection, first);

-- Documents that segments, or those on their way, still hold, but nobody sees any more.
CREATE TABLE segment_gone (
	first    INTEGER PRIMARY KEY,
	passages INTEGER NOT NULL
);
