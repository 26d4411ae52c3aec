-- Outgoing mail: which mails a book's people get, and the mails themselves. Same tables as in ../postgres/0030_mail.sql.

-- kinds: a sum of bits, crates/outpay/src/mail/kind.rs. cursor: the last journal entry that was looked at. revision: raised by
-- every change of the owner's.
CREATE TABLE mail_choice (
    book     INTEGER NOT NULL PRIMARY KEY REFERENCES book (id),
    kinds    INTEGER NOT NULL CHECK (kinds BETWEEN 0 AND 63),
    cursor   INTEGER NOT NULL CHECK (cursor >= 0),
    revision INTEGER NOT NULL CHECK (revision > 0)
) STRICT;

-- book: 0 where a mail is of no book. sequence: the journal entry it tells of, NULL for what is in no journal, so that no entry
-- is told of twice. payout_user: 0 for a member of a team. data: what it says, a JSON object without any secret. sealed: the
-- link that only its reader may see, encrypted, wiped once it is sent; NULL for none. state: 1 pending, 2 sent, 3 failed.
-- tries: in the present round; attempts: in all. due_at: when to try next, NULL once it is sent or failed. answer: the last.
CREATE TABLE mail (
    number       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    book         INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    sequence     INTEGER,
    recipient    TEXT NOT NULL,
    payout_user  INTEGER NOT NULL,
    data         TEXT NOT NULL,
    sealed       BLOB,
    state        INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    tries        INTEGER NOT NULL CHECK (tries >= 0),
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    created_at   INTEGER NOT NULL,
    due_at       INTEGER CHECK ((due_at IS NULL) = (state <> 1)),
    finished_at  INTEGER,
    answer       TEXT NOT NULL,
    leased_until INTEGER NOT NULL,
    leased_by    INTEGER NOT NULL,
    UNIQUE (book, sequence, kind)
) STRICT;

CREATE INDEX mail_due ON mail (due_at, number) WHERE state = 1;
CREATE INDEX mail_failed ON mail (number) WHERE state = 3;
