//! The check ladder as tables: every refusal, the order of the checks, replays, batches, users, and the entries of
//! each command. Not here: random sequences of commands (model.rs).

use ledger::{
    Account, AccountId, Actor, Applied, BatchPayout, Book, BookHead, BookId, Cents, Command,
    CredentialDigest, DepositedElsewhere, Direction, Email, Entry, EntryKind, HashBasis, HashSalt, Inputs,
    MAX_PAYOUT, MAX_TRANSFER, Micros, Mode, Movement, Once, OnceKey, Origin, PayoutUser, Refusal, Reply,
    Request, RowRefusal, RowReply, StoredCredential, UserStatus, apply, floor_of_epoch, key_version_of, link,
    rotations_of,
};
use std::collections::BTreeSet;

const NOW: Micros = 1_700_000_000_000_000;
const ANN: i64 = 1;
const BOB: i64 = 2;
const MAX: i64 = i64::MAX;

fn email(text: &str) -> Email {
    Email::parse(text).expect("tests use valid addresses")
}

const SEED: [u8; 32] = [7; 32];

fn at(now: i64) -> Inputs {
    Inputs { now, seed: SEED, key_version: 0 }
}

/// The salt that every decision here draws for this user.
fn salt(user: i64, generation: i64) -> HashSalt {
    HashSalt::draw(&SEED, BookId::new(1, Mode::Live), user, generation)
}

const DIGEST: CredentialDigest = [3; 32];

/// A command with a credential.
fn with_key(command: Command) -> Request {
    Request::plain(command).by(Origin {
        actor: Actor(1),
        credential: Some(DIGEST),
        session: None,
        budget: None,
    })
}

fn paid_to(user: i64, generation: i64) -> Reply {
    Reply::Paid { user, generation, salt: salt(user, generation) }
}

/// A book with payouts enabled and ann (1) and bob (2) as users; `world` holds the other side of all balances.
fn book(main: i64, payout: i64, ann: i64, bob: i64) -> Book {
    let head = BookHead { sequence: 0, chain: [0; 32], users: 2, withdrawals: 0 };
    let mut book = Book::new(BookId::new(1, Mode::Live), true, head);
    let world = -(i128::from(main) + i128::from(payout) + i128::from(ann) + i128::from(bob));
    let world = i64::try_from(world).expect("a fixture's balances fit its world");
    let balances = [(AccountId::WORLD, world), (AccountId::MAIN, main), (AccountId::PAYOUT, payout)];
    let people = [(AccountId::user(ANN), ann), (AccountId::user(BOB), bob)];
    for (id, balance) in balances.into_iter().chain(people) {
        book.put_account(id, Account { balance: Cents(balance), head: 0 });
    }
    for (number, address) in [(ANN, "ann@example.com"), (BOB, "bob@example.com")] {
        book.put_user(PayoutUser {
            number,
            email: email(address),
            status: UserStatus::Active,
            generation: 0,
            salt: salt(number, 0),
            created_at: NOW - number,
            expires_at: None,
        });
    }
    book
}

fn create(to: &str, amount: i64) -> Command {
    Command::Create {
        email: email(to),
        amount: Cents(amount),
        memo: String::new(),
        metadata: ledger::Metadata::default(),
    }
}

/// Short form of a batch row: recipient, amount, reference. An empty reference means none.
type Row<'a> = (&'a str, i64, &'a str);

fn row((to, amount, reference): Row<'_>) -> BatchPayout {
    let reference = (!reference.is_empty()).then(|| reference.to_owned());
    BatchPayout {
        email: email(to),
        amount: Cents(amount),
        reference,
        memo: String::new(),
        metadata: ledger::Metadata::default(),
    }
}

fn whole(rows: &[Row<'_>]) -> Command {
    batch(rows, false)
}

fn partial(rows: &[Row<'_>]) -> Command {
    batch(rows, true)
}

fn batch(rows: &[Row<'_>], partial: bool) -> Command {
    let payouts = rows.iter().copied().map(row).collect();
    Command::CreateMany { payouts, partial }
}

fn to_payout(amount: i64) -> Command {
    Command::Transfer { direction: Direction::ToPayout, amount: Cents(amount) }
}

fn to_main(amount: i64) -> Command {
    Command::Transfer { direction: Direction::ToMain, amount: Cents(amount) }
}

fn deposit(amount: i64, reference: &str) -> Command {
    Command::Deposit {
        amount: Cents(amount),
        reference: reference.to_owned(),
        used_elsewhere: true,
        received_on: String::new(),
    }
}

fn debit(user: i64, amount: i64) -> Command {
    Command::Debit { user, amount: Cents(amount), reason: "left".to_owned() }
}

fn status(user: i64, status: UserStatus) -> Command {
    Command::SetStatus { user, status }
}

fn rotate(user: i64) -> Command {
    Command::RotateHash { user }
}

fn once(command: Command, key: &str) -> Request {
    Request::maybe_once(command, Some(OnceKey::of_request(key)))
}

/// Applies a command that must succeed.
fn done(book: &mut Book, command: Command) -> Reply {
    done_as(book, &Request::plain(command))
}

fn done_as(book: &mut Book, request: &Request) -> Reply {
    match apply(book, request, at(NOW)) {
        Ok(Applied { reply: outcome, replayed: false }) => outcome,
        other => panic!("{request:?} should be done now, but: {other:?}"),
    }
}

/// Applies a request that must be refused, and checks that the refusal left no trace.
fn refused(book: &mut Book, request: &Request) -> Refusal {
    let before = format!("{book:?}");
    let refusal = apply(book, request, at(NOW)).expect_err(&format!("{request:?} should be refused"));
    assert_eq!(format!("{book:?}"), before, "{refusal:?} left a trace");
    refusal
}

/// Applies a request that must be replayed, and checks that nothing else happened.
fn replayed(book: &mut Book, request: &Request) -> Reply {
    let before = format!("{book:?}");
    let answer = apply(book, request, at(NOW + 1));
    assert_eq!(format!("{book:?}"), before, "a replay left a trace");
    match answer {
        Ok(Applied { reply: outcome, replayed: true }) => outcome,
        other => panic!("{request:?} should be replayed, but: {other:?}"),
    }
}

fn balances(book: &Book) -> (i64, i64) {
    (book.balance(AccountId::MAIN).0, book.balance(AccountId::PAYOUT).0)
}

fn balance(book: &Book, user: i64) -> i64 {
    book.balance(AccountId::user(user)).0
}

fn kinds(book: &Book) -> Vec<EntryKind> {
    book.changes().entries.iter().map(|(entry, _)| entry.kind).collect()
}

fn paid(user: i64) -> RowReply {
    RowReply::Paid(user, 0, salt(user, 0))
}

fn unpaid(refusal: RowRefusal) -> RowReply {
    RowReply::Unpaid(refusal)
}

fn paid_many(rows: &[RowReply], total: i64) -> Reply {
    Reply::PaidMany { rows: rows.to_vec(), total: Cents(total) }
}

/// Numbers all refusals. No wildcard: a new refusal does not compile until it has a row below.
fn refusal_number(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::PayoutsAreDisabled => 0,
        Refusal::PayoutBalanceIsTooLow => 1,
        Refusal::MainBalanceIsTooLow => 2,
        Refusal::UserBalanceIsTooLow => 3,
        Refusal::PayoutUserIsUnknown => 4,
        Refusal::IdempotencyKeyWasUsedForAnotherRequest => 5,
        Refusal::ReferencesWereUsedForOtherPayouts(_) => 6,
        Refusal::DepositReferenceWasUsedForAnotherAmount => 7,
        Refusal::AmountIsOutOfRange => 8,
        Refusal::BalanceWouldBeTooLarge => 9,
        Refusal::CredentialDoesNotAuthenticate => 10,
        Refusal::PayoutUserIsNotActive
        | Refusal::WithdrawalsArePaused
        | Refusal::MethodIsClosed
        | Refusal::AmountIsBelowTheMinimum
        | Refusal::AmountIsAboveTheMaximum
        | Refusal::AmountDoesNotCoverTheFee
        | Refusal::DailyCapIsReached
        | Refusal::WithdrawalIsUnknown
        | Refusal::StepIsNotPossible(..)
        | Refusal::WithdrawalIsNotManual
        | Refusal::WithdrawalIsBeingWorkedOn
        | Refusal::MakerMayNotCheck
        | Refusal::MethodIsPaused
        | Refusal::LeaseWasLost
        | Refusal::PaymentMayStillBeMade
        | Refusal::CodeWasShownTooOften
        | Refusal::DepositIsUnknown
        | Refusal::DepositDoesNotCoverTheReversal
        | Refusal::FeesAreTooLow
        | Refusal::RailIsNotHere
        | Refusal::DepositReferenceWasUsedForAnotherBusiness(_)
        | Refusal::RequestCeilingOfKeyIsPassed
        | Refusal::DayCeilingOfKeyIsPassed
        | Refusal::RecipientCeilingOfKeyIsPassed
        | Refusal::MoneyWasClaimed => {
            unreachable!("the rows of withdrawals, corrections and ceilings are in files of their own")
        }
    }
}

/// A book with some history: replies remembered under a key and two references, and an empty main balance.
fn lived_in() -> Book {
    let mut book = book(50, 100, 20, 0);
    done_as(&mut book, &once(create("ann@example.com", 10), "k"));
    done(&mut book, whole(&[("bob@example.com", 5, "r1"), ("cho@example.com", 5, "r2")]));
    done(&mut book, deposit(7, "d"));
    done(&mut book, to_payout(57));
    assert_eq!(balances(&book), (0, 137));
    book
}

#[test]
fn every_refusal_has_its_row() {
    let off = || {
        let mut book = lived_in();
        book.payouts_enabled = false;
        book
    };
    // The book holds the most money possible, so one side is one cent away from overflow.
    let payout_full = || book(0, MAX, 1, 0);
    let reused = |rows: &[usize]| Refusal::ReferencesWereUsedForOtherPayouts(rows.to_vec());
    let plain = Request::plain;
    let cases: Vec<(Book, Request, Refusal)> = vec![
        (lived_in(), with_key(create("ann@example.com", 1)), Refusal::CredentialDoesNotAuthenticate),
        (off(), plain(create("ann@example.com", 1)), Refusal::PayoutsAreDisabled),
        (off(), plain(whole(&[("ann@example.com", 1, "")])), Refusal::PayoutsAreDisabled),
        (off(), plain(partial(&[])), Refusal::PayoutsAreDisabled),
        (lived_in(), plain(create("ann@example.com", 138)), Refusal::PayoutBalanceIsTooLow),
        (lived_in(), plain(whole(&[("new@example.com", 138, "")])), Refusal::PayoutBalanceIsTooLow),
        (lived_in(), plain(partial(&[("new@example.com", 138, "")])), Refusal::PayoutBalanceIsTooLow),
        (lived_in(), plain(to_main(138)), Refusal::PayoutBalanceIsTooLow),
        (lived_in(), plain(to_payout(1)), Refusal::MainBalanceIsTooLow),
        (lived_in(), plain(debit(ANN, 31)), Refusal::UserBalanceIsTooLow),
        (lived_in(), plain(debit(4, 1)), Refusal::PayoutUserIsUnknown),
        (lived_in(), plain(debit(0, 1)), Refusal::PayoutUserIsUnknown),
        // The number of the book's own payout account is not a user's.
        (lived_in(), plain(debit(AccountId::PAYOUT.0, 1)), Refusal::PayoutUserIsUnknown),
        (lived_in(), plain(status(MAX, UserStatus::Active)), Refusal::PayoutUserIsUnknown),
        (lived_in(), plain(rotate(i64::MIN)), Refusal::PayoutUserIsUnknown),
        (
            lived_in(),
            once(create("ann@example.com", 11), "k"),
            Refusal::IdempotencyKeyWasUsedForAnotherRequest,
        ),
        (lived_in(), plain(whole(&[("bob@example.com", 6, "r1")])), reused(&[0])),
        (lived_in(), plain(deposit(8, "d")), Refusal::DepositReferenceWasUsedForAnotherAmount),
        (lived_in(), plain(create("ann@example.com", 0)), Refusal::AmountIsOutOfRange),
        (book(0, MAX, 0, 0), plain(to_main(MAX_TRANSFER.0 + 1)), Refusal::AmountIsOutOfRange),
        (book(0, 1, MAX, 0), plain(create("ann@example.com", 1)), Refusal::BalanceWouldBeTooLarge),
        (book(0, 1, MAX, 0), plain(whole(&[("ann@example.com", 1, "")])), Refusal::BalanceWouldBeTooLarge),
        (payout_full(), plain(debit(ANN, 1)), Refusal::BalanceWouldBeTooLarge),
        (book(1, MAX, 0, 0), plain(to_payout(1)), Refusal::BalanceWouldBeTooLarge),
        (book(MAX, 1, 0, 0), plain(to_main(1)), Refusal::BalanceWouldBeTooLarge),
        (book(MAX, 0, 0, 0), plain(deposit(1, "d")), Refusal::BalanceWouldBeTooLarge),
        // The main balance has room, but the book as a whole does not.
        (book(0, MAX, 0, 0), plain(deposit(2, "d")), Refusal::BalanceWouldBeTooLarge),
    ];
    let mut seen = BTreeSet::new();
    for (mut book, request, expected) in cases {
        assert_eq!(refused(&mut book, &request), expected, "{request:?}");
        seen.insert(refusal_number(&expected));
    }
    assert_eq!(seen, (0..11).collect::<BTreeSet<_>>());
}

#[test]
fn every_row_refusal_has_its_row() {
    let good = ("bob@example.com", 1, "");
    let cases: [(Book, Row<'_>, RowRefusal); 4] = [
        (book(0, 2, MAX - 1, 0), ("ann@example.com", 2, ""), RowRefusal::BalanceWouldBeTooLarge),
        (lived_in(), ("bob@example.com", 6, "r1"), RowRefusal::ReferenceWasUsedForAnotherPayout),
        (lived_in(), ("ann@example.com", 5, "r1"), RowRefusal::ReferenceWasUsedForAnotherPayout),
        // One cent more than the valid row before it leaves.
        (lived_in(), ("ann@example.com", 137, ""), RowRefusal::PayoutBalanceIsTooLow),
    ];
    let mut seen = BTreeSet::new();
    for (mut book, bad, refusal) in cases {
        // No wildcard: a new row refusal does not compile until it has a row here.
        let (number, rows, answer) = match refusal {
            RowRefusal::BalanceWouldBeTooLarge => (0, [bad, good], [unpaid(refusal), paid(BOB)]),
            RowRefusal::ReferenceWasUsedForAnotherPayout => (1, [bad, good], [unpaid(refusal), paid(BOB)]),
            RowRefusal::PayoutBalanceIsTooLow => (2, [good, bad], [paid(BOB), unpaid(refusal)]),
        };
        assert_eq!(done(&mut book, partial(&rows)), paid_many(&answer, 1), "{bad:?}");
        seen.insert(number);
    }
    assert_eq!(seen, BTreeSet::from([0, 1, 2]));
}

#[test]
fn the_first_check_that_fails_is_the_answer() {
    let mut off = book(0, 0, MAX, 0);
    off.payouts_enabled = false;
    let brim = || book(0, 1, MAX, 0);
    let plain = Request::plain;
    let cases = [
        (
            "switch, amount, money",
            off.clone(),
            plain(create("ann@example.com", 0)),
            Refusal::PayoutsAreDisabled,
        ),
        ("switch, rows", off, plain(whole(&[("ann@example.com", -1, "")])), Refusal::PayoutsAreDisabled),
        (
            "amount, money",
            book(0, 0, 0, 0),
            plain(create("ann@example.com", MAX)),
            Refusal::AmountIsOutOfRange,
        ),
        ("money, room", brim(), plain(create("ann@example.com", 2)), Refusal::PayoutBalanceIsTooLow),
        (
            "amount of any row, reference of another",
            lived_in(),
            plain(whole(&[("ann@example.com", 1, "r1"), ("ann@example.com", 0, "")])),
            Refusal::AmountIsOutOfRange,
        ),
        (
            "amount of any row, also where the money lasts only for the others",
            lived_in(),
            plain(partial(&[("ann@example.com", 1, ""), ("ann@example.com", MAX_PAYOUT.0 + 1, "")])),
            Refusal::AmountIsOutOfRange,
        ),
        (
            "reference of a later row, money of an earlier one",
            lived_in(),
            plain(whole(&[("ann@example.com", 138, ""), ("ann@example.com", 1, "r1")])),
            Refusal::ReferencesWereUsedForOtherPayouts(vec![1]),
        ),
        (
            "row: money, room",
            brim(),
            plain(whole(&[("ann@example.com", 2, "")])),
            Refusal::PayoutBalanceIsTooLow,
        ),
        (
            "room of an earlier row, money of a later one",
            brim(),
            plain(whole(&[("ann@example.com", 1, ""), ("bob@example.com", 2, "")])),
            Refusal::BalanceWouldBeTooLarge,
        ),
        ("transfer: amount, money", book(0, 0, 0, 0), plain(to_payout(0)), Refusal::AmountIsOutOfRange),
        ("transfer: money, room", book(1, MAX, 0, 0), plain(to_payout(2)), Refusal::MainBalanceIsTooLow),
        ("transfer: money, room", book(MAX, 1, 0, 0), plain(to_main(2)), Refusal::PayoutBalanceIsTooLow),
        ("deposit: amount, room", book(MAX, 0, 0, 0), plain(deposit(0, "d")), Refusal::AmountIsOutOfRange),
        (
            "deposit: reference, amount",
            lived_in(),
            plain(deposit(0, "d")),
            Refusal::DepositReferenceWasUsedForAnotherAmount,
        ),
        ("debit: user, amount", book(0, 0, 0, 0), plain(debit(3, 0)), Refusal::PayoutUserIsUnknown),
        ("debit: amount, money", book(0, 0, 0, 0), plain(debit(ANN, -1)), Refusal::AmountIsOutOfRange),
        ("debit: money, room", book(0, MAX, 1, 0), plain(debit(ANN, 2)), Refusal::UserBalanceIsTooLow),
        ("key, user", lived_in(), once(debit(99, 0), "k"), Refusal::IdempotencyKeyWasUsedForAnotherRequest),
    ];
    for (what, mut book, request, expected) in cases {
        assert_eq!(refused(&mut book, &request), expected, "{what}");
    }
}

#[test]
fn an_idempotency_key_comes_before_the_switch() {
    let mut book = lived_in();
    book.payouts_enabled = false;
    let replay = replayed(&mut book, &once(create("ann@example.com", 10), "k"));
    assert_eq!(replay, paid_to(ANN, 0));
    let refusal = refused(&mut book, &once(create("ann@example.com", 11), "k"));
    assert_eq!(refusal, Refusal::IdempotencyKeyWasUsedForAnotherRequest);
}

#[test]
fn amounts_are_accepted_from_one_cent_to_the_limit_and_not_beyond() {
    type Ask = fn(i64) -> Command;
    let asks: [(&str, i64, Ask); 7] = [
        ("create", MAX_PAYOUT.0, |amount| create("ann@example.com", amount)),
        ("whole batch", MAX_PAYOUT.0, |amount| whole(&[("ann@example.com", amount, "")])),
        ("partial batch", MAX_PAYOUT.0, |amount| partial(&[("ann@example.com", amount, "")])),
        ("to payout", MAX_TRANSFER.0, to_payout),
        ("to main", MAX_TRANSFER.0, to_main),
        ("deposit", MAX_TRANSFER.0, |amount| deposit(amount, "d")),
        ("debit", MAX_TRANSFER.0, |amount| debit(ANN, amount)),
    ];
    let plenty = MAX / 8;
    for (what, most, ask) in asks {
        for amount in [i64::MIN, i64::MIN + 1, -1, 0, most + 1, MAX] {
            let mut book = book(plenty, plenty, plenty, 0);
            let refusal = refused(&mut book, &Request::plain(ask(amount)));
            assert_eq!(refusal, Refusal::AmountIsOutOfRange, "{what} {amount}");
        }
        for amount in [1, most] {
            let mut book = book(plenty, plenty, plenty, 0);
            done(&mut book, ask(amount));
            let (entry, _) = &book.changes().entries[0];
            assert_eq!(entry.movement.map(|moved| moved.amount), Some(Cents(amount)), "{what} {amount}");
        }
    }
}

#[test]
fn the_limits_are_those_of_the_contract() {
    assert_eq!((MAX_PAYOUT.0, MAX_TRANSFER.0), (100_000_000, 1_000_000_000_000_000));
}

#[test]
fn a_balance_can_be_spent_and_filled_to_the_last_cent() {
    let mut spent = book(3, 5, 7, 0);
    done(&mut spent, create("bob@example.com", 5));
    done(&mut spent, to_payout(3));
    done(&mut spent, debit(ANN, 7));
    done(&mut spent, to_main(10));
    assert_eq!((balances(&spent), balance(&spent, ANN), balance(&spent, BOB)), ((10, 0), 0, 5));

    let mut full = book(MAX - 5, 0, 0, 0);
    assert_eq!(done(&mut full, deposit(5, "d")), Reply::Balances { main: Cents(MAX), payout: Cents(0) });
    let mut full = book(0, MAX, 0, 0);
    done(&mut full, deposit(1, "d"));
    assert_eq!(full.balance(AccountId::WORLD), Cents(i64::MIN));
    let mut full = book(0, 5, MAX - 5, 0);
    done(&mut full, create("ann@example.com", 5));
    assert_eq!(balance(&full, ANN), MAX);
}

#[test]
fn a_first_payout_creates_the_user_and_a_second_adds_to_it() {
    let mut book = book(0, 100, 0, 0);
    assert_eq!(done(&mut book, create("Cho@Example.COM", 30)), paid_to(3, 0));
    let user = book.user_by_email(&email("cho@example.com")).unwrap().clone();
    let expected = PayoutUser {
        number: 3,
        email: email("cho@example.com"),
        status: UserStatus::Active,
        generation: 0,
        salt: salt(3, 0),
        created_at: NOW,
        expires_at: None,
    };
    assert_eq!(user, expected);
    assert_eq!(done(&mut book, create("cho@EXAMPLE.com", 30)), paid_to(3, 0));
    assert_eq!((balances(&book), balance(&book, 3), book.head.users), ((0, 40), 60, 3));
    assert_eq!(kinds(&book), [EntryKind::UserCreated, EntryKind::UserCredited]);
    assert_eq!(done(&mut book, create("dan@example.com", 1)), paid_to(4, 0));
}

#[test]
fn an_inactive_user_is_paid_and_stays_inactive() {
    let mut book = book(0, 100, 0, 0);
    done(&mut book, status(ANN, UserStatus::Inactive));
    done(&mut book, create("ann@example.com", 10));
    done(&mut book, whole(&[("ann@example.com", 5, "")]));
    assert_eq!(book.user(ANN).unwrap().status, UserStatus::Inactive);
    assert_eq!(balance(&book, ANN), 15);
}

#[test]
fn a_payout_answers_with_the_hash_of_today() {
    let mut book = book(0, 100, 0, 0);
    done(&mut book, rotate(ANN));
    done(&mut book, rotate(ANN));
    assert_eq!(done(&mut book, create("ann@example.com", 1)), paid_to(ANN, 2));
    let answer = done(&mut book, partial(&[("ann@example.com", 1, "")]));
    assert_eq!(answer, paid_many(&[RowReply::Paid(ANN, 2, salt(ANN, 2))], 1));
}

#[test]
fn a_request_with_a_key_takes_effect_once_whatever_it_asks() {
    let commands = [
        create("cho@example.com", 10),
        whole(&[("ann@example.com", 10, ""), ("cho@example.com", 5, "r9")]),
        partial(&[("ann@example.com", 900, ""), ("bob@example.com", 200, "")]),
        to_payout(5),
        to_main(5),
        debit(ANN, 5),
        status(ANN, UserStatus::Inactive),
        status(ANN, UserStatus::Active),
        rotate(ANN),
    ];
    for command in commands {
        let mut book = book(1_000, 1_000, 1_000, 0);
        let request = once(command, "k");
        let first = done_as(&mut book, &request);
        // The remembered reply must not change with later events.
        done(&mut book, create("ann@example.com", 1));
        done(&mut book, rotate(ANN));
        assert_eq!(replayed(&mut book, &request), first, "{request:?}");
        assert_eq!(replayed(&mut book, &request), first, "{request:?}");
        let keys: Vec<OnceKey> = book.changes().remembered.iter().map(|(key, _)| *key).collect();
        let of_this = keys.iter().filter(|key| **key == OnceKey::of_request("k")).count();
        assert_eq!(of_this, 1, "an answer is written once");
    }
}

#[test]
fn a_key_used_again_for_anything_else_is_refused() {
    let one_and_two = [("ann@example.com", 1, ""), ("bob@example.com", 2, "")];
    let two_and_one = [one_and_two[1], one_and_two[0]];
    let firsts_and_others = [
        (create("ann@example.com", 10), create("ann@example.com", 11)),
        (create("ann@example.com", 10), create("bob@example.com", 10)),
        (create("ann@example.com", 10), whole(&[("ann@example.com", 10, "")])),
        (whole(&[("ann@example.com", 1, "")]), partial(&[("ann@example.com", 1, "")])),
        (whole(&[("ann@example.com", 1, "")]), whole(&[("ann@example.com", 1, "r")])),
        (whole(&[("ann@example.com", 1, "r")]), whole(&[("ann@example.com", 1, "q")])),
        (whole(&one_and_two[..1]), whole(&one_and_two)),
        (whole(&one_and_two), whole(&two_and_one)),
        (to_payout(5), to_main(5)),
        (to_payout(5), to_payout(6)),
        (debit(ANN, 5), debit(BOB, 5)),
        (debit(ANN, 5), debit(ANN, 6)),
        (debit(ANN, 5), Command::Debit { user: ANN, amount: Cents(5), reason: "other".to_owned() }),
        (status(ANN, UserStatus::Active), status(ANN, UserStatus::Inactive)),
        (status(ANN, UserStatus::Active), status(BOB, UserStatus::Active)),
        (rotate(ANN), rotate(BOB)),
        (rotate(ANN), status(ANN, UserStatus::Active)),
    ];
    for (first, other) in firsts_and_others {
        let mut book = book(100, 100, 100, 100);
        done_as(&mut book, &once(first, "k"));
        let refusal = refused(&mut book, &once(other.clone(), "k"));
        assert_eq!(refusal, Refusal::IdempotencyKeyWasUsedForAnotherRequest, "{other:?}");
    }
}

#[test]
fn an_address_in_another_spelling_is_the_same_request() {
    let mut book = book(0, 100, 0, 0);
    let first = done_as(&mut book, &once(create("x@bücher.example", 10), "k"));
    assert_eq!(replayed(&mut book, &once(create("X@xn--BCHER-kva.example", 10), "k")), first);
}

#[test]
fn a_refused_request_is_not_remembered() {
    let mut book = book(10, 0, 0, 0);
    let request = once(create("cho@example.com", 10), "k");
    assert_eq!(refused(&mut book, &request), Refusal::PayoutBalanceIsTooLow);
    done(&mut book, to_payout(10));
    assert_eq!(done_as(&mut book, &request), paid_to(3, 0));
    // The key of a refused request can be used for another request.
    assert_eq!(refused(&mut book, &once(create("cho@example.com", 1), "l")), Refusal::PayoutBalanceIsTooLow);
    done_as(&mut book, &once(rotate(3), "l"));
}

#[test]
fn without_a_key_each_repeat_adds_again() {
    let mut book = book(0, 100, 0, 0);
    for _ in 0..3 {
        done(&mut book, create("ann@example.com", 10));
        done(&mut book, whole(&[("ann@example.com", 1, "")]));
    }
    assert_eq!(balance(&book, ANN), 33);
    assert!(book.changes().remembered.is_empty());
}

#[test]
fn a_deposit_is_recorded_once_per_reference() {
    let mut book = book(0, 0, 0, 0);
    let first = done(&mut book, deposit(10, "line 1"));
    assert_eq!(first, Reply::Balances { main: Cents(10), payout: Cents(0) });
    done(&mut book, to_payout(4));
    assert_eq!(replayed(&mut book, &Request::plain(deposit(10, "line 1"))), first);
    let refusal = refused(&mut book, &Request::plain(deposit(11, "line 1")));
    assert_eq!(refusal, Refusal::DepositReferenceWasUsedForAnotherAmount);
    let second = done(&mut book, deposit(10, "line 2"));
    assert_eq!(second, Reply::Balances { main: Cents(16), payout: Cents(4) });
}

#[test]
fn keys_and_references_with_one_text_do_not_meet() {
    let mut book = book(0, 100, 0, 0);
    done(&mut book, deposit(10, "x"));
    done_as(&mut book, &once(create("ann@example.com", 10), "x"));
    done(&mut book, whole(&[("bob@example.com", 10, "x")]));
    assert_eq!((balances(&book), balance(&book, ANN), balance(&book, BOB)), ((10, 80), 10, 10));
    let keys = [
        OnceKey::of_request("x"),
        OnceKey::of_payout_reference("x"),
        OnceKey::of_deposit_reference("x"),
        OnceKey::of_import_line(b"x", 1),
        OnceKey::of_import_line(b"x", 2),
        OnceKey::of_import_line(b"y", 1),
    ];
    assert_eq!(BTreeSet::from(keys).len(), keys.len());
}

#[test]
fn a_batch_pays_its_rows_in_order() {
    let mut book = book(0, 100, 0, 0);
    let rows = [("bob@example.com", 1, "r1"), ("cho@example.com", 2, ""), ("ann@example.com", 3, "r3")];
    assert_eq!(done(&mut book, whole(&rows)), paid_many(&[paid(BOB), paid(3), paid(ANN)], 6));
    let changes = book.changes();
    let lines = changes.entries.iter().map(|(entry, _)| {
        (entry.kind, entry.user, entry.movement.map_or(0, |moved| moved.amount.0), entry.note.as_str())
    });
    let expected = [
        (EntryKind::UserCredited, BOB, 1, "r1"),
        (EntryKind::UserCreated, 3, 2, ""),
        (EntryKind::UserCredited, ANN, 3, "r3"),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    assert_eq!(balances(&book), (0, 94));
}

#[test]
fn a_new_address_twice_in_a_batch_is_one_user() {
    for partial in [false, true] {
        let mut book = book(0, 100, 0, 0);
        let rows = [
            ("cho@example.com", 1, ""),
            ("dan@example.com", 2, ""),
            ("CHO@example.com", 4, ""),
            ("dan@example.com", 8, "r"),
        ];
        let answer = done(&mut book, batch(&rows, partial));
        assert_eq!(answer, paid_many(&[paid(3), paid(4), paid(3), paid(4)], 15));
        let (created, credited) = (EntryKind::UserCreated, EntryKind::UserCredited);
        assert_eq!(kinds(&book), [created, created, credited, credited]);
        assert_eq!((book.head.users, balance(&book, 3), balance(&book, 4)), (4, 5, 10));
        assert_eq!(book.changes().new_users.len(), 2);
    }
}

#[test]
fn a_batch_without_rows_changes_nothing() {
    for partial in [false, true] {
        let mut book = book(0, 0, 0, 0);
        assert_eq!(done(&mut book, batch(&[], partial)), paid_many(&[], 0));
        assert_eq!(kinds(&book), []);
    }
}

#[test]
fn a_batch_is_paid_as_a_whole_or_not_at_all() {
    let rows = [("cho@example.com", 60, "r1"), ("ann@example.com", 40, "r2"), ("bob@example.com", 1, "r3")];
    let mut book = book(0, 100, 0, 0);
    assert_eq!(refused(&mut book, &Request::plain(whole(&rows))), Refusal::PayoutBalanceIsTooLow);
    assert_eq!(done(&mut book, whole(&rows[..2])), paid_many(&[paid(3), paid(ANN)], 100));
}

#[test]
fn the_rows_of_one_person_must_have_room_together() {
    let rows = [("ann@example.com", 3, ""), ("ann@example.com", 3, "")];
    // Each row alone would fit.
    let mut full = book(0, 6, MAX - 5, 0);
    assert_eq!(refused(&mut full, &Request::plain(whole(&rows))), Refusal::BalanceWouldBeTooLarge);
    let answer = done(&mut full, partial(&rows));
    assert_eq!(answer, paid_many(&[paid(ANN), unpaid(RowRefusal::BalanceWouldBeTooLarge)], 3));
}

#[test]
fn a_partial_batch_pays_a_prefix_and_no_smaller_row_overtakes() {
    let too_low = || unpaid(RowRefusal::PayoutBalanceIsTooLow);
    let cases: [(&[i64], &[RowReply], i64); 5] = [
        (&[40, 60], &[paid(ANN), paid(ANN)], 100),
        (&[40, 61, 5], &[paid(ANN), too_low(), too_low()], 40),
        (&[100, 1, 1], &[paid(ANN), too_low(), too_low()], 100),
        (&[99, 1, 1], &[paid(ANN), paid(ANN), too_low()], 100),
        (&[1, MAX_PAYOUT.0, 1], &[paid(ANN), too_low(), too_low()], 1),
    ];
    for (amounts, answer, total) in cases {
        let mut book = book(0, 100, 0, 0);
        let rows: Vec<_> = amounts.iter().map(|amount| ("ann@example.com", *amount, "")).collect();
        assert_eq!(done(&mut book, partial(&rows)), paid_many(answer, total), "{amounts:?}");
        assert_eq!((balances(&book), balance(&book, ANN)), ((0, 100 - total), total), "{amounts:?}");
    }
}

#[test]
fn a_new_address_that_cannot_be_paid_is_not_a_user() {
    let mut book = book(0, 100, 0, 0);
    let too_low = unpaid(RowRefusal::PayoutBalanceIsTooLow);
    let rows = [("cho@example.com", 100, ""), ("dan@example.com", 1, "")];
    assert_eq!(done(&mut book, partial(&rows)), paid_many(&[paid(3), too_low], 100));
    assert_eq!(book.user_by_email(&email("dan@example.com")), None);
    assert_eq!(book.head.users, 3);
}

#[test]
fn a_row_refused_for_another_reason_than_money_does_not_end_the_money() {
    let mut book = book(0, 10, MAX - 9, 0);
    done(&mut book, whole(&[("bob@example.com", 1, "r")]));
    let rows = [("ann@example.com", 9, ""), ("bob@example.com", 2, "r"), ("bob@example.com", 9, "")];
    done(&mut book, debit(BOB, 1));
    done(&mut book, whole(&[("ann@example.com", 1, "")]));
    let no_room = unpaid(RowRefusal::BalanceWouldBeTooLarge);
    let reused = unpaid(RowRefusal::ReferenceWasUsedForAnotherPayout);
    assert_eq!(done(&mut book, partial(&rows)), paid_many(&[no_room, reused, paid(BOB)], 9));
}

#[test]
fn a_partial_batch_that_pays_no_row_for_lack_of_money_can_be_tried_again() {
    let mut book = book(50, 0, 0, 0);
    let request = once(partial(&[("ann@example.com", 40, "r1"), ("bob@example.com", 20, "r2")]), "k");
    assert_eq!(refused(&mut book, &request), Refusal::PayoutBalanceIsTooLow);
    done(&mut book, to_payout(50));
    let too_low = unpaid(RowRefusal::PayoutBalanceIsTooLow);
    assert_eq!(done_as(&mut book, &request), paid_many(&[paid(ANN), too_low], 40));
}

#[test]
fn a_reference_that_was_not_paid_is_free() {
    let mut book = book(50, 10, 0, 0);
    let rows = [("ann@example.com", 10, "r1"), ("bob@example.com", 20, "r2")];
    let too_low = unpaid(RowRefusal::PayoutBalanceIsTooLow);
    assert_eq!(done(&mut book, partial(&rows)), paid_many(&[paid(ANN), too_low], 10));
    done(&mut book, to_payout(50));
    // The same batch again: the first row is replayed, the second is paid now.
    assert_eq!(done(&mut book, partial(&rows)), paid_many(&[paid(ANN), paid(BOB)], 30));
    assert_eq!((balance(&book, ANN), balance(&book, BOB), balances(&book)), (10, 20, (0, 30)));
}

#[test]
fn a_repeated_reference_does_not_pay_again_and_answers_as_before() {
    let mut book = book(0, 100, 0, 0);
    let first = done(&mut book, whole(&[("ann@example.com", 60, "r1"), ("cho@example.com", 40, "r2")]));
    done(&mut book, rotate(ANN));
    let entries = book.head.sequence;
    for partial in [false, true] {
        let rows = [("ANN@example.com", 60, "r1"), ("cho@example.com", 40, "r2")];
        assert_eq!(done(&mut book, batch(&rows, partial)), first);
    }
    assert_eq!((book.head.sequence, balances(&book)), (entries, (0, 0)));
    // Repeats are answered even if there is no money left for new rows.
    let rows = [("bob@example.com", 1, ""), ("ann@example.com", 60, "r1")];
    let too_low = unpaid(RowRefusal::PayoutBalanceIsTooLow);
    assert_eq!(done(&mut book, partial(&rows)), paid_many(&[too_low, paid(ANN)], 60));
}

#[test]
fn one_reference_twice_in_a_batch_pays_once() {
    for partial in [false, true] {
        let mut book = book(0, 100, 0, 0);
        let rows = [("cho@example.com", 60, "r"), ("cho@example.com", 60, "r")];
        done(&mut book, batch(&rows, partial));
        assert_eq!((balances(&book), balance(&book, 3)), ((0, 40), 60));
        assert_eq!(book.changes().remembered.len(), 1);
    }
}

#[test]
fn a_whole_batch_is_refused_with_every_row_whose_reference_paid_another() {
    let mut book = book(0, 100, 0, 0);
    done(&mut book, whole(&[("ann@example.com", 1, "r1"), ("bob@example.com", 2, "r2")]));
    let rows = [
        ("ann@example.com", 2, "r1"),
        ("ann@example.com", 1, "r1"),
        ("bob@example.com", 3, "r3"),
        ("ann@example.com", 2, "r2"),
    ];
    let refusal = refused(&mut book, &Request::plain(whole(&rows)));
    assert_eq!(refusal, Refusal::ReferencesWereUsedForOtherPayouts(vec![0, 3]));
}

#[test]
fn a_whole_batch_is_refused_with_the_row_that_contradicts_an_earlier_row() {
    let mut book = book(0, 100, 0, 0);
    done(&mut book, whole(&[("bob@example.com", 5, "old")]));
    let cases: [(&[Row<'_>], &[usize]); 4] = [
        (&[("ann@example.com", 1, "r"), ("ann@example.com", 2, "r")], &[1]),
        (&[("ann@example.com", 1, "r"), ("bob@example.com", 1, "r"), ("ann@example.com", 1, "r")], &[1]),
        // Rows that contradict the book and rows that contradict each other are reported together.
        (&[("bob@example.com", 6, "old"), ("ann@example.com", 1, "r"), ("ann@example.com", 2, "r")], &[0, 2]),
        // Detected without looking at the balance, so it comes before the balance check.
        (&[("ann@example.com", 96, "r"), ("ann@example.com", 1, "r")], &[1]),
    ];
    for (rows, named) in cases {
        let refusal = refused(&mut book, &Request::plain(whole(rows)));
        assert_eq!(refusal, Refusal::ReferencesWereUsedForOtherPayouts(named.to_vec()), "{rows:?}");
    }
}

#[test]
fn in_a_partial_batch_a_reference_belongs_to_the_first_row_that_is_paid_with_it() {
    let reused = || unpaid(RowRefusal::ReferenceWasUsedForAnotherPayout);
    let rows = [("ann@example.com", 1, "r"), ("bob@example.com", 2, "r"), ("ann@example.com", 1, "r")];
    let mut roomy = book(0, 100, 0, 0);
    assert_eq!(done(&mut roomy, partial(&rows)), paid_many(&[paid(ANN), reused(), paid(ANN)], 2));
    assert_eq!((balance(&roomy, ANN), balance(&roomy, BOB)), (1, 0));

    let mut full = book(0, 1, MAX, 0);
    let rows = [("ann@example.com", 1, "r"), ("bob@example.com", 1, "r"), ("ann@example.com", 1, "r")];
    let no_room = unpaid(RowRefusal::BalanceWouldBeTooLarge);
    assert_eq!(done(&mut full, partial(&rows)), paid_many(&[no_room, paid(BOB), reused()], 1));
}

#[test]
fn money_moves_both_ways_between_the_own_balances() {
    let mut book = book(10, 5, 0, 0);
    assert_eq!(done(&mut book, to_payout(7)), Reply::Balances { main: Cents(3), payout: Cents(12) });
    assert_eq!(done(&mut book, to_main(12)), Reply::Balances { main: Cents(15), payout: Cents(0) });
    assert_eq!(balances(&book), (15, 0));
}

#[test]
fn a_debit_takes_unspent_money_back() {
    let mut book = book(0, 0, 10, 0);
    let Reply::User(after) = done(&mut book, debit(ANN, 4)) else { panic!("a debit answers with the user") };
    assert_eq!(after, book.snapshot(book.user(ANN).unwrap()));
    assert_eq!((after.balance.0, balances(&book), balance(&book, ANN)), (6, (0, 4), 6));
}

#[test]
fn only_paying_people_needs_payouts_enabled() {
    let mut book = book(10, 10, 10, 0);
    book.payouts_enabled = false;
    let commands = [
        deposit(1, "d"),
        to_payout(1),
        to_main(1),
        debit(ANN, 1),
        status(ANN, UserStatus::Inactive),
        rotate(ANN),
    ];
    let given = commands.len();
    for command in commands {
        done(&mut book, command);
    }
    assert_eq!(kinds(&book).len(), given);
}

#[test]
fn asking_for_the_status_a_user_has_writes_nothing() {
    let (active, inactive) = (UserStatus::Active, UserStatus::Inactive);
    let mut book = book(0, 0, 7, 0);
    for (asked, entries) in [(active, 0), (inactive, 1), (inactive, 1), (active, 2), (active, 2)] {
        let Reply::User(after) = done(&mut book, status(ANN, asked)) else {
            panic!("a status answers with the user")
        };
        assert_eq!((after.status, after.balance.0, after.number), (asked, 7, ANN));
        assert_eq!(book.user(ANN).unwrap().status, asked);
        assert_eq!(book.head.sequence, entries);
        assert_eq!(book.changes().changed_users.len(), usize::from(entries > 0));
    }
    assert_eq!(kinds(&book), [EntryKind::UserDeactivated, EntryKind::UserActivated]);
    assert_eq!(book.user(BOB).unwrap().status, active);
}

#[test]
fn each_rotation_gives_a_new_hash_and_changes_nothing_else() {
    let mut book = book(0, 0, 7, 0);
    done(&mut book, status(ANN, UserStatus::Inactive));
    let before = book.user(ANN).unwrap().clone();
    for generation in 1..=3 {
        assert_eq!(
            done(&mut book, rotate(ANN)),
            Reply::HashRotated { user: ANN, generation, salt: salt(ANN, generation) }
        );
        assert_eq!(
            book.user(ANN).unwrap(),
            &PayoutUser { generation, salt: salt(ANN, generation), ..before.clone() }
        );
    }
    assert_eq!(kinds(&book)[1..], [EntryKind::HashRotated; 3]);
    assert_eq!((balance(&book, ANN), book.user(BOB).unwrap().generation), (7, 0));
}

#[test]
fn a_new_hash_is_of_the_key_version_in_use_and_a_top_up_keeps_it() {
    let mut book = book(0, 100, 7, 0);
    let with = |book: &mut Book, command: Command, key_version: u8| {
        let inputs = Inputs { key_version, ..at(NOW) };
        apply(book, &Request::plain(command), inputs).unwrap().reply
    };
    let version = |reply: Reply| match reply {
        Reply::Paid { generation, .. } | Reply::HashRotated { generation, .. } => {
            (key_version_of(generation), rotations_of(generation))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(version(with(&mut book, create("new@example.com", 1), 2)), (2, 0));
    assert_eq!(version(with(&mut book, create("new@example.com", 1), 3)), (2, 0), "a top-up");
    assert_eq!(version(with(&mut book, rotate(ANN), 2)), (2, 1));
    assert_eq!(version(with(&mut book, rotate(ANN), 1)), (2, 2), "a process that knows only an older one");
}

/// A book with one entry of every kind, and its expected journal.
fn one_of_each() -> (Book, Vec<Entry>) {
    let mut book = book(0, 0, 0, 0);
    let commands = [
        deposit(9, "d"),
        to_payout(8),
        to_main(1),
        create("cho@example.com", 3),
        create("ann@example.com", 2),
        debit(ANN, 1),
        status(ANN, UserStatus::Inactive),
        status(ANN, UserStatus::Active),
        rotate(ANN),
    ];
    for command in commands {
        done(&mut book, command);
    }
    let (world, main, payout) = (AccountId::WORLD, AccountId::MAIN, AccountId::PAYOUT);
    let (ann, cho) = (AccountId::user(ANN), AccountId::user(3));
    let moved = |debit, debit_previous, credit, credit_previous, amount| {
        Some(Movement { debit, credit, amount: Cents(amount), debit_previous, credit_previous })
    };
    // Debit and credit each with the previous entry of that account.
    let journal = [
        (EntryKind::Deposited, 0, moved(world, 0, main, 0, 9), "d"),
        (EntryKind::MovedToPayout, 0, moved(main, 1, payout, 0, 8), ""),
        (EntryKind::MovedToMain, 0, moved(payout, 2, main, 2, 1), ""),
        (EntryKind::UserCreated, 3, moved(payout, 3, cho, 0, 3), ""),
        (EntryKind::UserCredited, ANN, moved(payout, 4, ann, 0, 2), ""),
        (EntryKind::UserDebited, ANN, moved(ann, 5, payout, 5, 1), "left"),
        (EntryKind::UserDeactivated, ANN, None, ""),
        (EntryKind::UserActivated, ANN, None, ""),
        (EntryKind::HashRotated, ANN, None, ""),
    ];
    let entry =
        |(sequence, (kind, user, movement, note)): (i64, (EntryKind, i64, Option<Movement>, &str))| Entry {
            sequence,
            kind,
            at: NOW,
            user,
            movement,
            note: note.to_owned(),
            withdrawal: 0,
            actor: Actor::NONE,
            detail: String::new(),
            salt: match kind {
                EntryKind::UserCreated => Some(salt(user, 0)),
                EntryKind::HashRotated => Some(salt(user, 1)),
                _ => None,
            },
        };
    (book, (1..).zip(journal).map(entry).collect())
}

#[test]
fn every_kind_of_entry_is_written_as_it_is_described() {
    let (book, journal) = one_of_each();
    let all: Vec<EntryKind> = journal.iter().map(|entry| entry.kind).collect();
    let withdrawals = EntryKind::ALL[9..].iter();
    assert!(withdrawals.clone().all(|kind| kind.code() > 9), "the kinds of withdrawals come last");
    assert_eq!(all, EntryKind::ALL[..9]);
    let written: Vec<Entry> = book.changes().entries.iter().map(|(entry, _)| entry.clone()).collect();
    assert_eq!(written, journal);
}

#[test]
fn entries_are_chained_from_genesis_to_the_head() {
    let (book, journal) = one_of_each();
    let mut digest = [0; 32];
    for (entry, stored) in book.changes().entries {
        let created = book.user(entry.user).filter(|_| entry.kind == EntryKind::UserCreated);
        digest = link(&digest, book.id, entry, created.map_or("", |user| user.email.as_str()));
        assert_eq!(*stored, digest, "entry {}", entry.sequence);
    }
    assert_eq!((book.head.sequence, book.head.chain), (journal.len() as i64, digest));
}

#[test]
fn changes_tell_new_rows_from_changed_ones() {
    let mut book = book(0, 100, 0, 0);
    assert!(book.changes().new_accounts.is_empty() && book.changes().changed_accounts.is_empty());
    done(&mut book, create("cho@example.com", 1));
    done_as(&mut book, &once(status(3, UserStatus::Inactive), "k"));
    done(&mut book, rotate(BOB));
    done(&mut book, rotate(BOB));
    let changes = book.changes();
    assert_eq!(changes.new_accounts.keys().collect::<Vec<_>>(), [&AccountId::user(3)]);
    assert_eq!(changes.changed_accounts.keys().collect::<Vec<_>>(), [&AccountId::PAYOUT]);
    assert_eq!(changes.changed_accounts[&AccountId::PAYOUT], Account { balance: Cents(99), head: 1 });
    let new: Vec<_> = changes.new_users.iter().map(|user| (user.number, user.status)).collect();
    assert_eq!(new, [(3, UserStatus::Inactive)]);
    // The new user is written once, as new; the stored one with the salt that its row has.
    let changed = changes.changed_users.iter();
    let changed: Vec<_> = changed.map(|(user, stored)| (user.number, user.generation, *stored)).collect();
    assert_eq!(changed, [(BOB, 2, HashBasis { generation: 0, salt: salt(BOB, 0) })]);
    assert_eq!(changes.remembered.len(), 1);
}

#[test]
fn a_stored_answer_is_enough_to_replay() {
    let mut first = book(0, 100, 0, 0);
    let request = once(create("ann@example.com", 10), "k");
    let outcome = done_as(&mut first, &request);
    let (key, remembered) = first.changes().remembered[0];
    // A later batch, which has loaded only the remembered reply.
    let mut second = Book::new(first.id, true, first.head);
    second.put_remembered(key, remembered.clone());
    assert_eq!(replayed(&mut second, &request), outcome);
}

#[test]
fn remembered_answers_keep_their_stored_form() {
    let mut book = book(0, 100, 10, 0);
    let user = concat!(
        r#"{"user":{"number":1,"email":"ann@example.com","status":"active","balance":9,"pending":0,"#,
        r#""created_at":1699999999999999,"expires_at":null}}"#
    );
    let rows = [("ann@example.com", 1, ""), ("bob@example.com", 1_000, "")];
    let many =
        r#"{"paid_many":{"rows":[{"paid":[1,0,"SALT"]},{"unpaid":"payout_balance_is_too_low"}],"total":1}}"#;
    let cases = [
        (debit(ANN, 1), user),
        (create("ann@example.com", 1), r#"{"paid":{"user":1,"generation":0,"salt":"SALT"}}"#),
        (partial(&rows), many),
        (to_main(1), r#"{"balances":{"main":1,"payout":98}}"#),
        (rotate(BOB), r#"{"hash_rotated":{"user":2,"generation":1,"salt":"NEW"}}"#),
    ];
    for (command, stored) in cases {
        let hex = |salt: HashSalt| format!("{:032x}", u128::from_be_bytes(salt.0));
        let stored = stored.replace("SALT", &hex(salt(ANN, 0))).replace("NEW", &hex(salt(BOB, 1)));
        let outcome = done(&mut book, command);
        assert_eq!(serde_json::to_string(&outcome).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Reply>(&stored).unwrap(), outcome);
    }
    let before_there_was_pending = user.replace(r#""pending":0,"#, "");
    assert!(serde_json::from_str::<Reply>(&before_there_was_pending).is_ok());
    for (refusal, stored) in [
        (RowRefusal::ReferenceWasUsedForAnotherPayout, r#""reference_was_used_for_another_payout""#),
        (RowRefusal::BalanceWouldBeTooLarge, r#""balance_would_be_too_large""#),
    ] {
        assert_eq!(serde_json::to_string(&refusal).unwrap(), stored);
        assert_eq!(serde_json::from_str::<RowRefusal>(stored).unwrap(), refusal);
    }
}

#[test]
fn stored_numbers_and_words_stay() {
    let codes: Vec<i64> = EntryKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes, (1..=34).chain([38, 39]).chain(40..=43).collect::<Vec<_>>());
    assert!(EntryKind::ALL.iter().all(|kind| EntryKind::from_code(kind.code()) == Some(*kind)));
    assert_eq!((EntryKind::from_code(0), EntryKind::from_code(35)), (None, None));
    assert_eq!((UserStatus::Active.word(), UserStatus::Inactive.word()), ("active", "inactive"));
    for (number, mode, id) in
        [(1, Mode::Live, 2), (1, Mode::Test, 3), (7, Mode::Live, 14), (7, Mode::Test, 15)]
    {
        let book = BookId::new(number, mode);
        assert_eq!((book, book.business(), book.mode()), (BookId(id), number, mode));
    }
}

#[test]
fn refusals_speak_the_words_of_the_contract() {
    let words = [
        (Refusal::PayoutsAreDisabled, "Payouts are currently disabled. Please enable them in Settings."),
        (Refusal::PayoutBalanceIsTooLow, "Insufficient payout balance"),
    ];
    for (refusal, sentence) in words {
        assert_eq!(refusal.sentence(), sentence);
    }
    assert_eq!(Refusal::IdempotencyKeyWasUsedForAnotherRequest.code(), "idempotency_key_reused");
    // A row's refusal has the same code as the refusal of a whole request.
    let pairs = [
        (RowRefusal::PayoutBalanceIsTooLow, Refusal::PayoutBalanceIsTooLow),
        (RowRefusal::BalanceWouldBeTooLarge, Refusal::BalanceWouldBeTooLarge),
        (
            RowRefusal::ReferenceWasUsedForAnotherPayout,
            Refusal::ReferencesWereUsedForOtherPayouts(Vec::new()),
        ),
    ];
    for (row, whole) in pairs {
        assert_eq!(row.code(), whole.code());
    }
}

#[test]
fn the_fingerprint_decides_what_another_request_is() {
    let mut book = book(0, 100, 0, 0);
    let request = once(create("ann@example.com", 10), "k");
    done_as(&mut book, &request);
    let other = Once { fingerprint: rotate(ANN).fingerprint(), ..request.once.unwrap() };
    let refusal = refused(&mut book, &Request { once: Some(other), ..request });
    assert_eq!(refusal, Refusal::IdempotencyKeyWasUsedForAnotherRequest);
}

#[test]
fn a_recovered_book_numbers_everything_in_the_new_epoch() {
    let mut book = book(0, 100, 7, 0);
    done(&mut book, create("cho@example.com", 1));
    let before = book.head;
    assert_eq!(done(&mut book, Command::Recover { epoch: 3 }), Reply::Recorded);
    let floor = floor_of_epoch(3);
    let entry = book.changes().entries.last().unwrap().0.clone();
    assert_eq!((entry.sequence, entry.kind), (floor + 1, EntryKind::InstallationRecovered));
    assert_eq!(entry.note, format!("previous sequence {}", before.sequence));
    assert_eq!(done(&mut book, create("dan@example.com", 1)), paid_to(floor + 1, 0));
    assert_eq!((book.head.sequence, book.head.users), (floor + 2, floor + 1));
    // Users from before keep their numbers.
    assert_eq!(done(&mut book, create("cho@example.com", 1)), paid_to(3, 0));
}

#[test]
fn a_book_recovers_once_into_an_epoch() {
    let mut book = book(0, 100, 7, 0);
    for epoch in [3, 3, 2] {
        done(&mut book, Command::Recover { epoch });
    }
    assert_eq!(kinds(&book), [EntryKind::InstallationRecovered]);
    done(&mut book, Command::Recover { epoch: 4 });
    assert_eq!(book.head.sequence, floor_of_epoch(4) + 1);
}

#[test]
fn a_credential_is_judged_when_the_command_is_decided() {
    let key = |is_active, expires_at| StoredCredential { user: None, is_active, expires_at };
    let refusal = Refusal::CredentialDoesNotAuthenticate;
    for (stored, fits) in [
        (key(true, None), true),
        (key(true, Some(NOW + 1)), true),
        (key(true, Some(NOW)), false),
        (key(false, None), false),
    ] {
        let mut book = book(0, 100, 0, 0);
        book.put_credential(DIGEST, stored);
        let answer = apply(&mut book, &with_key(create("ann@example.com", 1)), at(NOW));
        assert_eq!(answer.is_ok(), fits, "{stored:?}: {answer:?}");
        // A remembered reply is a secret too: it contains a hash.
        let mut book = lived_in();
        book.put_credential(DIGEST, stored);
        let first = once(create("ann@example.com", 10), "k");
        let again = Request { once: first.once, ..with_key(first.command) };
        assert_eq!(apply(&mut book, &again, at(NOW)).err(), (!fits).then(|| refusal.clone()));
    }
}

#[test]
fn a_hash_that_is_rotated_or_switched_off_is_dead_for_the_rest_of_the_batch() {
    for (change, back) in
        [(rotate(ANN), rotate(ANN)), (status(ANN, UserStatus::Inactive), status(ANN, UserStatus::Active))]
    {
        let mut book = book(0, 100, 10, 10);
        book.put_credential(DIGEST, StoredCredential { user: Some(ANN), is_active: true, expires_at: None });
        done(&mut book, rotate(BOB));
        done_as(&mut book, &with_key(debit(ANN, 1)));
        done(&mut book, change);
        assert_eq!(refused(&mut book, &with_key(debit(ANN, 1))), Refusal::CredentialDoesNotAuthenticate);
        let is_status = matches!(back, Command::SetStatus { .. });
        done(&mut book, back);
        assert_eq!(apply(&mut book, &with_key(debit(ANN, 1)), at(NOW)).is_ok(), is_status);
    }
}

#[test]
fn a_reference_of_another_business_is_taken_only_when_told() {
    let other = DepositedElsewhere { book: BookId(4), at: 7 };
    let ask = |used_elsewhere, reference: &str| {
        let mut book = book(0, 100, 7, 0);
        book.put_deposited_elsewhere("bank line 17", other);
        let command = Command::Deposit {
            amount: Cents(5),
            reference: reference.to_owned(),
            used_elsewhere,
            received_on: String::new(),
        };
        apply(&mut book, &Request::plain(command), at(NOW)).map(drop)
    };
    let refused = Err(Refusal::DepositReferenceWasUsedForAnotherBusiness(other));
    assert_eq!(ask(false, "bank line 17"), refused);
    assert_eq!(ask(true, "bank line 17"), Ok(()));
    assert_eq!(ask(false, "bank line 18"), Ok(()));
}
