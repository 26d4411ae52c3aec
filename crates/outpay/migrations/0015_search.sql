-- The search of the dashboard's lists: an index by which parts of texts are found, on both engines (store/search_index.rs). A background task
-- fills it behind a cursor, so that no write of the books waits for it. Nothing here is a source of anything: a restore empties the three
-- tables, and they are filled again.

-- A row that can be searched. kind: store::SearchKind; number: of the row in its own table. amount: cents, 0 for none. text: in lower case,
-- one line per field.
CREATE TABLE search_row (
    book   {int} NOT NULL,
    kind   {int} NOT NULL CHECK (kind BETWEEN 1 AND 6),
    number {int} NOT NULL CHECK (number > 0),
    amount {int} NOT NULL CHECK (amount >= 0),
    text   TEXT NOT NULL,
    PRIMARY KEY (book, kind, number)
) {clustered};

CREATE INDEX search_row_amount ON search_row (book, kind, amount, number) WHERE amount > 0;

-- Which rows have three bytes in their text. gram: the bytes as a number; segment: 8,192 consecutive numbers; numbers: those that have
-- it, as store/postings.rs writes them.
CREATE TABLE search_posting (
    book    {int} NOT NULL,
    kind    {int} NOT NULL,
    gram    {int} NOT NULL,
    segment {int} NOT NULL,
    numbers {bytes} NOT NULL,
    PRIMARY KEY (book, kind, gram, segment)
) {clustered};

-- number: the last row that is in the index. revision: raised by every write, so that of two processes one writes.
CREATE TABLE search_cursor (
    book     {int} NOT NULL,
    kind     {int} NOT NULL,
    number   {int} NOT NULL CHECK (number >= 0),
    revision {int} NOT NULL,
    PRIMARY KEY (book, kind)
) {clustered};

-- It served the search for the beginning of an address, which the index above replaces.
{postgres} DROP INDEX payout_user_beginning;
