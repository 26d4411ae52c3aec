-- The audit log is a hash chain. Same table as in ../sqlite/0080_audit_log_chain.sql.

-- Covers the row before it and the row; NULL only inside the transaction that writes it.
ALTER TABLE audit_log ADD COLUMN digest BYTEA CHECK (length(digest) = 32);

-- The newest row and its digest; locked by every transaction that writes to the log.
CREATE TABLE audit_log_head (
    one    BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL CHECK (number >= 0),
    digest BYTEA NOT NULL CHECK (length(digest) = 32)
);

INSERT INTO audit_log_head (one, number, digest) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
