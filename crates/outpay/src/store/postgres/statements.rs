//! The teller's statements on PostgreSQL, prepared once per connection. Each takes whole columns as arrays.

use super::metadata::INSERT_METADATA;
use crate::store::Failure;
use crate::store::codes::WITHDRAWAL_SUCCEEDED;
use crate::store::pauses::PAUSES_OF_BOOK;
use crate::store::teller::{ASKED_BEFORE, DEPOSIT, DEPOSITED_ELSEWHERE, LOOKS, SESSION_STANDS};
use crate::store::withdrawals::{INSERT_WITHDRAWAL, WITHDRAWAL};
use std::sync::LazyLock;
use tokio_postgres::{Client, Statement};

const LOCK: &str = "SELECT b.id, b.sequence, b.chain, b.users, s.payouts_enabled, b.withdrawals, b.clock_ahead FROM book b \
     JOIN business s ON s.number = b.business WHERE b.id = ANY($1) ORDER BY b.id FOR UPDATE OF b";

const OWN_ACCOUNTS: &str = "SELECT book, id, balance, head FROM account WHERE book = ANY($1) AND id < 0";

const BY_EMAIL: &str = "SELECT u.book, u.number, u.email, u.status, u.generation, u.created_at, u.expires_at, a.balance, a.head, u.salt \
     FROM unnest($1::BIGINT[], $2::TEXT[]) AS n (book, email) \
     JOIN payout_user u ON u.book = n.book AND u.email = n.email \
     LEFT JOIN account a ON a.book = u.book AND a.id = u.number";

static BY_NUMBER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT u.book, u.number, u.email, u.status, u.generation, u.created_at, u.expires_at, a.balance, a.head, u.salt, \
     (SELECT CAST(coalesce(sum(w.amount), 0) AS BIGINT) FROM withdrawal w WHERE w.book = u.book \
     AND w.payout_user = u.number AND w.state < {WITHDRAWAL_SUCCEEDED}) \
     FROM unnest($1::BIGINT[], $2::BIGINT[]) AS n (book, number) JOIN payout_user u ON u.book = n.book \
     AND u.number = n.number LEFT JOIN account a ON a.book = u.book AND a.id = u.number"
    )
});

const REMEMBERED: &str = "SELECT r.book, r.key, r.fingerprint, r.outcome FROM unnest($1::BIGINT[], $2::BYTEA[]) AS n (book, key) \
     JOIN remembered r ON r.book = n.book AND r.key = n.key";

const CREDENTIALS: &str = "SELECT c.book, c.digest, c.kind, c.subject, c.active, c.expires_at FROM unnest($1::BIGINT[], $2::BYTEA[]) AS n (book, digest) \
     JOIN credential c ON c.digest = n.digest AND c.book = n.book";

const INSERT_USERS: &str = "INSERT INTO payout_user (book, number, email, status, generation, created_at, expires_at, salt) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BYTEA[])";

const UPDATE_USERS: &str = "UPDATE payout_user u SET status = n.status, generation = n.generation, salt = n.salt \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BYTEA[]) AS n (book, number, status, generation, salt) \
     WHERE u.book = n.book AND u.number = n.number";

const DELETE_CREDENTIALS: &str = "DELETE FROM credential WHERE digest = ANY($1)";

const INSERT_CREDENTIALS: &str = "INSERT INTO credential (digest, kind, book, subject, active, expires_at) \
     SELECT * FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[])";

const INSERT_ACCOUNTS: &str = "INSERT INTO account (book, id, balance, head) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[])";

const UPDATE_ACCOUNTS: &str = "UPDATE account a SET balance = n.balance, head = n.head \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[]) AS n (book, id, balance, head) \
     WHERE a.book = n.book AND a.id = n.id";

const INSERT_ENTRIES: &str = "INSERT INTO journal (book, sequence, kind, at, payout_user, debit, credit, amount, debit_previous, \
     credit_previous, note, chain, withdrawal, actor, detail, salt) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], \
     $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::TEXT[], $12::BYTEA[], $13::BIGINT[], $14::BIGINT[], $15::TEXT[], $16::BYTEA[])";

const INSERT_REMEMBERED: &str = "INSERT INTO remembered (book, key, fingerprint, outcome) \
     SELECT * FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BYTEA[], $4::TEXT[])";

const UPDATE_BOOKS: &str = "UPDATE book b SET sequence = n.sequence, chain = n.chain, users = n.users, withdrawals = n.withdrawals \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[], $4::BIGINT[], $5::BIGINT[]) AS n (id, sequence, chain, users, withdrawals) \
     WHERE b.id = n.id";

const ACCOUNT: &str = "SELECT balance, head FROM account WHERE book = $1 AND id = (SELECT payout_user FROM withdrawal WHERE book = $1 AND number = $2)";

const UPDATE_WITHDRAWALS: &str = "UPDATE withdrawal w SET state = n.state, outcome_unknown = n.outcome_unknown, reason_code = n.reason_code, \
     reason = n.reason, changed_at = n.changed_at, due_at = n.due_at \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::TEXT[], $6::TEXT[], $7::BIGINT[], $8::BIGINT[]) \
     AS n (book, number, state, outcome_unknown, reason_code, reason, changed_at, due_at) \
     WHERE w.book = n.book AND w.number = n.number";

/// `LEASE` of `store::teller`; where `$3` is 0, by the database's own time.
const LEASE: &str = "SELECT lease, (SELECT count(*) FROM attempt WHERE book = $1 AND withdrawal = $2) \
     FROM withdrawal WHERE book = $1 AND number = $2 AND leased_until > CASE WHEN CAST($3 AS BIGINT) > 0 THEN $3 \
     ELSE CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) END";

const ADD_ASKED: &str = "INSERT INTO asked_of_day (book, method, day, amount) \
     SELECT * FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[]) \
     ON CONFLICT (book, method, day) DO UPDATE SET amount = asked_of_day.amount + excluded.amount";

/// `$1` books, `$2` budgets, `$3` addresses, empty for all recipients together. A person who has no number yet was not paid yet.
const SPENT: &str = "SELECT s.book, s.budget, s.payout_user, s.day, s.amount \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::TEXT[]) AS n (book, budget, email) \
     LEFT JOIN payout_user u ON u.book = n.book AND u.email = n.email \
     JOIN budget_spent s ON s.book = n.book AND s.budget = n.budget \
     AND s.payout_user = CASE WHEN n.email = '' THEN 0 ELSE u.number END";

const SET_SPENT: &str = "INSERT INTO budget_spent (book, budget, payout_user, day, amount) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[]) \
     ON CONFLICT (book, budget, payout_user) DO UPDATE SET day = excluded.day, amount = excluded.amount";

pub(super) struct Statements {
    pub(super) lock: Statement,
    pub(super) own_accounts: Statement,
    pub(super) by_email: Statement,
    pub(super) by_number: Statement,
    pub(super) remembered: Statement,
    pub(super) credentials: Statement,
    pub(super) insert_users: Statement,
    pub(super) update_users: Statement,
    pub(super) delete_credentials: Statement,
    pub(super) insert_credentials: Statement,
    pub(super) insert_accounts: Statement,
    pub(super) update_accounts: Statement,
    pub(super) insert_entries: Statement,
    pub(super) insert_metadata: Statement,
    pub(super) insert_remembered: Statement,
    pub(super) update_books: Statement,
    pub(super) withdrawal: Statement,
    pub(super) account_of_withdrawal: Statement,
    pub(super) pauses: Statement,
    pub(super) lease: Statement,
    pub(super) asked_before: Statement,
    pub(super) looks: Statement,
    pub(super) session_stands: Statement,
    pub(super) deposit: Statement,
    pub(super) deposited_elsewhere: Statement,
    pub(super) insert_withdrawal: Statement,
    pub(super) update_withdrawals: Statement,
    pub(super) add_asked: Statement,
    pub(super) spent: Statement,
    pub(super) set_spent: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Failure> {
        Ok(Self {
            lock: client.prepare(LOCK).await?,
            own_accounts: client.prepare(OWN_ACCOUNTS).await?,
            by_email: client.prepare(BY_EMAIL).await?,
            by_number: client.prepare(&BY_NUMBER).await?,
            remembered: client.prepare(REMEMBERED).await?,
            credentials: client.prepare(CREDENTIALS).await?,
            insert_users: client.prepare(INSERT_USERS).await?,
            update_users: client.prepare(UPDATE_USERS).await?,
            delete_credentials: client.prepare(DELETE_CREDENTIALS).await?,
            insert_credentials: client.prepare(INSERT_CREDENTIALS).await?,
            insert_accounts: client.prepare(INSERT_ACCOUNTS).await?,
            update_accounts: client.prepare(UPDATE_ACCOUNTS).await?,
            insert_entries: client.prepare(INSERT_ENTRIES).await?,
            insert_metadata: client.prepare(INSERT_METADATA).await?,
            insert_remembered: client.prepare(INSERT_REMEMBERED).await?,
            update_books: client.prepare(UPDATE_BOOKS).await?,
            withdrawal: client.prepare(&WITHDRAWAL).await?,
            account_of_withdrawal: client.prepare(ACCOUNT).await?,
            pauses: client.prepare(PAUSES_OF_BOOK).await?,
            lease: client.prepare(LEASE).await?,
            asked_before: client.prepare(&ASKED_BEFORE).await?,
            looks: client.prepare(&LOOKS).await?,
            session_stands: client.prepare(SESSION_STANDS).await?,
            deposit: client.prepare(&DEPOSIT).await?,
            deposited_elsewhere: client.prepare(&DEPOSITED_ELSEWHERE).await?,
            insert_withdrawal: client.prepare(INSERT_WITHDRAWAL).await?,
            update_withdrawals: client.prepare(UPDATE_WITHDRAWALS).await?,
            add_asked: client.prepare(ADD_ASKED).await?,
            spent: client.prepare(SPENT).await?,
            set_spent: client.prepare(SET_SPENT).await?,
        })
    }
}
