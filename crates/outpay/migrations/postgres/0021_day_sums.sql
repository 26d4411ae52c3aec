-- What happened on each day, summed up from the journal behind a cursor. Same tables as in ../sqlite/0021_day_sums.sql.

-- day: days since 1970-01-01, UTC. kind: of the entries, crates/ledger/src/entry.rs.
CREATE TABLE day_sum (
    book    BIGINT NOT NULL,
    day     BIGINT NOT NULL,
    kind    BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    amount  BIGINT NOT NULL,
    PRIMARY KEY (book, day, kind)
);

-- The last entry of a book that is in the sums.
CREATE TABLE day_sum_cursor (
    book     BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL CHECK (sequence >= 0)
);
