-- Who made a key, for whoever approves what it gave; and withdrawals of a method that is rarely used.
CREATE INDEX audit_log_of_subject ON audit_log (business, subject, number);
CREATE INDEX withdrawal_of_method ON withdrawal (book, method, number);
