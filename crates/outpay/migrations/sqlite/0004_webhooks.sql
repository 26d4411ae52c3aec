-- Webhooks: an endpoint per book, deliveries made from journal entries, attempts to deliver. Same tables as in
-- ../postgres/0004_webhooks.sql.

-- events: a sum of bits, crates/outpay/src/webhooks/event.rs. sealed: token and signing secret, encrypted; previous: those
-- before the last roll, signed with until previous_until. cursor: the last journal entry that was looked at; made: the
-- number of the last delivery. revision: raised by every change of the owner's. rolled_by: a digest of the idempotency
-- key of the last roll.
CREATE TABLE webhook_endpoint (
    book           INTEGER NOT NULL PRIMARY KEY REFERENCES book (id),
    url            TEXT NOT NULL,
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    events         INTEGER NOT NULL CHECK (events BETWEEN 1 AND 31),
    sealed         BLOB NOT NULL,
    previous       BLOB,
    previous_until INTEGER NOT NULL,
    rolled_by      BLOB,
    cursor         INTEGER NOT NULL CHECK (cursor >= 0),
    made           INTEGER NOT NULL CHECK (made >= 0),
    revision       INTEGER NOT NULL CHECK (revision > 0),
    changed_at     INTEGER NOT NULL
) STRICT;

-- sequence: the journal entry it tells of, NULL for a test send, so that no entry is told of twice. body: the exact bytes
-- that are signed and sent. state: 1 pending, 2 delivered, 3 failed. tries: in the present round; attempts: in all. due_at:
-- when to try next, NULL once it is delivered or failed.
CREATE TABLE webhook_delivery (
    book         INTEGER NOT NULL,
    number       INTEGER NOT NULL CHECK (number > 0),
    sequence     INTEGER,
    withdrawal   INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    body         BLOB NOT NULL,
    state        INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    tries        INTEGER NOT NULL CHECK (tries >= 0),
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    created_at   INTEGER NOT NULL,
    due_at       INTEGER CHECK ((due_at IS NULL) = (state <> 1)),
    finished_at  INTEGER,
    leased_until INTEGER NOT NULL,
    leased_by    INTEGER NOT NULL,
    PRIMARY KEY (book, number),
    UNIQUE (book, sequence)
) STRICT;

CREATE INDEX webhook_delivery_due ON webhook_delivery (book, due_at, number) WHERE state = 1;
CREATE INDEX webhook_delivery_order ON webhook_delivery (book, withdrawal, number) WHERE state = 1;
CREATE INDEX webhook_delivery_failed ON webhook_delivery (book, number) WHERE state = 3;

-- status: the answer's, NULL where there was none; error: why there was none, in one word. body: the answer's first bytes.
CREATE TABLE webhook_attempt (
    book     INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    number   INTEGER NOT NULL CHECK (number > 0),
    at       INTEGER NOT NULL,
    url      TEXT NOT NULL,
    status   INTEGER,
    error    TEXT NOT NULL,
    body     BLOB NOT NULL,
    micros   INTEGER NOT NULL,
    PRIMARY KEY (book, delivery, number)
) STRICT;
