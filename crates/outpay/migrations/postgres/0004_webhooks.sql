-- Webhooks: an endpoint per book, deliveries made from journal entries, attempts to deliver. Same tables as in
-- ../sqlite/0004_webhooks.sql.

-- events: a sum of bits, crates/outpay/src/webhooks/event.rs. sealed: token and signing secret, encrypted; previous: those
-- before the last roll, signed with until previous_until. cursor: the last journal entry that was looked at; made: the
-- number of the last delivery. revision: raised by every change of the owner's. rolled_by: a digest of the idempotency
-- key of the last roll.
CREATE TABLE webhook_endpoint (
    book           BIGINT NOT NULL PRIMARY KEY REFERENCES book (id),
    url            TEXT NOT NULL,
    enabled        BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    events         BIGINT NOT NULL CHECK (events BETWEEN 1 AND 31),
    sealed         BYTEA NOT NULL,
    previous       BYTEA,
    previous_until BIGINT NOT NULL,
    rolled_by      BYTEA,
    cursor         BIGINT NOT NULL CHECK (cursor >= 0),
    made           BIGINT NOT NULL CHECK (made >= 0),
    revision       BIGINT NOT NULL CHECK (revision > 0),
    changed_at     BIGINT NOT NULL
);

-- sequence: the journal entry it tells of, NULL for a test send, so that no entry is told of twice. body: the exact bytes
-- that are signed and sent. state: 1 pending, 2 delivered, 3 failed. tries: in the present round; attempts: in all. due_at:
-- when to try next, NULL once it is delivered or failed.
CREATE TABLE webhook_delivery (
    book         BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number > 0),
    sequence     BIGINT,
    withdrawal   BIGINT NOT NULL,
    kind         BIGINT NOT NULL,
    body         BYTEA NOT NULL,
    state        BIGINT NOT NULL CHECK (state IN (1, 2, 3)),
    tries        BIGINT NOT NULL CHECK (tries >= 0),
    attempts     BIGINT NOT NULL CHECK (attempts >= 0),
    created_at   BIGINT NOT NULL,
    due_at       BIGINT CHECK ((due_at IS NULL) = (state <> 1)),
    finished_at  BIGINT,
    leased_until BIGINT NOT NULL,
    leased_by    BIGINT NOT NULL,
    PRIMARY KEY (book, number),
    UNIQUE (book, sequence)
);

CREATE INDEX webhook_delivery_due ON webhook_delivery (book, due_at, number) WHERE state = 1;
CREATE INDEX webhook_delivery_order ON webhook_delivery (book, withdrawal, number) WHERE state = 1;
CREATE INDEX webhook_delivery_failed ON webhook_delivery (book, number) WHERE state = 3;

-- status: the answer's, NULL where there was none; error: why there was none, in one word. body: the answer's first bytes.
CREATE TABLE webhook_attempt (
    book     BIGINT NOT NULL,
    delivery BIGINT NOT NULL,
    number   BIGINT NOT NULL CHECK (number > 0),
    at       BIGINT NOT NULL,
    url      TEXT NOT NULL,
    status   BIGINT,
    error    TEXT NOT NULL,
    body     BYTEA NOT NULL,
    micros   BIGINT NOT NULL,
    PRIMARY KEY (book, delivery, number)
);
