-- Version 7: a document is found by all of its names, and one document can be indexed anew.
--
-- known: what is indexed as its name with its first passage: its name, its title, its second names, a
-- line each; NULL: name and title. Words can be taken out of an index only as they were put in.
-- renew: 1: another name, and its words lie where none can be changed: indexed anew before anything
-- else; 2: by request, when there is time. It gets passages of its own; the old ones answer until then.

ALTER TABLE document ADD COLUMN known TEXT;
ALTER TABLE document ADD COLUMN renew INTEGER NOT NULL DEFAULT 0;
CREATE INDEX document_renew ON document (renew) WHERE renew <> 0;
UPDATE document SET renew = 2 WHERE state = 1 AND first >= 0 AND EXISTS (SELECT 1 FROM document a WHERE
	a.collection = document.collection AND a.sha256 = document.sha256 AND a.state = 1 AND a.first < 0);
