-- Gift cards in stock. Same table as in ../postgres/0003_gift_cards.sql.

-- sealed: code and pin, encrypted; digest: keyed, of brand and code, so that a card is imported once. state: 1 in stock,
-- 2 given out, 3 recalled. withdrawal: whose it is once it is given out, else NULL.
CREATE TABLE gift_card (
    book        INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number > 0),
    brand       TEXT NOT NULL,
    face_value  INTEGER NOT NULL CHECK (face_value > 0),
    expires_at  INTEGER,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    sealed      BLOB NOT NULL,
    state       INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    withdrawal  INTEGER,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (book, number),
    UNIQUE (book, digest),
    UNIQUE (book, withdrawal)
) STRICT;

CREATE INDEX gift_card_stock ON gift_card (book, brand, face_value, number) WHERE state = 1;
