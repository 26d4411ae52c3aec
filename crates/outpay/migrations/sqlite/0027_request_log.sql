-- Recent requests of a business, redacted before they come here. Same table as in ../postgres/0027_request_log.sql. key and
-- payout_user: who asked, one of them 0. route: the template; path_id: the public id in its place, or ''. skipped: requests
-- of the book that were answered before this one and not written down, since the row before it.
CREATE TABLE request_log (
    book        INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    request_id  TEXT NOT NULL,
    key         INTEGER NOT NULL,
    payout_user INTEGER NOT NULL,
    method      TEXT NOT NULL,
    route       TEXT NOT NULL,
    path_id     TEXT NOT NULL,
    status      INTEGER NOT NULL,
    micros      INTEGER NOT NULL,
    skipped     INTEGER NOT NULL,
    request     TEXT NOT NULL,
    response    TEXT NOT NULL,
    PRIMARY KEY (book, at, request_id)
) STRICT;

CREATE UNIQUE INDEX request_log_id ON request_log (book, request_id);
CREATE INDEX request_log_age ON request_log (at);
