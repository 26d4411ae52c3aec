-- Payments by hand that are in a file. Same table as in ../postgres/0097_handed_out.sql.

-- times: in how many files; at and actor: of the last one.
CREATE TABLE handed_out (
    book       INTEGER NOT NULL,
    withdrawal INTEGER NOT NULL,
    times      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    actor      INTEGER NOT NULL,
    PRIMARY KEY (book, withdrawal)
) STRICT;
