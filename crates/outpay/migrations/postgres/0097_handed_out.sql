-- Payments by hand that are in a file. Same table as in ../sqlite/0097_handed_out.sql.

-- times: in how many files; at and actor: of the last one.
CREATE TABLE handed_out (
    book       BIGINT NOT NULL,
    withdrawal BIGINT NOT NULL,
    times      BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor      BIGINT NOT NULL,
    PRIMARY KEY (book, withdrawal)
);
