-- What the dashboard's lists look for. Same indexes as in ../postgres/0020_search.sql, which also has one for the beginnings
-- of addresses; here the table itself lies in that order.

CREATE INDEX withdrawal_unknown ON withdrawal (book, number) WHERE outcome_unknown = 1;
