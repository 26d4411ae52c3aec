-- Several webhook endpoints per book, where there was one; deliveries that end superseded.

-- The numbers that a book has given out: to endpoints and to deliveries. They only grow, also when an endpoint is deleted.
CREATE TABLE webhook_count (
    book       {int} NOT NULL PRIMARY KEY REFERENCES book (id),
    endpoints  {int} NOT NULL CHECK (endpoints >= 0),
    deliveries {int} NOT NULL CHECK (deliveries >= 0)
) {table};

INSERT INTO webhook_count (book, endpoints, deliveries) SELECT book, 1, made FROM webhook_endpoint;

-- An endpoint. is_primary: the one of /payout/webhook; at most one per book. events: a sum of bits,
-- outpay::webhook_event::EventSet. schedule: webhooks::Schedule (1 the documented tries, 2 longer). sealed: token and signing
-- secret; previous: those before the last roll, which sign until previous_until. rolled_by: a digest of the idempotency key of
-- the last roll. cursor: the last journal entry that was looked at. failing_since: the first failed try since the last
-- successful one; failed_at: the last failed try. disabled_at: when it was switched off because it only failed. revision:
-- raised by every change of the settings.
CREATE TABLE webhook_endpoint_new (
    book           {int} NOT NULL REFERENCES book (id),
    number         {int} NOT NULL CHECK (number > 0),
    is_primary     {int} NOT NULL CHECK (is_primary IN (0, 1)),
    url            TEXT NOT NULL,
    description    TEXT NOT NULL,
    enabled        {int} NOT NULL CHECK (enabled IN (0, 1)),
    disabled_at    {int} CHECK (disabled_at IS NULL OR enabled = 0),
    events         {int} NOT NULL CHECK (events > 0),
    schedule       {int} NOT NULL CHECK (schedule IN (1, 2)),
    sealed         {bytes} NOT NULL,
    previous       {bytes},
    previous_until {int} NOT NULL,
    rolled_by      {bytes},
    cursor         {int} NOT NULL CHECK (cursor >= 0),
    failing_since  {int},
    failed_at      {int},
    revision       {int} NOT NULL CHECK (revision > 0),
    created_at     {int} NOT NULL,
    changed_at     {int} NOT NULL,
    PRIMARY KEY (book, number)
) {table};

INSERT INTO webhook_endpoint_new (book, number, is_primary, url, description, enabled, events, schedule, sealed, previous,
    previous_until, rolled_by, cursor, revision, created_at, changed_at)
SELECT book, 1, 1, url, '', enabled, events, 1, sealed, previous, previous_until, rolled_by, cursor, revision, changed_at,
    changed_at
FROM webhook_endpoint;

DROP TABLE webhook_endpoint;
ALTER TABLE webhook_endpoint_new RENAME TO webhook_endpoint;
CREATE UNIQUE INDEX webhook_endpoint_primary ON webhook_endpoint (book) WHERE is_primary = 1;

-- An event to deliver to an endpoint. sequence: the journal entry that it tells of, so that no endpoint is told of an entry
-- twice; NULL for a test send. body: the exact bytes that are signed and sent. state: store::DeliveryState (1 pending, 2
-- delivered, 3 failed, 4 superseded by the outcome of the withdrawal, which was delivered). tries: in the present round;
-- attempts: in all. due_at: when to try next; it is set exactly while the delivery is pending.
CREATE TABLE webhook_delivery_new (
    book         {int} NOT NULL,
    number       {int} NOT NULL CHECK (number > 0),
    endpoint     {int} NOT NULL,
    sequence     {int},
    withdrawal   {int} NOT NULL,
    kind         {int} NOT NULL,
    body         {bytes} NOT NULL,
    state        {int} NOT NULL CHECK (state IN (1, 2, 3, 4)),
    tries        {int} NOT NULL CHECK (tries >= 0),
    attempts     {int} NOT NULL CHECK (attempts >= 0),
    created_at   {int} NOT NULL,
    due_at       {int} CHECK ((due_at IS NULL) = (state <> 1)),
    finished_at  {int},
    leased_until {int} NOT NULL,
    leased_by    {int} NOT NULL,
    lease        {int} NOT NULL DEFAULT 0,
    PRIMARY KEY (book, number),
    UNIQUE (book, endpoint, sequence)
) {table};

INSERT INTO webhook_delivery_new (book, number, endpoint, sequence, withdrawal, kind, body, state, tries, attempts, created_at,
    due_at, finished_at, leased_until, leased_by, lease)
SELECT book, number, 1, sequence, withdrawal, kind, body, state, tries, attempts, created_at, due_at, finished_at, leased_until,
    leased_by, lease
FROM webhook_delivery;

DROP TABLE webhook_delivery;
ALTER TABLE webhook_delivery_new RENAME TO webhook_delivery;
CREATE INDEX webhook_delivery_due ON webhook_delivery (book, endpoint, due_at, number) WHERE state = 1;
CREATE INDEX webhook_delivery_order ON webhook_delivery (book, endpoint, withdrawal, number) WHERE state = 1;
CREATE INDEX webhook_delivery_failed ON webhook_delivery (book, number) WHERE state = 3;
CREATE INDEX webhook_delivery_of_endpoint ON webhook_delivery (book, endpoint, number);
