-- How often a rail was left alone because it did not answer. Same table as in ../sqlite/0095_rail_openings.sql.

CREATE TABLE rail_opening (
    rail      TEXT PRIMARY KEY,
    openings  BIGINT NOT NULL,
    opened_at BIGINT NOT NULL
);
