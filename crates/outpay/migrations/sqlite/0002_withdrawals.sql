-- Money out: withdrawals, attempts to pay them, the terms of methods. Same tables as in ../postgres/0002_withdrawals.sql.

ALTER TABLE book ADD COLUMN withdrawals INTEGER NOT NULL DEFAULT 0 CHECK (withdrawals >= 0);

-- withdrawal: its number, 0 for none. actor: an API key's number, 0 nobody, -1 the operator. detail: what the rail made
-- public, a JSON object or nothing.
ALTER TABLE journal ADD COLUMN withdrawal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN actor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN detail TEXT NOT NULL DEFAULT '';

CREATE INDEX journal_withdrawal ON journal (book, sequence) WHERE withdrawal > 0;
CREATE INDEX journal_of_withdrawal ON journal (book, withdrawal, sequence) WHERE withdrawal > 0;

-- Numbers of states: crates/ledger/src/withdrawal.rs. The last three columns are the workers': when to look at it next
-- (NULL: never), until when a worker has it, and which.
CREATE TABLE withdrawal (
    book            INTEGER NOT NULL,
    number          INTEGER NOT NULL CHECK (number > 0),
    payout_user     INTEGER NOT NULL,
    method          TEXT NOT NULL,
    provider        TEXT NOT NULL,
    amount          INTEGER NOT NULL CHECK (amount > 0),
    fees            INTEGER NOT NULL CHECK (fees >= 0 AND fees < amount),
    destination     TEXT NOT NULL,
    state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 9),
    outcome_unknown INTEGER NOT NULL CHECK (outcome_unknown IN (0, 1)),
    reason_code     TEXT NOT NULL,
    reason          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    due_at          INTEGER,
    leased_until    INTEGER NOT NULL DEFAULT 0,
    leased_by       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (book, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX withdrawal_of_user ON withdrawal (book, payout_user, number);
CREATE INDEX withdrawal_of_state ON withdrawal (book, state, number);
CREATE INDEX withdrawal_of_day ON withdrawal (book, method, created_at);
-- What holds money; few rows, whatever became of a user's earlier withdrawals.
CREATE INDEX withdrawal_pending ON withdrawal (book, payout_user, amount) WHERE state < 5;
CREATE INDEX withdrawal_due ON withdrawal (due_at) WHERE due_at IS NOT NULL;

-- Evidence. A row is here before the request leaves the house; request holds the exact bytes. key: what the rail knows the
-- payment by. answer: '' while there is none.
CREATE TABLE attempt (
    book        INTEGER NOT NULL,
    withdrawal  INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number > 0),
    rail        TEXT NOT NULL,
    key         TEXT NOT NULL,
    request     BLOB NOT NULL,
    slot        INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    answered_at INTEGER,
    answer      TEXT NOT NULL,
    answer_text TEXT NOT NULL,
    PRIMARY KEY (book, withdrawal, number),
    UNIQUE (rail, key)
) STRICT;

-- The next slot of a rail whose payments stand in a line (a chain's nonces).
CREATE TABLE rail_slot (
    rail TEXT NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A business's terms for a method, as JSON: crates/ledger/src/terms.rs.
CREATE TABLE method_terms (
    book   INTEGER NOT NULL,
    method TEXT NOT NULL,
    terms  TEXT NOT NULL,
    PRIMARY KEY (book, method)
) STRICT, WITHOUT ROWID;

-- How many days a book's users have to claim their money; no row: for ever.
CREATE TABLE expiry_rule (
    book INTEGER NOT NULL PRIMARY KEY,
    days INTEGER NOT NULL CHECK (days > 0)
) STRICT, WITHOUT ROWID;

-- When a user was last reminded, by an event, that unclaimed money goes back.
CREATE TABLE reminder (
    book        INTEGER NOT NULL,
    payout_user INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (book, payout_user)
) STRICT, WITHOUT ROWID;
