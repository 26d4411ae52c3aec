-- Rules that look back cost the same however much there is: a running sum for each method and day, and an order in which the
-- card that is given next stands first. Same table as in ../sqlite/0006_bounds.sql.

-- Cents of withdrawals asked for on a UTC day (its first microsecond), without what was given back since.
CREATE TABLE asked_of_day (
    book   BIGINT NOT NULL,
    method TEXT NOT NULL,
    day    BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (book, method, day)
);

INSERT INTO asked_of_day (book, method, day, amount)
SELECT book, method, created_at - created_at % 86400000000, sum(amount) FROM withdrawal WHERE state < 6
GROUP BY book, method, created_at - created_at % 86400000000;

DROP INDEX withdrawal_of_day;

DROP INDEX gift_card_stock;
CREATE INDEX gift_card_stock ON gift_card (book, brand, face_value, coalesce(expires_at, 9223372036854775807), number)
    WHERE state = 1;
