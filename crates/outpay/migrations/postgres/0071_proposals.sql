-- What one person proposes and another has to confirm. Same table as in ../sqlite/0071_proposals.sql.

-- what: JSON of the effect. state: 1 open, 2 confirmed, 3 withdrawn. decided_by: who confirmed or withdrew it. code: keyed digest of
-- the code by which another operator confirms it, where the business has no member who could. carried_out_at: when the effect of
-- a confirmed one was durable.
CREATE TABLE proposal (
    number         BIGINT NOT NULL PRIMARY KEY,
    book           BIGINT NOT NULL REFERENCES book (id),
    what           TEXT NOT NULL,
    reason         TEXT NOT NULL,
    proposed_by    BIGINT NOT NULL,
    proposed_at    BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL,
    code           BYTEA CHECK (length(code) = 32),
    state          BIGINT NOT NULL CHECK (state BETWEEN 1 AND 3),
    decided_by     BIGINT,
    decided_at     BIGINT,
    carried_out_at BIGINT
);

CREATE INDEX proposal_of_book ON proposal (book, number);
