-- How rails and people call payments: what a rail published of one (a transaction's hash, a reward's number), and the proof that a person
-- gave of one. In lower case. Copied from the journal behind a cursor (search_cursor, kind 7); nothing here is a source of anything: a
-- restore empties it, and it is filled again.
CREATE TABLE payment_reference (
    book       {int} NOT NULL,
    reference  TEXT NOT NULL CHECK (length(reference) > 0),
    withdrawal {int} NOT NULL CHECK (withdrawal > 0),
    PRIMARY KEY (book, reference, withdrawal)
) {clustered};

-- A counterpart's own number is looked for by people who read its statements.
CREATE INDEX rail_number_number ON rail_number (number);
