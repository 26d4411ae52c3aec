-- What left by a rail that a recovered database does not know of. Same tables as in ../postgres/0094_treasury_scans.sql.

-- One row per rail to be read since a recovery; until scanned_at or skipped says otherwise it has not been read.
CREATE TABLE treasury_scan (
    rail       TEXT PRIMARY KEY,
    since      INTEGER NOT NULL,
    scanned_at INTEGER,
    slots      INTEGER NOT NULL DEFAULT 0,
    skipped    TEXT NOT NULL DEFAULT ''
) STRICT;

-- A transfer that no attempt made. state: 1 open, 2 a withdrawal's, 3 a person's, 4 lost.
CREATE TABLE unmatched_transfer (
    rail        TEXT NOT NULL,
    transfer    TEXT NOT NULL,
    place       INTEGER NOT NULL,
    destination TEXT NOT NULL,
    units       TEXT NOT NULL,
    cents       INTEGER,
    block       INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    book        INTEGER NOT NULL DEFAULT 0,
    number      INTEGER NOT NULL DEFAULT 0,
    reason      TEXT NOT NULL DEFAULT '',
    assigned_at INTEGER,
    PRIMARY KEY (rail, transfer, place)
) STRICT;
