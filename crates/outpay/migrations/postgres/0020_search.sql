-- What the dashboard's lists look for. Same indexes as in ../sqlite/0020_search.sql, and one for the beginnings of addresses,
-- since the database's own collation may not sort them by their bytes.

CREATE INDEX withdrawal_unknown ON withdrawal (book, number) WHERE outcome_unknown = 1;
CREATE INDEX payout_user_beginning ON payout_user (book, email COLLATE "C");
