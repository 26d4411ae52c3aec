-- What happened on each day, summed up from the journal behind a cursor. Same tables as in ../postgres/0021_day_sums.sql.

-- day: days since 1970-01-01, UTC. kind: of the entries, crates/ledger/src/entry.rs.
CREATE TABLE day_sum (
    book    INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    amount  INTEGER NOT NULL,
    PRIMARY KEY (book, day, kind)
) STRICT, WITHOUT ROWID;

-- The last entry of a book that is in the sums.
CREATE TABLE day_sum_cursor (
    book     INTEGER NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL CHECK (sequence >= 0)
) STRICT, WITHOUT ROWID;
