-- Money out: withdrawals, attempts to pay them, the terms of methods. Same tables as in ../sqlite/0002_withdrawals.sql.

ALTER TABLE book ADD COLUMN withdrawals BIGINT NOT NULL DEFAULT 0 CHECK (withdrawals >= 0);

-- withdrawal: its number, 0 for none. actor: an API key's number, 0 nobody, -1 the operator. detail: what the rail made
-- public, a JSON object or nothing.
ALTER TABLE journal ADD COLUMN withdrawal BIGINT NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN actor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN detail TEXT NOT NULL DEFAULT '';

CREATE INDEX journal_withdrawal ON journal (book, sequence) WHERE withdrawal > 0;
CREATE INDEX journal_of_withdrawal ON journal (book, withdrawal, sequence) WHERE withdrawal > 0;

-- Numbers of states: crates/ledger/src/withdrawal.rs. The last three columns are the workers': when to look at it next
-- (NULL: never), until when a worker has it, and which.
CREATE TABLE withdrawal (
    book            BIGINT NOT NULL,
    number          BIGINT NOT NULL CHECK (number > 0),
    payout_user     BIGINT NOT NULL,
    method          TEXT NOT NULL,
    provider        TEXT NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount > 0),
    fees            BIGINT NOT NULL CHECK (fees >= 0 AND fees < amount),
    destination     TEXT NOT NULL,
    state           BIGINT NOT NULL CHECK (state BETWEEN 1 AND 9),
    outcome_unknown BIGINT NOT NULL CHECK (outcome_unknown IN (0, 1)),
    reason_code     TEXT NOT NULL,
    reason          TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL,
    due_at          BIGINT,
    leased_until    BIGINT NOT NULL DEFAULT 0,
    leased_by       BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (book, number)
);

CREATE INDEX withdrawal_of_user ON withdrawal (book, payout_user, number);
CREATE INDEX withdrawal_of_state ON withdrawal (book, state, number);
CREATE INDEX withdrawal_of_day ON withdrawal (book, method, created_at);
-- What holds money; few rows, whatever became of a user's earlier withdrawals.
CREATE INDEX withdrawal_pending ON withdrawal (book, payout_user, amount) WHERE state < 5;
CREATE INDEX withdrawal_due ON withdrawal (due_at) WHERE due_at IS NOT NULL;

-- Evidence. A row is here before the request leaves the house; request holds the exact bytes. key: what the rail knows the
-- payment by. answer: '' while there is none.
CREATE TABLE attempt (
    book        BIGINT NOT NULL,
    withdrawal  BIGINT NOT NULL,
    number      BIGINT NOT NULL CHECK (number > 0),
    rail        TEXT NOT NULL,
    key         TEXT NOT NULL,
    request     BYTEA NOT NULL,
    slot        BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    answered_at BIGINT,
    answer      TEXT NOT NULL,
    answer_text TEXT NOT NULL,
    PRIMARY KEY (book, withdrawal, number),
    UNIQUE (rail, key)
);

-- The next slot of a rail whose payments stand in a line (a chain's nonces).
CREATE TABLE rail_slot (
    rail TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);

-- A business's terms for a method, as JSON: crates/ledger/src/terms.rs.
CREATE TABLE method_terms (
    book   BIGINT NOT NULL,
    method TEXT NOT NULL,
    terms  TEXT NOT NULL,
    PRIMARY KEY (book, method)
);

-- How many days a book's users have to claim their money; no row: for ever.
CREATE TABLE expiry_rule (
    book BIGINT NOT NULL PRIMARY KEY,
    days BIGINT NOT NULL CHECK (days > 0)
);

-- When a user was last reminded, by an event, that unclaimed money goes back.
CREATE TABLE reminder (
    book        BIGINT NOT NULL,
    payout_user BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (book, payout_user)
);
