-- Members: the people of businesses' teams, their sessions and invitations. Same tables as in ../sqlite/0015_members.sql.

-- One account, however many businesses. password: argon2id, as a PHC string. second_factor: the TOTP key, encrypted; NULL
-- while there is none. used_step: the last TOTP time step that was used, so that a code works once.
CREATE TABLE member (
    number        BIGINT NOT NULL PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password      TEXT NOT NULL,
    second_factor BYTEA,
    used_step     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    confirmed_at  BIGINT
);

-- Numbers of roles: crates/outpay/src/members/role.rs.
CREATE TABLE membership (
    business BIGINT NOT NULL REFERENCES business (number),
    member   BIGINT NOT NULL REFERENCES member (number),
    role     BIGINT NOT NULL CHECK (role BETWEEN 1 AND 4),
    since    BIGINT NOT NULL,
    PRIMARY KEY (business, member)
);

CREATE INDEX membership_of_member ON membership (member, business);

-- digest: keyed, of the code.
CREATE TABLE recovery_code (
    member  BIGINT NOT NULL REFERENCES member (number),
    digest  BYTEA NOT NULL CHECK (length(digest) = 32),
    used_at BIGINT,
    PRIMARY KEY (member, digest)
);

-- digest: keyed, of the token in the cookie. complete: 1 once the second factor was given. enrolling: a TOTP key that this
-- session was shown and has not confirmed, encrypted. business: the one it looks at, 0 before there is one.
CREATE TABLE member_session (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
    member     BIGINT NOT NULL REFERENCES member (number),
    complete   BIGINT NOT NULL CHECK (complete IN (0, 1)),
    enrolling  BYTEA,
    business   BIGINT NOT NULL,
    test_mode  BIGINT NOT NULL CHECK (test_mode IN (0, 1)),
    agent      TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    ended_at   BIGINT
);

CREATE INDEX member_session_of_member ON member_session (member, number);
CREATE INDEX member_session_ends ON member_session (ends_at);

-- digest: keyed, of the token in the link. invited_by: an actor, as in journal. resets: 1 where it lets a member who has lost
-- password or second factor set both anew.
CREATE TABLE invitation (
    number       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest       BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
    business     BIGINT NOT NULL REFERENCES business (number),
    email        TEXT NOT NULL,
    role         BIGINT NOT NULL CHECK (role BETWEEN 1 AND 4),
    invited_by   BIGINT NOT NULL,
    resets       BIGINT NOT NULL CHECK (resets IN (0, 1)),
    created_at   BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    used_at      BIGINT,
    withdrawn_at BIGINT
);

CREATE INDEX invitation_of_business ON invitation (business, number);

-- Tries to sign in, counted per bucket (a keyed digest of an account and an address, of an account, of an address) from
-- `since` on.
CREATE TABLE sign_in_attempt (
    bucket BYTEA NOT NULL PRIMARY KEY CHECK (length(bucket) = 32),
    since  BIGINT NOT NULL,
    tries  BIGINT NOT NULL CHECK (tries >= 0)
);

CREATE INDEX sign_in_attempt_since ON sign_in_attempt (since);
