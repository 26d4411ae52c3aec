-- Passkeys of members. id: the credential id that the authenticator chose. credential: what never changes, the public key above all;
-- state: what a sign-in changes, the counter above all; both as the crate webauthn_rp writes them.
CREATE TABLE passkey (
    id         {bytes} NOT NULL PRIMARY KEY,
    member     {int} NOT NULL REFERENCES member (number),
    name       TEXT NOT NULL,
    credential {bytes} NOT NULL,
    state      {bytes} NOT NULL,
    created_at {int} NOT NULL,
    used_at    {int}
) {table};
CREATE INDEX passkey_of_member ON passkey (member, created_at);

-- Challenges that were answered, until they are too old to be answered anyway. digest: keyed, of the sealed challenge.
CREATE TABLE answered_challenge (
    digest  {bytes} NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    ends_at {int} NOT NULL
) {clustered};
CREATE INDEX answered_challenge_ends ON answered_challenge (ends_at);
