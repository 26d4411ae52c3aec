-- Restricted keys. scopes: a sum of bits, outpay::scopes; NULL for everything. max_request, max_day and max_recipient_day:
-- cents that the key may pay by one request, on one UTC day, and to one recipient on one day; NULL for no ceiling. budget: the
-- key under whose number the sums of a day are kept; 0 for a payout hash. A key that replaces another, or that one with
-- ceilings has made, shares the sums of that one, so that more keys do not pay more.
ALTER TABLE credential ADD COLUMN scopes {int} CHECK (scopes >= 0);
ALTER TABLE credential ADD COLUMN max_request {int} CHECK (max_request > 0);
ALTER TABLE credential ADD COLUMN max_day {int} CHECK (max_day > 0);
ALTER TABLE credential ADD COLUMN max_recipient_day {int} CHECK (max_recipient_day > 0);
ALTER TABLE credential ADD COLUMN budget {int} NOT NULL DEFAULT 0;
UPDATE credential SET budget = (SELECT k.family FROM api_key k WHERE k.digest = credential.digest) WHERE kind <> 3;

-- What was paid out of a budget on a UTC day (its first microsecond): to one payout user, or to all together (0). One row per
-- budget and user, which begins again on the next day. Only keys with ceilings have rows.
CREATE TABLE budget_spent (
    book        {int} NOT NULL,
    budget      {int} NOT NULL,
    payout_user {int} NOT NULL CHECK (payout_user >= 0),
    day         {int} NOT NULL,
    amount      {int} NOT NULL CHECK (amount > 0),
    PRIMARY KEY (book, budget, payout_user)
) {clustered and rewritten};
