-- What one person proposes and another has to confirm. Same table as in ../postgres/0071_proposals.sql.

-- what: JSON of the effect. state: 1 open, 2 confirmed, 3 withdrawn. decided_by: who confirmed or withdrew it. code: keyed digest of
-- the code by which another operator confirms it, where the business has no member who could. carried_out_at: when the effect of
-- a confirmed one was durable.
CREATE TABLE proposal (
    number         INTEGER NOT NULL PRIMARY KEY,
    book           INTEGER NOT NULL REFERENCES book (id),
    what           TEXT NOT NULL,
    reason         TEXT NOT NULL,
    proposed_by    INTEGER NOT NULL,
    proposed_at    INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL,
    code           BLOB CHECK (length(code) = 32),
    state          INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
    decided_by     INTEGER,
    decided_at     INTEGER,
    carried_out_at INTEGER
) STRICT;

CREATE INDEX proposal_of_book ON proposal (book, number);
