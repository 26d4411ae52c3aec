-- The reward link of a payment that an aggregator delivers as a link. reward: the aggregator's number of what the link opens, by which
-- a new link can be made. sealed: the link, beside book, withdrawal and reward. A withdrawal has one link; what is kept once stays.
CREATE TABLE reward_link (
    book       {int} NOT NULL,
    withdrawal {int} NOT NULL CHECK (withdrawal > 0),
    reward     TEXT NOT NULL CHECK (reward <> ''),
    sealed     {bytes} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (book, withdrawal)
) {clustered};
