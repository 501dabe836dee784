-- Version 8: the words of a passage lose their endings by its language.
--
-- languages: a bit for each of them that passages have, or had, as daemon/library/language.h numbers
-- them: the words of a question are looked for as each of these spells them.

ALTER TABLE collection ADD COLUMN languages INTEGER NOT NULL DEFAULT 0;
