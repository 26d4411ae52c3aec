-- A batch of payments that a person makes: one file for a bank. number: 1, 2, … in the book. state: 1 waits for its check, 2 approved,
-- 3 dissolved. rate: billionths of the currency per US dollar. total: cents; converted: in the smallest unit of the currency.
-- digest: SHA-256 of the file; NULL where no file was kept. downloads: how often the file was given out.
-- ended_by, ended_at and proof: of the dissolution.
CREATE TABLE payment_batch (
    book          {int} NOT NULL,
    number        {int} NOT NULL CHECK (number > 0),
    method        TEXT NOT NULL,
    state         {int} NOT NULL CHECK (state IN (1, 2, 3)),
    currency      TEXT NOT NULL,
    rate          {int} NOT NULL CHECK (rate > 0),
    payments      {int} NOT NULL CHECK (payments > 0),
    total         {int} NOT NULL CHECK (total > 0),
    converted     {int} NOT NULL CHECK (converted > 0),
    digest        {bytes} CHECK (length(digest) = 32),
    made_by       {int} NOT NULL,
    made_at       {int} NOT NULL,
    checked_by    {int},
    checked_at    {int},
    downloads     {int} NOT NULL CHECK (downloads >= 0),
    downloaded_at {int},
    ended_by      {int},
    ended_at      {int},
    proof         TEXT NOT NULL,
    PRIMARY KEY (book, number)
) {table};

-- A payment of a batch. line: 1, 2, … in the order of the file. amount: cents; converted: as the file has it. live: 0 once the batch
-- was dissolved with the payment still open, 1 otherwise.
CREATE TABLE payment_batch_line (
    book       {int} NOT NULL,
    batch      {int} NOT NULL,
    line       {int} NOT NULL CHECK (line > 0),
    withdrawal {int} NOT NULL,
    amount     {int} NOT NULL CHECK (amount > 0),
    converted  {int} NOT NULL CHECK (converted > 0),
    live       {int} NOT NULL CHECK (live IN (0, 1)),
    PRIMARY KEY (book, batch, line)
) {table};
-- A payment is in one live batch: of two makers at once, one gets it.
CREATE UNIQUE INDEX payment_batch_line_live ON payment_batch_line (book, withdrawal) WHERE live = 1;

-- The file of a batch, as it was checked: it is given out again to the byte.
CREATE TABLE payment_batch_file (
    book       {int} NOT NULL,
    batch      {int} NOT NULL,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes      {bytes} NOT NULL,
    PRIMARY KEY (book, batch)
) {table};

-- Payments that were handed out before there were batches, and are still open, become one approved batch per method, whose file was not
-- kept: none of them gets into a new file unless its batch is dissolved. made_by 0 is Outpay itself.
INSERT INTO payment_batch (book, number, method, state, currency, rate, payments, total, converted, made_by, made_at, checked_by, checked_at,
    downloads, downloaded_at, proof)
SELECT w.book, row_number() OVER (PARTITION BY w.book ORDER BY w.method), w.method, 2, 'USD', 1000000000, count(*),
    CAST(sum(w.amount - w.fees) AS {int}), CAST(sum(w.amount - w.fees) AS {int}), 0, min(h.at), 0, min(h.at), max(h.times), max(h.at), ''
FROM handed_out h JOIN withdrawal w ON w.book = h.book AND w.number = h.withdrawal WHERE w.state = 4 GROUP BY w.book, w.method;
INSERT INTO payment_batch_line (book, batch, line, withdrawal, amount, converted, live)
SELECT w.book, b.number, row_number() OVER (PARTITION BY w.book, w.method ORDER BY w.number), w.number, w.amount - w.fees, w.amount - w.fees, 1
FROM handed_out h JOIN withdrawal w ON w.book = h.book AND w.number = h.withdrawal
JOIN payment_batch b ON b.book = w.book AND b.method = w.method WHERE w.state = 4;
DROP TABLE handed_out;
