-- Links that reset a member's password, and nothing else. digest: keyed, of the token in the link, which works once. A member has
-- at most one row: a new link replaces the one before.
CREATE TABLE password_reset (
    digest     {bytes} NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    member     {int} NOT NULL UNIQUE REFERENCES member (number),
    created_at {int} NOT NULL,
    ends_at    {int} NOT NULL,
    used_at    {int}
) {clustered};
