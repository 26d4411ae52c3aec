-- Notices of counterparts that were taken, so that a repeated delivery is recognized. `rail` is the method's name, `id` is the
-- counterpart's id of the event. Rows are forgotten after the time in which a counterpart repeats itself.
CREATE TABLE rail_notice (
    rail        TEXT NOT NULL CHECK (length(rail) > 0),
    id          TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
    received_at {int} NOT NULL,
    PRIMARY KEY (rail, id)
) {clustered};
CREATE INDEX rail_notice_received ON rail_notice (received_at);

-- Numbers that a counterpart has given the payment of an attempt, where it can be asked by its own numbers only. `key` is that of the
-- attempt. `number` never changes: another one for the same key would be another payment. `transaction_number` is how the
-- counterpart's statements call it; empty until it is known.
CREATE TABLE rail_number (
    rail               TEXT NOT NULL CHECK (length(rail) > 0),
    key                TEXT NOT NULL CHECK (length(key) > 0),
    number             TEXT NOT NULL CHECK (length(number) > 0),
    transaction_number TEXT NOT NULL,
    PRIMARY KEY (rail, key)
) {clustered};
CREATE INDEX rail_number_transaction ON rail_number (transaction_number);
