//! PayPal's own record, and the account's balance.

use super::fake::{DAY, Plan};
use super::{GROSS, MINUTE, NOW, World};
use ledger::{BookId, Cents};
use outpay::testing::rails::{Closed, Standing};
use outpay::testing::reconciliation;
use outpay::testing::store::MismatchKind;
use serde_json::json;

#[tokio::test]
async fn the_books_list_every_payout_with_our_key_where_it_is_ours() {
    let world = World::open().await;
    let mut orders = Vec::new();
    for (payment, plan) in ["SUCCESS", "FAILED", "UNCLAIMED"].into_iter().enumerate() {
        let (_, order) = world.ask(&format!("person{payment}@example.com")).await;
        world.books().plan(&order, Plan::Is(plan));
        orders.push(order);
    }
    world.rounds(2, MINUTE).await;
    let stranger = {
        let mut state = world.books().state.lock();
        let mut other = state.payouts[0].clone();
        (other.transaction, other.cents, other.at) = ("STRANGER1".to_owned(), 999, NOW + 3 * DAY);
        (other.key, other.order, other.batch) = ("X".to_owned(), "X".to_owned(), "X".to_owned());
        state.payouts.push(other.clone());
        other
    };
    let rail = &world.platform.rails.get(world.book.mode(), "paypal").unwrap().rail;
    let listed = rail.own_books((NOW - DAY, NOW + 40 * DAY)).await.unwrap().unwrap();
    assert_eq!(listed.len(), 4);
    for (order, standing) in orders.iter().zip([Standing::Paid, Standing::NotPaid, Standing::Open]) {
        let key = format!("{order}-1");
        let one = listed.iter().find(|booked| booked.reference == key).unwrap();
        assert_eq!((one.amount, one.fee, one.standing), (Cents(GROSS - 50), Some(Cents(25)), standing));
        assert_eq!(one.rail_number, world.books().payout(order).transaction);
        assert_eq!(one.at, NOW);
    }
    let one = listed.iter().find(|booked| booked.reference.is_empty()).unwrap();
    assert_eq!((one.rail_number.as_str(), one.amount), (stranger.transaction.as_str(), Cents(999)));
    assert_eq!(rail.own_books((NOW + 3 * DAY + 1, NOW + 4 * DAY)).await.unwrap().unwrap(), []);
    world.books().state.lock().float = None;
    assert_eq!(rail.own_books((NOW, NOW + DAY)).await.unwrap(), None, "without the permission");
}

/// The fake charges 25 cents.
#[tokio::test]
async fn a_fee_that_is_not_the_configured_one_is_a_difference() {
    let world = World::open().await;
    world.ask("person@example.com").await;
    world.rounds(2, MINUTE).await;
    for (rule, expected) in [
        (json!(null), None),
        (json!({ "fixed": 25 }), None),
        (json!({ "basis_points": 200, "cap": 25 }), None),
        (json!({ "basis_points": 200 }), Some(Cents(49))),
    ] {
        let mut platform = world.platform.clone();
        let config = super::config(&world.paypal.url, json!({ "expected_fee": rule }));
        super::mount_with(&mut platform, config);
        reconciliation::run(&platform, "paypal", (NOW - DAY, NOW + DAY)).await.unwrap();
        let open = platform.store.open_mismatches().await.unwrap();
        let found: Vec<_> =
            open.iter().map(|one| (one.found.kind, one.found.here, one.found.there)).collect();
        let wanted = expected.map(|fee| (MismatchKind::Fee, Some(fee), Some(Cents(25))));
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{rule}");
    }
}

/// Two methods of one account: what the other one sent is no stranger.
#[tokio::test]
async fn what_another_method_of_the_account_sent_is_left_out() {
    let world = World::open().await;
    let (_, order) = world.ask("person@example.com").await;
    world.rounds(2, MINUTE).await;
    let venmo = super::config(&world.paypal.url, json!({ "wallet": "venmo" }));
    let venmo = super::rail(&world.platform, "venmo", venmo);
    use outpay::testing::rails::Rail;
    assert_eq!(venmo.facts().title.english(), "Venmo");
    assert_eq!(venmo.own_books((NOW, NOW + DAY)).await.unwrap().unwrap(), []);
    assert_eq!(world.books().executed(&order).len(), 1);
}

#[tokio::test]
async fn the_balance_closes_the_method_where_it_can_be_read() {
    let world = World::open().await;
    let rail = &world.platform.rails.get(world.book.mode(), "paypal").unwrap().rail;
    let destination = r#"{"email":"a@example.com"}"#;
    let calls = || world.books().count("GET /v1/reporting/balances");
    world.books().state.lock().float = Some(2_449);
    assert_eq!(rail.balance(BookId(2)).await.unwrap().available, Some(Cents(2_449)));
    assert_eq!(rail.quote(BookId(2), Cents(2_450), destination).await.unwrap_err(), Closed::OutOfFunds);
    assert!(rail.quote(BookId(2), Cents(2_449), destination).await.is_ok());
    assert_eq!(calls(), 1, "one answer serves for half a minute");
    world.clock.advance(31_000_000);
    world.books().state.lock().float = Some(0);
    assert_eq!(rail.balance(BookId(2)).await.unwrap_err(), Closed::OutOfFunds);
    world.clock.advance(31_000_000);
    world.books().state.lock().float = None;
    assert_eq!(
        rail.balance(BookId(2)).await.unwrap().available,
        None,
        "without the permission it is not known"
    );
    assert!(rail.quote(BookId(2), Cents(1_000_000), destination).await.is_ok());
    let diagnosis = rail.diagnose().await;
    assert!(diagnosis.warnings[0].contains("Transaction search"), "{diagnosis:?}");
    assert!(diagnosis.faults.is_empty() && diagnosis.facts[0].contains("accepts the app"), "{diagnosis:?}");
}
