-- What narrows an API key. Same columns as in ../postgres/0025_key_limits.sql. They stand where the key authenticates, so
-- that no request needs a second look-up. allowed: networks in CIDR form with spaces between them, NULL for any address;
-- max_amount: cents per payout, NULL for none.
ALTER TABLE credential ADD COLUMN allowed TEXT;
ALTER TABLE credential ADD COLUMN max_amount INTEGER CHECK (max_amount > 0);
