-- How often a rail was left alone because it did not answer. Same table as in ../postgres/0095_rail_openings.sql.

CREATE TABLE rail_opening (
    rail      TEXT PRIMARY KEY,
    openings  INTEGER NOT NULL,
    opened_at INTEGER NOT NULL
) STRICT;
