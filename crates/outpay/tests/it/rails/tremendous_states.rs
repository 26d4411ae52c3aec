//! What follows from each answer and each state of an order: money is given back only where the provider shows that it kept none.

use crate::rails::platform::assert_books_are_clean;
use crate::rails::tremendous::{LATER, Rewards};
use ledger::{Cents, WithdrawalState};
use outpay::testing::rails::Payment;
use outpay::testing::withdrawals::has_code;
use serde_json::json;

use WithdrawalState::{Failed, Returned, Sending, Succeeded};

#[tokio::test]
async fn an_order_that_waits_is_asked_for_until_it_is_executed() {
    let world = Rewards::with(10_000).await;
    world.fake.books.lock().begins = Some("PENDING APPROVAL");
    let asked = world.ask(2_500).await;
    let order_id = world.order_id(&asked);
    for status in ["PENDING INTERNAL PAYMENT APPROVAL", "PENDING SETTLEMENT", "OPEN", "CART"] {
        let waits = world.round(&asked).await;
        assert_eq!((waits.state, waits.outcome_unknown), (Sending, false), "{status}");
        world.fake.change(&order_id, |order| order.status = status);
    }
    world.fake.change(&order_id, |order| order.status = "A STATE OF TOMORROW");
    let waits = world.round(&asked).await;
    assert_eq!((waits.state, waits.outcome_unknown), (Sending, true));
    world.fake.change(&order_id, |order| {
        (order.status, order.delivery, order.charged) = ("EXECUTED", "SCHEDULED", true);
    });
    let waits = world.round(&asked).await;
    assert_eq!((waits.state, waits.outcome_unknown), (Sending, false));
    world.fake.change(&order_id, |order| order.delivery = "SUCCEEDED");
    assert_eq!(world.round(&asked).await.state, Succeeded);
    assert_eq!(world.link(&asked).await, world.order(&asked).links[0], "that of the first answer");
    assert_eq!(world.fake.books.lock().posted.len(), 1, "sent once");
}

#[tokio::test]
async fn an_order_that_was_never_charged_is_given_back() {
    for status in ["CANCELED", "FAILED"] {
        let world = Rewards::with(10_000).await;
        world.fake.books.lock().begins = Some("PENDING APPROVAL");
        let asked = world.ask(2_500).await;
        world.round(&asked).await;
        world.fake.change(&world.order_id(&asked), |order| order.status = status);
        let failed = world.round(&asked).await;
        assert_eq!(
            (failed.state, failed.reason_code.as_str()),
            (Failed, "cancelled_by_provider"),
            "{status}"
        );
        assert_eq!(world.balance().await, 10_000);
        assert_books_are_clean(&world.platform).await;
    }
}

#[tokio::test]
async fn an_order_that_was_charged_is_given_back_once_it_is_refunded() {
    for status in ["CANCELED", "FAILED"] {
        let world = Rewards::with(10_000).await;
        world.fake.books.lock().begins = Some("OPEN");
        let asked = world.ask(2_500).await;
        world.round(&asked).await;
        let order_id = world.order_id(&asked);
        world.fake.change(&order_id, |order| (order.status, order.charged) = (status, true));
        let held = world.round(&asked).await;
        assert_eq!((held.state, held.outcome_unknown), (Sending, true), "{status}: charged, not refunded");
        world.fake.change(&order_id, |order| order.refunded = true);
        assert_eq!((world.round(&asked).await.state, world.balance().await), (Failed, 10_000), "{status}");
    }
}

#[tokio::test]
async fn a_delivery_that_failed_holds_the_money_until_the_order_is_cancelled() {
    let world = Rewards::with(10_000).await;
    world.fake.books.lock().begins = Some("OPEN");
    let asked = world.ask(2_500).await;
    world.round(&asked).await;
    let order_id = world.order_id(&asked);
    world.fake.change(&order_id, |order| {
        (order.status, order.delivery, order.charged) = ("EXECUTED", "FAILED", true);
    });
    for _ in 0..3 {
        let held = world.round(&asked).await;
        assert_eq!((held.state, held.outcome_unknown), (Sending, true));
    }
    world.fake.cancel(&order_id);
    assert_eq!((world.round(&asked).await.state, world.balance().await), (Failed, 10_000));
}

#[tokio::test]
async fn a_reward_that_is_cancelled_after_success_is_credited_once() {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    let paid = world.round(&asked).await;
    assert_eq!((paid.state, world.round(&asked).await.state), (Succeeded, Succeeded), "watched");
    world.fake.cancel(&world.order_id(&asked));
    let back = world.round(&asked).await;
    assert_eq!((back.state, back.reason_code.as_str()), (Returned, "returned_by_provider"));
    assert_eq!(world.balance().await, 10_000);
    assert!(!has_code(&back), "a link that opens nothing is not shown");
    for _ in 0..3 {
        assert_eq!((world.round(&asked).await.state, world.balance().await), (Returned, 10_000));
    }
    assert_books_are_clean(&world.platform).await;
}

#[tokio::test]
async fn a_declined_order_is_given_back_when_the_books_show_none() {
    let world = Rewards::with(10_000).await;
    for keeps_failed in [false, true] {
        let asked = world.ask(2_500).await;
        (world.fake.books.lock().funds, world.fake.books.lock().keeps_failed) = (0, keeps_failed);
        let failed = world.round(&asked).await;
        let code = if keeps_failed { "cancelled_by_provider" } else { "out_of_funds" };
        assert_eq!((failed.state, failed.reason_code.as_str()), (Failed, code));
        assert_eq!(world.balance().await, 10_000);
        world.fake.books.lock().funds = 1_000_000;
    }
    let mut to = crate::rails::tremendous::destination(crate::rails::tremendous::PRODUCT);
    to.insert("name".to_owned(), json!("Refused"));
    let wish = outpay::testing::withdrawals::price::Wish {
        method: crate::rails::tremendous::METHOD.to_owned(),
        amount: Cents(2_500),
        destination: to,
    };
    let counter = world.platform.counter(world.book, ledger::Actor::NONE);
    let asked = counter.withdraw(1, &wish).await.unwrap().value;
    let failed = world.round(&asked).await;
    assert_eq!((failed.state, failed.reason_code.as_str()), (Failed, "refused_by_provider"));
    assert!(!failed.reason.contains("recipient is not allowed"), "the provider's words are for the operator");
    assert_eq!(world.balance().await, 10_000);
}

/// Wrong keys, limits and proxies say nothing about a payment.
#[tokio::test]
async fn other_answers_hold_the_money_and_the_same_request_is_sent_later() {
    for status in [302, 400, 401, 403, 404, 409, 422, 429, 500, 503, 204] {
        let world = Rewards::with(10_000).await;
        let asked = world.ask(2_500).await;
        // The catalogue is known; the provider answers without a reason in its own words.
        world.rail().balance(world.book).await.unwrap();
        world.fake.books.lock().answers = Some(status);
        for _ in 0..3 {
            let held = world.round(&asked).await;
            assert_eq!(held.state, Sending, "{status}");
        }
        assert_eq!(world.balance().await, 7_500, "{status}");
        world.fake.books.lock().answers = None;
        world.round(&asked).await;
        assert_eq!(world.round(&asked).await.state, Succeeded, "{status}");
        assert_eq!(world.fake.executed(&world.order_id(&asked)), [2_450], "{status}");
        assert_eq!(world.platform.store.attempts(world.book, asked.number).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn another_order_under_the_key_is_for_a_person() {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    let request = json!({
        "external_id": format!("{}-1", world.order_id(&asked)),
        "payment": { "funding_source_id": crate::rails::tremendous_fake::SOURCE },
        "reward": { "products": ["PAYPAL000001"], "value": { "denomination": 99, "currency_code": "USD" } },
    });
    let number = world.fake.books.lock().make(request, "OPEN");
    world.fake.books.lock().execute(number);
    for _ in 0..4 {
        let held = world.round(&asked).await;
        assert_eq!((held.state, held.outcome_unknown), (Sending, true));
    }
    assert_eq!(world.balance().await, 7_500, "nothing is given back");
    let attempts = world.platform.store.attempts(world.book, asked.number).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert!(attempts[0].answer_text.contains("is worth 9900 cents instead of 2450"), "{attempts:?}");
}

/// Only then can a person say that it was not paid.
#[tokio::test]
async fn an_attempt_is_spent_when_it_can_never_pay() {
    let world = Rewards::with(10_000).await;
    world.fake.books.lock().begins = Some("PENDING APPROVAL");
    let asked = world.ask(2_500).await;
    let order_id = world.order_id(&asked);
    let sending = world.round(&asked).await;
    let attempts = world.platform.store.attempts(world.book, asked.number).await.unwrap();
    let is_spent = async |now| {
        let payment =
            Payment { book: world.book, withdrawal: sending.clone(), order_id: order_id.clone(), now };
        world.rail().is_spent(&payment, &attempts).await.ok()
    };
    let sent_at = attempts[0].created_at;
    assert_eq!(is_spent(sent_at + 100 * LATER).await, Some(false), "it waits");
    world.fake.change(&order_id, |order| order.status = "CANCELED");
    assert_eq!(is_spent(sent_at).await, Some(true));
    world.fake.change(&order_id, |order| order.charged = true);
    assert_eq!(is_spent(sent_at).await, Some(false), "charged");
    world.fake.books.lock().orders.clear();
    assert_eq!(is_spent(sent_at + LATER).await, Some(false), "it may be on its way");
    assert_eq!(is_spent(sent_at + 6 * LATER).await, Some(true));
    world.fake.books.lock().answers = Some(503);
    assert_eq!(is_spent(sent_at + 6 * LATER).await, None, "it cannot tell");
}
