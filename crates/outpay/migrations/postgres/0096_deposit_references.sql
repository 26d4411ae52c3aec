-- Deposits by their reference, over all businesses: one line of a bank statement is the money of one business.
DROP INDEX journal_deposit;
CREATE INDEX journal_deposit ON journal (note, book) WHERE kind = 1;
CREATE INDEX journal_deposit_of ON journal (book, amount) WHERE kind = 1;
