-- The main job: businesses, their books, users, keys and the journal. Same tables as in ../postgres/0001_main.sql.
-- Every table is clustered by its key (WITHOUT ROWID) and, where it belongs to a book, the book leads the key.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE business (
    number          INTEGER NOT NULL PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    payouts_enabled INTEGER NOT NULL CHECK (payouts_enabled IN (0, 1)),
    created_at      INTEGER NOT NULL
) STRICT;

-- One per business and mode: id = 2 * business, + 1 in test mode. Locked by whoever changes the book.
CREATE TABLE book (
    id       INTEGER NOT NULL PRIMARY KEY,
    business INTEGER NOT NULL REFERENCES business (number),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    chain    BLOB NOT NULL CHECK (length(chain) = 32),
    users    INTEGER NOT NULL CHECK (users >= 0)
) STRICT;

-- Narrow on purpose: these are the rows that every movement of money rewrites.
CREATE TABLE account (
    book    INTEGER NOT NULL,
    id      INTEGER NOT NULL CHECK (id <> 0),
    balance INTEGER NOT NULL CHECK (balance >= 0 OR id = -1),
    head    INTEGER NOT NULL,
    PRIMARY KEY (book, id)
) STRICT, WITHOUT ROWID;

-- Clustered by address, because that is how every payout finds its user; numbers only ever append to their index.
CREATE TABLE payout_user (
    book       INTEGER NOT NULL,
    number     INTEGER NOT NULL CHECK (number > 0),
    email      TEXT NOT NULL,
    status     INTEGER NOT NULL CHECK (status IN (0, 1)),
    generation INTEGER NOT NULL,
    salt       BLOB NOT NULL CHECK (length(salt) = 16),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (book, email),
    UNIQUE (book, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX payout_user_inactive ON payout_user (book, number) WHERE status = 0;

-- Everything that authenticates, by the keyed digest of its text. kind: 1 secret key, 2 public key, 3 payout hash;
-- subject: the key's or the user's number.
CREATE TABLE credential (
    digest     BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    book       INTEGER NOT NULL,
    subject    INTEGER NOT NULL,
    active     INTEGER NOT NULL CHECK (active IN (0, 1)),
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    number       INTEGER NOT NULL PRIMARY KEY,
    book         INTEGER NOT NULL REFERENCES book (id),
    kind         INTEGER NOT NULL CHECK (kind IN (1, 2)),
    name         TEXT NOT NULL,
    hint         TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT;

-- Append-only, gap-free per book (but where a recovery began a new epoch), chained. salt: of the hash that the entry gives its
-- user, else NULL. Numbers of kinds: crates/ledger/src/entry.rs. 0 stands for none in
-- payout_user, debit, credit, amount and the two links.
CREATE TABLE journal (
    book            INTEGER NOT NULL,
    sequence        INTEGER NOT NULL CHECK (sequence > 0),
    kind            INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    payout_user     INTEGER NOT NULL,
    debit           INTEGER NOT NULL,
    credit          INTEGER NOT NULL,
    amount          INTEGER NOT NULL CHECK (amount >= 0),
    debit_previous  INTEGER NOT NULL,
    credit_previous INTEGER NOT NULL,
    note            TEXT NOT NULL,
    chain           BLOB NOT NULL,
    salt            BLOB CHECK (length(salt) = 16),
    PRIMARY KEY (book, sequence)
) STRICT, WITHOUT ROWID;

-- First answers, kept for ever. key and fingerprint are 16-byte digests.
CREATE TABLE remembered (
    book        INTEGER NOT NULL,
    key         BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    outcome     TEXT NOT NULL,
    PRIMARY KEY (book, key)
) STRICT, WITHOUT ROWID;
