-- The schema, for both engines. Words in braces are tokens; the table TOKENS of store/migrations.rs says what each becomes on
-- SQLite and on PostgreSQL. A line that begins with an engine's name in braces is for that engine alone.
--
-- A released migration is never edited: a test holds its digest. A change of the schema is a new file beside this one.
--
-- What holds for every table:
-- * Where a row belongs to a book, the book leads the primary key, so tables can be distributed by it; on SQLite the
--   clustered tables are stored in the order of that key.
-- * Numbers, times and truth values are 64-bit integers: times are microseconds since 1970-01-01 UTC, truth is 0 or 1.
-- * Money is in cents. There are no fractions in the database.
-- * actor (ledger::Actor) is an API key's number above 0, 0 for none, -1 for the operator, and a member below -1000.
-- * Enumerations are stored as numbers; the codes stand in the Rust enum that the comment names.
-- * A secret is stored as a keyed digest where it is only compared, and sealed (encrypted with a key that comes from the master
--   key) where it must be read again. No column holds one in clear.


-- ---------------------------------------------------------------------------------------------------------------------
-- The installation
-- ---------------------------------------------------------------------------------------------------------------------

-- One value of the installation under a name, for example the check value of the master key.
CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value {bytes} NOT NULL
) {clustered};

-- One row per recovery of a database that may have lost its end. floor: every number given out from then on is above it;
-- business_floor: the same for businesses, whose numbers have fewer bits in a public id.
CREATE TABLE epoch (
    number         {int} NOT NULL PRIMARY KEY CHECK (number > 0),
    floor          {int} NOT NULL CHECK (floor > 0),
    business_floor {int} NOT NULL CHECK (business_floor > 0),
    raised_at      {int} NOT NULL
) {table};

-- The rails that the processes of this installation have mounted, written at each start. line: the queue that serialises the
-- rail's payments (a chain's nonces); '' where the rail has none.
CREATE TABLE installation_rail (
    test_mode {int} NOT NULL CHECK (test_mode IN (0, 1)),
    name      TEXT NOT NULL,
    provider  TEXT NOT NULL,
    line      TEXT NOT NULL,
    since     {int} NOT NULL,
    PRIMARY KEY (test_mode, name, provider, line)
) {clustered};


-- ---------------------------------------------------------------------------------------------------------------------
-- Businesses and how they appear
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE business (
    number          {int} NOT NULL PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    payouts_enabled {int} NOT NULL CHECK (payouts_enabled IN (0, 1)),
    created_at      {int} NOT NULL
) {table};

-- How a business appears on the claim page. Without a row it appears by its name, in the standard colour. support and
-- support_url may be empty. frame_origins: origins that may embed the page, with a space between them; usually none.
CREATE TABLE branding (
    business      {int} NOT NULL PRIMARY KEY REFERENCES business (number),
    display_name  TEXT NOT NULL CHECK (length(display_name) > 0),
    colour        TEXT NOT NULL CHECK (length(colour) = 7),
    support       TEXT NOT NULL,
    support_url   TEXT NOT NULL,
    frame_origins TEXT NOT NULL DEFAULT ''
) {table};

-- name: a digest of the image and a file ending that tells its type. Two businesses may have the same image.
CREATE TABLE logo (
    business {int} NOT NULL PRIMARY KEY REFERENCES business (number),
    name     TEXT NOT NULL,
    image    {bytes} NOT NULL CHECK (length(image) BETWEEN 1 AND 32768)
) {table};

CREATE INDEX logo_by_name ON logo (name);


-- ---------------------------------------------------------------------------------------------------------------------
-- Books: accounts, users and the journal. Only the teller writes these tables.
-- ---------------------------------------------------------------------------------------------------------------------

-- One per business and mode: id = 2 * business, + 1 in test mode. Its row is the lock of the whole book: whatever changes a
-- book locks it first. sequence and chain: of the newest journal entry. users and withdrawals: the last numbers given out.
CREATE TABLE book (
    id          {int} NOT NULL PRIMARY KEY,
    business    {int} NOT NULL REFERENCES business (number),
    sequence    {int} NOT NULL CHECK (sequence >= 0),
    chain       {bytes} NOT NULL CHECK (length(chain) = 32),
    users       {int} NOT NULL CHECK (users >= 0),
    withdrawals {int} NOT NULL DEFAULT 0 CHECK (withdrawals >= 0)
) {table};

-- A balance. id: a user's number, or a house account (below 0). Only `world` (-1), where money comes from, may be below zero.
-- head: the account's newest journal entry. Narrow on purpose: every movement of money rewrites these rows.
CREATE TABLE account (
    book    {int} NOT NULL,
    id      {int} NOT NULL CHECK (id <> 0),
    balance {int} NOT NULL CHECK (balance >= 0 OR id = -1),
    head    {int} NOT NULL,
    PRIMARY KEY (book, id)
) {clustered and rewritten};

-- A payout user. Clustered by address, because every payout looks its user up by it. generation and salt: of the user's
-- present hash; a rotation raises the one and replaces the other. expires_at: of the hash; NULL for never.
CREATE TABLE payout_user (
    book       {int} NOT NULL,
    number     {int} NOT NULL CHECK (number > 0),
    email      TEXT NOT NULL,
    status     {int} NOT NULL CHECK (status IN (0, 1)),
    generation {int} NOT NULL,
    salt       {bytes} NOT NULL CHECK (length(salt) = 16),
    created_at {int} NOT NULL,
    expires_at {int},
    PRIMARY KEY (book, email),
    UNIQUE (book, number)
) {clustered};

CREATE INDEX payout_user_inactive ON payout_user (book, number) WHERE status = 0;
-- The search for the beginning of an address. A PostgreSQL database's own collation may not sort by bytes; on SQLite the
-- primary key does.
{postgres} CREATE INDEX payout_user_beginning ON payout_user (book, email COLLATE "C");

-- An entry of a book's journal: append-only, numbered without a gap (except where a recovery began a new epoch), each chained
-- to the one before it by its digest. kind: ledger::EntryKind. 0 means none in payout_user, debit, credit, amount,
-- debit_previous and credit_previous (the links to the account's entry before). salt: of the hash that the entry gives its
-- user, else NULL. withdrawal: 0 for none. detail: what the rail made public, a JSON object, or ''.
CREATE TABLE journal (
    book            {int} NOT NULL,
    sequence        {int} NOT NULL CHECK (sequence > 0),
    kind            {int} NOT NULL,
    at              {int} NOT NULL,
    payout_user     {int} NOT NULL,
    debit           {int} NOT NULL,
    credit          {int} NOT NULL,
    amount          {int} NOT NULL CHECK (amount >= 0),
    debit_previous  {int} NOT NULL,
    credit_previous {int} NOT NULL,
    note            TEXT NOT NULL,
    chain           {bytes} NOT NULL,
    salt            {bytes} CHECK (length(salt) = 16),
    withdrawal      {int} NOT NULL DEFAULT 0,
    actor           {int} NOT NULL DEFAULT 0,
    detail          TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (book, sequence)
) {clustered};

CREATE INDEX journal_withdrawal ON journal (book, sequence) WHERE withdrawal > 0;
CREATE INDEX journal_of_withdrawal ON journal (book, withdrawal, sequence) WHERE withdrawal > 0;
-- Deposits (kind 1) by their reference over all books, since a line of a bank statement is the money of one business; by
-- their amount in one book; and reversals (kind 40). Few entries of a long journal.
CREATE INDEX journal_deposit ON journal (note, book) WHERE kind = 1;
CREATE INDEX journal_deposit_of ON journal (book, amount) WHERE kind = 1;
CREATE INDEX journal_deposit_reversed ON journal (book, sequence) WHERE kind = 40;

-- The first answer to an idempotency key, kept for ever. key and fingerprint: 16-byte digests of the key and of the command.
CREATE TABLE remembered (
    book        {int} NOT NULL,
    key         {bytes} NOT NULL,
    fingerprint {bytes} NOT NULL,
    outcome     TEXT NOT NULL,
    PRIMARY KEY (book, key)
) {clustered};

-- Sums of a book's entries per UTC day (days since 1970-01-01) and kind, computed from the journal behind a cursor.
CREATE TABLE day_sum (
    book    {int} NOT NULL,
    day     {int} NOT NULL,
    kind    {int} NOT NULL,
    entries {int} NOT NULL,
    amount  {int} NOT NULL,
    PRIMARY KEY (book, day, kind)
) {clustered};

-- sequence: the last entry of the book that is in day_sum.
CREATE TABLE day_sum_cursor (
    book     {int} NOT NULL PRIMARY KEY,
    sequence {int} NOT NULL CHECK (sequence >= 0)
) {clustered};


-- ---------------------------------------------------------------------------------------------------------------------
-- Credentials and API keys
-- ---------------------------------------------------------------------------------------------------------------------

-- Everything that authenticates, under the keyed digest of its text. kind: store::CredentialKind (1 secret key, 2 public
-- key, 3 payout hash); subject: the key's or the user's number. The limits of a key stand here, so that authentication needs
-- one look-up. allowed: networks in CIDR form with spaces between them, NULL for any address; max_amount: cents per payout,
-- NULL for no limit.
CREATE TABLE credential (
    digest     {bytes} NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    kind       {int} NOT NULL CHECK (kind IN (1, 2, 3)),
    book       {int} NOT NULL,
    subject    {int} NOT NULL,
    active     {int} NOT NULL CHECK (active IN (0, 1)),
    expires_at {int},
    allowed    TEXT,
    max_amount {int} CHECK (max_amount > 0)
) {clustered};

-- An API key as its owner sees it; its row in credential has the same digest. hint: prefix and last characters. family: the
-- number of the first key of its line. A rolled key keeps the family, so a key cannot approve what its predecessor made.
CREATE TABLE api_key (
    number       {int} NOT NULL PRIMARY KEY,
    family       {int} NOT NULL DEFAULT 0,
    book         {int} NOT NULL REFERENCES book (id),
    kind         {int} NOT NULL CHECK (kind IN (1, 2)),
    name         TEXT NOT NULL,
    hint         TEXT NOT NULL,
    digest       {bytes} NOT NULL UNIQUE,
    created_at   {int} NOT NULL,
    expires_at   {int},
    revoked_at   {int},
    last_used_at {int}
) {table};

-- Requests of a key in one hour (its first microsecond). Several processes add to the same row. within_N: requests answered
-- within N milliseconds, each counted once, in the smallest bucket that fits. moved: cents paid out.
CREATE TABLE key_usage (
    book          {int} NOT NULL,
    key           {int} NOT NULL,
    hour          {int} NOT NULL,
    requests      {int} NOT NULL,
    client_errors {int} NOT NULL,
    server_errors {int} NOT NULL,
    micros        {int} NOT NULL,
    within_1      {int} NOT NULL,
    within_3      {int} NOT NULL,
    within_10     {int} NOT NULL,
    within_30     {int} NOT NULL,
    within_100    {int} NOT NULL,
    within_300    {int} NOT NULL,
    within_1000   {int} NOT NULL,
    longer        {int} NOT NULL,
    moved         {int} NOT NULL,
    PRIMARY KEY (book, key, hour)
) {clustered};

-- Recent API requests of a book, redacted before they are written. key and payout_user: the caller; one of the two is 0.
-- route: the template; path_id: the public id in the path, or ''. skipped: requests of the book since the row before that
-- were answered and not written.
CREATE TABLE request_log (
    book        {int} NOT NULL,
    at          {int} NOT NULL,
    request_id  TEXT NOT NULL,
    key         {int} NOT NULL,
    payout_user {int} NOT NULL,
    method      TEXT NOT NULL,
    route       TEXT NOT NULL,
    path_id     TEXT NOT NULL,
    status      {int} NOT NULL,
    micros      {int} NOT NULL,
    skipped     {int} NOT NULL,
    request     TEXT NOT NULL,
    response    TEXT NOT NULL,
    PRIMARY KEY (book, at, request_id)
) {table};

CREATE UNIQUE INDEX request_log_id ON request_log (book, request_id);
CREATE INDEX request_log_age ON request_log (at);


-- ---------------------------------------------------------------------------------------------------------------------
-- Money out: withdrawals and what pays them
-- ---------------------------------------------------------------------------------------------------------------------

-- A withdrawal. state: ledger::WithdrawalState. The ledger's columns end with changed_at; the rest are the workers'. due_at: when a
-- worker looks at it next, NULL for never. leased_until, leased_by: until when a worker has it, and which one. lease: the
-- number of that lease; it only grows, and every write of a worker names it, so a worker that slept through the end of its
-- lease writes nothing. submitting: 1 from the last check before a request leaves until its answer is stored.
CREATE TABLE withdrawal (
    book            {int} NOT NULL,
    number          {int} NOT NULL CHECK (number > 0),
    payout_user     {int} NOT NULL,
    method          TEXT NOT NULL,
    provider        TEXT NOT NULL,
    amount          {int} NOT NULL CHECK (amount > 0),
    fees            {int} NOT NULL CHECK (fees >= 0 AND fees < amount),
    destination     TEXT NOT NULL,
    state           {int} NOT NULL CHECK (state BETWEEN 1 AND 9),
    outcome_unknown {int} NOT NULL CHECK (outcome_unknown IN (0, 1)),
    reason_code     TEXT NOT NULL,
    reason          TEXT NOT NULL,
    created_at      {int} NOT NULL,
    changed_at      {int} NOT NULL,
    due_at          {int},
    leased_until    {int} NOT NULL DEFAULT 0,
    leased_by       {int} NOT NULL DEFAULT 0,
    lease           {int} NOT NULL DEFAULT 0,
    submitting      {int} NOT NULL DEFAULT 0,
    PRIMARY KEY (book, number)
) {clustered};

CREATE INDEX withdrawal_of_user ON withdrawal (book, payout_user, number);
CREATE INDEX withdrawal_of_state ON withdrawal (book, state, number);
-- Withdrawals of a method that is rarely used.
CREATE INDEX withdrawal_of_method ON withdrawal (book, method, number);
-- Withdrawals that hold money: few rows, however many a user has finished.
CREATE INDEX withdrawal_pending ON withdrawal (book, payout_user, amount) WHERE state < 5;
CREATE INDEX withdrawal_unknown ON withdrawal (book, number) WHERE outcome_unknown = 1;
CREATE INDEX withdrawal_submitting ON withdrawal (book, number) WHERE submitting = 1;
CREATE INDEX withdrawal_due ON withdrawal (due_at) WHERE due_at IS NOT NULL;
-- Workers look for what is due rail by rail.
CREATE INDEX withdrawal_due_by_rail ON withdrawal (method, due_at) WHERE due_at IS NOT NULL;

-- One request to a rail: the evidence. The row is committed before the request is sent; request holds its exact bytes. key:
-- the rail knows the payment by it, so a rail never sees one key for two attempts. slot: its place in the rail's line (a
-- nonce), 0 where there is no line. answer: '' until there is one.
CREATE TABLE attempt (
    book        {int} NOT NULL,
    withdrawal  {int} NOT NULL,
    number      {int} NOT NULL CHECK (number > 0),
    rail        TEXT NOT NULL,
    key         TEXT NOT NULL,
    request     {bytes} NOT NULL,
    slot        {int} NOT NULL,
    created_at  {int} NOT NULL,
    answered_at {int},
    answer      TEXT NOT NULL,
    answer_text TEXT NOT NULL,
    PRIMARY KEY (book, withdrawal, number),
    UNIQUE (rail, key)
) {table};

-- The payments of a line that are not finished.
CREATE INDEX attempt_slot ON attempt (rail, slot);

-- The next free slot of a rail whose payments stand in a line.
CREATE TABLE rail_slot (
    rail TEXT NOT NULL PRIMARY KEY,
    next {int} NOT NULL
) {clustered};

-- How often a rail was closed for a while because it did not answer (circuit breaker), and since when.
CREATE TABLE rail_opening (
    rail      TEXT PRIMARY KEY,
    openings  {int} NOT NULL,
    opened_at {int} NOT NULL
) {table};

-- A business's terms for a method, as JSON (ledger::Terms). enabled: the same as in the JSON, for statements.
CREATE TABLE method_terms (
    book    {int} NOT NULL,
    method  TEXT NOT NULL,
    terms   TEXT NOT NULL,
    enabled {int} NOT NULL DEFAULT 0,
    PRIMARY KEY (book, method)
) {clustered};

-- Cents of withdrawals requested on a UTC day (its first microsecond) by a method, less what was given back since. A running
-- sum, so daily limits cost the same however many withdrawals there are.
CREATE TABLE asked_of_day (
    book   {int} NOT NULL,
    method TEXT NOT NULL,
    day    {int} NOT NULL,
    amount {int} NOT NULL,
    PRIMARY KEY (book, method, day)
) {clustered};

-- A stop order on money out. Each column that is 0 or '' matches everything; the row stops what matches all its columns.
CREATE TABLE pause (
    business    {int} NOT NULL,
    rail        TEXT NOT NULL,
    book        {int} NOT NULL,
    payout_user {int} NOT NULL,
    reason      TEXT NOT NULL,
    actor       {int} NOT NULL,
    created_at  {int} NOT NULL,
    PRIMARY KEY (business, rail, book, payout_user)
) {table};

-- A withdrawal paid by hand that was written into a bank file. times: into how many; at and actor: of the last one.
CREATE TABLE handed_out (
    book       {int} NOT NULL,
    withdrawal {int} NOT NULL,
    times      {int} NOT NULL,
    at         {int} NOT NULL,
    actor      {int} NOT NULL,
    PRIMARY KEY (book, withdrawal)
) {table};

-- A gift card. digest: keyed, of brand and code, so that a card is imported once. sealed: code and pin. state: 1 in stock,
-- 2 given out, 3 recalled. withdrawal: the one that it paid, NULL before; a withdrawal gets one card.
CREATE TABLE gift_card (
    book        {int} NOT NULL,
    number      {int} NOT NULL CHECK (number > 0),
    brand       TEXT NOT NULL,
    face_value  {int} NOT NULL CHECK (face_value > 0),
    expires_at  {int},
    digest      {bytes} NOT NULL CHECK (length(digest) = 32),
    sealed      {bytes} NOT NULL,
    state       {int} NOT NULL CHECK (state IN (1, 2, 3)),
    withdrawal  {int},
    imported_at {int} NOT NULL,
    PRIMARY KEY (book, number),
    UNIQUE (book, digest),
    UNIQUE (book, withdrawal)
) {table};

-- The cards in stock, the one to give next first: the one that expires soonest.
CREATE INDEX gift_card_stock ON gift_card (book, brand, face_value, coalesce(expires_at, 9223372036854775807), number)
    WHERE state = 1;

-- How many days a book's users have to claim their money; no row: for ever.
CREATE TABLE expiry_rule (
    book {int} NOT NULL PRIMARY KEY,
    days {int} NOT NULL CHECK (days > 0)
) {clustered};

-- When a user was last reminded, by an event, that unclaimed money goes back.
CREATE TABLE reminder (
    book        {int} NOT NULL,
    payout_user {int} NOT NULL,
    at          {int} NOT NULL,
    PRIMARY KEY (book, payout_user)
) {clustered};

-- A rail whose transfers must be read since a recovery, because the lost end of the database may have sent some. Not read
-- until scanned_at is set, or skipped says why it was not.
CREATE TABLE treasury_scan (
    rail       TEXT PRIMARY KEY,
    since      {int} NOT NULL,
    scanned_at {int},
    slots      {int} NOT NULL DEFAULT 0,
    skipped    TEXT NOT NULL DEFAULT ''
) {table};

-- A transfer found by such a scan that no attempt made. state: 1 open, 2 a withdrawal's, 3 a user's, 4 written off; book,
-- number and reason: of that decision.
CREATE TABLE unmatched_transfer (
    rail        TEXT NOT NULL,
    transfer    TEXT NOT NULL,
    place       {int} NOT NULL,
    destination TEXT NOT NULL,
    units       TEXT NOT NULL,
    cents       {int},
    block       {int} NOT NULL,
    state       {int} NOT NULL,
    book        {int} NOT NULL DEFAULT 0,
    number      {int} NOT NULL DEFAULT 0,
    reason      TEXT NOT NULL DEFAULT '',
    assigned_at {int},
    PRIMARY KEY (rail, transfer, place)
) {table};


-- ---------------------------------------------------------------------------------------------------------------------
-- Members: the people of businesses' teams
-- ---------------------------------------------------------------------------------------------------------------------

-- One account, in however many businesses. password: argon2id as a PHC string. second_factor: the TOTP key, sealed; NULL
-- until there is one. used_step: the last TOTP time step that was used, so that a code works once.
CREATE TABLE member (
    number        {int} NOT NULL PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password      TEXT NOT NULL,
    second_factor {bytes},
    used_step     {int} NOT NULL,
    created_at    {int} NOT NULL,
    confirmed_at  {int}
) {table};

-- A member of a business's team. role: outpay::roles::Role.
CREATE TABLE membership (
    business {int} NOT NULL REFERENCES business (number),
    member   {int} NOT NULL REFERENCES member (number),
    role     {int} NOT NULL CHECK (role BETWEEN 1 AND 4),
    since    {int} NOT NULL,
    PRIMARY KEY (business, member)
) {clustered};

CREATE INDEX membership_of_member ON membership (member, business);

-- A code that replaces the second factor once. digest: keyed.
CREATE TABLE recovery_code (
    member  {int} NOT NULL REFERENCES member (number),
    digest  {bytes} NOT NULL CHECK (length(digest) = 32),
    used_at {int},
    PRIMARY KEY (member, digest)
) {clustered};

-- A browser's session. digest: keyed, of the token in the cookie. complete: 1 once the second factor was given. enrolling: a
-- TOTP key that was shown and is not confirmed, sealed. business: the one that is open, 0 before there is one.
CREATE TABLE member_session (
    number     {numbered},
    digest     {bytes} NOT NULL UNIQUE CHECK (length(digest) = 32),
    member     {int} NOT NULL REFERENCES member (number),
    complete   {int} NOT NULL CHECK (complete IN (0, 1)),
    enrolling  {bytes},
    business   {int} NOT NULL,
    test_mode  {int} NOT NULL CHECK (test_mode IN (0, 1)),
    agent      TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at {int} NOT NULL,
    seen_at    {int} NOT NULL,
    ends_at    {int} NOT NULL,
    ended_at   {int}
) {table};

CREATE INDEX member_session_of_member ON member_session (member, number);
CREATE INDEX member_session_ends ON member_session (ends_at);

-- digest: keyed, of the token in the link, which works once. resets: 1 where it lets a member who has lost password or second
-- factor set both anew.
CREATE TABLE invitation (
    number       {numbered},
    digest       {bytes} NOT NULL UNIQUE CHECK (length(digest) = 32),
    business     {int} NOT NULL REFERENCES business (number),
    email        TEXT NOT NULL,
    role         {int} NOT NULL CHECK (role BETWEEN 1 AND 4),
    invited_by   {int} NOT NULL,
    resets       {int} NOT NULL CHECK (resets IN (0, 1)),
    created_at   {int} NOT NULL,
    ends_at      {int} NOT NULL,
    used_at      {int},
    withdrawn_at {int}
) {table};

CREATE INDEX invitation_of_business ON invitation (business, number);

-- Attempts to sign in since a moment, per bucket: a keyed digest of an account, of an address, or of both.
CREATE TABLE sign_in_attempt (
    bucket {bytes} NOT NULL PRIMARY KEY CHECK (length(bucket) = 32),
    since  {int} NOT NULL,
    tries  {int} NOT NULL CHECK (tries >= 0)
) {clustered};

CREATE INDEX sign_in_attempt_since ON sign_in_attempt (since);


-- ---------------------------------------------------------------------------------------------------------------------
-- The audit log, and what takes two people
-- ---------------------------------------------------------------------------------------------------------------------

-- Who changed what: append-only, a hash chain over all businesses. book: 0 for the business as a whole. detail: a JSON
-- object, never a secret. digest: covers the row before it and the row; NULL only inside the transaction that writes it.
CREATE TABLE audit_log (
    number   {numbered},
    business {int} NOT NULL REFERENCES business (number),
    book     {int} NOT NULL,
    at       {int} NOT NULL,
    actor    {int} NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL,
    digest   {bytes} CHECK (length(digest) = 32)
) {table};

CREATE INDEX audit_log_of_business ON audit_log (business, number);
CREATE INDEX audit_log_of_actor ON audit_log (business, actor, number);
-- Who made a key, for the review of what it paid.
CREATE INDEX audit_log_of_subject ON audit_log (business, subject, number);

-- The newest row of the log and its digest, in one row that every transaction locks which writes to the log.
CREATE TABLE audit_log_head (
    one    {int} NOT NULL PRIMARY KEY CHECK (one = 1),
    number {int} NOT NULL CHECK (number >= 0),
    digest {bytes} NOT NULL CHECK (length(digest) = 32)
) {table};

INSERT INTO audit_log_head (one, number, digest) VALUES (1, 0, {zero digest});

-- What one person proposes and another confirms. what: JSON of the effect. state: store::ProposalState (1 open, 2 confirmed,
-- 3 withdrawn). decided_by: who confirmed or withdrew it. code: keyed digest of the code with which a second operator confirms
-- it, where the business has no member who could. carried_out_at: when the effect of a confirmed proposal was durable.
CREATE TABLE proposal (
    number         {int} NOT NULL PRIMARY KEY,
    book           {int} NOT NULL REFERENCES book (id),
    what           TEXT NOT NULL,
    reason         TEXT NOT NULL,
    proposed_by    {int} NOT NULL,
    proposed_at    {int} NOT NULL,
    ends_at        {int} NOT NULL,
    code           {bytes} CHECK (length(code) = 32),
    state          {int} NOT NULL CHECK (state BETWEEN 1 AND 3),
    decided_by     {int},
    decided_at     {int},
    carried_out_at {int}
) {table};

CREATE INDEX proposal_of_book ON proposal (book, number);


-- ---------------------------------------------------------------------------------------------------------------------
-- Imports: files of payments
-- ---------------------------------------------------------------------------------------------------------------------

-- A file of payments. state: store::ImportState (1 draft, 2 waits for another member, 3 running, 4 done, 5 discarded).
-- actor: who uploaded it; confirmed_by: in whose name it pays, 0 before that. digest: of the file; the idempotency keys of
-- its lines are made from it. leased_by, leased_until, lease: as in withdrawal; leased_by is 0 where no worker has it.
CREATE TABLE import (
    book         {int} NOT NULL,
    number       {int} NOT NULL CHECK (number > 0),
    name         TEXT NOT NULL,
    digest       {bytes} NOT NULL CHECK (length(digest) = 32),
    lines        {int} NOT NULL CHECK (lines > 0),
    total        {int} NOT NULL CHECK (total > 0),
    actor        {int} NOT NULL,
    confirmed_by {int} NOT NULL,
    state        {int} NOT NULL CHECK (state BETWEEN 1 AND 5),
    created_at   {int} NOT NULL,
    changed_at   {int} NOT NULL,
    leased_until {int} NOT NULL,
    leased_by    {int} NOT NULL DEFAULT 0,
    lease        {int} NOT NULL DEFAULT 0,
    PRIMARY KEY (book, number)
) {clustered};

CREATE INDEX import_of_file ON import (book, digest, number);
CREATE INDEX import_running ON import (book, number) WHERE state = 3;

-- One payment of a file. state: store::LineState (1 open, 2 paid, 3 paid before, 4 not paid). detail: why it was not.
CREATE TABLE import_line (
    book      {int} NOT NULL,
    import    {int} NOT NULL,
    line      {int} NOT NULL CHECK (line > 0),
    email     TEXT NOT NULL,
    amount    {int} NOT NULL CHECK (amount > 0),
    reference TEXT NOT NULL,
    state     {int} NOT NULL CHECK (state BETWEEN 1 AND 4),
    detail    TEXT NOT NULL,
    PRIMARY KEY (book, import, line)
) {clustered};

CREATE INDEX import_line_open ON import_line (book, import, line) WHERE state = 1;
-- Earlier lines that paid the same address the same amount.
CREATE INDEX import_line_twins ON import_line (book, email, amount);

-- Imports of more than this many cents need a second member; no row: none do.
CREATE TABLE import_rule (
    book          {int} NOT NULL PRIMARY KEY,
    approve_above {int} NOT NULL CHECK (approve_above >= 0)
) {clustered};


-- ---------------------------------------------------------------------------------------------------------------------
-- Webhooks and mail: what is told to others
-- ---------------------------------------------------------------------------------------------------------------------

-- A book's endpoint. events: a sum of bits, outpay::webhook_event::EventSet. sealed: token and signing secret; previous: those before the
-- last roll, which also sign until previous_until. rolled_by: a digest of the idempotency key of the last roll. cursor: the
-- last journal entry that was looked at. made: the number of the last delivery. revision: raised by every change of the
-- owner's.
CREATE TABLE webhook_endpoint (
    book           {int} NOT NULL PRIMARY KEY REFERENCES book (id),
    url            TEXT NOT NULL,
    enabled        {int} NOT NULL CHECK (enabled IN (0, 1)),
    events         {int} NOT NULL CHECK (events BETWEEN 1 AND 31),
    sealed         {bytes} NOT NULL,
    previous       {bytes},
    previous_until {int} NOT NULL,
    rolled_by      {bytes},
    cursor         {int} NOT NULL CHECK (cursor >= 0),
    made           {int} NOT NULL CHECK (made >= 0),
    revision       {int} NOT NULL CHECK (revision > 0),
    changed_at     {int} NOT NULL
) {table};

-- A digest of each idempotency key under which an endpoint's secrets were rolled; kept for ever, so that an old request that
-- is repeated rolls nothing.
CREATE TABLE webhook_roll (
    book {int} NOT NULL REFERENCES book (id),
    once {bytes} NOT NULL,
    PRIMARY KEY (book, once)
) {table};

-- An event to deliver. sequence: the journal entry that it tells of, so that no entry is told of twice; NULL for a test send.
-- body: the exact bytes that are signed and sent. state: store::DeliveryState (1 pending, 2 delivered, 3 failed). tries: in
-- the present round; attempts: in all. due_at: when to try next; it is set exactly while the delivery is pending.
CREATE TABLE webhook_delivery (
    book         {int} NOT NULL,
    number       {int} NOT NULL CHECK (number > 0),
    sequence     {int},
    withdrawal   {int} NOT NULL,
    kind         {int} NOT NULL,
    body         {bytes} NOT NULL,
    state        {int} NOT NULL CHECK (state IN (1, 2, 3)),
    tries        {int} NOT NULL CHECK (tries >= 0),
    attempts     {int} NOT NULL CHECK (attempts >= 0),
    created_at   {int} NOT NULL,
    due_at       {int} CHECK ((due_at IS NULL) = (state <> 1)),
    finished_at  {int},
    leased_until {int} NOT NULL,
    leased_by    {int} NOT NULL,
    lease        {int} NOT NULL DEFAULT 0,
    PRIMARY KEY (book, number),
    UNIQUE (book, sequence)
) {table};

CREATE INDEX webhook_delivery_due ON webhook_delivery (book, due_at, number) WHERE state = 1;
CREATE INDEX webhook_delivery_order ON webhook_delivery (book, withdrawal, number) WHERE state = 1;
CREATE INDEX webhook_delivery_failed ON webhook_delivery (book, number) WHERE state = 3;

-- One try to deliver. status: of the response, NULL without one; error: why there was none, in one word. body: the response's
-- first bytes.
CREATE TABLE webhook_attempt (
    book     {int} NOT NULL,
    delivery {int} NOT NULL,
    number   {int} NOT NULL CHECK (number > 0),
    at       {int} NOT NULL,
    url      TEXT NOT NULL,
    status   {int},
    error    TEXT NOT NULL,
    body     {bytes} NOT NULL,
    micros   {int} NOT NULL,
    PRIMARY KEY (book, delivery, number)
) {table};

-- Which mails a book's people get. kinds: a sum of bits, outpay::mail_kind::MailKind. cursor: the last journal
-- entry that was looked at. revision: raised by every change of the owner's.
CREATE TABLE mail_choice (
    book     {int} NOT NULL PRIMARY KEY REFERENCES book (id),
    kinds    {int} NOT NULL CHECK (kinds BETWEEN 0 AND 63),
    cursor   {int} NOT NULL CHECK (cursor >= 0),
    revision {int} NOT NULL CHECK (revision > 0)
) {table};

-- An outgoing mail. book: 0 where it belongs to no book. sequence: the journal entry that it tells of, so that no entry is
-- told of twice; NULL for what is in no journal. payout_user: 0 for a member. data: what it says, a JSON object without any
-- secret. sealed: the link that only its reader may see, deleted once the mail is sent; NULL for none. state: store::MailState
-- (1 pending, 2 sent, 3 failed). tries, attempts, due_at: as in webhook_delivery. answer: the server's last one.
CREATE TABLE mail (
    number       {numbered by default},
    book         {int} NOT NULL,
    kind         {int} NOT NULL,
    sequence     {int},
    recipient    TEXT NOT NULL,
    payout_user  {int} NOT NULL,
    data         TEXT NOT NULL,
    sealed       {bytes},
    state        {int} NOT NULL CHECK (state IN (1, 2, 3)),
    tries        {int} NOT NULL CHECK (tries >= 0),
    attempts     {int} NOT NULL CHECK (attempts >= 0),
    created_at   {int} NOT NULL,
    due_at       {int} CHECK ((due_at IS NULL) = (state <> 1)),
    finished_at  {int},
    answer       TEXT NOT NULL,
    leased_until {int} NOT NULL,
    leased_by    {int} NOT NULL,
    lease        {int} NOT NULL DEFAULT 0,
    UNIQUE (book, sequence, kind)
) {table};

CREATE INDEX mail_due ON mail (due_at, number) WHERE state = 1;
CREATE INDEX mail_failed ON mail (number) WHERE state = 3;
