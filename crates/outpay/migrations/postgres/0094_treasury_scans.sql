-- What left by a rail that a recovered database does not know of. Same tables as in ../sqlite/0094_treasury_scans.sql.

-- One row per rail to be read since a recovery; until scanned_at or skipped says otherwise it has not been read.
CREATE TABLE treasury_scan (
    rail       TEXT PRIMARY KEY,
    since      BIGINT NOT NULL,
    scanned_at BIGINT,
    slots      BIGINT NOT NULL DEFAULT 0,
    skipped    TEXT NOT NULL DEFAULT ''
);

-- A transfer that no attempt made. state: 1 open, 2 a withdrawal's, 3 a person's, 4 lost.
CREATE TABLE unmatched_transfer (
    rail        TEXT NOT NULL,
    transfer    TEXT NOT NULL,
    place       BIGINT NOT NULL,
    destination TEXT NOT NULL,
    units       TEXT NOT NULL,
    cents       BIGINT,
    block       BIGINT NOT NULL,
    state       BIGINT NOT NULL,
    book        BIGINT NOT NULL DEFAULT 0,
    number      BIGINT NOT NULL DEFAULT 0,
    reason      TEXT NOT NULL DEFAULT '',
    assigned_at BIGINT,
    PRIMARY KEY (rail, transfer, place)
);
