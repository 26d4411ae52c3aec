-- Under which idempotency keys a webhook's token and secret were rolled. Same table as in ../postgres/0033_webhook_roll.sql.

-- once is a digest of the key; kept for ever, so that an old request that comes again rolls nothing.
CREATE TABLE webhook_roll (
    book INTEGER NOT NULL REFERENCES book (id),
    once BLOB   NOT NULL,
    PRIMARY KEY (book, once)
) STRICT;

INSERT INTO webhook_roll (book, once) SELECT book, rolled_by FROM webhook_endpoint WHERE rolled_by IS NOT NULL;
