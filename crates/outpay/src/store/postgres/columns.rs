//! The changes of all books of a batch, column by column, as arrays for `unnest` (PostgreSQL's fastest way to take many
//! rows in one statement). Not here: the statements (teller.rs), which take the columns in the order given here.

use super::metadata::MetadataColumns;
use super::spent::SpentColumns;
use crate::store::teller::{Saving, asked_changes};
use crate::store::withdrawals::due_at;
use crate::store::{CredentialKind, Failure};
use ledger::{Account, AccountId, Book, BookId, ChainDigest, Entry, PayoutUser, UserStatus, Withdrawal};
use tokio_postgres::types::ToSql;

type Params<'a> = Vec<&'a (dyn ToSql + Sync)>;

#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) new_users: UserColumns<'a>,
    pub(super) changed_users: UserColumns<'a>,
    pub(super) replaced: Vec<&'a [u8]>,
    pub(super) credentials: CredentialColumns<'a>,
    pub(super) new_accounts: AccountColumns,
    pub(super) changed_accounts: AccountColumns,
    pub(super) entries: EntryColumns<'a>,
    pub(super) metadata: MetadataColumns<'a>,
    pub(super) remembered: RememberedColumns<'a>,
    pub(super) heads: HeadColumns<'a>,
    pub(super) new_withdrawals: Vec<NewWithdrawal<'a>>,
    pub(super) changed_withdrawals: WithdrawalColumns<'a>,
    pub(super) asked: AskedColumns<'a>,
    pub(super) spent: SpentColumns,
}

#[derive(Default)]
pub(super) struct UserColumns<'a> {
    book: Vec<i64>,
    number: Vec<i64>,
    email: Vec<&'a str>,
    status: Vec<i64>,
    generation: Vec<i64>,
    salt: Vec<&'a [u8]>,
    created_at: Vec<i64>,
    expires_at: Vec<Option<i64>>,
}

#[derive(Default)]
pub(super) struct CredentialColumns<'a> {
    digest: Vec<&'a [u8]>,
    kind: Vec<i64>,
    book: Vec<i64>,
    subject: Vec<i64>,
    active: Vec<i64>,
    expires_at: Vec<Option<i64>>,
}

#[derive(Default)]
pub(super) struct AccountColumns {
    book: Vec<i64>,
    id: Vec<i64>,
    balance: Vec<i64>,
    head: Vec<i64>,
}

#[derive(Default)]
pub(super) struct EntryColumns<'a> {
    book: Vec<i64>,
    sequence: Vec<i64>,
    kind: Vec<i64>,
    at: Vec<i64>,
    user: Vec<i64>,
    debit: Vec<i64>,
    credit: Vec<i64>,
    amount: Vec<i64>,
    debit_previous: Vec<i64>,
    credit_previous: Vec<i64>,
    note: Vec<&'a str>,
    chain: Vec<&'a [u8]>,
    withdrawal: Vec<i64>,
    actor: Vec<i64>,
    detail: Vec<&'a str>,
    salt: Vec<Option<&'a [u8]>>,
}

#[derive(Default)]
pub(super) struct RememberedColumns<'a> {
    book: Vec<i64>,
    key: Vec<Vec<u8>>,
    fingerprint: Vec<&'a [u8]>,
    outcome: Vec<String>,
}

#[derive(Default)]
pub(super) struct HeadColumns<'a> {
    id: Vec<i64>,
    sequence: Vec<i64>,
    chain: Vec<&'a [u8]>,
    users: Vec<i64>,
    withdrawals: Vec<i64>,
}

/// A new withdrawal is inserted by itself: there are few, and no array is as wide.
pub(super) struct NewWithdrawal<'a> {
    numbers: [i64; 9],
    due_at: Option<i64>,
    texts: [&'a str; 5],
}

#[derive(Default)]
pub(super) struct WithdrawalColumns<'a> {
    book: Vec<i64>,
    number: Vec<i64>,
    state: Vec<i64>,
    outcome_unknown: Vec<i64>,
    reason_code: Vec<&'a str>,
    reason: Vec<&'a str>,
    changed_at: Vec<i64>,
    due_at: Vec<Option<i64>>,
}

#[derive(Default)]
pub(super) struct AskedColumns<'a> {
    book: Vec<i64>,
    method: Vec<&'a str>,
    day: Vec<i64>,
    amount: Vec<i64>,
}

impl<'a> Columns<'a> {
    pub(super) fn gather(books: &[&'a Saving<'a>]) -> Result<Self, Failure> {
        let mut all = Self::default();
        for saving in books {
            let book = saving.book;
            let changes = &saving.changes;
            changes.new_users.iter().for_each(|user| all.new_users.push(book.id, user));
            changes.changed_users.iter().for_each(|(user, _)| all.changed_users.push(book.id, user));
            for credential in &saving.credentials {
                all.replaced.extend(credential.replaces.as_ref().map(<[u8; 32]>::as_slice));
                let columns = &mut all.credentials;
                columns.digest.push(&credential.digest);
                columns.kind.push(CredentialKind::PayoutHash.code());
                columns.book.push(book.id.0);
                columns.subject.push(credential.user);
                columns.active.push(i64::from(credential.active));
                columns.expires_at.push(credential.expires_at);
            }
            changes
                .new_accounts
                .iter()
                .for_each(|(id, account)| all.new_accounts.push(book.id, *id, *account));
            changes
                .changed_accounts
                .iter()
                .for_each(|(id, account)| all.changed_accounts.push(book.id, *id, *account));
            changes.entries.iter().for_each(|(entry, digest)| all.entries.push(book.id, entry, digest));
            all.metadata.extend(book.id, changes.metadata);
            for (key, remembered) in &changes.remembered {
                all.remembered.book.push(book.id.0);
                all.remembered.key.push(key.0.to_vec());
                all.remembered.fingerprint.push(&remembered.fingerprint.0);
                all.remembered.outcome.push(serde_json::to_string(&remembered.reply)?);
            }
            all.heads.id.push(book.id.0);
            all.heads.sequence.push(book.head.sequence);
            all.heads.chain.push(&book.head.chain);
            all.heads.users.push(book.head.users);
            all.heads.withdrawals.push(book.head.withdrawals);
            all.new_withdrawals
                .extend(changes.new_withdrawals.iter().map(|new| NewWithdrawal::new(book, new)));
            changes
                .changed_withdrawals
                .iter()
                .for_each(|changed| all.changed_withdrawals.push(book, changed));
            all.spent.push(book.id, &changes.spent);
            for ((method, day), cents) in asked_changes(changes) {
                all.asked.book.push(book.id.0);
                all.asked.method.push(method);
                all.asked.day.push(day);
                all.asked.amount.push(cents);
            }
        }
        Ok(all)
    }
}

impl<'a> UserColumns<'a> {
    fn push(&mut self, book: BookId, user: &'a PayoutUser) {
        self.book.push(book.0);
        self.number.push(user.number);
        self.email.push(user.email.as_str());
        self.status.push(i64::from(user.status == UserStatus::Active));
        self.generation.push(user.generation);
        self.salt.push(&user.salt.0);
        self.created_at.push(user.created_at);
        self.expires_at.push(user.expires_at);
    }

    pub(super) fn insert(&self) -> Params<'_> {
        vec![
            &self.book,
            &self.number,
            &self.email,
            &self.status,
            &self.generation,
            &self.created_at,
            &self.expires_at,
            &self.salt,
        ]
    }

    pub(super) fn update(&self) -> Params<'_> {
        vec![&self.book, &self.number, &self.status, &self.generation, &self.salt]
    }

    pub(super) fn len(&self) -> usize {
        self.number.len()
    }
}

impl CredentialColumns<'_> {
    pub(super) fn params(&self) -> Params<'_> {
        vec![&self.digest, &self.kind, &self.book, &self.subject, &self.active, &self.expires_at]
    }

    pub(super) fn len(&self) -> usize {
        self.digest.len()
    }
}

impl AccountColumns {
    fn push(&mut self, book: BookId, id: AccountId, account: Account) {
        self.book.push(book.0);
        self.id.push(id.0);
        self.balance.push(account.balance.0);
        self.head.push(account.head);
    }

    pub(super) fn params(&self) -> Params<'_> {
        vec![&self.book, &self.id, &self.balance, &self.head]
    }

    pub(super) fn len(&self) -> usize {
        self.id.len()
    }
}

impl<'a> EntryColumns<'a> {
    fn push(&mut self, book: BookId, entry: &'a Entry, digest: &'a ChainDigest) {
        let moved = entry.movement.map_or([0; 5], |moved| {
            [moved.debit.0, moved.credit.0, moved.amount.0, moved.debit_previous, moved.credit_previous]
        });
        self.book.push(book.0);
        self.sequence.push(entry.sequence);
        self.kind.push(entry.kind.code());
        self.at.push(entry.at);
        self.user.push(entry.user);
        self.debit.push(moved[0]);
        self.credit.push(moved[1]);
        self.amount.push(moved[2]);
        self.debit_previous.push(moved[3]);
        self.credit_previous.push(moved[4]);
        self.note.push(&entry.note);
        self.chain.push(digest);
        self.withdrawal.push(entry.withdrawal);
        self.actor.push(entry.actor.0);
        self.detail.push(&entry.detail);
        self.salt.push(entry.salt.as_ref().map(|salt| salt.0.as_slice()));
    }

    pub(super) fn params(&self) -> Params<'_> {
        vec![
            &self.book,
            &self.sequence,
            &self.kind,
            &self.at,
            &self.user,
            &self.debit,
            &self.credit,
            &self.amount,
            &self.debit_previous,
            &self.credit_previous,
            &self.note,
            &self.chain,
            &self.withdrawal,
            &self.actor,
            &self.detail,
            &self.salt,
        ]
    }

    pub(super) fn len(&self) -> usize {
        self.sequence.len()
    }
}

impl<'a> NewWithdrawal<'a> {
    fn new(book: &Book, new: &'a Withdrawal) -> Self {
        let numbers = [
            book.id.0,
            new.number,
            new.user,
            new.amount.0,
            new.fees.0,
            new.state.code(),
            i64::from(new.outcome_unknown),
            new.created_at,
            new.changed_at,
        ];
        let texts =
            [new.method.as_str(), new.provider.word(), &new.destination, &new.reason_code, &new.reason];
        Self { numbers, due_at: due_at(book, new), texts }
    }

    /// In the order of `INSERT_WITHDRAWAL`.
    pub(super) fn params(&self) -> Params<'_> {
        let [book, number, user, amount, fees, state, unknown, created_at, changed_at] = &self.numbers;
        let [method, provider, destination, code, reason] = &self.texts;
        vec![
            book,
            number,
            user,
            method,
            provider,
            amount,
            fees,
            destination,
            state,
            unknown,
            code,
            reason,
            created_at,
            changed_at,
            &self.due_at,
        ]
    }
}

impl<'a> WithdrawalColumns<'a> {
    fn push(&mut self, book: &Book, changed: &'a Withdrawal) {
        self.book.push(book.id.0);
        self.number.push(changed.number);
        self.state.push(changed.state.code());
        self.outcome_unknown.push(i64::from(changed.outcome_unknown));
        self.reason_code.push(&changed.reason_code);
        self.reason.push(&changed.reason);
        self.changed_at.push(changed.changed_at);
        self.due_at.push(due_at(book, changed));
    }

    pub(super) fn params(&self) -> Params<'_> {
        vec![
            &self.book,
            &self.number,
            &self.state,
            &self.outcome_unknown,
            &self.reason_code,
            &self.reason,
            &self.changed_at,
            &self.due_at,
        ]
    }

    pub(super) fn len(&self) -> usize {
        self.number.len()
    }
}

impl AskedColumns<'_> {
    pub(super) fn params(&self) -> Params<'_> {
        vec![&self.book, &self.method, &self.day, &self.amount]
    }

    pub(super) fn len(&self) -> usize {
        self.book.len()
    }
}

impl RememberedColumns<'_> {
    pub(super) fn params(&self) -> Params<'_> {
        vec![&self.book, &self.key, &self.fingerprint, &self.outcome]
    }

    pub(super) fn len(&self) -> usize {
        self.key.len()
    }
}

impl HeadColumns<'_> {
    pub(super) fn params(&self) -> Params<'_> {
        vec![&self.id, &self.sequence, &self.chain, &self.users, &self.withdrawals]
    }

    pub(super) fn len(&self) -> usize {
        self.id.len()
    }
}
