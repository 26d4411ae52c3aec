-- The clocks of test books. clock_ahead: how many microseconds a book's clock is ahead of the machine's. It only grows, and a live
-- book's clock is never moved. It stands in the book's row, because that row is the lock under which entries get their times.
ALTER TABLE book ADD COLUMN clock_ahead {int} NOT NULL DEFAULT 0 CHECK (clock_ahead >= 0 AND (clock_ahead = 0 OR id % 2 = 1));

-- Workers ask which clocks were moved.
CREATE INDEX book_clock ON book (id) WHERE clock_ahead > 0;

-- Every move. ahead: the clock after it, so no two moves of a book have the same. once: the idempotency key of the request, so that
-- a repeat finds its move; NULL for none. at: by the machine's clock.
CREATE TABLE clock_advance (
    book   {int} NOT NULL REFERENCES book (id),
    ahead  {int} NOT NULL CHECK (ahead > 0),
    micros {int} NOT NULL CHECK (micros > 0),
    at     {int} NOT NULL,
    once   {bytes},
    PRIMARY KEY (book, ahead)
) {clustered};

CREATE UNIQUE INDEX clock_advance_once ON clock_advance (book, once);

-- Hashes that end: few, if any. Their ends go by the machine's clock, so a move of the book's clock brings them nearer.
CREATE INDEX credential_of_hash_that_ends ON credential (book) WHERE kind = 3 AND expires_at IS NOT NULL;
