-- The rails of this installation, as processes that have them found them at their start. Same table as in
-- ../postgres/0072_rails.sql. line: empty where the rail has none.
CREATE TABLE installation_rail (
    test_mode INTEGER NOT NULL CHECK (test_mode IN (0, 1)),
    name      TEXT NOT NULL,
    provider  TEXT NOT NULL,
    line      TEXT NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (test_mode, name, provider, line)
) STRICT, WITHOUT ROWID;
