//! The teller's path through the store for withdrawals: new and changed ones are loaded again as they were saved,
//! with their users' accounts; sums of earlier withdrawals count exactly what they should.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, ask, by_hand, create, order, step, withdraw};
use ledger::{
    AccountId, Actor, Applied, Book, BookId, Cents, FeeRule, Order, Progress, Refusal, ReviewRule, Step,
    Terms, WithdrawalState,
};
use outpay::testing::commit::needs_of;
use outpay::testing::store::{AskedBefore, BookNeeds, Needs};

on_both_engines! {
    withdrawals_are_loaded_as_they_were_saved,
    a_withdrawal_that_is_not_there_is_left_out,
    money_held_is_loaded_with_its_user,
    a_batch_of_many_withdrawals,
    what_is_rolled_back_is_not_asked_for,
    sums_count_what_was_asked_for_since,
    what_was_given_back_does_not_count,
    what_is_given_back_makes_room_on_its_own_day,
    a_destination_is_known_once_it_was_paid,
    a_daily_cap_holds_over_batches,
    review_rules_look_back_over_batches,
    several_books_look_back_at_their_own,
}

/// A book with three users who have plenty, and a teller.
async fn start(world: &BareStore, name: &str) -> (BookId, Till) {
    let book = world.book(name).await;
    let mut till = world.till().await;
    till.fund(book, 10_000_000).await;
    let people = ["a", "b", "c"].map(|person| create(&format!("{person}@example.com"), 1_000_000));
    till.carry_out(book, people).await;
    (book, till)
}

async fn load(till: &mut Till, book: BookId, needs: BookNeeds) -> Book {
    let mut books = till.teller.load(&Needs([(book, needs)].into())).await.unwrap();
    till.teller.roll_back().await.unwrap();
    books.remove(0)
}

async fn withdrawals(till: &mut Till, book: BookId, numbers: &[i64]) -> Book {
    let needs = BookNeeds { withdrawals: numbers.iter().copied().collect(), ..BookNeeds::default() };
    load(till, book, needs).await
}

/// What the check of `of` would see: sums by its method and by its user, and whether its destination is known.
async fn before(till: &mut Till, book: BookId, of: &Order) -> (i64, i64, bool) {
    let asked = AskedBefore {
        user: of.user,
        method: of.method.clone(),
        destination: of.destination.clone(),
        since: of.day,
    };
    let needs = BookNeeds { asked: [asked].into(), users: [of.user].into(), ..BookNeeds::default() };
    let book = load(till, book, needs).await;
    let known = book.knows_destination(of.user, &of.method, &of.destination);
    (book.asked_by_method(&of.method).0, book.asked_by_user(of.user).0, known)
}

fn states(verdicts: Vec<outpay::testing::commit::Verdict>) -> Vec<Result<WithdrawalState, Refusal>> {
    let state = |answer: Applied| match answer {
        Applied { reply: ledger::Reply::Withdrawal(withdrawal), replayed: false } => withdrawal.state,
        other => panic!("not about a withdrawal: {other:?}"),
    };
    verdicts.into_iter().map(|verdict| verdict.map(state)).collect()
}

async fn withdrawals_are_loaded_as_they_were_saved(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    let fee = FeeRule { fixed: Cents(25), ..FeeRule::default() };
    let with_fee = Order { terms: Terms { enabled: true, fee, ..Terms::default() }, ..order(1, 1_000) };
    // The third is new and changed in one batch, the others are changed in a later one.
    let first = [withdraw(with_fee), withdraw(by_hand(2, 77)), withdraw(order(1, 9)), step(3, Step::Send)];
    let first: Vec<_> = first.into_iter().map(|command| ask(book, command)).collect();
    let (_, verdicts) = till.save(&first).await;
    till.teller.commit().await.unwrap();
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    till.now = NOW + 5;
    let failed = Progress::new(2, Step::Fail).because("not_paid", "The account's \"closed\" 🙂");
    let paid = Progress::new(1, Step::Succeed).with_detail(r#"{"tx_hash":"0x1"}"#.to_owned());
    till.carry_out(book, [step(1, Step::Send), step(2, Step::Send), step(3, Step::LoseOutcome)]).await;
    let last = [paid, failed].map(|progress| ledger::Command::Advance(Box::new(progress)));
    let mut last = last.map(|command| ask(book, command));
    last[0].request.origin = Actor::OPERATOR.into();
    let (saved, verdicts) = till.save(&last).await;
    till.teller.commit().await.unwrap();
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");

    let loaded = withdrawals(&mut till, book, &[1, 2, 3]).await;
    assert_eq!(loaded.head, saved[0].head);
    assert_eq!(loaded.head.withdrawals, 3);
    for number in 1..=3 {
        let stored = world.store.withdrawal(book, number).await.unwrap();
        assert!(stored.is_some(), "{number}");
        assert_eq!(loaded.withdrawal(number), stored.as_ref());
    }
    assert_eq!(loaded.withdrawal(1), saved[0].withdrawal(1));
    assert_eq!(loaded.withdrawal(2), saved[0].withdrawal(2));
    let one = loaded.withdrawal(1).unwrap();
    assert_eq!((one.state, one.fees, one.net()), (WithdrawalState::Succeeded, Cents(25), Cents(975)));
    assert_eq!((one.created_at, one.changed_at), (NOW, NOW + 5));
    let two = loaded.withdrawal(2).unwrap();
    assert_eq!((two.reason_code.as_str(), two.reason.as_str()), ("not_paid", "The account's \"closed\" 🙂"));
    assert!(loaded.withdrawal(3).unwrap().outcome_unknown);
    for (account, cents) in [
        (AccountId::user(1), 1_000_000 - 1_000 - 9),
        (AccountId::user(2), 1_000_000),
        (AccountId::HELD, 9),
        (AccountId::FEES, 25),
        (ledger::Provider::Crypto.account(), 975),
    ] {
        assert_eq!(loaded.balance(account), Cents(cents), "{account}");
    }
    let entries = world.store.entries_of_withdrawal(book, 1).await.unwrap();
    let actors: Vec<_> = entries.iter().map(|stored| stored.entry.actor).collect();
    let (none, operator) = (Actor::NONE, Actor::OPERATOR);
    assert_eq!(actors, [none, none, none, operator, operator]);
    assert_eq!(entries[3].entry.detail, r#"{"tx_hash":"0x1"}"#);
}

async fn a_withdrawal_that_is_not_there_is_left_out(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    till.carry_out(book, [withdraw(order(1, 5))]).await;
    let loaded = withdrawals(&mut till, book, &[0, 1, 2, i64::MAX]).await;
    assert!(loaded.withdrawal(1).is_some());
    for number in [0, 2, i64::MAX] {
        assert!(loaded.withdrawal(number).is_none(), "{number}");
    }
    let test = BookId(book.0 + 1);
    assert!(withdrawals(&mut till, test, &[1]).await.withdrawal(1).is_none(), "another book's");
    let verdicts = till.apply(&[ask(book, step(2, Step::Send)), ask(test, step(1, Step::Send))]).await;
    assert_eq!(verdicts, [Err(Refusal::WithdrawalIsUnknown), Err(Refusal::WithdrawalIsUnknown)]);
}

async fn money_held_is_loaded_with_its_user(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    till.carry_out(book, [10, 200, 3_000].map(|amount| withdraw(order(1, amount)))).await;
    till.carry_out(book, [step(1, Step::Cancel), step(2, Step::Send)]).await;
    let needs = BookNeeds { users: [1, 2].into(), ..BookNeeds::default() };
    let loaded = load(&mut till, book, needs).await;
    let pending = |user: i64| loaded.snapshot(loaded.user(user).unwrap()).pending;
    assert_eq!((pending(1), pending(2)), (Cents(3_200), Cents(0)));
}

async fn a_batch_of_many_withdrawals(world: &BareStore) {
    const ALL: i64 = 300;
    let (book, mut till) = start(world, "Acme").await;
    till.carry_out(book, (1..=ALL).map(|number| withdraw(order(number % 3 + 1, number)))).await;
    till.carry_out(book, (1..=ALL).map(|number| step(number, Step::Send))).await;
    // In reverse order, and with alternating outcomes.
    let end = |number: i64| step(number, if number % 2 == 0 { Step::Succeed } else { Step::Fail });
    till.carry_out(book, (1..=ALL).rev().map(end)).await;
    let all: Vec<i64> = (1..=ALL).collect();
    let loaded = withdrawals(&mut till, book, &all).await;
    let mut paid = 0;
    for number in all {
        let withdrawal = loaded.withdrawal(number).unwrap();
        assert_eq!((withdrawal.amount, withdrawal.user), (Cents(number), number % 3 + 1));
        let ended = if number % 2 == 0 { WithdrawalState::Succeeded } else { WithdrawalState::Failed };
        assert_eq!(withdrawal.state, ended, "{number}");
        paid += if number % 2 == 0 { number } else { 0 };
    }
    assert_eq!(loaded.balance(ledger::Provider::Crypto.account()), Cents(paid));
    assert_eq!(loaded.balance(AccountId::HELD), Cents(0));
}

async fn what_is_rolled_back_is_not_asked_for(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    till.carry_out(book, [withdraw(order(1, 5))]).await;
    let stands = world.everything().await;
    till.save(&[ask(book, withdraw(order(1, 7))), ask(book, step(1, Step::Cancel))]).await;
    till.teller.roll_back().await.unwrap();
    assert_eq!(world.everything().await, stands);
    assert_eq!(before(&mut till, book, &order(1, 1)).await, (5, 5, false));
}

async fn sums_count_what_was_asked_for_since(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    const DAY: i64 = 86_400_000_000;
    till.now = NOW - DAY;
    till.carry_out(book, [withdraw(order(1, 1_000)), withdraw(by_hand(1, 2_000))]).await;
    till.now = NOW;
    let today = [order(1, 1), order(2, 20), by_hand(1, 300), by_hand(3, 4_000)];
    till.carry_out(book, today.map(withdraw)).await;
    for (of, by_method, by_user) in [
        (order(1, 1), 21, 301),
        (order(2, 1), 21, 20),
        (order(3, 1), 21, 4_000),
        (by_hand(1, 1), 4_300, 301),
        (Order { method: "none".to_owned(), ..order(1, 1) }, 0, 301),
        (Order { day: NOW - DAY, ..order(1, 1) }, 1_021, 3_301),
        (Order { day: NOW + DAY, ..order(1, 1) }, 0, 0),
    ] {
        let told = before(&mut till, book, &of).await;
        assert_eq!(told, (by_method, by_user, false), "{of:?}");
    }
}

async fn what_was_given_back_does_not_count(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    let review = ReviewRule { always: true, ..ReviewRule::default() };
    let reviewed = Order { terms: Terms { enabled: true, review, ..Terms::default() }, ..order(1, 1) };
    till.carry_out(book, [withdraw(reviewed)]).await;
    till.carry_out(book, [20, 300, 4_000, 50_000].map(|amount| withdraw(order(1, amount)))).await;
    assert_eq!(before(&mut till, book, &order(1, 1)).await, (54_321, 54_321, false));
    till.carry_out(book, [step(1, Step::Reject), step(2, Step::Cancel)]).await;
    assert_eq!(before(&mut till, book, &order(1, 1)).await, (54_300, 54_300, false));
    till.carry_out(book, [3, 4, 5].map(|number| step(number, Step::Send))).await;
    till.carry_out(book, [step(3, Step::Fail), step(4, Step::Succeed)]).await;
    assert_eq!(before(&mut till, book, &order(1, 1)).await, (54_000, 54_000, true), "what was paid counts");
    till.carry_out(book, [step(4, Step::Return)]).await;
    assert_eq!(before(&mut till, book, &order(1, 1)).await, (50_000, 50_000, false));
}

/// The running sum belongs to the day of the withdrawal, also if it is given back later or within the same batch.
async fn what_is_given_back_makes_room_on_its_own_day(world: &BareStore) {
    const DAY: i64 = 86_400_000_000;
    let (book, mut till) = start(world, "Acme").await;
    let at = |day: i64| Order { day, ..order(1, 1) };
    till.carry_out(book, [withdraw(order(1, 7)), withdraw(order(2, 50)), step(2, Step::Cancel)]).await;
    assert_eq!(before(&mut till, book, &at(NOW)).await.0, 7);
    till.now = NOW + DAY;
    let today = till.now;
    till.carry_out(book, [withdraw(order(1, 300)), step(1, Step::Cancel)]).await;
    assert_eq!(before(&mut till, book, &at(today)).await.0, 300, "yesterday's room is not today's");
    assert_eq!(before(&mut till, book, &at(NOW)).await.0, 300);
    till.carry_out(book, [step(3, Step::Send)]).await;
    till.carry_out(book, [step(3, Step::Succeed), step(3, Step::Return)]).await;
    assert_eq!(before(&mut till, book, &at(NOW)).await.0, 0);
}

async fn a_destination_is_known_once_it_was_paid(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    let known = async |till: &mut Till, of: Order| before(till, book, &of).await.2;
    till.carry_out(book, [withdraw(order(1, 10)), step(1, Step::Send)]).await;
    assert!(!known(&mut till, order(1, 1)).await, "nothing has arrived there yet");
    till.carry_out(book, [step(1, Step::Succeed)]).await;
    assert!(known(&mut till, order(1, 1)).await);
    assert!(known(&mut till, Order { day: NOW + 1, ..order(1, 1) }).await, "on any later day too");
    let elsewhere = Order { destination: r#"{"address":"away"}"#.to_owned(), ..order(1, 1) };
    assert!(!known(&mut till, elsewhere).await);
    assert!(!known(&mut till, order(2, 1)).await, "another person's");
    let by_another = Order { method: "usdt".to_owned(), ..order(1, 1) };
    assert!(!known(&mut till, by_another).await, "by another method");
}

async fn a_daily_cap_holds_over_batches(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    let capped = |user: i64, amount: i64, day: i64| {
        let terms = Terms { enabled: true, daily_cap: Some(Cents(100)), ..Terms::default() };
        withdraw(Order { terms, day, ..order(user, amount) })
    };
    till.carry_out(book, [capped(1, 60, NOW)]).await;
    // A batch sees its own earlier withdrawals.
    let batch = [capped(2, 30, NOW), capped(3, 11, NOW), capped(3, 10, NOW)].map(|one| ask(book, one));
    let told = states(till.apply(&batch).await);
    let (queued, full) = (Ok(WithdrawalState::Queued), Err(Refusal::DailyCapIsReached));
    assert_eq!(told, [queued.clone(), full.clone(), queued.clone()]);
    assert_eq!(states(till.apply(&[ask(book, capped(1, 1, NOW))]).await), [full]);
    till.carry_out(book, [step(1, Step::Cancel)]).await;
    assert_eq!(states(till.apply(&[ask(book, capped(1, 60, NOW))]).await), std::slice::from_ref(&queued));
    till.now = NOW + 86_400_000_000;
    assert_eq!(states(till.apply(&[ask(book, capped(1, 100, till.now))]).await), [queued]);
}

async fn review_rules_look_back_over_batches(world: &BareStore) {
    let (book, mut till) = start(world, "Acme").await;
    let ruled = |review: ReviewRule, amount: i64| {
        withdraw(Order { terms: Terms { enabled: true, review, ..Terms::default() }, ..order(1, amount) })
    };
    let per_day = ReviewRule { above_per_day: Some(Cents(100)), ..ReviewRule::default() };
    let mut state = Vec::new();
    for amount in [60, 40, 1] {
        state.push(till.withdrawal(book, ruled(per_day, amount)).await.state);
    }
    let (queued, review) = (WithdrawalState::Queued, WithdrawalState::Review);
    assert_eq!(state, [queued, queued, review]);
    let new = ReviewRule { new_destination: true, ..ReviewRule::default() };
    assert_eq!(till.withdrawal(book, ruled(new, 5)).await.state, review);
    till.carry_out(book, [step(1, Step::Send), step(1, Step::Succeed)]).await;
    assert_eq!(till.withdrawal(book, ruled(new, 5)).await.state, queued);
}

async fn several_books_look_back_at_their_own(world: &BareStore) {
    let (one, mut till) = start(world, "One").await;
    let (other, _) = start(world, "Other").await;
    let capped = |amount: i64| {
        let terms = Terms { enabled: true, daily_cap: Some(Cents(100)), ..Terms::default() };
        withdraw(Order { terms, ..order(1, amount) })
    };
    let batch = [ask(other, capped(100)), ask(one, capped(70)), ask(one, capped(30))];
    assert_eq!(states(till.apply(&batch).await), [const { Ok(WithdrawalState::Queued) }; 3]);
    let batch = [ask(other, capped(1)), ask(one, capped(1)), ask(other, step(1, Step::Send))];
    let full = Err(Refusal::DailyCapIsReached);
    assert_eq!(states(till.apply(&batch).await), [full.clone(), full, Ok(WithdrawalState::Sending)]);
    assert_eq!(before(&mut till, one, &order(1, 1)).await, (100, 100, false));
    assert_eq!(needs_of(batch.iter()).0[&other].asked.len(), 1, "steps look back at nothing");
    assert_eq!(world.store.withdrawals(one, &Default::default(), 9).await.unwrap().len(), 2);
}
