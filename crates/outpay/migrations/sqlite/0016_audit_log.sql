-- Who changed what: append-only. Same table as in ../postgres/0016_audit_log.sql.

-- book: where it happened, 0 for the business as a whole. actor: as in journal. detail: a JSON object, never a secret.
CREATE TABLE audit_log (
    number   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    business INTEGER NOT NULL REFERENCES business (number),
    book     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    actor    INTEGER NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;

CREATE INDEX audit_log_of_business ON audit_log (business, number);
CREATE INDEX audit_log_of_actor ON audit_log (business, actor, number);
