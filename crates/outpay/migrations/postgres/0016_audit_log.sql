-- Who changed what: append-only. Same table as in ../sqlite/0016_audit_log.sql.

-- book: where it happened, 0 for the business as a whole. actor: as in journal. detail: a JSON object, never a secret.
CREATE TABLE audit_log (
    number   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business BIGINT NOT NULL REFERENCES business (number),
    book     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    actor    BIGINT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL
);

CREATE INDEX audit_log_of_business ON audit_log (business, number);
CREATE INDEX audit_log_of_actor ON audit_log (business, actor, number);
