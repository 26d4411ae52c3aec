-- How keys are used, per key and hour (microseconds since 1970, the hour's beginning). Same table as in
-- ../sqlite/0026_key_usage.sql. Several processes add to the same row. within_…: requests answered in so many
-- milliseconds, each counted once. moved: cents given to people.
CREATE TABLE key_usage (
    book          BIGINT NOT NULL,
    key           BIGINT NOT NULL,
    hour          BIGINT NOT NULL,
    requests      BIGINT NOT NULL,
    client_errors BIGINT NOT NULL,
    server_errors BIGINT NOT NULL,
    micros        BIGINT NOT NULL,
    within_1      BIGINT NOT NULL,
    within_3      BIGINT NOT NULL,
    within_10     BIGINT NOT NULL,
    within_30     BIGINT NOT NULL,
    within_100    BIGINT NOT NULL,
    within_300    BIGINT NOT NULL,
    within_1000   BIGINT NOT NULL,
    longer        BIGINT NOT NULL,
    moved         BIGINT NOT NULL,
    PRIMARY KEY (book, key, hour)
);
