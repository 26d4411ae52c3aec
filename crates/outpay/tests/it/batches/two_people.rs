//! Where a business asks for two people: the maker does not check, and what could be paid twice takes a second person.

use crate::batches::hat::{Batches, OPERATOR, code};
use crate::batches::wire_rail::answer;
use crate::world::Business;
use ledger::{Actor, BookId, WithdrawalState};
use outpay::testing::batches;
use outpay::testing::proposals::{self, Checker, Proposed};
use outpay::testing::rails::exchange::Rate;
use outpay::testing::two_people::Hands;

crate::world::on_both_engines! {
    the_maker_does_not_check_above_the_limit,
    one_person_may_do_both_below_the_limit,
    a_batch_that_was_given_out_is_dissolved_by_two,
    lines_that_take_two_people_are_proposed_once,
}

/// Two keys of different hands.
async fn keys(world: &Batches, business: &Business, book: BookId) -> [Actor; 2] {
    let own = world.platform.secrets.credential_digest(business.key.as_bytes());
    let own = world.platform.store.credential(&own).await.unwrap().unwrap().subject;
    let order = outpay::testing::api_keys::KeyOrder {
        book,
        kind: outpay::testing::store::CredentialKind::SecretKey,
        name: String::new(),
        expires_in: None,
        limits: outpay::testing::key_limits::KeyLimits::default(),
        family: None,
        budget: None,
    };
    let other = outpay::testing::api_keys::create(&world.platform, &order, Actor::NONE).await.unwrap();
    [Actor(own), Actor(other.number)]
}

async fn the_maker_does_not_check_above_the_limit(world: &Batches) {
    let (business, book) = world.start().await;
    let [maker, checker] = keys(world, &business, book).await;
    world.rule(book, 1_999).await;
    world.asks(book, "bank", 1_000).await;
    world.asks(book, "bank", 1_000).await;
    let number = batches::make(&world.platform, book, "bank", None::<Rate>, maker).await.unwrap();
    let approve = async |by: Actor| batches::approve(&world.platform, book, number, by.into()).await;
    assert_eq!(code(approve(maker).await), "needs_second_person");
    let batch = approve(checker).await.unwrap();
    assert_eq!((batch.row.made_by, batch.row.checked_by), (maker, Some(checker)));
    // The operator's own batch is confirmed as a proposal.
    world.asks(book, "bank", 2_000).await;
    let number = world.make(book, "bank", None).await.unwrap();
    let refused = batches::approve(&world.platform, book, number, OPERATOR.into()).await;
    assert_eq!(code(refused), "needs_second_person");
    let what = Proposed::ApproveBatch { batch: number, amount: ledger::Cents(2_000) };
    let made = proposals::propose(&world.platform, book, &what, "", OPERATOR).await.unwrap();
    proposals::confirm(&world.platform, &made.row, Checker::Key(checker)).await.unwrap();
    assert_eq!(world.batch(book, number).await.row.checked_by, Some(checker));
}

async fn one_person_may_do_both_below_the_limit(world: &Batches) {
    let (business, book) = world.start().await;
    let [maker, _] = keys(world, &business, book).await;
    world.rule(book, 1_000).await;
    world.asks(book, "bank", 1_000).await;
    let number = batches::make(&world.platform, book, "bank", None::<Rate>, maker).await.unwrap();
    let approved = batches::approve(&world.platform, book, number, maker.into()).await.unwrap();
    assert_eq!(approved.row.checked_by, Some(maker));
    batches::download(&world.platform, book, number, maker).await.unwrap();
    batches::dissolve(&world.platform, book, number, "not sent", maker.into()).await.unwrap();
}

async fn a_batch_that_was_given_out_is_dissolved_by_two(world: &Batches) {
    let (business, book) = world.start().await;
    let [maker, checker] = keys(world, &business, book).await;
    world.rule(book, 999).await;
    world.asks(book, "bank", 1_000).await;
    let dissolve =
        async |number: i64, by: Hands| batches::dissolve(&world.platform, book, number, "not sent", by).await;
    // Nothing of it left, so nothing can be paid twice.
    let number = batches::make(&world.platform, book, "bank", None::<Rate>, maker).await.unwrap();
    assert_eq!(code(dissolve(number, maker.into()).await), "done");
    let number = batches::make(&world.platform, book, "bank", None::<Rate>, maker).await.unwrap();
    batches::approve(&world.platform, book, number, checker.into()).await.unwrap();
    batches::download(&world.platform, book, number, checker).await.unwrap();
    assert_eq!(code(dissolve(number, maker.into()).await), "needs_second_person");
    assert_eq!(code(dissolve(number, OPERATOR.into()).await), "needs_second_person");
    assert_eq!(world.batch(book, number).await.word(), "approved");
    let (batch, amount) = (number, ledger::Cents(1_000));
    let what = Proposed::DissolveBatch { batch, amount };
    let made = proposals::propose(&world.platform, book, &what, "not sent", maker).await.unwrap();
    assert!(what.sentence().contains("paid twice"));
    let own = proposals::confirm(&world.platform, &made.row, Checker::Key(maker)).await;
    assert!(own.is_err(), "its own");
    proposals::confirm(&world.platform, &made.row, Checker::Key(checker)).await.unwrap();
    let batch = world.batch(book, number).await;
    assert_eq!((batch.word(), batch.row.ended_by), ("dissolved", Some(checker)));
    assert!(batch.row.proof.starts_with("not sent (proposal "), "{}", batch.row.proof);
}

async fn lines_that_take_two_people_are_proposed_once(world: &Batches) {
    let (business, book) = world.start().await;
    let [_, checker] = keys(world, &business, book).await;
    let big = world.asks(book, "wire", 2_000).await;
    let small = world.asks(book, "wire", 1_000).await;
    world.given_out(book, "wire", Some("0.9")).await;
    world.rule(book, 1_999).await;
    let file = answer(&world.order_id(book, big), "r1", 1_800, "EUR", "booked")
        + &answer(&world.order_id(book, small), "r2", 900, "EUR", "rejected");
    let taken = world.bring(book, "wire", &file).await.unwrap();
    assert_eq!((taken.settled, taken.failed, taken.proposed, taken.not_taken.len()), (0, 1, 1, 0));
    let taken = world.bring(book, "wire", &file).await.unwrap();
    assert_eq!((taken.known, taken.proposed), (1, 0));
    assert!(
        taken.not_taken[0].contains("takes two people") && taken.not_taken[0].ends_with("is open"),
        "{taken:?}"
    );
    let made = world.platform.store.proposals(book, 9).await.unwrap();
    assert_eq!(made.len(), 1, "one line, one proposal");
    proposals::confirm(&world.platform, &made[0], Checker::Key(checker)).await.unwrap();
    assert_eq!(world.state(book, big).await, WithdrawalState::Succeeded);
    let taken = world.bring(book, "wire", &file).await.unwrap();
    assert_eq!((taken.known, taken.proposed, taken.not_taken.len()), (2, 0, 0));
}
