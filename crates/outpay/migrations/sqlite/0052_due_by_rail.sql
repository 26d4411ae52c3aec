-- Workers look for what is due rail by rail. Same index as in ../postgres/0052_due_by_rail.sql.

CREATE INDEX withdrawal_due_by_rail ON withdrawal (method, due_at) WHERE due_at IS NOT NULL;
