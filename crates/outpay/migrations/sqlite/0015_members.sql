-- Members: the people of businesses' teams, their sessions and invitations. Same tables as in ../postgres/0015_members.sql.

-- One account, however many businesses. password: argon2id, as a PHC string. second_factor: the TOTP key, encrypted; NULL
-- while there is none. used_step: the last TOTP time step that was used, so that a code works once.
CREATE TABLE member (
    number        INTEGER NOT NULL PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password      TEXT NOT NULL,
    second_factor BLOB,
    used_step     INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    confirmed_at  INTEGER
) STRICT;

-- Numbers of roles: crates/outpay/src/members/role.rs.
CREATE TABLE membership (
    business INTEGER NOT NULL REFERENCES business (number),
    member   INTEGER NOT NULL REFERENCES member (number),
    role     INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4),
    since    INTEGER NOT NULL,
    PRIMARY KEY (business, member)
) STRICT, WITHOUT ROWID;

CREATE INDEX membership_of_member ON membership (member, business);

-- digest: keyed, of the code.
CREATE TABLE recovery_code (
    member  INTEGER NOT NULL REFERENCES member (number),
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    used_at INTEGER,
    PRIMARY KEY (member, digest)
) STRICT, WITHOUT ROWID;

-- digest: keyed, of the token in the cookie. complete: 1 once the second factor was given. enrolling: a TOTP key that this
-- session was shown and has not confirmed, encrypted. business: the one it looks at, 0 before there is one.
CREATE TABLE member_session (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    member     INTEGER NOT NULL REFERENCES member (number),
    complete   INTEGER NOT NULL CHECK (complete IN (0, 1)),
    enrolling  BLOB,
    business   INTEGER NOT NULL,
    test_mode  INTEGER NOT NULL CHECK (test_mode IN (0, 1)),
    agent      TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;

CREATE INDEX member_session_of_member ON member_session (member, number);
CREATE INDEX member_session_ends ON member_session (ends_at);

-- digest: keyed, of the token in the link. invited_by: an actor, as in journal. resets: 1 where it lets a member who has lost
-- password or second factor set both anew.
CREATE TABLE invitation (
    number       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    business     INTEGER NOT NULL REFERENCES business (number),
    email        TEXT NOT NULL,
    role         INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4),
    invited_by   INTEGER NOT NULL,
    resets       INTEGER NOT NULL CHECK (resets IN (0, 1)),
    created_at   INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    used_at      INTEGER,
    withdrawn_at INTEGER
) STRICT;

CREATE INDEX invitation_of_business ON invitation (business, number);

-- Tries to sign in, counted per bucket (a keyed digest of an account and an address, of an account, of an address) from
-- `since` on.
CREATE TABLE sign_in_attempt (
    bucket BLOB NOT NULL PRIMARY KEY CHECK (length(bucket) = 32),
    since  INTEGER NOT NULL,
    tries  INTEGER NOT NULL CHECK (tries >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_attempt_since ON sign_in_attempt (since);
