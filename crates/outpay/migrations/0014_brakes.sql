-- Ceilings per rail, reconciliation with the rails' own books, screening and delays.

-- ---------------------------------------------------------------------------------------------------------------------
-- Reconciliation: the rails' own books compared with ours
-- ---------------------------------------------------------------------------------------------------------------------

-- A comparison of one rail's own books with our withdrawals. period_from, period_until: the time that was compared. booked: payments
-- that the rail's books have in it; matched: those that agree; found: differences that were open afterwards. failure: why the
-- books could not be read; '' where they were.
CREATE TABLE reconciliation_run (
    number       {numbered},
    rail         TEXT NOT NULL,
    period_from  {int} NOT NULL,
    period_until {int} NOT NULL CHECK (period_until >= period_from),
    started_at   {int} NOT NULL,
    finished_at  {int} NOT NULL,
    booked       {int} NOT NULL CHECK (booked >= 0),
    matched      {int} NOT NULL CHECK (matched >= 0),
    found        {int} NOT NULL CHECK (found >= 0),
    failure      TEXT NOT NULL
) {table};

CREATE INDEX reconciliation_run_of_rail ON reconciliation_run (rail, number);

-- A difference. kind, subject: what it is about; with the rail they name it, so that each is one row however often it is found.
-- book, withdrawal: whose it is, 0 where no withdrawal ordered the payment. here, there: cents by our books and by the rail's, NULL
-- where they have none; here_standing, there_standing: 0 none, 1 open, 2 paid, 3 not paid, 4 returned. is_alarm: more has left than our
-- books say. at: when the payment was booked, or the withdrawal changed. state: 1 open, 2 vanished, 3 closed by a person for the
-- reason. told: the event of it is in the journal, or there is none to write.
CREATE TABLE reconciliation_mismatch (
    number         {numbered},
    rail           TEXT NOT NULL,
    kind           {int} NOT NULL CHECK (kind BETWEEN 1 AND 5),
    subject        TEXT NOT NULL,
    book           {int} NOT NULL,
    withdrawal     {int} NOT NULL,
    reference      TEXT NOT NULL,
    rail_number    TEXT NOT NULL,
    here           {int},
    there          {int},
    here_standing  {int} NOT NULL CHECK (here_standing BETWEEN 0 AND 4),
    there_standing {int} NOT NULL CHECK (there_standing BETWEEN 0 AND 4),
    is_alarm       {int} NOT NULL CHECK (is_alarm IN (0, 1)),
    at             {int} NOT NULL,
    found_at       {int} NOT NULL,
    state          {int} NOT NULL CHECK (state BETWEEN 1 AND 3),
    ended_at       {int},
    reason         TEXT NOT NULL,
    actor          {int} NOT NULL,
    told           {int} NOT NULL CHECK (told IN (0, 1)),
    UNIQUE (rail, kind, subject)
) {table};

-- The few that are open, however many there have been.
CREATE INDEX reconciliation_open ON reconciliation_mismatch (rail, number) WHERE state = 1;
CREATE INDEX reconciliation_of_book ON reconciliation_mismatch (book, number);
CREATE INDEX reconciliation_untold ON reconciliation_mismatch (number) WHERE told = 0;

-- Which night each rail was compared last by itself, and who does it now: one process at a time. night: days since 1970.
CREATE TABLE reconciliation_night (
    rail         TEXT PRIMARY KEY,
    night        {int} NOT NULL,
    leased_until {int} NOT NULL,
    leased_by    {int} NOT NULL
) {table};

-- ---------------------------------------------------------------------------------------------------------------------
-- Ceilings, screening, expected times
-- ---------------------------------------------------------------------------------------------------------------------

-- Cents of live payments that began in a minute (since 1970) by a rail that has a ceiling: net amounts, all books together. What
-- began and failed stays counted. Minute 0 has no amount: it is the row that a reservation locks, so that of two that see room for one only
-- one is written.
CREATE TABLE rail_spending (
    rail   TEXT NOT NULL,
    minute {int} NOT NULL CHECK (minute >= 0),
    amount {int} NOT NULL CHECK (amount >= 0 AND (minute > 0 OR amount = 0)),
    PRIMARY KEY (rail, minute)
) {clustered};

-- What the screening service said of a withdrawal last. state: store::ScreeningState. reference: the service's own name of its decision,
-- for the operator. A withdrawal without a row was not asked about, or got no readable answer.
CREATE TABLE screening (
    book       {int} NOT NULL,
    withdrawal {int} NOT NULL CHECK (withdrawal > 0),
    state      {int} NOT NULL CHECK (state IN (1, 2, 3)),
    reference  TEXT NOT NULL,
    asked_at   {int} NOT NULL,
    PRIMARY KEY (book, withdrawal)
) {clustered};

CREATE INDEX screening_denied ON screening (book, withdrawal) WHERE state = 2;

-- When a withdrawal is expected to be paid, where that is not its method's usual time after the request: it was approved later, or the time has passed
-- before. delays: how often it has passed. told: 0 until the event of the last passing is in the journal.
CREATE TABLE withdrawal_expectation (
    book        {int} NOT NULL,
    withdrawal  {int} NOT NULL CHECK (withdrawal > 0),
    expected_at {int} NOT NULL,
    delays      {int} NOT NULL CHECK (delays >= 0),
    told        {int} NOT NULL CHECK (told IN (0, 1)),
    PRIMARY KEY (book, withdrawal)
) {clustered};

CREATE INDEX withdrawal_expectation_untold ON withdrawal_expectation (book, withdrawal) WHERE told = 0;
-- Withdrawals that are queued or being sent, by method: few rows, however many have ended.
CREATE INDEX withdrawal_on_its_way ON withdrawal (method, created_at) WHERE state IN (3, 4);
