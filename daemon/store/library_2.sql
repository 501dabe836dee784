-- Version 2: each collection says by what rules its words were made, and how far it is with others;
-- the same bytes are found again.
--
-- recipe: the fingerprint of the rules that words_<id> was made by. Where it is not that of today,
-- words_<id>_next is made beside it: by next_recipe, of the passages below cursor so far. When it has
-- all of them it takes the other's place, which goes as words_<id>_old.

ALTER TABLE collection ADD COLUMN recipe INTEGER NOT NULL DEFAULT 0;
ALTER TABLE collection ADD COLUMN next_recipe INTEGER NOT NULL DEFAULT 0;
ALTER TABLE collection ADD COLUMN cursor INTEGER NOT NULL DEFAULT 0; -- a passage id; 0: none is made
UPDATE collection SET recipe = COALESCE((SELECT fingerprint FROM tokenizer), 0);
DROP TABLE tokenizer;
CREATE INDEX document_same ON document (collection, sha256) WHERE state = 1;
