-- Deposits by their reference and by their amount, and what was reversed of them: few entries of a long journal.
CREATE INDEX journal_deposit ON journal (book, note) WHERE kind = 1;
CREATE INDEX journal_deposit_reversed ON journal (book, sequence) WHERE kind = 40;
