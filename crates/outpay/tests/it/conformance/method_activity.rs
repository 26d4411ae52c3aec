//! What the withdrawals of a book by one method came to.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{by_hand, create, order, step, withdraw};
use ledger::{Cents, Command, Progress, Step, Terms};
use outpay::testing::store::MethodActivity;

on_both_engines! {
    successes_failures_and_what_is_on_its_way,
}

async fn successes_failures_and_what_is_on_its_way(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    let terms = Terms { enabled: true, ..Terms::default() };
    store.set_terms(book, "usdc", &terms).await.unwrap();
    store.set_terms(book, "bank", &terms).await.unwrap();
    let of = async |method: &str, since| store.method_activity(book, method, since).await.unwrap();
    assert_eq!(of("usdc", 0).await, MethodActivity::default());
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    let asked = [create("a@example.com", 1_000), withdraw(order(1, 10)), withdraw(order(1, 20))];
    till.carry_out(book, asked).await;
    till.carry_out(book, [withdraw(order(1, 30)), withdraw(order(1, 40)), withdraw(by_hand(1, 50))]).await;
    let fail = |number| {
        let failed = Progress::new(number, Step::Fail).because("no_account", "There is no such account.");
        Command::Advance(Box::new(failed))
    };
    till.now = NOW + 5;
    till.carry_out(book, [step(1, Step::Send), step(1, Step::Succeed), step(2, Step::Send), fail(2)]).await;
    till.now = NOW + 9;
    till.carry_out(book, [step(3, Step::Send), step(3, Step::LoseOutcome)]).await;
    let activity = MethodActivity {
        last_success: Some(NOW + 5),
        last_failure: Some((NOW + 5, "no_account".to_owned(), "There is no such account.".to_owned())),
        failed_since: 1,
        on_the_way: (2, Cents(70)),
        in_doubt: 1,
    };
    assert_eq!(of("usdc", NOW + 5).await, activity);
    assert_eq!(of("usdc", NOW + 6).await, MethodActivity { failed_since: 0, ..activity });
    let by_hand = MethodActivity { on_the_way: (1, Cents(50)), ..MethodActivity::default() };
    assert_eq!(of("bank", 0).await, by_hand);
}
