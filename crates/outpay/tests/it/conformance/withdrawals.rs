//! Withdrawals as doors read them and as workers lease them: of concurrent workers one gets a withdrawal, and an
//! expired lease passes to another.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, ask, by_hand, create, order, step, withdraw};
use ledger::{
    BookId, Cents, Command, Lease, Mode, Order, Progress, Provider, Refusal, ReviewRule, Step, Terms,
    Withdrawal, WithdrawalState,
};
use outpay::testing::clock::Clock;
use outpay::testing::store::{Attempt, Hold, Leased, Store, WithdrawalFilter, WithdrawalHistory};
use std::collections::BTreeSet;

on_both_engines! {
    a_withdrawal_is_read_as_it_stands,
    withdrawals_are_listed_by_state_user_and_method,
    withdrawals_page_from_the_newest,
    pending_is_what_is_held,
    a_persons_history_is_counted,
    what_is_due_is_leased_once,
    a_lease_that_ran_out_is_taken_over,
    only_the_holder_gives_a_lease_back,
    a_lease_is_renewed_while_it_lasts,
    one_that_is_being_sent_is_leased_by_name,
    a_step_says_when_to_look_next,
    a_step_leaves_the_lease_alone,
    a_step_counts_only_under_the_lease_that_is_held,
    leases_go_by_the_databases_time,
    only_what_a_rail_pays_is_leased_for_it,
    a_dead_workers_leases_end,
    what_is_under_way_is_counted,
    of_workers_at_once_one_has_a_withdrawal,
}

const NONE: [i64; 0] = [];
const USDC: (Mode, &str) = (Mode::Live, "usdc");

/// A book with two users who have plenty, and a teller.
async fn start(world: &BareStore) -> (BookId, Till) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    let terms = Terms { enabled: true, ..Terms::default() };
    for method in ["usdc", "sandbox"] {
        world.store.set_terms(book, method, &terms).await.unwrap();
    }
    till.fund(book, 1_000_000).await;
    till.carry_out(book, [create("a@example.com", 100_000), create("b@example.com", 100_000)]).await;
    (book, till)
}

fn reviewed(user: i64, amount: i64) -> Order {
    let review = ReviewRule { always: true, ..ReviewRule::default() };
    Order { terms: Terms { enabled: true, review, ..Terms::default() }, ..order(user, amount) }
}

async fn lease(store: &Store, worker: i64, now: i64, until: i64, limit: i64) -> Vec<i64> {
    let mut numbers = Vec::new();
    for method in ["usdc", "sandbox"] {
        let rail = (Mode::Live, method);
        let leased = store.lease_withdrawals(worker, rail, (now, until), limit).await.unwrap();
        numbers.extend(leased.iter().map(|leased| leased.withdrawal.number));
    }
    numbers
}

/// The hold of this lease.
fn hold(book: BookId, withdrawal: i64, lease: i64) -> Hold {
    Hold { book, withdrawal, lease }
}

fn numbers(withdrawals: &[Withdrawal]) -> Vec<i64> {
    withdrawals.iter().map(|withdrawal| withdrawal.number).collect()
}

async fn a_persons_history_is_counted(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let none = WithdrawalHistory { is_all: true, ..WithdrawalHistory::default() };
    assert_eq!(world.store.withdrawal_history(book, 1, 1).await.unwrap(), none);
    for amount in [100, 200, 400] {
        till.withdrawal(book, withdraw(order(1, amount))).await;
    }
    till.withdrawal(book, withdraw(order(2, 800))).await;
    till.carry_out(book, [1, 2, 4].map(|number| step(number, Step::Send))).await;
    till.carry_out(book, [1, 2, 4].map(|number| step(number, Step::Succeed))).await;
    let history = async |number| world.store.withdrawal_history(book, 1, number).await.unwrap();
    let found = WithdrawalHistory { earlier: 2, succeeded: 2, withdrawn: Cents(300), is_all: true };
    assert_eq!(history(3).await, found);
    assert_eq!(history(1).await, WithdrawalHistory { earlier: 0, ..found });
    let user = world.store.user(book, 1).await.unwrap().unwrap().user;
    assert_eq!(user.balance.0 + user.pending.0 + found.withdrawn.0, 100_000, "all that was given");
}

async fn a_withdrawal_is_read_as_it_stands(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let asked = till.withdrawal(book, withdraw(order(2, 2_500))).await;
    assert_eq!((asked.number, asked.user, asked.state), (1, 2, WithdrawalState::Queued));
    assert_eq!(world.store.withdrawal(book, 1).await.unwrap(), Some(asked));
    let sending = till.withdrawal(book, step(1, Step::Send)).await;
    let unknown = till.withdrawal(book, step(1, Step::LoseOutcome)).await;
    assert!(!sending.outcome_unknown && unknown.outcome_unknown);
    assert_eq!(world.store.withdrawal(book, 1).await.unwrap(), Some(unknown));
    assert_eq!(world.store.withdrawal(book, 2).await.unwrap(), None);
    assert_eq!(world.store.withdrawal(BookId(book.0 + 1), 1).await.unwrap(), None, "another book's");
}

async fn withdrawals_are_listed_by_state_user_and_method(world: &BareStore) {
    use WithdrawalState::{Cancelled, Queued, Review, Sending};
    let (book, mut till) = start(world).await;
    // 1 sending, 2 queued by hand, 3 in review, 4 cancelled, 5 queued, 6 queued by hand.
    let orders = [order(1, 10), by_hand(1, 20), reviewed(2, 30), order(2, 40), order(2, 50), by_hand(2, 60)];
    till.carry_out(book, orders.map(withdraw)).await;
    till.carry_out(book, [step(1, Step::Send), step(4, Step::Cancel)]).await;
    let listed = async |state, user, method: Option<&str>| {
        let method = method.map(str::to_owned);
        let filter = WithdrawalFilter { state, user, method, below: None };
        numbers(&world.store.withdrawals(book, &filter, 100).await.unwrap())
    };
    assert_eq!(listed(None, None, None).await, [6, 5, 4, 3, 2, 1]);
    for (state, expected) in
        [(Sending, vec![1]), (Queued, vec![6, 5, 2]), (Review, vec![3]), (Cancelled, vec![4])]
    {
        assert_eq!(listed(Some(state), None, None).await, expected, "{state:?}");
    }
    assert_eq!(listed(None, Some(1), None).await, [2, 1]);
    assert_eq!(listed(None, Some(3), None).await, NONE);
    assert_eq!(listed(None, None, Some("bank")).await, [6, 2]);
    assert_eq!(listed(None, None, Some("bank'")).await, NONE);
    assert_eq!(listed(Some(Queued), Some(2), None).await, [6, 5]);
    assert_eq!(listed(Some(Queued), None, Some("bank")).await, [6, 2]);
    assert_eq!(listed(None, Some(2), Some("usdc")).await, [5, 4, 3]);
    assert_eq!(listed(Some(Queued), Some(2), Some("usdc")).await, [5]);
    let other = world.store.withdrawals(BookId(book.0 + 1), &WithdrawalFilter::default(), 9).await.unwrap();
    assert!(other.is_empty(), "another book's");
}

async fn withdrawals_page_from_the_newest(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, (1..=5).map(|amount| withdraw(order(1, amount)))).await;
    for (state, user) in [(None, None), (Some(WithdrawalState::Queued), None), (None, Some(1))] {
        let page = async |below| {
            let filter = WithdrawalFilter { state, user, method: None, below };
            numbers(&world.store.withdrawals(book, &filter, 2).await.unwrap())
        };
        assert_eq!(page(None).await, [5, 4]);
        assert_eq!(page(Some(4)).await, [3, 2]);
        assert_eq!(page(Some(2)).await, [1]);
        assert_eq!(page(Some(1)).await, NONE);
    }
}

async fn pending_is_what_is_held(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let pending = async |user| world.store.pending(book, user).await.unwrap().0;
    assert_eq!(pending(1).await, 0);
    let orders = [order(1, 1), reviewed(1, 20), order(1, 300), order(1, 4_000), by_hand(1, 50_000)];
    till.carry_out(book, orders.map(withdraw)).await;
    till.carry_out(book, [withdraw(order(2, 7))]).await;
    assert_eq!((pending(1).await, pending(2).await), (54_321, 7));
    let steps = [
        step(1, Step::Cancel),
        step(2, Step::Reject),
        step(3, Step::Send),
        step(4, Step::Send),
        step(4, Step::Fail),
    ];
    till.carry_out(book, steps).await;
    assert_eq!(pending(1).await, 50_300, "what is queued and what is being sent");
    till.carry_out(book, [step(3, Step::Succeed), step(3, Step::Return)]).await;
    assert_eq!((pending(1).await, pending(3).await), (50_000, 0));
    let row = world.store.user(book, 1).await.unwrap().unwrap().user;
    assert_eq!((row.pending, row.balance), (Cents(50_000), Cents(50_000)), "as lists of users show it");
}

async fn what_is_due_is_leased_once(world: &BareStore) {
    let (book, mut till) = start(world).await;
    // Oldest first, whatever the numbers.
    for (now, amount) in [(NOW + 3, 10), (NOW + 1, 20), (NOW + 2, 30)] {
        till.now = now;
        till.carry_out(book, [withdraw(order(1, amount))]).await;
    }
    till.carry_out(book, [withdraw(by_hand(1, 5)), withdraw(reviewed(1, 6)), withdraw(order(1, 7))]).await;
    till.carry_out(book, [step(6, Step::Cancel)]).await;
    let store = &world.store;
    assert_eq!(lease(store, 1, NOW, NOW + 100, 9).await, NONE, "nothing is due yet");
    assert_eq!(lease(store, 1, NOW + 9, NOW + 100, 2).await, [2, 3]);
    assert_eq!(lease(store, 2, NOW + 9, NOW + 100, 9).await, [1]);
    assert_eq!(lease(store, 1, NOW + 9, NOW + 100, 9).await, NONE, "not even by the same worker");
    till.carry_out(book, [step(5, Step::Approve)]).await;
    let leased = store.lease_withdrawals(3, USDC, (NOW + 9, NOW + 100), 9).await.unwrap();
    let withdrawal = store.withdrawal(book, 5).await.unwrap().unwrap();
    assert_eq!(leased, [Leased { book, withdrawal, lease: 1 }]);
}

async fn a_lease_that_ran_out_is_taken_over(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10))]).await;
    let store = &world.store;
    assert_eq!(lease(store, 1, NOW, NOW + 100, 9).await, [1]);
    assert_eq!(lease(store, 2, NOW + 99, NOW + 200, 9).await, NONE);
    assert_eq!(lease(store, 2, NOW + 100, NOW + 200, 9).await, [1]);
    assert!(!store.release_withdrawal(hold(book, 1, 1), None).await.unwrap(), "the first came too late");
    assert_eq!(lease(store, 3, NOW + 199, NOW + 300, 9).await, NONE, "and changed nothing");
    assert!(store.release_withdrawal(hold(book, 1, 2), Some(NOW + 150)).await.unwrap());
    assert_eq!(lease(store, 3, NOW + 150, NOW + 300, 9).await, [1]);
}

async fn only_the_holder_gives_a_lease_back(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10)), withdraw(order(1, 20))]).await;
    let store = &world.store;
    assert!(!store.release_withdrawal(hold(book, 1, 1), Some(NOW)).await.unwrap(), "no worker holds it");
    assert_eq!(lease(store, 1, NOW, NOW + 100, 1).await, [1]);
    assert!(!store.release_withdrawal(hold(book, 1, 2), None).await.unwrap());
    assert!(!store.release_withdrawal(hold(book, 2, 1), None).await.unwrap(), "another withdrawal");
    assert!(!store.release_withdrawal(hold(BookId(book.0 + 1), 1, 1), None).await.unwrap(), "another book");
    assert!(store.release_withdrawal(hold(book, 1, 1), Some(NOW + 50)).await.unwrap());
    assert!(!store.release_withdrawal(hold(book, 1, 1), Some(NOW)).await.unwrap(), "given back already");
    assert_eq!(lease(store, 2, NOW + 49, NOW + 100, 9).await, [2], "the first is not due again yet");
    assert_eq!(lease(store, 2, NOW + 50, NOW + 100, 9).await, [1]);
    assert!(store.release_withdrawal(hold(book, 1, 2), None).await.unwrap());
    assert_eq!(lease(store, 2, NOW + 99, NOW + 200, 9).await, NONE, "it need not be checked again");
}

async fn a_lease_is_renewed_while_it_lasts(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10))]).await;
    let store = &world.store;
    assert!(!store.renew_lease(hold(book, 1, 1), (NOW, NOW + 50)).await.unwrap(), "no worker holds it");
    assert_eq!(lease(store, 1, NOW, NOW + 100, 1).await, [1]);
    assert!(!store.renew_lease(hold(book, 1, 2), (NOW, NOW + 500)).await.unwrap(), "another worker");
    assert!(store.renew_lease(hold(book, 1, 1), (NOW + 99, NOW + 300)).await.unwrap());
    assert_eq!(lease(store, 2, NOW + 299, NOW + 400, 1).await, NONE);
    assert!(!store.renew_lease(hold(book, 1, 1), (NOW + 300, NOW + 400)).await.unwrap(), "it has run out");
    assert_eq!(lease(store, 2, NOW + 300, NOW + 400, 1).await, [1]);
}

async fn one_that_is_being_sent_is_leased_by_name(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10)), withdraw(order(1, 20))]).await;
    let store = &world.store;
    assert_eq!(
        store.lease_one(book, (1, WithdrawalState::Sending), 9, (NOW, NOW + 50)).await.unwrap(),
        None,
        "it is queued"
    );
    till.carry_out(book, [step(1, Step::Send)]).await;
    let leased = lease(store, 1, NOW, NOW + 100, 1).await;
    let taken = store.lease_one(book, (1, WithdrawalState::Sending), 9, (NOW + 99, NOW + 200)).await.unwrap();
    assert_eq!(taken.is_none(), leased == [1], "either the worker has it or the operator");
    let before = taken.map_or(1, |taken| taken.lease);
    let taken = store
        .lease_one(book, (1, WithdrawalState::Sending), 9, (NOW + 200, NOW + 300))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken, hold(book, 1, before + 1));
    assert_eq!(
        store.lease_one(book, (1, WithdrawalState::Sending), 8, (NOW + 299, NOW + 400)).await.unwrap(),
        None,
        "another worker holds it"
    );
    assert_eq!(
        store.lease_one(book, (9, WithdrawalState::Sending), 8, (NOW + 299, NOW + 400)).await.unwrap(),
        None,
        "there is none"
    );
    assert!(store.release_withdrawal(taken, None).await.unwrap());
}

async fn a_step_says_when_to_look_next(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let sandbox = Order { provider: Provider::Sandbox, method: "sandbox".to_owned(), ..order(1, 10) };
    till.carry_out(book, [withdraw(order(1, 10)), withdraw(sandbox), withdraw(by_hand(1, 10))]).await;
    till.now = NOW + 10;
    till.carry_out(book, [1, 2, 3].map(|number| step(number, Step::Send))).await;
    let store = &world.store;
    let due = async |now| {
        let due = lease(store, 1, now, now, 9).await;
        due.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(due(NOW + 9).await, NONE);
    assert_eq!(due(NOW + 10).await, [1, 2], "what a person pays is nothing for a worker");
    till.now = NOW + 20;
    till.carry_out(book, [1, 2].map(|number| step(number, Step::LoseOutcome))).await;
    assert_eq!((due(NOW + 19).await, due(NOW + 20).await), (vec![], vec![1, 2]));
    till.now = NOW + 30;
    till.carry_out(book, [1, 2].map(|number| step(number, Step::Succeed))).await;
    assert_eq!(due(NOW + 30).await, NONE);
    assert_eq!(due(NOW + 1_000_030).await, [2], "the sandbox may send money back");
    till.carry_out(book, [step(2, Step::Return)]).await;
    assert_eq!(
        (due(NOW + 10_000_029).await, due(NOW + 10_000_030).await),
        (vec![], vec![1]),
        "so may a chain"
    );
    till.carry_out(book, [step(1, Step::Return)]).await;
    assert_eq!(due(i64::MAX - 1).await, NONE);
}

async fn a_step_leaves_the_lease_alone(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10)), withdraw(order(1, 20))]).await;
    let store = &world.store;
    assert_eq!(lease(store, 1, NOW, NOW + 100, 9).await, [1, 2]);
    till.carry_out(book, [step(1, Step::Send), step(2, Step::Cancel)]).await;
    assert_eq!(lease(store, 2, NOW + 50, NOW + 200, 9).await, NONE);
    // Its worker died: another one gets what was begun, and not what was cancelled.
    assert_eq!(lease(store, 2, NOW + 100, NOW + 200, 9).await, [1]);
}

async fn a_step_counts_only_under_the_lease_that_is_held(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10)), step(1, Step::Send)]).await;
    assert_eq!(lease(&world.store, 1, NOW, NOW + 100, 9).await, [1]);
    let attempt = Attempt {
        number: 1,
        rail: "usdc".to_owned(),
        key: "one".to_owned(),
        request: vec![1],
        slot: 0,
        created_at: NOW,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    };
    assert!(world.store.add_attempt(hold(book, 1, 1), &attempt, None).await.unwrap());
    let under = |number: i64, attempts: i64, step: Step| {
        let progress = Progress::new(1, step).under(Lease { number, attempts });
        ask(book, Command::Advance(Box::new(progress)))
    };
    let later = world.store.clone().with_clock(Clock::manual(NOW + 100));
    let mut late = Till::new(later.teller().await.unwrap(), world.secrets.clone());
    for end in [Step::Succeed, Step::Fail, Step::LoseOutcome] {
        for (number, attempts) in [(0, 1), (2, 1), (1, 0), (1, 2)] {
            let verdicts = till.apply(&[under(number, attempts, end)]).await;
            assert_eq!(verdicts, [Err(Refusal::LeaseWasLost)], "lease {number}, {attempts} attempts");
        }
        assert_eq!(late.apply(&[under(1, 1, end)]).await, [Err(Refusal::LeaseWasLost)], "it has run out");
    }
    let stored = world.store.withdrawal(book, 1).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.outcome_unknown), (WithdrawalState::Sending, false));
    assert!(till.apply(&[under(1, 1, Step::Fail)]).await[0].is_ok());
    assert!(world.store.release_withdrawal(hold(book, 1, 1), None).await.unwrap());
    let verdicts = till.apply(&[under(1, 1, Step::Return)]).await;
    assert_eq!(verdicts, [Err(Refusal::LeaseWasLost)], "it was given back");
}

/// On PostgreSQL leases use the database's clock whatever a process's clock says, in the teller's transaction too.
async fn leases_go_by_the_databases_time(world: &BareStore) {
    let system = Clock::System.now();
    let store = world.store.clone().with_clock(Clock::System);
    assert!((store.now().await.unwrap() - system).abs() < 60_000_000);
    assert_eq!(world.store.now().await.unwrap(), NOW, "a clock moved by hand stands for it");
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10)), step(1, Step::Send)]).await;
    let progress = || Progress::new(1, Step::LoseOutcome).under(Lease { number: 1, attempts: 0 });
    let lose = || ask(book, Command::Advance(Box::new(progress())));
    let mut real = Till::new(store.teller().await.unwrap(), world.secrets.clone());
    for (until, is_held) in [(system - 60_000_000, false), (system + 60_000_000, true)] {
        world.tamper(&format!("UPDATE withdrawal SET lease = 1, leased_until = {until}")).await.unwrap();
        assert_eq!(real.apply(&[lose()]).await[0].is_ok(), is_held, "{until}");
    }
}

async fn only_what_a_rail_pays_is_leased_for_it(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [withdraw(order(1, 10))]).await;
    let lease = async |rail| world.store.lease_withdrawals(1, rail, (NOW, NOW), 9).await.unwrap().len();
    for other in [(Mode::Live, "usd"), (Mode::Live, "sandbox"), (Mode::Test, "usdc"), (Mode::Live, "")] {
        assert_eq!(lease(other).await, 0, "{other:?}");
    }
    assert_eq!(lease(USDC).await, 1);
}

async fn a_dead_workers_leases_end(world: &BareStore) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, (1..=3).map(|amount| withdraw(order(1, amount)))).await;
    let store = &world.store;
    assert_eq!(store.lease_holders().await.unwrap(), NONE);
    assert_eq!(lease(store, 7, NOW, NOW + 100, 2).await.len(), 2);
    assert_eq!(lease(store, 8, NOW, NOW + 100, 2).await.len(), 1);
    assert_eq!(store.lease_holders().await.unwrap(), [7, 8]);
    assert_eq!((store.end_leases_of(7).await.unwrap(), store.end_leases_of(9).await.unwrap()), (2, 0));
    assert_eq!(store.lease_holders().await.unwrap(), [8]);
    assert_eq!(lease(store, 9, NOW, NOW + 100, 9).await.len(), 2, "and the living one has its own");
    let later = store.clone().with_clock(Clock::manual(NOW + 100));
    assert_eq!(later.lease_holders().await.unwrap(), NONE, "they have run out");
}

async fn what_is_under_way_is_counted(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let other = BookId(book.0 + 1);
    till.fund(other, 100).await;
    till.carry_out(other, [create("a@example.com", 100), withdraw(order(1, 10)), step(1, Step::Send)]).await;
    assert_eq!(world.store.withdrawals_under_way().await.unwrap(), (1, 0));
    till.carry_out(book, (1..=5).map(|amount| withdraw(order(1, amount)))).await;
    assert_eq!(world.store.withdrawals_under_way().await.unwrap(), (1, 0), "queued is not sent");
    till.carry_out(book, (1..=4).map(|number| step(number, Step::Send))).await;
    till.carry_out(book, (1..=3).map(|number| step(number, Step::LoseOutcome))).await;
    assert_eq!(world.store.withdrawals_under_way().await.unwrap(), (5, 3));
    till.carry_out(book, [step(1, Step::FindOutcome), step(2, Step::Fail), step(4, Step::Succeed)]).await;
    assert_eq!(world.store.withdrawals_under_way().await.unwrap(), (3, 1));
}

async fn of_workers_at_once_one_has_a_withdrawal(world: &BareStore) {
    const ALL: i64 = 60;
    let (book, mut till) = start(world).await;
    till.carry_out(book, (1..=ALL).map(|amount| withdraw(order(1, amount)))).await;
    drop(till);
    let leased = world.at_once(4, async |store, worker| {
        let worker = worker as i64 + 1;
        let mut mine: Vec<Hold> = Vec::new();
        loop {
            let page = store.lease_withdrawals(worker, USDC, (NOW, NOW + 100), 7).await.unwrap();
            if page.is_empty() && store_is_empty(&store).await {
                return mine;
            }
            mine.extend(page.iter().map(Leased::hold));
        }
    });
    let mut all: Vec<i64> = leased.iter().flatten().map(|hold| hold.withdrawal).collect();
    all.sort_unstable();
    assert_eq!(all, (1..=ALL).collect::<Vec<_>>(), "each has one worker");
    // And each worker holds exactly the leases that it was given.
    for hold in leased.into_iter().flatten() {
        assert!(world.store.release_withdrawal(hold, None).await.unwrap());
    }
}

/// Workers that chose the same rows get fewer than there are: is nothing left that none of them has?
async fn store_is_empty(store: &Store) -> bool {
    store.lease_withdrawals(99, USDC, (NOW, NOW), 1).await.unwrap().is_empty()
}
