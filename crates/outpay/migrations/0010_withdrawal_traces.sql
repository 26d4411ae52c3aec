-- The trace of the request that asked for a withdrawal, as a W3C traceparent, where that request was traced: the steps of rails
-- and webhooks continue it, in whatever process they are made.
CREATE TABLE withdrawal_trace (
    book       {int} NOT NULL,
    withdrawal {int} NOT NULL CHECK (withdrawal > 0),
    trace      TEXT NOT NULL CHECK (length(trace) = 55),
    PRIMARY KEY (book, withdrawal)
) {clustered};
