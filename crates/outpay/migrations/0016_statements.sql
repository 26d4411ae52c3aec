-- Sums of a book's entries per UTC day (days since 1970-01-01), kind and accounts, computed from the journal behind a cursor, which
-- begins anew here. debit and credit: a house account, 1 for all people together, 0 where no money moved. The sum of the amounts is
-- high * 10^9 + low, because the largest deposits of one day could not be added up in one column. first_sequence and
-- last_sequence: of the entries that are in it.
DROP TABLE day_sum;
DROP TABLE day_sum_cursor;
CREATE TABLE day_sum (
    book           {int} NOT NULL,
    day            {int} NOT NULL,
    kind           {int} NOT NULL,
    debit          {int} NOT NULL,
    credit         {int} NOT NULL,
    entries        {int} NOT NULL,
    high           {int} NOT NULL,
    low            {int} NOT NULL,
    first_sequence {int} NOT NULL,
    last_sequence  {int} NOT NULL,
    PRIMARY KEY (book, day, kind, debit, credit)
) {clustered};

-- sequence: the last entry of the book that is in day_sum. main and payout: these two balances after it.
CREATE TABLE day_sum_cursor (
    book     {int} NOT NULL PRIMARY KEY,
    sequence {int} NOT NULL CHECK (sequence >= 0),
    main     {int} NOT NULL DEFAULT 0,
    payout   {int} NOT NULL DEFAULT 0
) {clustered};

-- Main and payout balance before the first entry whose sequence is 1024 * bucket or more, so that the balance after any entry is
-- at most 1,024 entries away. Only buckets with entries have a mark.
CREATE TABLE balance_mark (
    book   {int} NOT NULL,
    bucket {int} NOT NULL,
    main   {int} NOT NULL,
    payout {int} NOT NULL,
    PRIMARY KEY (book, bucket)
) {clustered};

-- What moves the business's own money, payouts aside: few entries of a long journal.
CREATE INDEX journal_own ON journal (book, kind, sequence) WHERE kind IN (1, 2, 3, 6, 23, 26, 40, 41, 42, 43);

-- May members of the business record deposits of real money? Set by the operator alone.
ALTER TABLE business ADD COLUMN records_deposits {int} NOT NULL DEFAULT 0 CHECK (records_deposits IN (0, 1));
