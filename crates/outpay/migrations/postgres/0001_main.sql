-- The main job: businesses, their books, users, keys and the journal. Same tables as in ../sqlite/0001_main.sql.
-- Where a table belongs to a book, the book leads the key, so that tables can be distributed by it.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE business (
    number          BIGINT NOT NULL PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    payouts_enabled BIGINT NOT NULL CHECK (payouts_enabled IN (0, 1)),
    created_at      BIGINT NOT NULL
);

-- One per business and mode: id = 2 * business, + 1 in test mode. Locked by whoever changes the book.
CREATE TABLE book (
    id       BIGINT NOT NULL PRIMARY KEY,
    business BIGINT NOT NULL REFERENCES business (number),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    chain    BYTEA NOT NULL CHECK (length(chain) = 32),
    users    BIGINT NOT NULL CHECK (users >= 0)
);

-- Narrow on purpose: these are the rows that every movement of money rewrites.
CREATE TABLE account (
    book    BIGINT NOT NULL,
    id      BIGINT NOT NULL CHECK (id <> 0),
    balance BIGINT NOT NULL CHECK (balance >= 0 OR id = -1),
    head    BIGINT NOT NULL,
    PRIMARY KEY (book, id)
) WITH (fillfactor = 50);

CREATE TABLE payout_user (
    book       BIGINT NOT NULL,
    number     BIGINT NOT NULL CHECK (number > 0),
    email      TEXT NOT NULL,
    status     BIGINT NOT NULL CHECK (status IN (0, 1)),
    generation BIGINT NOT NULL,
    salt       BYTEA NOT NULL CHECK (length(salt) = 16),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (book, email),
    UNIQUE (book, number)
);

CREATE INDEX payout_user_inactive ON payout_user (book, number) WHERE status = 0;

-- Everything that authenticates, by the keyed digest of its text. kind: 1 secret key, 2 public key, 3 payout hash;
-- subject: the key's or the user's number.
CREATE TABLE credential (
    digest     BYTEA NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    kind       BIGINT NOT NULL CHECK (kind IN (1, 2, 3)),
    book       BIGINT NOT NULL,
    subject    BIGINT NOT NULL,
    active     BIGINT NOT NULL CHECK (active IN (0, 1)),
    expires_at BIGINT
);

CREATE TABLE api_key (
    number       BIGINT NOT NULL PRIMARY KEY,
    book         BIGINT NOT NULL REFERENCES book (id),
    kind         BIGINT NOT NULL CHECK (kind IN (1, 2)),
    name         TEXT NOT NULL,
    hint         TEXT NOT NULL,
    digest       BYTEA NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT
);

-- Append-only, gap-free per book (but where a recovery began a new epoch), chained. salt: of the hash that the entry gives its
-- user, else NULL. Numbers of kinds: crates/ledger/src/entry.rs. 0 stands for none in
-- payout_user, debit, credit, amount and the two links.
CREATE TABLE journal (
    book            BIGINT NOT NULL,
    sequence        BIGINT NOT NULL CHECK (sequence > 0),
    kind            BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    payout_user     BIGINT NOT NULL,
    debit           BIGINT NOT NULL,
    credit          BIGINT NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount >= 0),
    debit_previous  BIGINT NOT NULL,
    credit_previous BIGINT NOT NULL,
    note            TEXT NOT NULL,
    chain           BYTEA NOT NULL,
    salt            BYTEA CHECK (length(salt) = 16),
    PRIMARY KEY (book, sequence)
);

-- First answers, kept for ever. key and fingerprint are 16-byte digests.
CREATE TABLE remembered (
    book        BIGINT NOT NULL,
    key         BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    outcome     TEXT NOT NULL,
    PRIMARY KEY (book, key)
);
