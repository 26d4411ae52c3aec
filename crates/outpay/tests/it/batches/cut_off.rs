//! A process that ends between two steps: what it left is taken up by the next one, and nothing is paid twice.

use crate::batches::hat::{Batches, OPERATOR};
use crate::batches::wire_rail::answer;
use ledger::{Actor, EntryKind, WithdrawalState};
use outpay::testing::batches;
use outpay::testing::ids::IdKind;
use outpay::testing::proposals::{self, Checker, Proposed};
use outpay::testing::store::ProposalState;

crate::world::on_both_engines! {
    payments_that_were_begun_and_got_into_no_batch_are_in_the_next,
    a_file_that_was_counted_and_never_arrived_is_given_out_again,
    an_answer_that_was_taken_in_part_is_completed,
    a_confirmed_step_is_carried_out_once,
}

async fn payments_that_were_begun_and_got_into_no_batch_are_in_the_next(world: &Batches) {
    let (_, book) = world.start().await;
    let [begun, queued] = [world.asks(book, "bank", 1_000).await, world.asks(book, "bank", 2_000).await];
    world.platform.counter(book, OPERATOR).begin(begun).await.unwrap();
    assert!(world.platform.store.payment_batch(book, 1).await.unwrap().is_none());
    let number = world.make(book, "bank", None).await.unwrap();
    let lines = world.lines(book, number).await;
    assert_eq!(lines.iter().map(|line| line.withdrawal.number).collect::<Vec<_>>(), [begun, queued]);
}

async fn a_file_that_was_counted_and_never_arrived_is_given_out_again(world: &Batches) {
    let (_, book) = world.start().await;
    world.asks(book, "bank", 1_000).await;
    let (number, lost) = world.given_out(book, "bank", None).await;
    let other = world.neighbour().await;
    let (file, batch) = batches::download(&other, book, number, OPERATOR).await.unwrap();
    assert_eq!((file.bytes, batch.row.downloads), (lost, 2));
}

async fn an_answer_that_was_taken_in_part_is_completed(world: &Batches) {
    let (_, book) = world.start().await;
    let mut file = String::new();
    let mut numbers = Vec::new();
    for at in 0..5 {
        let number = world.asks(book, "wire", 1_000).await;
        file += &answer(&world.order_id(book, number), &format!("r{at}"), 900, "EUR", "booked");
        numbers.push(number);
    }
    world.given_out(book, "wire", Some("0.9")).await;
    let part: String = file.lines().take(2).map(|line| format!("{line}\n")).collect();
    world.bring(book, "wire", &part).await.unwrap();
    let other = world.neighbour().await;
    // Two at once bring the whole file: each line takes effect in one of them.
    let (one, two) = tokio::join!(
        batches::bring(&world.platform, book, "wire", file.as_bytes(), OPERATOR),
        batches::bring(&other, book, "wire", file.as_bytes(), OPERATOR)
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    for of in &numbers {
        assert_eq!(world.state(book, *of).await, WithdrawalState::Succeeded);
    }
    assert_eq!(world.money(book).await, (500_000 - 5_000, 0), "{one:?} {two:?}");
    let entries = world.platform.store.entries(book, 0, i64::MAX).await.unwrap();
    let settled = entries.iter().filter(|stored| stored.entry.kind == EntryKind::WithdrawalSucceeded).count();
    assert_eq!(settled, 5, "once each");
}

async fn a_confirmed_step_is_carried_out_once(world: &Batches) {
    let (_, book) = world.start().await;
    world.rule(book, 100).await;
    world.asks(book, "bank", 1_000).await;
    let number = world.make(book, "bank", None).await.unwrap();
    let store = &world.platform.store;
    let amount = ledger::Cents(1_000);
    for (what, word) in [
        (Proposed::ApproveBatch { batch: number, amount }, "approved"),
        (Proposed::DissolveBatch { batch: number, amount }, "dissolved"),
    ] {
        let made = proposals::propose(&world.platform, book, &what, "why", Actor::member(1)).await.unwrap();
        let confirmed = outpay::testing::audit_log::in_book(
            &world.platform,
            book,
            OPERATOR,
            "proposal.confirmed",
            "x",
            &serde_json::json!({}),
        );
        // The process ends after the confirmation, and after the effect.
        let row = made.row;
        let at = world.now();
        assert!(
            store
                .decide_proposal(row.number, ProposalState::Confirmed, OPERATOR, at, &confirmed)
                .await
                .unwrap()
        );
        let hands = || outpay::testing::two_people::Hands::agreed(OPERATOR);
        if word == "approved" {
            batches::approve(&world.platform, book, number, hands()).await.unwrap();
        } else {
            batches::download(&world.platform, book, number, OPERATOR).await.unwrap();
            batches::dissolve(&world.platform, book, number, "why", hands()).await.unwrap();
        }
        let row = store.proposal(row.number).await.unwrap().unwrap();
        proposals::confirm(&world.platform, &row, Checker::Operator(None)).await.unwrap();
        assert!(store.proposal(row.number).await.unwrap().unwrap().carried_out_at.is_some());
        assert_eq!(world.batch(book, number).await.word(), word);
    }
    let id = world.platform.secrets.ids().seal(IdKind::PaymentBatch, book, number);
    assert_eq!(id, batches::id(&world.platform, book, number));
}
