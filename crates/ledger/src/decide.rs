//! The check ladder: a command and a loaded book go in, a plan or a named refusal comes out. The order of the checks
//! is the order of precedence that clients see. Nothing here changes a book; [`apply`] carries out a plan as a whole.

use crate::budget::spend;
use crate::decide_correction::correct;
use crate::decide_withdrawal::{advance, expire, record, withdraw};
use crate::recovery::recover;
use crate::{
    AccountId, BatchPayout, Book, Cents, Change, Command, DepositDetail, Direction, Email, EntryKind,
    HashBasis, Inputs, MAX_PAYOUT, MAX_TRANSFER, Metadata, NewEntry, OnceKey, PayoutUser, Refusal,
    Remembered, Reply, Request, RowRefusal, RowReply, UserStatus,
};
use std::collections::HashMap;

/// What to change, and what to reply once that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Carried out in this order.
    pub changes: Vec<Change>,
    /// The command's reply.
    pub reply: Reply,
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What it answers.
    pub reply: Reply,
    /// It was carried out earlier under the same idempotency key: this is the first reply again, and nothing changed now.
    pub replayed: bool,
}

enum Decision {
    Replay(Reply),
    Plan(Plan),
}

/// Decides `request` and carries it out on the loaded book.
///
/// # Errors
/// The refusal of the first check that fails; the book is as it was.
pub fn apply(book: &mut Book, request: &Request, inputs: Inputs) -> Result<Applied, Refusal> {
    let now = book.time(inputs.now);
    match decide_once(book, request, inputs)? {
        Decision::Replay(reply) => Ok(Applied { reply, replayed: true }),
        Decision::Plan(plan) => {
            for change in plan.changes {
                book.apply(change, now, request.origin.actor);
            }
            if let Some(once) = request.once {
                let remembered = Remembered { fingerprint: once.fingerprint, reply: plan.reply.clone() };
                book.apply(Change::Remember { key: once.key, remembered }, now, request.origin.actor);
            }
            Ok(Applied { reply: plan.reply, replayed: false })
        }
    }
}

fn decide_once(book: &Book, request: &Request, inputs: Inputs) -> Result<Decision, Refusal> {
    check(book.lets_in(&request.origin, inputs.now), Refusal::CredentialDoesNotAuthenticate)?;
    if let Some(once) = &request.once
        && let Some(remembered) = book.remembered(&once.key)
    {
        if remembered.fingerprint == once.fingerprint {
            return Ok(Decision::Replay(remembered.reply.clone()));
        }
        return Err(match request.command {
            Command::Deposit { .. } => Refusal::DepositReferenceWasUsedForAnotherAmount,
            _ => Refusal::IdempotencyKeyWasUsedForAnotherRequest,
        });
    }
    let mut plan = decide(book, &request.command, inputs)?;
    if let Some(budget) = &request.origin.budget {
        plan.changes.extend(spend(book, budget, &plan.changes, inputs.now)?);
    }
    Ok(Decision::Plan(plan))
}

/// Decides a command that was not answered before.
///
/// # Errors
/// The refusal of the first check that fails.
pub fn decide(book: &Book, command: &Command, inputs: Inputs) -> Result<Plan, Refusal> {
    let now = book.time(inputs.now);
    match command {
        Command::Create { email, amount, memo, metadata } => {
            create(book, email, *amount, entry_of_payout("", memo, metadata), &inputs)
        }
        Command::CreateMany { payouts, partial } => create_many(book, payouts, *partial, &inputs),
        Command::Transfer { direction, amount } => transfer(book, *direction, *amount),
        Command::Deposit { amount, reference, used_elsewhere, received_on } => {
            deposit(book, *amount, reference, *used_elsewhere, received_on)
        }
        Command::Debit { user, amount, reason } => debit(book, *user, *amount, reason),
        Command::SetStatus { user, status } => set_status(book, *user, *status),
        Command::RotateHash { user } => rotate_hash(book, *user, &inputs),
        Command::Withdraw(order) => withdraw(book, order, now),
        Command::Advance(progress) => advance(book, progress, now),
        Command::Record { occurrence, user, withdrawal, note } => {
            record(book, *occurrence, (*user, *withdrawal), note, now)
        }
        Command::Remember { answer, .. } => {
            Ok(Plan { changes: Vec::new(), reply: Reply::Said(answer.clone()) })
        }
        Command::Expire { user, head } => expire(book, *user, *head),
        Command::Recover { epoch } => Ok(recover(book, *epoch)),
        Command::Correct(confirmed) => correct(book, confirmed),
    }
}

fn create(
    book: &Book,
    email: &Email,
    amount: Cents,
    entry: NewEntry,
    inputs: &Inputs,
) -> Result<Plan, Refusal> {
    check(book.payouts_enabled, Refusal::PayoutsAreDisabled)?;
    check_amount(amount, MAX_PAYOUT)?;
    check(book.balance(AccountId::PAYOUT) >= amount, Refusal::PayoutBalanceIsTooLow)?;
    let known = book.user_by_email(email);
    let number = known.map_or(book.head.users + 1, |user| user.number);
    check_room(book, AccountId::user(number), amount)?;

    let mut changes = Vec::with_capacity(3);
    let basis = known.map_or_else(|| HashBasis::first(inputs, book.id, number), PayoutUser::hash_basis);
    pay(&mut changes, number, known.is_none().then_some((email, basis)), amount, entry);
    let HashBasis { generation, salt } = basis;
    Ok(Plan { changes, reply: Reply::Paid { user: number, generation, salt } })
}

/// A payout's entry holds the business's reference as its note and the recipient's memo as its detail.
fn entry_of_payout(reference: &str, memo: &str, metadata: &Metadata) -> NewEntry {
    let entry = NewEntry::new(EntryKind::UserCredited).with_note(reference).with_detail(memo);
    NewEntry { metadata: metadata.clone(), ..entry }
}

fn pay(
    changes: &mut Vec<Change>,
    user: i64,
    new: Option<(&Email, HashBasis)>,
    amount: Cents,
    mut entry: NewEntry,
) {
    if let Some((email, basis)) = new {
        entry.kind = EntryKind::UserCreated;
        changes.push(Change::NewUser { number: user, email: email.clone(), basis });
    }
    let (debit, credit) = (AccountId::PAYOUT, AccountId::user(user));
    changes.push(Change::Move { entry: entry.of_user(user), debit, credit, amount });
}

/// What rows of a batch that are already decided have used up.
struct Running<'a> {
    money: Cents,
    next_user: i64,
    inputs: &'a Inputs,
    /// Users this batch creates or credits: number, hash, balance so far.
    users: HashMap<&'a Email, (i64, HashBasis, Cents)>,
    /// References this batch uses: a second row with one of them is judged like a repeat of the first.
    references: HashMap<OnceKey, Remembered>,
    changes: Vec<Change>,
    total: Cents,
}

fn create_many(
    book: &Book,
    payouts: &[BatchPayout],
    partial: bool,
    inputs: &Inputs,
) -> Result<Plan, Refusal> {
    check(book.payouts_enabled, Refusal::PayoutsAreDisabled)?;
    for payout in payouts {
        check_amount(payout.amount, MAX_PAYOUT)?;
    }
    if !partial {
        let reused = contradicting_rows(book, payouts);
        check(reused.is_empty(), Refusal::ReferencesWereUsedForOtherPayouts(reused))?;
    }
    let mut running = Running {
        money: book.balance(AccountId::PAYOUT),
        next_user: book.head.users + 1,
        inputs,
        users: HashMap::new(),
        references: HashMap::new(),
        changes: Vec::with_capacity(payouts.len() * 3),
        total: Cents::ZERO,
    };
    let mut rows = Vec::with_capacity(payouts.len());
    for payout in payouts {
        let row = match pay_row(book, &mut running, payout) {
            Err(refusal) if !partial => return Err(refusal.into()),
            Err(refusal) => RowReply::Unpaid(refusal),
            Ok((user, basis)) => RowReply::Paid(user, basis.generation, basis.salt),
        };
        rows.push(row);
    }
    // Not one row was paid for lack of money: a refusal, which is not remembered, since a later try may succeed.
    let paid = rows.iter().any(|row| matches!(row, RowReply::Paid(..)));
    let short = rows.contains(&RowReply::Unpaid(RowRefusal::PayoutBalanceIsTooLow));
    check(paid || !short, Refusal::PayoutBalanceIsTooLow)?;
    Ok(Plan { changes: running.changes, reply: Reply::PaidMany { rows, total: running.total } })
}

/// Rows whose reference belongs to another payout: one that was paid before, or an earlier row.
fn contradicting_rows(book: &Book, payouts: &[BatchPayout]) -> Vec<usize> {
    let mut earlier = HashMap::new();
    let mut contradicting = Vec::new();
    for (row, payout) in payouts.iter().enumerate() {
        let Some(reference) = payout.reference.as_deref() else { continue };
        let (key, this) = (OnceKey::of_payout_reference(reference), payout.fingerprint());
        let stored = book.remembered(&key).map(|remembered| remembered.fingerprint);
        let first = stored.unwrap_or_else(|| *earlier.entry(key).or_insert(this));
        if first != this {
            contradicting.push(row);
        }
    }
    contradicting
}

fn pay_row<'a>(
    book: &Book,
    running: &mut Running<'a>,
    payout: &'a BatchPayout,
) -> Result<(i64, HashBasis), RowRefusal> {
    let once = payout.reference.as_deref().map(OnceKey::of_payout_reference);
    let before = once.and_then(|key| running.references.get(&key).or_else(|| book.remembered(&key)));
    if let Some(before) = before {
        if before.fingerprint != payout.fingerprint() {
            return Err(RowRefusal::ReferenceWasUsedForAnotherPayout);
        }
        let Reply::Paid { user, generation, salt } = before.reply else {
            return Err(RowRefusal::ReferenceWasUsedForAnotherPayout);
        };
        running.total = running.total.plus(payout.amount).ok_or(RowRefusal::BalanceWouldBeTooLarge)?;
        return Ok((user, HashBasis { generation, salt }));
    }
    let left = running.money.minus(payout.amount).filter(|left| *left >= Cents::ZERO);
    let Some(left) = left else {
        // The first row that cannot be paid ends the money: later, smaller rows do not overtake it.
        running.money = Cents::ZERO;
        return Err(RowRefusal::PayoutBalanceIsTooLow);
    };
    let seen = running.users.get(&payout.email).copied();
    let stored = book.user_by_email(&payout.email);
    let (user, basis, balance) = seen.unwrap_or_else(|| match stored {
        Some(user) => (user.number, user.hash_basis(), book.balance(AccountId::user(user.number))),
        None => {
            let number = running.next_user;
            (number, HashBasis::first(running.inputs, book.id, number), Cents::ZERO)
        }
    });
    let balance = balance.plus(payout.amount).ok_or(RowRefusal::BalanceWouldBeTooLarge)?;
    let total = running.total.plus(payout.amount).ok_or(RowRefusal::BalanceWouldBeTooLarge)?;

    let is_new = seen.is_none() && stored.is_none();
    running.next_user += i64::from(is_new);
    running.money = left;
    running.total = total;
    running.users.insert(&payout.email, (user, basis, balance));
    let reference = payout.reference.as_deref().unwrap_or_default();
    let new = is_new.then_some((&payout.email, basis));
    let entry = entry_of_payout(reference, &payout.memo, &payout.metadata);
    pay(&mut running.changes, user, new, payout.amount, entry);
    if let Some(key) = once {
        let reply = Reply::Paid { user, generation: basis.generation, salt: basis.salt };
        let remembered = Remembered { fingerprint: payout.fingerprint(), reply };
        running.references.insert(key, remembered.clone());
        running.changes.push(Change::Remember { key, remembered });
    }
    Ok((user, basis))
}

impl From<RowRefusal> for Refusal {
    fn from(row: RowRefusal) -> Self {
        match row {
            RowRefusal::PayoutBalanceIsTooLow => Self::PayoutBalanceIsTooLow,
            RowRefusal::ReferenceWasUsedForAnotherPayout => {
                Self::ReferencesWereUsedForOtherPayouts(Vec::new())
            }
            RowRefusal::BalanceWouldBeTooLarge => Self::BalanceWouldBeTooLarge,
        }
    }
}

fn transfer(book: &Book, direction: Direction, amount: Cents) -> Result<Plan, Refusal> {
    let (debit, credit) = direction.accounts();
    let (kind, too_low) = match direction {
        Direction::ToPayout => (EntryKind::MovedToPayout, Refusal::MainBalanceIsTooLow),
        Direction::ToMain => (EntryKind::MovedToMain, Refusal::PayoutBalanceIsTooLow),
    };
    check_amount(amount, MAX_TRANSFER)?;
    check(book.balance(debit) >= amount, too_low)?;
    check_room(book, credit, amount)?;
    Ok(own_balances(book, NewEntry::new(kind), debit, credit, amount))
}

fn deposit(
    book: &Book,
    amount: Cents,
    reference: &str,
    used_elsewhere: bool,
    received_on: &str,
) -> Result<Plan, Refusal> {
    check_amount(amount, MAX_TRANSFER)?;
    // One line of a bank statement is the money of one business.
    if let Some(other) = book.deposited_elsewhere(reference).filter(|_| !used_elsewhere) {
        return Err(Refusal::DepositReferenceWasUsedForAnotherBusiness(other));
    }
    check_room(book, AccountId::MAIN, amount)?;
    // `world` mirrors everything that came in, so it runs out of room before the book does.
    check(book.balance(AccountId::WORLD).minus(amount).is_some(), Refusal::BalanceWouldBeTooLarge)?;
    let day = (!received_on.is_empty()).then(|| DepositDetail { received_on: received_on.to_owned() }.text());
    let entry =
        NewEntry::new(EntryKind::Deposited).with_note(reference).with_detail(&day.unwrap_or_default());
    Ok(own_balances(book, entry, AccountId::WORLD, AccountId::MAIN, amount))
}

fn own_balances(book: &Book, entry: NewEntry, debit: AccountId, credit: AccountId, amount: Cents) -> Plan {
    let reply = own_balances_after(book, debit, credit, amount);
    Plan { changes: vec![Change::Move { entry, debit, credit, amount }], reply }
}

/// The reply to a movement between the business's own balances that the ladder has let through.
pub(crate) fn own_balances_after(book: &Book, debit: AccountId, credit: AccountId, amount: Cents) -> Reply {
    let after = |id: AccountId| {
        let balance = book.balance(id);
        let balance = if id == credit { balance.plus(amount) } else { Some(balance) };
        let balance = if id == debit { balance.and_then(|balance| balance.minus(amount)) } else { balance };
        balance.expect("the ladder has checked that it fits")
    };
    Reply::Balances { main: after(AccountId::MAIN), payout: after(AccountId::PAYOUT) }
}

fn debit(book: &Book, user: i64, amount: Cents, reason: &str) -> Result<Plan, Refusal> {
    let user = book.user(user).ok_or(Refusal::PayoutUserIsUnknown)?;
    let account = AccountId::user(user.number);
    check_amount(amount, MAX_TRANSFER)?;
    check(book.balance(account) >= amount, Refusal::UserBalanceIsTooLow)?;
    check_room(book, AccountId::PAYOUT, amount)?;

    let mut snapshot = book.snapshot(user);
    snapshot.balance = snapshot.balance.minus(amount).expect("the ladder has checked that it is covered");
    let entry = NewEntry::new(EntryKind::UserDebited).of_user(user.number).with_note(reason);
    let change = Change::Move { entry, debit: account, credit: AccountId::PAYOUT, amount };
    Ok(Plan { changes: vec![change], reply: Reply::User(snapshot) })
}

fn set_status(book: &Book, user: i64, status: UserStatus) -> Result<Plan, Refusal> {
    let user = book.user(user).ok_or(Refusal::PayoutUserIsUnknown)?;
    let mut snapshot = book.snapshot(user);
    snapshot.status = status;
    let kind = match status {
        UserStatus::Active => EntryKind::UserActivated,
        UserStatus::Inactive => EntryKind::UserDeactivated,
    };
    // Setting the status that the user already has succeeds and writes no entry.
    let change = Change::SetStatus { kind, user: user.number, status };
    let changes = if user.status == status { Vec::new() } else { vec![change] };
    Ok(Plan { changes, reply: Reply::User(snapshot) })
}

fn rotate_hash(book: &Book, user: i64, inputs: &Inputs) -> Result<Plan, Refusal> {
    let user = book.user(user).ok_or(Refusal::PayoutUserIsUnknown)?;
    let HashBasis { generation, salt } = user.hash_basis().next(inputs, book.id, user.number);
    let user = user.number;
    let change = Change::SetGeneration { kind: EntryKind::HashRotated, user, generation, salt };
    Ok(Plan { changes: vec![change], reply: Reply::HashRotated { user, generation, salt } })
}

pub(crate) fn check(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

pub(crate) fn check_amount(amount: Cents, most: Cents) -> Result<(), Refusal> {
    check(amount > Cents::ZERO && amount <= most, Refusal::AmountIsOutOfRange)
}

pub(crate) fn check_room(book: &Book, account: AccountId, amount: Cents) -> Result<(), Refusal> {
    check(book.balance(account).plus(amount).is_some(), Refusal::BalanceWouldBeTooLarge)
}
