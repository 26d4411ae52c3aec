-- Notes of a business's team about a recipient; at most 20 stand at a time. number: 1, 2, ... of the recipient. actor: the author. text: ''
-- once the note is removed; the row stays, so that its number is not given out again.
CREATE TABLE recipient_note (
    book        {int} NOT NULL,
    payout_user {int} NOT NULL CHECK (payout_user > 0),
    number      {int} NOT NULL CHECK (number > 0),
    actor       {int} NOT NULL,
    at          {int} NOT NULL,
    text        TEXT NOT NULL CHECK (length(text) <= 500),
    PRIMARY KEY (book, payout_user, number)
) {clustered};

CREATE INDEX recipient_note_standing ON recipient_note (book, payout_user, number) WHERE text <> '';
-- The newest mails to one recipient.
CREATE INDEX mail_to_recipient ON mail (book, payout_user, number) WHERE payout_user > 0;
