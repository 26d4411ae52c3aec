//! Withdrawals: the ladder row by row, and long random histories against a naive count of where every cent is.

#![allow(clippy::unwrap_used, reason = "tests speak in unwraps")]

use ledger::{
    Account, AccountId, Actor, Applied, Book, BookHead, BookId, Cents, Command, Email, EntryKind, FeeRule,
    HashSalt, Inputs, LOOKS_PERIOD, Lease, MOST_LOOKS, Occurrence, OnceKey, Order, Pause, PayoutUser,
    Progress, Provider, Refusal, Reply, Request, ReviewDetail, ReviewReason, ReviewRule, Step, TRANSITIONS,
    Terms, UserStatus, Withdrawal, WithdrawalState, apply,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

const NOW: i64 = 1_700_000_000_000_000;

fn at(now: i64) -> Inputs {
    Inputs { now, seed: [0; 32], key_version: 0 }
}
const DESTINATION: &str = r#"{"account":"a"}"#;

fn book(balance: i64) -> Book {
    let head = BookHead { sequence: 10, chain: [1; 32], users: 2, withdrawals: 0 };
    let mut book = Book::new(BookId(2), true, head);
    for (number, email) in [(1, "a@example.com"), (2, "b@example.com")] {
        book.put_user(PayoutUser {
            number,
            email: Email::parse(email).unwrap(),
            status: UserStatus::Active,
            generation: 0,
            salt: HashSalt([0; 16]),
            created_at: 0,
            expires_at: None,
        });
        book.put_account(AccountId::user(number), Account { balance: Cents(balance), head: number });
    }
    book.put_account(AccountId::WORLD, Account { balance: Cents(-2 * balance), head: 3 });
    book
}

fn open() -> Terms {
    Terms { enabled: true, ..Terms::default() }
}

fn order(amount: i64, terms: Terms) -> Order {
    Order {
        user: 1,
        method: "sandbox".to_owned(),
        provider: Provider::Sandbox,
        amount: Cents(amount),
        destination: DESTINATION.to_owned(),
        terms,
        is_held: false,
        day: 0,
    }
}

fn ask(book: &mut Book, command: Command) -> Result<Reply, Refusal> {
    apply(book, &Request::plain(command), at(NOW)).map(|applied| applied.reply)
}

fn withdraw(book: &mut Book, order: Order) -> Result<Withdrawal, Refusal> {
    match ask(book, Command::Withdraw(Box::new(order)))? {
        Reply::Withdrawal(withdrawal) => Ok(*withdrawal),
        other => panic!("{other:?}"),
    }
}

fn step(book: &mut Book, progress: Progress) -> Result<Withdrawal, Refusal> {
    match ask(book, Command::Advance(Box::new(progress)))? {
        Reply::Withdrawal(withdrawal) => Ok(*withdrawal),
        other => panic!("{other:?}"),
    }
}

fn held(book: &Book) -> (i64, i64, i64, i64) {
    let of = |id| book.balance(id).0;
    (of(AccountId::user(1)), of(AccountId::HELD), of(AccountId::FEES), of(Provider::Sandbox.account()))
}

fn kinds(book: &Book) -> Vec<EntryKind> {
    book.changes().entries.iter().map(|(entry, _)| entry.kind).collect()
}

#[test]
fn every_rung_of_the_ladder_has_its_refusal() {
    let fee = FeeRule { fixed: Cents(50), ..FeeRule::default() };
    let cases: Vec<(Order, Refusal)> = vec![
        (Order { user: 9, ..order(100, open()) }, Refusal::PayoutUserIsUnknown),
        (order(100, Terms::default()), Refusal::MethodIsClosed),
        (order(0, open()), Refusal::AmountIsBelowTheMinimum),
        (order(-1, open()), Refusal::AmountIsBelowTheMinimum),
        (order(99, Terms { minimum: Cents(100), ..open() }), Refusal::AmountIsBelowTheMinimum),
        (order(101, Terms { maximum: Cents(100), ..open() }), Refusal::AmountIsAboveTheMaximum),
        (order(50, Terms { fee, ..open() }), Refusal::AmountDoesNotCoverTheFee),
        (order(1_001, open()), Refusal::UserBalanceIsTooLow),
        (order(100, Terms { daily_cap: Some(Cents(99)), ..open() }), Refusal::DailyCapIsReached),
    ];
    for (order, refusal) in cases {
        let mut book = book(1_000);
        let before = format!("{book:?}");
        assert_eq!(withdraw(&mut book, order.clone()), Err(refusal), "{order:?}");
        assert_eq!(format!("{book:?}"), before, "a refusal leaves no trace");
    }
    let mut paused = book(1_000);
    paused.payouts_enabled = false;
    assert_eq!(withdraw(&mut paused, order(100, open())), Err(Refusal::WithdrawalsArePaused));
    for (status, expires_at) in [(UserStatus::Inactive, None), (UserStatus::Active, Some(NOW))] {
        let mut book = book(1_000);
        let user = book.user(1).unwrap().clone();
        book.put_user(PayoutUser { status, expires_at, ..user });
        assert_eq!(withdraw(&mut book, order(100, open())), Err(Refusal::PayoutUserIsNotActive));
    }
}

#[test]
fn a_review_rule_that_applies_puts_a_withdrawal_up_for_review() {
    let rule = |review| Terms { review, ..open() };
    let none = ReviewRule::default();
    let cases = [
        (rule(none), 100, WithdrawalState::Queued),
        (rule(ReviewRule { always: true, ..none }), 100, WithdrawalState::Review),
        (rule(ReviewRule { above: Some(Cents(100)), ..none }), 100, WithdrawalState::Queued),
        (rule(ReviewRule { above: Some(Cents(99)), ..none }), 100, WithdrawalState::Review),
        (rule(ReviewRule { above_per_day: Some(Cents(160)), ..none }), 100, WithdrawalState::Queued),
        (rule(ReviewRule { above_per_day: Some(Cents(159)), ..none }), 100, WithdrawalState::Review),
        (rule(ReviewRule { new_destination: true, ..none }), 100, WithdrawalState::Review),
    ];
    for (terms, amount, state) in cases {
        let mut book = book(1_000);
        book.put_asked_by_user(1, Cents(60));
        let asked = withdraw(&mut book, order(amount, terms.clone())).unwrap();
        assert_eq!(asked.state, state, "{terms:?}");
    }
    let mut book = book(1_000);
    book.put_destination(1, "sandbox", DESTINATION);
    let known = rule(ReviewRule { new_destination: true, ..none });
    assert_eq!(withdraw(&mut book, order(100, known)).unwrap().state, WithdrawalState::Queued);
}

#[test]
fn the_entry_of_a_review_names_the_rules_with_their_figures() {
    let detail = |order: Order| {
        let mut book = book(1_000);
        book.put_asked_by_user(1, Cents(60));
        assert_eq!(withdraw(&mut book, order).unwrap().state, WithdrawalState::Review);
        let (entry, _) = book.changes().entries.last().unwrap();
        assert_eq!((entry.kind, entry.published()), (EntryKind::WithdrawalReviewAsked, ""));
        ReviewDetail::of(&entry.detail)
    };
    let review = ReviewRule {
        always: true,
        above: Some(Cents(99)),
        above_per_day: Some(Cents(159)),
        new_destination: true,
    };
    let all = vec![
        ReviewReason::Always,
        ReviewReason::Above { limit: Cents(99) },
        ReviewReason::AbovePerDay { limit: Cents(159), sum: Cents(160) },
        ReviewReason::NewDestination,
    ];
    assert_eq!(detail(order(100, Terms { review, ..open() })), Some(ReviewDetail { review: all }));
    let held = Order { is_held: true, ..order(100, open()) };
    assert_eq!(detail(held), None, "no rule of the terms applies to what its caller holds");
}

#[test]
fn caps_count_what_the_same_batch_asked_for() {
    let mut book = book(1_000);
    book.put_asked_by_method("sandbox", Cents(100));
    let terms = Terms { daily_cap: Some(Cents(300)), ..open() };
    assert!(withdraw(&mut book, order(100, terms.clone())).is_ok());
    assert!(withdraw(&mut book, Order { user: 2, ..order(100, terms.clone()) }).is_ok());
    assert_eq!(withdraw(&mut book, order(1, terms)), Err(Refusal::DailyCapIsReached));
}

#[test]
fn a_payment_goes_to_the_rail_and_its_fee_to_the_fees() {
    let mut book = book(1_000);
    let fee = FeeRule { fixed: Cents(10), basis_points: 100, ..FeeRule::default() };
    let asked = withdraw(&mut book, order(500, Terms { fee, ..open() })).unwrap();
    assert_eq!((asked.fees, asked.net()), (Cents(15), Cents(485)));
    assert_eq!(held(&book), (500, 500, 0, 0));
    step(&mut book, Progress::new(1, Step::Send)).unwrap();
    let detail = r#"{"order_id":"SBX-1"}"#.to_owned();
    step(&mut book, Progress::new(1, Step::Succeed).with_detail(detail.clone())).unwrap();
    assert_eq!(held(&book), (500, 0, 15, 485));
    let changes = book.changes();
    let succeeded =
        changes.entries.iter().find(|(entry, _)| entry.kind == EntryKind::WithdrawalSucceeded).unwrap();
    assert_eq!((&succeeded.0.detail, succeeded.0.withdrawal), (&detail, 1));

    let back = Progress::new(1, Step::Return).because("returned_by_rail", "It came back.");
    let returned = step(&mut book, back.clone()).unwrap();
    assert_eq!(held(&book), (1_000, 0, 0, 0), "the fee comes back with it");
    assert_eq!(
        (returned.reason_code.as_str(), returned.reason.as_str()),
        ("returned_by_rail", "It came back.")
    );
    let again = Refusal::StepIsNotPossible(WithdrawalState::Returned, Step::Return);
    assert_eq!(step(&mut book, back), Err(again), "exactly once");
    use EntryKind as K;
    let story = [
        K::WithdrawalCreated,
        K::WithdrawalQueued,
        K::WithdrawalSending,
        K::WithdrawalSucceeded,
        K::WithdrawalFeeTaken,
        K::WithdrawalReturned,
        K::WithdrawalFeeReturned,
    ];
    assert_eq!(kinds(&book), story);
}

#[test]
fn what_ends_badly_gives_the_whole_amount_back() {
    let fee = FeeRule { fixed: Cents(10), ..FeeRule::default() };
    let review = ReviewRule { always: true, ..ReviewRule::default() };
    let ways: [(&[Step], WithdrawalState); 4] = [
        (&[Step::Cancel], WithdrawalState::Cancelled),
        (&[Step::Reject], WithdrawalState::Rejected),
        (&[Step::Approve, Step::Cancel], WithdrawalState::Cancelled),
        (&[Step::Approve, Step::Send, Step::LoseOutcome, Step::Fail], WithdrawalState::Failed),
    ];
    for (steps, end) in ways {
        let mut book = book(1_000);
        withdraw(&mut book, order(500, Terms { fee, review, ..open() })).unwrap();
        let mut last = None;
        for taken in steps {
            last = Some(step(&mut book, Progress::new(1, *taken).because("why", "Because.")).unwrap());
        }
        let last = last.unwrap();
        assert_eq!((last.state, last.reason.as_str(), last.outcome_unknown), (end, "Because.", false));
        assert_eq!(held(&book), (1_000, 0, 0, 0), "{steps:?}");
    }
}

#[test]
fn an_unknown_outcome_holds_the_money_until_there_is_evidence() {
    let mut book = book(1_000);
    withdraw(&mut book, order(500, open())).unwrap();
    step(&mut book, Progress::new(1, Step::Send)).unwrap();
    let lost = step(&mut book, Progress::new(1, Step::LoseOutcome)).unwrap();
    assert!(lost.outcome_unknown && lost.state == WithdrawalState::Sending);
    assert_eq!(held(&book), (500, 500, 0, 0));
    for refused in [Step::Cancel, Step::Reject, Step::Approve, Step::Send, Step::Return, Step::Queue] {
        let refusal = Refusal::StepIsNotPossible(WithdrawalState::Sending, refused);
        assert_eq!(step(&mut book, Progress::new(1, refused)), Err(refusal));
    }
    let found = step(&mut book, Progress::new(1, Step::FindOutcome)).unwrap();
    assert!(!found.outcome_unknown);
}

#[test]
fn a_person_can_cancel_only_what_is_the_persons_own() {
    let mut book = book(1_000);
    withdraw(&mut book, order(500, open())).unwrap();
    let cancel = |user| Progress { only_of: Some(user), ..Progress::new(1, Step::Cancel) };
    assert_eq!(step(&mut book, cancel(2)), Err(Refusal::WithdrawalIsUnknown));
    assert_eq!(step(&mut book, Progress::new(7, Step::Cancel)), Err(Refusal::WithdrawalIsUnknown));
    assert!(step(&mut book, cancel(1)).is_ok());
}

/// A step with a lease is valid only while the book has exactly this lease, with the same attempts.
#[test]
fn a_step_counts_only_under_the_lease_that_is_held() {
    let mut book = book(10_000);
    withdraw(&mut book, order(500, open())).unwrap();
    step(&mut book, Progress::new(1, Step::Send)).unwrap();
    let under = |number, attempts, step| Progress::new(1, step).under(Lease { number, attempts });
    for end in [Step::Succeed, Step::Fail, Step::LoseOutcome] {
        assert_eq!(step(&mut book, under(2, 1, end)), Err(Refusal::LeaseWasLost), "none is held");
    }
    book.put_lease(1, Lease { number: 2, attempts: 1 });
    for (number, attempts) in [(1, 1), (3, 1), (2, 0), (2, 2)] {
        for end in [Step::Succeed, Step::Fail, Step::LoseOutcome] {
            assert_eq!(step(&mut book, under(number, attempts, end)), Err(Refusal::LeaseWasLost));
        }
    }
    let other = Progress::new(7, Step::Fail).under(Lease { number: 2, attempts: 1 });
    assert_eq!(step(&mut book, other), Err(Refusal::WithdrawalIsUnknown));
    assert_eq!(step(&mut book, under(2, 1, Step::Succeed)).unwrap().state, WithdrawalState::Succeeded);
}

/// A pause refuses requests, approvals and sends of what it names; payments that were made are recorded, and
/// withdrawals that were not sent can end.
#[test]
fn a_pause_stops_what_it_names() {
    let method = order(500, open()).method;
    let pause = |method: Option<&str>, user| Pause { method: method.map(str::to_owned), user };
    let review = ReviewRule { always: true, ..ReviewRule::default() };
    for (pause, stops) in [
        (pause(None, None), true),
        (pause(Some(&method), None), true),
        (pause(None, Some(1)), true),
        (pause(Some(&method), Some(1)), true),
        (pause(Some("another"), None), false),
        (pause(None, Some(2)), false),
        (pause(Some("another"), Some(1)), false),
    ] {
        let mut book = book(10_000);
        withdraw(&mut book, order(500, Terms { review, ..open() })).unwrap();
        for _ in 2..=4 {
            withdraw(&mut book, order(500, open())).unwrap();
        }
        step(&mut book, Progress::new(3, Step::Send)).unwrap();
        book.put_pause(pause.clone());
        let expected = if stops { Some(Refusal::MethodIsPaused) } else { None };
        assert_eq!(withdraw(&mut book, order(500, open())).err(), expected, "{pause:?}");
        assert_eq!(step(&mut book, Progress::new(1, Step::Approve)).err(), expected, "{pause:?}");
        assert_eq!(step(&mut book, Progress::new(2, Step::Send)).err(), expected, "{pause:?}");
        assert!(step(&mut book, Progress::new(3, Step::Succeed)).is_ok(), "{pause:?}");
        assert!(step(&mut book, Progress::new(4, Step::Cancel)).is_ok(), "{pause:?}");
    }
}

#[test]
fn while_it_is_paused_a_person_takes_nothing_back_that_a_recovery_may_have_forgotten() {
    let mut book = book(10_000);
    withdraw(&mut book, order(500, open())).unwrap();
    withdraw(&mut book, order(500, open())).unwrap();
    ask(&mut book, Command::Recover { epoch: 1 }).unwrap();
    let new = withdraw(&mut book, order(500, open())).unwrap().number;
    let own = |number| Progress { only_of: Some(1), ..Progress::new(number, Step::Cancel) };
    let mut paused = book.clone();
    paused.put_pause(Pause { method: None, user: None });
    assert_eq!(step(&mut paused, own(1)).err(), Some(Refusal::MethodIsPaused));
    // An operator who has checked may cancel, and so may the recipient if nothing can have been lost.
    assert!(step(&mut paused, Progress::new(2, Step::Cancel)).is_ok());
    assert!(step(&mut paused, own(new)).is_ok());
    assert!(step(&mut book, own(1)).is_ok(), "after the resume");
}

#[test]
fn a_hash_withdraws_until_it_expires() {
    for (expires_at, may) in [(None, true), (Some(NOW + 1), true), (Some(NOW), false), (Some(NOW - 1), false)]
    {
        let mut book = book(10_000);
        let user = PayoutUser { expires_at, ..book.user(1).unwrap().clone() };
        book.put_user(user);
        let asked = withdraw(&mut book, order(500, open()));
        assert_eq!(asked.is_ok(), may, "{expires_at:?}: {asked:?}");
    }
}

/// Every kind of entry takes the next sequence number, because the chain links entries by it.
#[test]
fn entries_without_money_are_numbered_like_the_others() {
    let mut book = book(10_000);
    let asked = withdraw(&mut book, order(500, open())).unwrap();
    step(&mut book, Progress::new(asked.number, Step::Send)).unwrap();
    step(&mut book, Progress::new(asked.number, Step::Fail)).unwrap();
    let numbers: Vec<i64> = book.changes().entries.iter().map(|(entry, _)| entry.sequence).collect();
    let expected: Vec<i64> = (11..).take(numbers.len()).collect();
    assert!(numbers.len() >= 3);
    assert_eq!(numbers, expected);
}

/// A store inserts new withdrawals and updates stored ones: one in both lists would be counted twice.
#[test]
fn a_change_is_of_a_new_withdrawal_or_of_one_that_was_stored() {
    let mut first = book(10_000);
    let stored = withdraw(&mut first, order(500, open())).unwrap();
    let mut book = book(10_000);
    book.head.withdrawals = stored.number;
    book.put_withdrawal(stored.clone());
    let new = withdraw(&mut book, order(700, open())).unwrap();
    for number in [stored.number, new.number] {
        step(&mut book, Progress::new(number, Step::Send)).unwrap();
    }
    let changes = book.changes();
    let numbers = |all: &[&Withdrawal]| all.iter().map(|one| one.number).collect::<Vec<_>>();
    assert_eq!(numbers(&changes.new_withdrawals), [new.number]);
    assert_eq!(numbers(&changes.changed_withdrawals), [stored.number]);
}

#[test]
fn by_hand_sending_and_paying_are_one_command() {
    let mut book = book(1_000);
    withdraw(&mut book, order(500, open())).unwrap();
    let paid = Progress::new(1, Step::Succeed).with_note("Wire 7");
    let not_yet = Refusal::StepIsNotPossible(WithdrawalState::Queued, Step::Succeed);
    assert_eq!(step(&mut book, paid.clone()), Err(not_yet));
    let after = step(&mut book, paid.clone().made_by_hand()).unwrap();
    assert_eq!(after.state, WithdrawalState::Succeeded);
    let changes = book.changes();
    let kinds: Vec<EntryKind> = changes.entries.iter().map(|(entry, _)| entry.kind).collect();
    assert_eq!(kinds[kinds.len() - 2..], [EntryKind::WithdrawalSending, EntryKind::WithdrawalSucceeded]);
    let notes: Vec<&str> = changes.entries.iter().map(|(entry, _)| entry.note.as_str()).collect();
    assert_eq!(notes[notes.len() - 2..], ["", "Wire 7"]);
    let late = Refusal::StepIsNotPossible(WithdrawalState::Succeeded, Step::Succeed);
    assert_eq!(step(&mut book, paid.made_by_hand()), Err(late));
}

#[test]
fn a_code_is_shown_so_often_and_no_more() {
    let mut book = book(1_000);
    let look = |withdrawal| Command::Record {
        occurrence: Occurrence::GiftCardRevealed,
        user: Some(1),
        withdrawal: Some(withdrawal),
        note: String::new(),
    };
    // The store gives the newest; a reveal from an hour ago does not count.
    book.put_look(1, NOW - LOOKS_PERIOD);
    book.put_look(1, NOW - LOOKS_PERIOD + 1);
    for _ in 1..MOST_LOOKS {
        ask(&mut book, look(1)).unwrap();
    }
    assert_eq!(ask(&mut book, look(1)), Err(Refusal::CodeWasShownTooOften));
    ask(&mut book, look(2)).unwrap();
    let later = apply(&mut book, &Request::plain(look(1)), at(NOW + 1));
    assert!(later.is_ok(), "{later:?}");
}

#[test]
fn an_answer_from_outside_is_given_again() {
    let mut book = book(1_000);
    let key = OnceKey::of_request("k");
    let remember = |request: &str, answer: &str| {
        let command = Command::Remember { request: request.to_owned(), answer: answer.to_owned() };
        Request::maybe_once(command, Some(key))
    };
    let said = |text: &str| Reply::Said(text.to_owned());
    assert_eq!(
        apply(&mut book, &remember("test", "one"), at(NOW)),
        Ok(Applied { reply: said("one"), replayed: false })
    );
    assert_eq!(
        apply(&mut book, &remember("test", "two"), at(NOW)),
        Ok(Applied { reply: said("one"), replayed: true })
    );
    let reused = Refusal::IdempotencyKeyWasUsedForAnotherRequest;
    assert_eq!(apply(&mut book, &remember("retry", "one"), at(NOW)), Err(reused));
    assert!(book.changes().entries.is_empty());
}

#[test]
fn unclaimed_money_goes_back_only_where_nothing_moved() {
    let mut book = book(1_000);
    let expire = |head| Command::Expire { user: 1, head };
    assert_eq!(ask(&mut book, expire(0)), Err(Refusal::MoneyWasClaimed));
    assert!(ask(&mut book, expire(1)).is_ok());
    assert_eq!((held(&book).0, book.balance(AccountId::PAYOUT)), (0, Cents(1_000)));
    let head = book.account_head(AccountId::user(1));
    assert_eq!(ask(&mut book, expire(head)), Err(Refusal::UserBalanceIsTooLow));
}

#[test]
fn an_occurrence_is_an_entry_that_moves_nothing() {
    let mut book = book(1_000);
    let record = Command::Record {
        occurrence: Occurrence::GiftCardRevealed,
        user: Some(1),
        withdrawal: None,
        note: "why".to_owned(),
    };
    let request = Request::plain(record).by(Actor(7));
    apply(&mut book, &request, at(NOW)).unwrap();
    let changes = book.changes();
    let entry = &changes.entries[0].0;
    assert_eq!((entry.kind, entry.actor, entry.movement), (EntryKind::GiftCardRevealed, Actor(7), None));
    assert!(changes.changed_accounts.is_empty() && changes.new_accounts.is_empty());
}

#[test]
fn the_documentation_prints_the_table_of_steps() {
    let documentation = include_str!("../../../docs/API.md");
    let printed = documentation.split("| from | step | to |\n|---|---|---|\n").nth(1).unwrap();
    let printed: Vec<&str> = printed.lines().take_while(|line| line.starts_with('|')).collect();
    let table: Vec<String> = TRANSITIONS
        .iter()
        .map(|(from, step, to)| format!("| `{}` | {} | `{}` |", from.word(), step.word(), to.word()))
        .collect();
    assert_eq!(printed, table);
}

/// Random histories of many withdrawals, counted by hand: every cent is with the recipient, held, or paid, and a
/// withdrawal's money goes one way.
#[test]
fn every_cent_is_in_one_place_whatever_happens() {
    let mut dice = ChaCha8Rng::seed_from_u64(5);
    let start = 1_000_000;
    let mut book = book(start);
    let mut lives: BTreeMap<i64, (WithdrawalState, i64, i64)> = BTreeMap::new();
    let mut refused = 0;
    for _ in 0..100_000 {
        let roll = dice.next_u32();
        if roll % 4 == 0 {
            let fee = FeeRule { fixed: Cents(i64::from(roll >> 8) % 30), ..FeeRule::default() };
            let review = ReviewRule { above: Some(Cents(2_000)), ..ReviewRule::default() };
            let amount = i64::from(dice.next_u32() % 5_000);
            match withdraw(&mut book, order(amount, Terms { fee, review, ..open() })) {
                Ok(new) => {
                    lives.insert(new.number, (new.state, amount, new.fees.0));
                }
                Err(_) => refused += 1,
            }
        } else if let Some(last) = lives.keys().next_back().copied() {
            let number = (last - i64::from(dice.next_u32() % 40)).max(1);
            let taken = Step::ALL[dice.next_u32() as usize % Step::ALL.len()];
            let life = lives.get_mut(&number).unwrap();
            match step(&mut book, Progress::new(number, taken)) {
                Ok(after) => {
                    assert_eq!(life.0.after(taken), Some(after.state));
                    life.0 = after.state;
                }
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::StepIsNotPossible(life.0, taken));
                    refused += 1;
                }
            }
        }
        let sum = |of: &dyn Fn(&(WithdrawalState, i64, i64)) -> i64| lives.values().map(of).sum::<i64>();
        if roll % 512 == 0 {
            let is_held = sum(&|life| if life.0.holds_money() { life.1 } else { 0 });
            let paid = |life: &(WithdrawalState, i64, i64)| life.0 == WithdrawalState::Succeeded;
            let fees = sum(&|life| if paid(life) { life.2 } else { 0 });
            let net = sum(&|life| if paid(life) { life.1 - life.2 } else { 0 });
            assert_eq!(held(&book), (start - is_held - fees - net, is_held, fees, net));
        }
    }
    assert!(lives.len() > 1_000 && refused > 1_000, "{} {refused}", lives.len());
}

/// Recipient and rail of a withdrawal are in another table: an undetected change there would redirect the payment.
#[test]
fn the_chain_covers_to_whom_and_how_a_withdrawal_is_paid() {
    let chain = |order: Order| {
        let mut book = book(1_000);
        withdraw(&mut book, order).unwrap();
        let created =
            book.changes().entries.iter().find(|(entry, _)| entry.kind == EntryKind::WithdrawalCreated);
        created.map(|(_, digest)| *digest).unwrap()
    };
    let base = || order(100, open());
    let fee = FeeRule { fixed: Cents(1), ..FeeRule::default() };
    let all = [
        base(),
        Order { destination: r#"{"account":"b"}"#.to_owned(), ..base() },
        Order { destination: String::new(), ..base() },
        Order { method: "sandbox2".to_owned(), ..base() },
        Order { provider: Provider::Crypto, ..base() },
        Order { terms: Terms { fee, ..open() }, ..base() },
        Order { user: 2, ..base() },
        order(101, open()),
    ];
    let digests: std::collections::BTreeSet<_> = all.into_iter().map(chain).collect();
    assert_eq!(digests.len(), 8, "no two orders have one digest");
    assert_eq!(chain(base()), chain(base()), "and one has always the same");
}
