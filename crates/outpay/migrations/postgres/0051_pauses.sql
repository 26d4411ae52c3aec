-- What may not leave the house. Same tables as in ../sqlite/0051_pauses.sql.

-- Each row stops what it names: 0 or '' stand for all of them.
CREATE TABLE pause (
    business    BIGINT NOT NULL,
    rail        TEXT NOT NULL,
    book        BIGINT NOT NULL,
    payout_user BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    actor       BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (business, rail, book, payout_user)
);

-- 1 from the look before a request leaves until its answer is written down.
ALTER TABLE withdrawal ADD COLUMN submitting BIGINT NOT NULL DEFAULT 0;
CREATE INDEX withdrawal_submitting ON withdrawal (book, number) WHERE submitting = 1;

-- The same as in the terms, for statements.
ALTER TABLE method_terms ADD COLUMN enabled BIGINT NOT NULL DEFAULT 0;
UPDATE method_terms SET enabled = CASE WHEN CAST(terms AS json) ->> 'enabled' = 'true' THEN 1 ELSE 0 END;
