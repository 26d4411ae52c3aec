-- Epochs after the first: one row per recovery of a database that may have lost its end. Same table as in
-- ../sqlite/0040_epoch.sql. floor: the number below the first of the epoch, for everything that is numbered;
-- business_floor: the same for businesses, whose numbers have fewer bits.
CREATE TABLE epoch (
    number         BIGINT NOT NULL PRIMARY KEY CHECK (number > 0),
    floor          BIGINT NOT NULL CHECK (floor > 0),
    business_floor BIGINT NOT NULL CHECK (business_floor > 0),
    raised_at      BIGINT NOT NULL
);

