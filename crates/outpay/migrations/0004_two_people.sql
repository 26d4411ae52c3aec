-- Above how many cents a book's payments by hand, returns, resolutions and debits take two people. While there is a row, so do
-- changes of limits, review rules, keys and roles; no row: one person is enough.
CREATE TABLE two_people_rule (
    book  {int} NOT NULL PRIMARY KEY,
    above {int} NOT NULL CHECK (above >= 0)
) {clustered};

-- once: the idempotency key of the request that was proposed, so that a repeat finds its proposal; NULL for none.
ALTER TABLE proposal ADD COLUMN once {bytes};
CREATE UNIQUE INDEX proposal_once ON proposal (book, once);
