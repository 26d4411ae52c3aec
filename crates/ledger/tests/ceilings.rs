//! Ceilings of keys: per request, per UTC day, per recipient and day, as tables; and random runs against a count that shares
//! no rule with the ledger.

use ledger::{
    Account, AccountId, Actor, BatchPayout, Book, BookHead, BookId, Budget, Ceilings, Cents, Command, Email,
    Inputs, Metadata, Micros, OnceKey, Origin, PayoutUser, Refusal, Reply, Request, RowReply, Spent, apply,
};
use proptest::prelude::*;
use std::collections::HashMap;

const DAY: Micros = 86_400_000_000;
/// Noon.
const NOON: Micros = 20_000 * DAY + DAY / 2;
const FAMILY: i64 = 7;
const PEOPLE: [&str; 3] = ["ann@example.com", "bob@example.com", "cho@example.com"];

fn book() -> Book {
    let head = BookHead { sequence: 0, chain: [0; 32], users: 0, withdrawals: 0 };
    let mut book = Book::new(BookId(2), true, head);
    for (account, cents) in [(AccountId::WORLD, -1_000_000), (AccountId::PAYOUT, 1_000_000)] {
        book.put_account(account, Account { balance: Cents(cents), head: 0 });
    }
    book
}

fn ceilings(request: i64, day: i64, recipient: i64) -> Ceilings {
    let some = |cents: i64| (cents > 0).then_some(Cents(cents));
    Ceilings { per_request: some(request), per_day: some(day), per_recipient_day: some(recipient) }
}

fn by_key(command: Command, ceilings: Ceilings, once: Option<&str>) -> Request {
    let budget = Some(Budget { number: FAMILY, ceilings });
    let request = Request::maybe_once(command, once.map(OnceKey::of_request));
    request.by(Origin { budget, ..Actor(FAMILY).into() })
}

fn address(who: usize) -> Email {
    Email::parse(PEOPLE[who]).expect("tests use valid addresses")
}

fn create(who: usize, cents: i64) -> Command {
    Command::Create {
        email: address(who),
        amount: Cents(cents),
        memo: String::new(),
        metadata: Metadata::default(),
    }
}

fn batch(rows: &[(usize, i64, Option<&str>)], partial: bool) -> Command {
    let row = |(who, cents, reference): &(usize, i64, Option<&str>)| BatchPayout {
        email: address(*who),
        amount: Cents(*cents),
        reference: reference.map(str::to_owned),
        memo: String::new(),
        metadata: Metadata::default(),
    };
    Command::CreateMany { payouts: rows.iter().map(row).collect(), partial }
}

fn at(now: Micros) -> Inputs {
    Inputs { now, seed: [1; 32], key_version: 0 }
}

/// `None` where it was paid.
fn refusal(book: &mut Book, command: Command, ceilings: Ceilings, now: Micros) -> Option<Refusal> {
    let before = (book.head, book.balance(AccountId::PAYOUT), book.changes().spent);
    let refused = apply(book, &by_key(command, ceilings, None), at(now)).err();
    if refused.is_some() {
        let after = (book.head, book.balance(AccountId::PAYOUT), book.changes().spent);
        assert_eq!(after, before, "a refused command leaves no trace");
    }
    refused
}

#[test]
fn a_request_has_a_ceiling() {
    let (mut book, most) = (book(), ceilings(100, 0, 0));
    let passed = Some(Refusal::RequestCeilingOfKeyIsPassed);
    assert_eq!(refusal(&mut book, create(0, 101), most, NOON), passed);
    assert_eq!(refusal(&mut book, batch(&[(0, 60, None), (1, 41, None)], false), most, NOON), passed);
    assert_eq!(refusal(&mut book, batch(&[(0, 60, None), (1, 41, None)], true), most, NOON), passed);
    for _ in 0..3 {
        assert_eq!(refusal(&mut book, create(0, 100), most, NOON), None, "there is no other ceiling");
    }
    assert!(book.changes().spent.is_empty(), "no sum is kept that no ceiling needs");
}

#[test]
fn a_day_has_a_ceiling_and_ends_at_midnight_utc() {
    let (mut book, most) = (book(), ceilings(0, 100, 0));
    let passed = Some(Refusal::DayCeilingOfKeyIsPassed);
    let midnight = NOON + DAY / 2;
    assert_eq!(refusal(&mut book, create(0, 60), most, NOON), None);
    assert_eq!(refusal(&mut book, create(1, 41), most, NOON), passed);
    assert_eq!(refusal(&mut book, batch(&[(1, 20, None), (2, 21, None)], false), most, NOON), passed);
    assert_eq!(refusal(&mut book, batch(&[(1, 20, None), (2, 20, None)], false), most, NOON), None);
    assert_eq!(refusal(&mut book, create(1, 1), most, midnight - 1), passed);
    assert_eq!(refusal(&mut book, create(1, 100), most, midnight), None);
    // A clock that is set back lifts nothing.
    assert_eq!(refusal(&mut book, create(1, 1), most, NOON), passed);
}

#[test]
fn a_recipient_has_a_ceiling_per_day() {
    let (mut book, most) = (book(), ceilings(0, 0, 100));
    let passed = Some(Refusal::RecipientCeilingOfKeyIsPassed);
    assert_eq!(refusal(&mut book, create(0, 100), most, NOON), None);
    assert_eq!(refusal(&mut book, create(0, 1), most, NOON), passed);
    assert_eq!(refusal(&mut book, create(1, 60), most, NOON), None);
    let rows = batch(&[(2, 100, None), (1, 20, None), (1, 21, None)], true);
    assert_eq!(refusal(&mut book, rows, most, NOON), passed);
    assert_eq!(refusal(&mut book, batch(&[(2, 100, None), (1, 40, None)], false), most, NOON), None);
    assert_eq!(refusal(&mut book, create(0, 100), most, NOON + DAY), None);
}

#[test]
fn what_is_stored_counts_and_overflows_refuse() {
    let mut book = book();
    book.put_spent(FAMILY, 0, Spent { day: NOON - DAY / 2, amount: Cents(i64::MAX) });
    book.put_spent(FAMILY + 1, 0, Spent { day: NOON - DAY / 2, amount: Cents(1) });
    let most = ceilings(0, i64::MAX, 0);
    assert_eq!(refusal(&mut book, create(0, 1), most, NOON), Some(Refusal::DayCeilingOfKeyIsPassed));
    assert_eq!(refusal(&mut book, create(0, 1), most, NOON + DAY), None);
}

#[test]
fn a_replay_and_a_known_reference_do_not_count() {
    let (mut book, most) = (book(), ceilings(100, 100, 100));
    let request = by_key(create(0, 60), most, Some("k"));
    assert!(!apply(&mut book, &request, at(NOON)).unwrap().replayed);
    for _ in 0..3 {
        assert!(apply(&mut book, &request, at(NOON)).unwrap().replayed);
    }
    assert_eq!(refusal(&mut book, batch(&[(1, 40, Some("r"))], false), most, NOON), None);
    for partial in [false, true] {
        assert_eq!(refusal(&mut book, batch(&[(1, 40, Some("r"))], partial), most, NOON), None);
    }
    assert_eq!(refusal(&mut book, create(2, 1), most, NOON), Some(Refusal::DayCeilingOfKeyIsPassed));
}

#[test]
fn what_moves_no_payout_is_not_counted() {
    let (mut book, most) = (book(), ceilings(1, 1, 1));
    book.put_account(AccountId::MAIN, Account { balance: Cents(500), head: 0 });
    let to_payout = Command::Transfer { direction: ledger::Direction::ToPayout, amount: Cents(500) };
    assert_eq!(refusal(&mut book, to_payout, most, NOON), None);
    let to_main = Command::Transfer { direction: ledger::Direction::ToMain, amount: Cents(500) };
    assert_eq!(refusal(&mut book, to_main, most, NOON), None);
    assert_eq!(refusal(&mut book, create(0, 1), most, NOON), None);
}

#[test]
fn ceilings_are_within_others_where_each_is() {
    let all = ceilings(5, 5, 5);
    assert!(all.are_within(&all) && all.are_within(&ceilings(0, 0, 0)) && ceilings(4, 5, 1).are_within(&all));
    for wider in [ceilings(0, 5, 5), ceilings(5, 6, 5), ceilings(5, 5, 0), ceilings(0, 0, 0)] {
        assert!(!wider.are_within(&all), "{wider:?}");
    }
}

/// One request of a random run.
#[derive(Clone, Debug)]
struct Ask {
    rows: Vec<(usize, i64)>,
    single: bool,
    partial: bool,
    key: Option<usize>,
    /// Microseconds since the last one.
    later: Micros,
    /// The batch ends before it, and the next one loads a fresh book.
    reload: bool,
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let row = (0..PEOPLE.len(), 1..80_i64);
    let later = prop_oneof![3 => Just(0), 2 => 0..DAY / 4, 1 => DAY / 2..2 * DAY];
    let ask =
        (proptest::collection::vec(row, 1..4), any::<[bool; 2]>(), proptest::option::of(0..3_usize), later)
            .prop_flat_map(|(rows, [single, partial], key, later)| {
                any::<bool>().prop_map(move |reload| {
                    let rows = rows.clone();
                    Ask { rows, single, partial, key, later, reload }
                })
            });
    proptest::collection::vec(ask, 1..40)
}

/// The book as the store would load it for the next batch.
fn reloaded(book: &Book, users: &[PayoutUser], sums: &HashMap<(i64, i64), Spent>) -> Book {
    let mut fresh = Book::new(book.id, true, book.head);
    let accounts = [AccountId::WORLD, AccountId::PAYOUT].into_iter();
    for account in accounts.chain(users.iter().map(|user| AccountId::user(user.number))) {
        let head = book.account_head(account);
        fresh.put_account(account, Account { balance: book.balance(account), head });
    }
    users.iter().cloned().for_each(|user| fresh.put_user(user));
    for ((budget, user), spent) in sums {
        fresh.put_spent(*budget, *user, *spent);
    }
    for key in 0..3 {
        let key = OnceKey::of_request(&key.to_string());
        if let Some(remembered) = book.remembered(&key) {
            fresh.put_remembered(key, remembered.clone());
        }
    }
    fresh
}

proptest! {
    /// Whatever is asked, no more is paid than each ceiling says, and nothing is refused that would have fitted.
    #[test]
    fn no_run_passes_a_ceiling(asks in asks(), request in 20..200_i64, day in 20..300_i64, person in 20..150_i64) {
        let most = ceilings(request, day, person);
        let (mut book, mut now) = (book(), NOON);
        let mut paid: HashMap<(Micros, String), i64> = HashMap::new();
        let mut users: Vec<PayoutUser> = Vec::new();
        let mut sums = HashMap::new();
        for ask in asks {
            now += ask.later;
            if ask.reload {
                book = reloaded(&book, &users, &sums);
            }
            let rows: Vec<_> = ask.rows.iter().map(|(who, cents)| (*who, *cents, None)).collect();
            let command = if ask.single { create(rows[0].0, rows[0].1) } else { batch(&rows, ask.partial) };
            let wanted = if ask.single { &ask.rows[..1] } else { &ask.rows[..] };
            let key = ask.key.map(|key| key.to_string());
            let verdict = apply(&mut book, &by_key(command, most, key.as_deref()), at(now));
            let today = now / DAY;
            let of_day = |paid: &HashMap<(Micros, String), i64>| -> i64 {
                paid.iter().filter(|((day, _), _)| *day == today).map(|(_, cents)| cents).sum()
            };
            let mut after = paid.clone();
            for (who, cents) in wanted {
                *after.entry((today, PEOPLE[*who].to_owned())).or_default() += cents;
            }
            let total: i64 = wanted.iter().map(|(_, cents)| cents).sum();
            let fits = (total <= request, of_day(&after) <= day, after.iter().all(|((of, _), cents)| *of != today || *cents <= person));
            match verdict {
                Ok(applied) if applied.replayed => {}
                Ok(applied) => {
                    prop_assert_eq!(fits, (true, true, true));
                    let all_paid = match &applied.reply {
                        Reply::PaidMany { rows, .. } => rows.iter().all(|row| matches!(row, RowReply::Paid(..))),
                        _ => true,
                    };
                    prop_assert!(all_paid, "there is money for all");
                    paid = after;
                }
                Err(Refusal::RequestCeilingOfKeyIsPassed) => prop_assert!(!fits.0),
                Err(Refusal::DayCeilingOfKeyIsPassed) => prop_assert!(fits.0 && !fits.1),
                Err(Refusal::RecipientCeilingOfKeyIsPassed) => prop_assert!(fits.0 && fits.1 && !fits.2),
                Err(Refusal::IdempotencyKeyWasUsedForAnotherRequest) => {}
                Err(other) => prop_assert!(false, "{:?}", other),
            }
            let changes = book.changes();
            users.extend(changes.new_users.iter().copied().filter(|new| users.iter().all(|user| user.number != new.number)).cloned().collect::<Vec<_>>());
            sums.extend(changes.spent);
        }
        let journal: i64 = paid.values().sum();
        prop_assert_eq!(1_000_000 - book.balance(AccountId::PAYOUT).0, journal);
    }
}
