-- What may not leave the house. Same tables as in ../postgres/0051_pauses.sql.

-- Each row stops what it names: 0 or '' stand for all of them.
CREATE TABLE pause (
    business    INTEGER NOT NULL,
    rail        TEXT NOT NULL,
    book        INTEGER NOT NULL,
    payout_user INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    actor       INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (business, rail, book, payout_user)
) STRICT;

-- 1 from the look before a request leaves until its answer is written down.
ALTER TABLE withdrawal ADD COLUMN submitting INTEGER NOT NULL DEFAULT 0;
CREATE INDEX withdrawal_submitting ON withdrawal (book, number) WHERE submitting = 1;

-- The same as in the terms, for statements.
ALTER TABLE method_terms ADD COLUMN enabled INTEGER NOT NULL DEFAULT 0;
UPDATE method_terms SET enabled = coalesce(json_extract(terms, '$.enabled'), 0);
