-- Versions of the master key beyond the first. The first, number 0, has no row: its check value is in `setting`. The largest number
-- is the version in use. check_value: a keyed value by which a wrong key is noticed. receipt_key: the public key of receipts and
-- heads, which stay verifiable when the version is retired. since: when it was taken into use. resealed_at: when everything that
-- can be was sealed with it; NULL while a rotation is not finished. retired_at: when nothing needed it any more.
CREATE TABLE master_key (
    version     {int} NOT NULL PRIMARY KEY CHECK (version BETWEEN 1 AND 15),
    check_value {bytes} NOT NULL CHECK (length(check_value) = 32),
    receipt_key {bytes} NOT NULL CHECK (length(receipt_key) = 32),
    since       {int} NOT NULL,
    resealed_at {int},
    retired_at  {int}
) {table};

-- A process that serves, and the versions that it has. known: a sum of bits, 1 for version 0, 2 for version 1 and so on. in_use: the
-- version with which it makes new secrets. seen_at: renewed every few seconds; an old row is of a process that has died.
CREATE TABLE key_holder (
    process {int} NOT NULL PRIMARY KEY,
    known   {int} NOT NULL,
    in_use  {int} NOT NULL,
    seen_at {int} NOT NULL
) {table};
