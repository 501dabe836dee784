-- Version 5: words go straight into segments.
--
-- direct: 1 from the moment a collection moves. What comes in then has its words in a segment of its
-- own with the transaction that brings it, and nothing in words_<collection>. Passages with numbers
-- from max(base, frozen) on are in words_<collection> where it is 0, in segments where it is 1.

ALTER TABLE collection ADD COLUMN direct INTEGER NOT NULL DEFAULT 0;
UPDATE collection SET direct = 1 WHERE base > 0 AND frozen = 0 AND base = next;
