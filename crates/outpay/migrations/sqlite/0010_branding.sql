-- How a business shows itself on the claim page. Same table as in ../postgres/0010_branding.sql.

-- A business without a row shows itself by its name, in the standard colour. support and support_url may be empty.
CREATE TABLE branding (
    business     INTEGER NOT NULL PRIMARY KEY REFERENCES business (number),
    display_name TEXT NOT NULL CHECK (length(display_name) > 0),
    colour       TEXT NOT NULL CHECK (length(colour) = 7),
    support      TEXT NOT NULL,
    support_url  TEXT NOT NULL
) STRICT;
