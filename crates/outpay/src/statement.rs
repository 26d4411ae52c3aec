//! Statements of a month and trial balances of a book, from the sums of its days. Not here: the sums (store/day_sums.rs), the pages
//! (dashboard/money).
//!
//! Invariant: opening balance + movements = closing balance, for each account. The opening balance and the movements come from the
//! sums; the closing balance is counted back from the balances that the book has now, so the equation compares the whole journal with
//! the accounts. Where it does not hold there is no statement.

use crate::platform::Platform;
use crate::store::{Failure, HouseBalances, MoneySum, PEOPLE, PeriodSums};
use anyhow::{Context, ensure};
use ledger::{AccountId, BookId, EntryKind, Provider};
use std::collections::BTreeMap;
use std::ops::Range;

/// Entries that one statement may add to the day sums, and may read beside them.
const GLANCE: i64 = 10_000;
/// The accounts of a statement, in its order.
pub const ACCOUNTS: [(AccountId, &str); 5] = [
    (AccountId::MAIN, "Main balance"),
    (AccountId::PAYOUT, "Payout balance"),
    (AccountId::HELD, "Held for withdrawals"),
    (PEOPLE, "Owed to recipients"),
    (AccountId::FEES, "Fees"),
];

/// Cents of each of [`ACCOUNTS`].
pub type Amounts = [i64; ACCOUNTS.len()];

/// What moved a book's money in some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyStatement {
    pub opening: Amounts,
    pub lines: Vec<StatementLine>,
    pub closing: Amounts,
}

/// All movements of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    pub title: &'static str,
    pub entries: i64,
    pub amounts: Amounts,
}

/// What every account was debited and credited in all, up to the end of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    pub lines: Vec<TrialLine>,
    /// Of all lines; the same as `credits`.
    pub debits: i64,
    pub credits: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialLine {
    pub account: AccountId,
    pub debits: i64,
    pub credits: i64,
}

impl TrialLine {
    /// What the account holds: below zero for `world`, where the money comes from.
    #[must_use]
    pub fn balance(&self) -> i64 {
        self.credits - self.debits
    }
}

/// What moved the book's money in these days. `None` while the sums of the days lag far behind the journal.
///
/// # Errors
/// When the books do not balance, or the database fails.
pub async fn of_days(
    platform: &Platform,
    book: BookId,
    days: Range<i64>,
) -> Result<Option<MoneyStatement>, Failure> {
    let Some((sums, balances)) = sums(platform, book, days).await? else { return Ok(None) };
    statement(&sums, &balances).map(Some)
}

/// The trial balance at the end of this day. `None` while the sums of the days lag far behind the journal.
///
/// # Errors
/// When the books do not balance, or the database fails.
pub async fn trial_balance(
    platform: &Platform,
    book: BookId,
    day: i64,
) -> Result<Option<TrialBalance>, Failure> {
    let end = day.saturating_add(1);
    let Some((sums, balances)) = sums(platform, book, end..end).await? else { return Ok(None) };
    trial(&sums, &balances).map(Some)
}

/// The sums of all entries of the book, and the balances that these entries led to.
async fn sums(
    platform: &Platform,
    book: BookId,
    days: Range<i64>,
) -> Result<Option<(PeriodSums, HouseBalances)>, Failure> {
    let store = &platform.store;
    store.add_to_day_sums(book, GLANCE).await?;
    let (cursor, mut sums) = store.period_sums(book, days.clone()).await?;
    // Read after the sums, so that they know no entry that the balances do not.
    let balances = store.house_balances_of(book).await?;
    if balances.sequence - cursor > GLANCE {
        return Ok(None);
    }
    let rest = store.unsummed(book, (cursor, balances.sequence), days).await?;
    sums.before.extend(rest.before);
    sums.within.extend(rest.within);
    sums.after.extend(rest.after);
    Ok(Some((sums, balances)))
}

fn statement(sums: &PeriodSums, balances: &HouseBalances) -> Result<MoneyStatement, Failure> {
    let opening = net(&sums.before);
    let closing = at_end(sums, balances)?;
    let mut lines: BTreeMap<i64, (i64, BTreeMap<AccountId, i128>)> = BTreeMap::new();
    for sum in sums.within.iter().filter(|sum| sum.amount != 0) {
        let line = lines.entry(line_of(sum.kind).code()).or_default();
        line.0 += sum.entries;
        add(&mut line.1, sum);
    }
    let line = |(kind, (entries, moved)): (i64, (i64, BTreeMap<AccountId, i128>))| {
        let kind = EntryKind::from_code(kind).context("there is no such entry kind")?;
        Ok(StatementLine { title: title(kind), entries, amounts: amounts(&moved)? })
    };
    let lines = lines.into_iter().map(line).collect::<Result<Vec<_>, Failure>>()?;
    Ok(MoneyStatement { opening: amounts(&opening)?, lines, closing: amounts(&closing)? })
}

fn trial(sums: &PeriodSums, balances: &HouseBalances) -> Result<TrialBalance, Failure> {
    let closing = at_end(sums, balances)?;
    let (mut debits, mut credits) = (BTreeMap::<AccountId, i128>::new(), BTreeMap::<AccountId, i128>::new());
    for sum in sums.before.iter().filter(|sum| sum.amount != 0) {
        *debits.entry(sum.debit).or_default() += sum.amount;
        *credits.entry(sum.credit).or_default() += sum.amount;
    }
    let mut trial = TrialBalance::default();
    // World first, then the own accounts and people, used or not, then the rails.
    let own = ACCOUNTS.map(|(account, _)| account);
    let mut accounts = [&[AccountId::WORLD], &own[..]].concat();
    let rails: Vec<AccountId> = closing.keys().rev().filter(|one| !accounts.contains(one)).copied().collect();
    accounts.extend(rails);
    for account in accounts {
        let of = |sums: &BTreeMap<AccountId, i128>| cents(sums.get(&account).copied().unwrap_or_default());
        let line = TrialLine { account, debits: of(&debits)?, credits: of(&credits)? };
        trial.debits = trial.debits.checked_add(line.debits).context("the debits do not fit")?;
        trial.credits = trial.credits.checked_add(line.credits).context("the credits do not fit")?;
        trial.lines.push(line);
    }
    ensure!(trial.debits == trial.credits, "the books do not balance: debits are not credits");
    Ok(trial)
}

/// The balances at the end of the days, counted back from those of now, and compared with the sums from the beginning on.
fn at_end(sums: &PeriodSums, balances: &HouseBalances) -> Result<BTreeMap<AccountId, i128>, Failure> {
    let mut now: BTreeMap<AccountId, i128> = BTreeMap::new();
    for (account, balance) in &balances.balances {
        now.insert(*account, i128::from(balance.0));
    }
    // What the house accounts lack, people have: money only moves between accounts.
    now.insert(PEOPLE, -now.values().sum::<i128>());
    let mut summed = net(&sums.before);
    sums.within.iter().for_each(|sum| add(&mut summed, sum));
    let after = net(&sums.after);
    let of = |sums: &BTreeMap<AccountId, i128>, account| sums.get(&account).copied().unwrap_or_default();
    for account in now.keys().chain(summed.keys()).chain(after.keys()) {
        let back = of(&now, *account) - of(&after, *account);
        let forward = of(&summed, *account);
        ensure!(
            back == forward,
            "the books do not balance: {account} has {back} by its balance and {forward} by the sums of days"
        );
    }
    Ok(summed)
}

/// What these sums add to each account.
fn net(sums: &[MoneySum]) -> BTreeMap<AccountId, i128> {
    let mut net = BTreeMap::new();
    sums.iter().for_each(|sum| add(&mut net, sum));
    net
}

fn add(net: &mut BTreeMap<AccountId, i128>, sum: &MoneySum) {
    if sum.amount != 0 {
        *net.entry(sum.debit).or_default() -= sum.amount;
        *net.entry(sum.credit).or_default() += sum.amount;
    }
}

fn amounts(of: &BTreeMap<AccountId, i128>) -> Result<Amounts, Failure> {
    let mut amounts = [0; ACCOUNTS.len()];
    for (amount, (account, _)) in amounts.iter_mut().zip(ACCOUNTS) {
        *amount = cents(of.get(&account).copied().unwrap_or_default())?;
    }
    Ok(amounts)
}

/// Money that went to and fro all month may add up to more than fits.
fn cents(amount: i128) -> Result<i64, Failure> {
    i64::try_from(amount).context("a sum of a statement has more cents than fit into 64 bits")
}

/// The kind in whose line an entry stands: whether a payout created its person makes no difference here.
fn line_of(kind: EntryKind) -> EntryKind {
    if kind == EntryKind::UserCreated { EntryKind::UserCredited } else { kind }
}

/// What an account is called.
#[must_use]
pub fn account_title(account: AccountId) -> String {
    let own = ACCOUNTS.iter().find(|(of, _)| *of == account).map(|(_, title)| (*title).to_owned());
    let rail = || Provider::ALL.into_iter().find(|provider| provider.account() == account);
    match own {
        Some(title) => title,
        None if account == AccountId::WORLD => "Outside (deposits and payouts to the business)".to_owned(),
        None => rail().map_or_else(
            || account.to_string(),
            |rail| format!("Paid out by {}", rail.word().replace('_', " ")),
        ),
    }
}

/// The same as one word or two, for files.
#[must_use]
pub fn account_word(account: AccountId) -> String {
    if account.0 > 0 { "people".to_owned() } else { account.to_string() }
}

/// What many entries of this kind are called.
#[must_use]
pub fn title(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Deposited => "Deposits",
        EntryKind::DepositReversed => "Deposits reversed",
        EntryKind::MovedToPayout => "Main to payout balance",
        EntryKind::MovedToMain => "Payout to main balance",
        EntryKind::PaidOut => "Paid out to the business",
        EntryKind::UserCreated | EntryKind::UserCredited => "Payouts to people",
        EntryKind::UserDebited => "Reclaimed from people",
        EntryKind::UserMoneyExpired => "Expired and reclaimed",
        EntryKind::WithdrawalCreated => "Withdrawals requested",
        EntryKind::WithdrawalRejected => "Withdrawals rejected",
        EntryKind::WithdrawalCancelled => "Withdrawals cancelled",
        EntryKind::WithdrawalFailed => "Withdrawals failed",
        EntryKind::WithdrawalReturned => "Withdrawals returned",
        EntryKind::WithdrawalSucceeded => "Withdrawals paid",
        EntryKind::WithdrawalFeeTaken => "Fees kept",
        EntryKind::WithdrawalFeeReturned => "Fees given back",
        EntryKind::FeesSweptToMain => "Fees to main balance",
        EntryKind::FeesPaidOut => "Fees paid out",
        _ => "Other",
    }
}

/// What one movement of the business's own balances is called.
#[must_use]
pub fn one(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Deposited => "Deposit",
        EntryKind::DepositReversed => "Deposit reversed",
        EntryKind::UserCreated | EntryKind::UserCredited => "Payout",
        EntryKind::UserDebited => "Reclaimed",
        EntryKind::WithdrawalFeeReturned => "Fee given back",
        kind => title(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Cents;

    fn sum(kind: EntryKind, debit: AccountId, credit: AccountId, amount: i128) -> MoneySum {
        MoneySum { kind, debit, credit, entries: 1, amount }
    }

    fn balances(of: &[(AccountId, i64)]) -> HouseBalances {
        let balances = of.iter().map(|(account, balance)| (*account, Cents(*balance))).collect();
        HouseBalances { sequence: 9, balances }
    }

    #[test]
    fn a_statement_leads_from_opening_to_closing() {
        let (world, main, payout) = (AccountId::WORLD, AccountId::MAIN, AccountId::PAYOUT);
        let sums = PeriodSums {
            before: vec![sum(EntryKind::Deposited, world, main, 1_000)],
            within: vec![
                sum(EntryKind::MovedToPayout, main, payout, 600),
                sum(EntryKind::UserCreated, payout, PEOPLE, 100),
                sum(EntryKind::UserCredited, payout, PEOPLE, 50),
            ],
            after: vec![sum(EntryKind::UserDebited, PEOPLE, payout, 30)],
        };
        let now = balances(&[(world, -1_000), (main, 400), (payout, 480)]);
        let found = statement(&sums, &now).unwrap();
        assert_eq!((found.opening, found.closing), ([1_000, 0, 0, 0, 0], [400, 450, 0, 150, 0]));
        let lines: Vec<_> = found.lines.iter().map(|line| (line.title, line.entries, line.amounts)).collect();
        assert_eq!(
            lines,
            [
                ("Main to payout balance", 1, [-600, 600, 0, 0, 0]),
                ("Payouts to people", 2, [0, -150, 0, 150, 0]),
            ]
        );
        let trial = trial(
            &PeriodSums { before: [sums.before, sums.within].concat(), within: vec![], after: sums.after },
            &now,
        )
        .unwrap();
        let lines: Vec<_> = trial
            .lines
            .iter()
            .map(|line| (line.account, line.debits, line.credits, line.balance()))
            .collect();
        assert_eq!(lines[0], (world, 1_000, 0, -1_000));
        assert_eq!(lines[1], (main, 600, 1_000, 400));
        assert_eq!(lines[2], (payout, 150, 600, 450));
        assert_eq!(lines[3], (AccountId::HELD, 0, 0, 0), "not used yet");
        assert_eq!(lines[4], (PEOPLE, 0, 150, 150));
        assert_eq!((trial.debits, trial.credits), (1_750, 1_750));
        assert_eq!(trial.lines.iter().map(TrialLine::balance).sum::<i64>(), 0);
    }

    #[test]
    fn books_that_do_not_balance_have_no_statement() {
        let (world, main) = (AccountId::WORLD, AccountId::MAIN);
        let sums =
            PeriodSums { within: vec![sum(EntryKind::Deposited, world, main, 5)], ..PeriodSums::default() };
        for wrong in [
            balances(&[]),
            balances(&[(world, -5), (main, 6)]),
            balances(&[(world, -5), (main, 5), (AccountId::FEES, 1)]),
        ] {
            assert!(statement(&sums, &wrong).is_err() && trial(&sums, &wrong).is_err(), "{wrong:?}");
        }
        assert!(statement(&sums, &balances(&[(world, -5), (main, 5)])).is_ok());
    }

    #[test]
    fn sums_wider_than_a_balance_are_refused_and_not_cut_off() {
        let (main, payout) = (AccountId::MAIN, AccountId::PAYOUT);
        let much = i128::from(i64::MAX) + 1;
        let sums = PeriodSums {
            within: vec![
                sum(EntryKind::MovedToPayout, main, payout, much),
                sum(EntryKind::MovedToMain, payout, main, much),
            ],
            ..PeriodSums::default()
        };
        let error = statement(&sums, &balances(&[])).unwrap_err();
        assert!(error.to_string().contains("64 bits"), "{error}");
    }
}
