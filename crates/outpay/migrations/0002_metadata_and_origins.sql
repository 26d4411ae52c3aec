-- Metadata: what a business notes for itself about payouts and withdrawals; and the origins whose scripts may call its API.

-- One name and its text. sequence: of the payout's journal entry; of a withdrawal, its number below 0. A user's own metadata are
-- those of the newest payout that brought some. Apart from the journal, which every payout writes: few payouts have any.
CREATE TABLE metadata (
    book        {int} NOT NULL,
    payout_user {int} NOT NULL CHECK (payout_user > 0),
    sequence    {int} NOT NULL CHECK (sequence <> 0),
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    value       TEXT NOT NULL CHECK (length(value) <= 500),
    PRIMARY KEY (book, payout_user, sequence, name)
) {clustered};

CREATE INDEX metadata_of_value ON metadata (book, name, value, payout_user);

-- The metadata of a line of an import, as a JSON object of texts. Few files have any.
CREATE TABLE import_line_metadata (
    book    {int} NOT NULL,
    import  {int} NOT NULL,
    line    {int} NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (book, import, line)
) {clustered};

-- An origin of pages whose scripts may call a business's hash endpoints in a browser (CORS), as a browser writes it.
CREATE TABLE allowed_origin (
    business {int} NOT NULL REFERENCES business (number),
    origin   TEXT NOT NULL CHECK (length(origin) > 0),
    PRIMARY KEY (business, origin)
) {clustered};

CREATE INDEX allowed_origin_of_text ON allowed_origin (origin);
