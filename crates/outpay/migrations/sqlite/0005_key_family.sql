-- Maker is not checker, also where a key is rolled in between. Same table as in ../postgres/0005_key_family.sql.

-- family: the number of the first key of its line. What was rolled before this column came counts as a line of its own.
ALTER TABLE api_key ADD COLUMN family INTEGER NOT NULL DEFAULT 0;
UPDATE api_key SET family = number;
