-- Files of payments that were given to the dashboard. Same tables as in ../sqlite/0022_imports.sql.

-- state: 1 draft, 2 waits for another member, 3 running, 4 done, 5 discarded. actor: who brought it; confirmed_by: for whom
-- it pays, 0 for nobody yet. digest: of the file, from which the idempotency keys of its lines are made.
CREATE TABLE import (
    book         BIGINT NOT NULL,
    number       BIGINT NOT NULL CHECK (number > 0),
    name         TEXT NOT NULL,
    digest       BYTEA NOT NULL CHECK (length(digest) = 32),
    lines        BIGINT NOT NULL CHECK (lines > 0),
    total        BIGINT NOT NULL CHECK (total > 0),
    actor        BIGINT NOT NULL,
    confirmed_by BIGINT NOT NULL,
    state        BIGINT NOT NULL CHECK (state BETWEEN 1 AND 5),
    created_at   BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (book, number)
);

CREATE INDEX import_of_file ON import (book, digest, number);
CREATE INDEX import_running ON import (book, number) WHERE state = 3;

-- state: 1 open, 2 paid, 3 paid before, 4 not paid. detail: why.
CREATE TABLE import_line (
    book      BIGINT NOT NULL,
    import    BIGINT NOT NULL,
    line      BIGINT NOT NULL CHECK (line > 0),
    email     TEXT NOT NULL,
    amount    BIGINT NOT NULL CHECK (amount > 0),
    reference TEXT NOT NULL,
    state     BIGINT NOT NULL CHECK (state BETWEEN 1 AND 4),
    detail    TEXT NOT NULL,
    PRIMARY KEY (book, import, line)
);

CREATE INDEX import_line_open ON import_line (book, import, line) WHERE state = 1;

-- Imports of more than this need another member's word; no row: none do.
CREATE TABLE import_rule (
    book          BIGINT NOT NULL PRIMARY KEY,
    approve_above BIGINT NOT NULL CHECK (approve_above >= 0)
);
