-- How keys are used, per key and hour (microseconds since 1970, the hour's beginning). Same table as in
-- ../postgres/0026_key_usage.sql. Several processes add to the same row. within_…: requests answered in so many
-- milliseconds, each counted once. moved: cents given to people.
CREATE TABLE key_usage (
    book          INTEGER NOT NULL,
    key           INTEGER NOT NULL,
    hour          INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    client_errors INTEGER NOT NULL,
    server_errors INTEGER NOT NULL,
    micros        INTEGER NOT NULL,
    within_1      INTEGER NOT NULL,
    within_3      INTEGER NOT NULL,
    within_10     INTEGER NOT NULL,
    within_30     INTEGER NOT NULL,
    within_100    INTEGER NOT NULL,
    within_300    INTEGER NOT NULL,
    within_1000   INTEGER NOT NULL,
    longer        INTEGER NOT NULL,
    moved         INTEGER NOT NULL,
    PRIMARY KEY (book, key, hour)
) STRICT, WITHOUT ROWID;
