//! Replays one book from its entries alone. Written independently of `ledger::Book`, so that a bug there shows as a difference here.
//! After a difference it continues from what is stored, so that one broken row is one difference wherever possible.

use super::finding::{Findings, Place};
use super::numbered::Numbered;
use super::withdrawals::Withdrawals;
use crate::auth::Secrets;
use crate::store::{AuditAccount, AuditUser, HashCredential, StoredEntry};
use ledger::{
    Account, AccountId, BookId, Cents, ChainDigest, CorrectionDetail, Entry, EntryKind, GENESIS, HashBasis,
    HashSalt, Movement, Provider, floor_of_epoch, link, rotations_of,
};
use std::collections::BTreeMap;

pub(super) struct Replay {
    book: BookId,
    pub(super) sequence: i64,
    pub(super) chain: ChainDigest,
    pub(super) users: Numbered<ReplayedUser>,
    pub(super) withdrawals: Withdrawals,
    /// The book's own accounts, and accounts of users that no entry created.
    others: BTreeMap<AccountId, ReplayedAccount>,
    /// The part of each deposit that was not reversed, by sequence.
    deposits: BTreeMap<i64, Cents>,
}

#[derive(Clone, Copy, Default)]
struct ReplayedAccount {
    account: Account,
    seen: bool,
}

#[derive(Clone, Copy)]
pub(super) struct ReplayedUser {
    account: ReplayedAccount,
    rotations: i64,
    generation: i64,
    salt: Option<HashSalt>,
    active: bool,
    row_seen: bool,
    pub(super) credential_seen: bool,
}

const NEW_USER: ReplayedUser = ReplayedUser {
    account: ReplayedAccount { account: Account { balance: Cents::ZERO, head: 0 }, seen: false },
    rotations: 0,
    generation: 0,
    salt: None,
    active: true,
    row_seen: false,
    credential_seen: false,
};

impl Replay {
    pub(super) fn new(book: BookId) -> Self {
        Self {
            book,
            sequence: 0,
            chain: GENESIS,
            users: Numbered::default(),
            withdrawals: Withdrawals::default(),
            others: BTreeMap::new(),
            deposits: BTreeMap::new(),
        }
    }

    /// Applies the next entry.
    pub(super) fn take(&mut self, stored: &StoredEntry, payee: &str, findings: &mut Findings) {
        let entry = &stored.entry;
        let place = Place::Entry(entry.sequence);
        let next = self.sequence + 1;
        if let Some(floor) = new_epoch(entry, self.sequence) {
            self.users.raise(floor);
            self.withdrawals.raise(floor);
        } else if entry.sequence != next {
            let last = entry.sequence - 1;
            let what = if last == next { "missing".to_owned() } else { format!("missing, up to {last}") };
            findings.add(Place::Entry(next), what);
        }
        if link(&self.chain, self.book, entry, payee) != stored.chain {
            let what = "the digest does not follow from the digest before it, the entry and the user or withdrawal it creates";
            findings.add(place, what.to_owned());
        }
        self.sequence = entry.sequence;
        self.chain = stored.chain;
        if let Err(what) = self.tell_user(entry) {
            findings.add(place, what);
        }
        if let Err(what) = self.withdrawals.take(entry) {
            findings.add(place, what);
        }
        if let Err(what) = self.tell_deposit(entry) {
            findings.add(place, what);
        }
        match (accounts_of(entry), entry.movement) {
            (Some(accounts), Some(moved)) => {
                if accounts != (moved.debit, moved.credit) {
                    let what = format!(
                        "it moves money from {} to {}, which is not what {} does",
                        moved.debit,
                        moved.credit,
                        entry.kind.event_name()
                    );
                    findings.add(place, what);
                }
                self.shift(entry.sequence, moved, findings);
            }
            (None, None) => {}
            (Some(_), None) => findings.add(place, "it moves no money".to_owned()),
            (None, Some(moved)) => {
                findings.add(place, "it moves money, which its kind never does".to_owned());
                self.shift(entry.sequence, moved, findings);
            }
        }
    }

    /// A deposit can be reversed up to its amount.
    fn tell_deposit(&mut self, entry: &Entry) -> Result<(), String> {
        let amount = entry.movement.map_or(Cents::ZERO, |moved| moved.amount);
        match entry.kind {
            EntryKind::Deposited => {
                self.deposits.insert(entry.sequence, amount);
                Ok(())
            }
            EntryKind::DepositReversed => {
                let named = CorrectionDetail::of(&entry.detail).map_or(0, |detail| detail.deposit);
                let left = self.deposits.get_mut(&named);
                let left =
                    left.ok_or_else(|| format!("it reverses entry {named}, which is not a deposit"))?;
                *left = left.minus(amount).unwrap_or(Cents(i64::MIN));
                if *left < Cents::ZERO {
                    return Err(format!("it reverses more than was left of the deposit of entry {named}"));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn tell_user(&mut self, entry: &Entry) -> Result<(), String> {
        let number = entry.user;
        match entry.kind {
            EntryKind::Deposited
            | EntryKind::MovedToPayout
            | EntryKind::MovedToMain
            | EntryKind::GiftCardStockLow
            | EntryKind::SettingsChanged
            | EntryKind::InstallationRecovered
            | EntryKind::ImportCompleted
            | EntryKind::MethodOpened
            | EntryKind::MethodClosed
            | EntryKind::DepositReversed
            | EntryKind::PaidOut
            | EntryKind::FeesSweptToMain
            | EntryKind::FeesPaidOut => {
                let named = || format!("it names user {number} and concerns none");
                (number == 0).then_some(()).ok_or_else(named)
            }
            EntryKind::PaymentsPaused | EntryKind::PaymentsResumed if number == 0 => Ok(()),
            EntryKind::UserCreated => {
                let next = self.users.last() + 1;
                // The number can be right although it is not the next one: then an earlier entry is missing, which is
                // reported.
                if (next..=entry.sequence).contains(&number) && number - next <= MOST_MISSING {
                    (next..number).for_each(|_| self.users.push(NEW_USER));
                    self.users.push(ReplayedUser { salt: entry.salt, ..NEW_USER });
                }
                if number == next && entry.salt.is_none() {
                    Err(format!("it creates user {number} without a salt"))
                } else if number == next {
                    Ok(())
                } else {
                    Err(format!("it creates user {number}, not {next}"))
                }
            }
            kind => {
                let user = self.user_mut(number).ok_or_else(|| format!("no entry created user {number}"))?;
                match kind {
                    EntryKind::UserDeactivated => turn(&mut user.active, false),
                    EntryKind::UserActivated => turn(&mut user.active, true),
                    EntryKind::HashRotated => {
                        user.rotations += 1;
                        user.salt = entry.salt;
                        if entry.salt.is_some() {
                            Ok(())
                        } else {
                            Err("it gives a hash without a salt".to_owned())
                        }
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    fn shift(&mut self, sequence: i64, moved: Movement, findings: &mut Findings) {
        let sides = [(moved.debit, moved.debit_previous, true), (moved.credit, moved.credit_previous, false)];
        if moved.amount.0 <= 0 || moved.debit == moved.credit {
            let what = "it does not move a positive amount between two accounts".to_owned();
            findings.add(Place::Entry(sequence), what);
        }
        for (id, previous, out) in sides {
            let account = &mut self.account_mut(id).account;
            if account.head != previous {
                let what = format!(
                    "it says that entry {previous} was the one before it on account {id}, and that was {}",
                    account.head
                );
                findings.add(Place::Entry(sequence), what);
            }
            account.head = sequence;
            let balance =
                if out { account.balance.minus(moved.amount) } else { account.balance.plus(moved.amount) };
            match balance {
                None => {
                    findings.add(Place::Entry(sequence), format!("the balance of account {id} overflows"))
                }
                Some(balance) => {
                    account.balance = balance;
                    if balance.0 < 0 && !id.may_be_negative() {
                        let what = format!("it takes the balance of account {id} to {}", balance.0);
                        findings.add(Place::Entry(sequence), what);
                    }
                }
            }
        }
    }

    pub(super) fn compare_account(&mut self, stored: &AuditAccount, findings: &mut Findings) {
        let AuditAccount { id, account } = *stored;
        let place = Place::Account(id);
        let told = self.account_mut(id);
        told.seen = true;
        let told = told.account;
        if told.balance != account.balance {
            let (told, stored) = (told.balance.0, account.balance.0);
            findings.add(place, format!("the entries add up to {told}, stored is {stored}"));
        }
        if told.head != account.head {
            let (told, stored) = (told.head, account.head);
            findings.add(place, format!("its newest entry is {told}, stored is {stored}"));
        }
        if account.balance.0 < 0 && !id.may_be_negative() {
            findings.add(place, format!("the stored balance is {}", account.balance.0));
        }
    }

    pub(super) fn report_missing_accounts(&self, findings: &mut Findings) {
        let users = self.users.iter().map(|(number, user)| (AccountId::user(number), &user.account));
        let others = self.others.iter().map(|(id, account)| (*id, account));
        for (id, account) in others.chain(users).filter(|(_, account)| !account.seen) {
            let balance = account.account.balance.0;
            findings.add(Place::Account(id), format!("missing; the entries add up to {balance}"));
        }
    }

    pub(super) fn compare_user(&mut self, stored: &AuditUser, findings: &mut Findings) {
        let place = Place::User(stored.number);
        let Some(told) = self.user_mut(stored.number) else {
            return findings.add(place, "stored, but no entry created this user".to_owned());
        };
        (told.row_seen, told.generation) = (true, stored.generation);
        if told.active != stored.active {
            let words = |active: bool| if active { "active" } else { "inactive" };
            let what = format!("{} by the entries, stored as {}", words(told.active), words(stored.active));
            findings.add(place, what);
        }
        let (rotated, rotations) = (told.rotations, rotations_of(stored.generation));
        if rotated != rotations {
            findings.add(place, format!("the hash was rotated {rotated} times, stored is {rotations}"));
        } else if told.salt != Some(stored.salt) {
            findings.add(place, "the stored salt of the hash is not that of the entries".to_owned());
        }
    }

    pub(super) fn report_missing_users(&self, findings: &mut Findings) {
        for (number, _) in self.users.iter().filter(|(_, user)| !user.row_seen) {
            findings.add(Place::User(number), "missing, although an entry created this user".to_owned());
        }
    }

    /// Can a user's hash of this generation have had this salt? Only the newest salt is known here.
    pub(super) fn had_hash(&self, number: i64, generation: i64, salt: &HashSalt) -> bool {
        self.users.get(number).is_some_and(|user| {
            let (now, then) = (user.rotations, rotations_of(generation));
            generation >= 0 && (then < now || (then == now && user.salt.as_ref() == Some(salt)))
        })
    }

    pub(super) fn has_user(&self, number: i64) -> bool {
        self.users.get(number).is_some()
    }

    /// Balance of one of the book's own accounts.
    pub(super) fn balance(&self, account: AccountId) -> Cents {
        self.others.get(&account).map_or(Cents::ZERO, |account| account.account.balance)
    }

    fn user_mut(&mut self, number: i64) -> Option<&mut ReplayedUser> {
        self.users.get_mut(number)
    }

    fn account_mut(&mut self, id: AccountId) -> &mut ReplayedAccount {
        match id.as_user().and_then(|number| self.users.get_mut(number)) {
            Some(user) => &mut user.account,
            None => self.others.entry(id).or_default(),
        }
    }
}

/// The floor of the new epoch, if the entry begins one: the only gap that a sequence may have, and its entry names
/// the sequence before the gap.
fn new_epoch(entry: &Entry, before: i64) -> Option<i64> {
    let is_named = entry.note == format!("previous sequence {before}");
    let floor = entry.sequence - 1;
    let is_floor = floor > before && floor % floor_of_epoch(1) == 0;
    (entry.kind == EntryKind::InstallationRecovered && is_named && is_floor).then_some(floor)
}

/// More users missing than this means that the number itself is wrong.
const MOST_MISSING: i64 = 1_000_000;

/// Debit and credit account of an entry of this kind; `None` if it moves no money.
fn accounts_of(entry: &Entry) -> Option<(AccountId, AccountId)> {
    let user = AccountId::user(entry.user);
    match entry.kind {
        EntryKind::Deposited => Some((AccountId::WORLD, AccountId::MAIN)),
        EntryKind::MovedToPayout => Some((AccountId::MAIN, AccountId::PAYOUT)),
        EntryKind::MovedToMain => Some((AccountId::PAYOUT, AccountId::MAIN)),
        EntryKind::UserCreated | EntryKind::UserCredited => Some((AccountId::PAYOUT, user)),
        EntryKind::UserDebited | EntryKind::UserMoneyExpired => Some((user, AccountId::PAYOUT)),
        EntryKind::WithdrawalCreated => Some((user, AccountId::HELD)),
        EntryKind::WithdrawalRejected | EntryKind::WithdrawalCancelled | EntryKind::WithdrawalFailed => {
            Some((AccountId::HELD, user))
        }
        EntryKind::WithdrawalFeeTaken => Some((AccountId::HELD, AccountId::FEES)),
        // If swept fees leave too little in the fees account, the main balance pays.
        EntryKind::WithdrawalFeeReturned => {
            let is_main = entry.movement.is_some_and(|moved| moved.debit == AccountId::MAIN);
            Some((if is_main { AccountId::MAIN } else { AccountId::FEES }, user))
        }
        EntryKind::DepositReversed | EntryKind::PaidOut => Some((AccountId::MAIN, AccountId::WORLD)),
        EntryKind::FeesSweptToMain => Some((AccountId::FEES, AccountId::MAIN)),
        EntryKind::FeesPaidOut => Some((AccountId::FEES, AccountId::WORLD)),
        // Which rail it was is only in the withdrawal's row; here the account must be any rail's.
        EntryKind::WithdrawalSucceeded => Some((AccountId::HELD, rail(entry.movement.map(|to| to.credit)))),
        EntryKind::WithdrawalReturned => Some((rail(entry.movement.map(|moved| moved.debit)), user)),
        EntryKind::UserDeactivated
        | EntryKind::UserActivated
        | EntryKind::HashRotated
        | EntryKind::WithdrawalReviewAsked
        | EntryKind::WithdrawalQueued
        | EntryKind::WithdrawalApproved
        | EntryKind::WithdrawalSending
        | EntryKind::WithdrawalOutcomeLost
        | EntryKind::WithdrawalOutcomeFound
        | EntryKind::GiftCardRevealed
        | EntryKind::GiftCardStockLow
        | EntryKind::UserMoneyExpiring
        | EntryKind::SettingsChanged
        | EntryKind::InstallationRecovered
        | EntryKind::WithdrawalDelayed
        | EntryKind::PaymentsPaused
        | EntryKind::PaymentsResumed => None,
        EntryKind::ImportCompleted | EntryKind::MethodOpened | EntryKind::MethodClosed => None,
        EntryKind::ReconciliationMismatch => None,
    }
}

/// The account itself if it is a rail's, else some rail's, so that the comparison fails.
fn rail(account: Option<AccountId>) -> AccountId {
    let rails = Provider::ALL.map(Provider::account);
    account.filter(|account| rails.contains(account)).unwrap_or(rails[rails.len() - 1])
}

fn turn(active: &mut bool, to: bool) -> Result<(), String> {
    let before = std::mem::replace(active, to);
    if before == to { Err("it gives the user the status it has".to_owned()) } else { Ok(()) }
}

/// The problem with a stored credential, if there is one.
pub(super) fn compare_credential(
    stored: &HashCredential,
    users: &mut Numbered<ReplayedUser>,
    secrets: &Secrets,
) -> Option<String> {
    let Some(user) = users.get_mut(stored.user) else {
        return Some("a credential opens this user's account, but no entry created the user".to_owned());
    };
    let basis = |salt| HashBasis { generation: user.generation, salt };
    let digest = |salt| secrets.hash_digest(stored.book, stored.user, &basis(salt)).ok();
    if user.salt.and_then(digest) != Some(stored.digest) {
        return Some("a credential opens this user's account that is not the user's hash".to_owned());
    }
    user.credential_seen = true;
    let words = |active: bool| if active { "active" } else { "inactive" };
    (stored.active != user.active)
        .then(|| format!("{} by the entries, the credential is {}", words(user.active), words(stored.active)))
}
