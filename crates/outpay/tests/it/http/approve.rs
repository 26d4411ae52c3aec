//! `POST /payout/withdrawals/{id}/approve`: the four-eyes principle.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::recipient::Recipient;
use crate::wire::Call;
use ledger::Actor;
use outpay::testing::api_keys;
use outpay::testing::ids::IdKind;
use outpay::testing::store::{CredentialKind, ScreeningState};
use secrecy::ExposeSecret;
use serde_json::json;

crate::world::on_both_engines! {
    status_200_it_is_sent,
    status_200_the_only_key_may_approve_what_it_gave,
    status_202_what_the_screening_denied_takes_two,
    status_202_the_person_cannot_tell_a_denial_from_a_review,
    status_401_hash,
    status_403_maker_is_not_checker,
    status_403_however_much_has_happened_since,
    status_403_nor_with_a_rolled_key,
    status_404_anothers,
    status_409_not_in_review,
}

async fn in_review(world: &Api) -> (Recipient, String) {
    let person = world.recipient(1_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "review": { "above": 100 } })).await;
    let id = person.withdraws(world, 300).await;
    (person, id)
}

fn approve(world: &Api, key: &str, id: &str) -> Call {
    world.post(&format!("/payout/withdrawals/{id}/approve")).key(key)
}

async fn status_200_it_is_sent(world: &Api) {
    let (person, id) = in_review(world).await;
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "review");
    let (_, other) = world.new_key(person.book, CredentialKind::SecretKey, None).await;
    let approved = approve(world, &other, &id).send().await.value(200);
    assert_eq!(approved["status"], "queued");
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "succeeded");
    let story =
        ["payout.created", "payout.review", "payout.approved", "payout.processing", "payout.succeeded"];
    assert_eq!(person.events(world, &id).await, story);
}

async fn status_200_the_only_key_may_approve_what_it_gave(world: &Api) {
    let (person, id) = in_review(world).await;
    world.new_key(person.book, CredentialKind::PublicKey, None).await;
    // A key that replaces it does not count as another pair of eyes.
    let digest = world.platform.secrets.credential_digest(person.key.as_bytes());
    let own = world.platform.store.credential(&digest).await.unwrap().unwrap().subject;
    let row = world.platform.store.key(own).await.unwrap().unwrap();
    api_keys::roll(&world.platform, &row, 60 * crate::world::SECOND, Actor::NONE).await.unwrap();
    approve(world, &person.key, &id).send().await.value(200);
}

async fn deny(world: &Api, person: &Recipient, id: &str) {
    let number = world.platform.secrets.ids().open(IdKind::Withdrawal, person.book, id).unwrap();
    let denied = (ScreeningState::Denied, "case 7");
    world.platform.store.note_screening(person.book, number, denied, &[]).await.unwrap();
}

async fn status_202_what_the_screening_denied_takes_two(world: &Api) {
    let (person, id) = in_review(world).await;
    deny(world, &person, &id).await;
    let path = format!("/payout/withdrawals/{id}");
    let shown = world.get(&path).key(&person.key).send().await.value(200);
    assert_eq!((&shown["status"], &shown["waiting"]), (&json!("review"), &json!("screening_denied")));
    let list = world.get("/payout/withdrawals").key(&person.key).send().await.value(200);
    assert_eq!(list["data"][0]["waiting"], "screening_denied");
    let (_, other) = world.new_key(person.book, CredentialKind::SecretKey, None).await;
    let proposed = approve(world, &other, &id).header("idempotency-key", "k").send().await.value(202);
    let again = approve(world, &other, &id).header("idempotency-key", "k").send().await.value(202);
    assert_eq!(proposed, again, "one proposal");
    assert_eq!(
        proposed["what"],
        "Approve a withdrawal of $3.00, which the screening service denied: it is sent."
    );
    let confirm = format!("/payout/proposals/{}/confirm", proposed["id"].as_str().unwrap());
    world.post(&confirm).key(&other).send().await.value(403);
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "review", "one is not enough");
    let (_, third) = world.new_key(person.book, CredentialKind::SecretKey, None).await;
    assert_eq!(world.post(&confirm).key(&third).send().await.value(200)["state"], "confirmed");
    let shown = world.get(&path).key(&person.key).send().await.value(200);
    assert_eq!((&shown["status"], &shown["waiting"]), (&json!("queued"), &json!(null)));
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "succeeded");
}

async fn status_202_the_person_cannot_tell_a_denial_from_a_review(world: &Api) {
    let (person, id) = in_review(world).await;
    let before = person.operation(world, &id).await;
    deny(world, &person, &id).await;
    assert_eq!(person.operation(world, &id).await, before);
    approve(world, &world.new_key(person.book, CredentialKind::SecretKey, None).await.1, &id)
        .send()
        .await
        .value(202);
    assert_eq!(person.operation(world, &id).await, before, "nor where it is proposed");
}

async fn status_401_hash(world: &Api) {
    let (person, id) = in_review(world).await;
    world
        .post(&format!("/payout/withdrawals/{id}/approve"))
        .hash(&person.hash)
        .send()
        .await
        .is(401, UNAUTHORIZED);
}

async fn status_403_maker_is_not_checker(world: &Api) {
    let (person, id) = in_review(world).await;
    let (_, other) = world.new_key(person.book, CredentialKind::SecretKey, None).await;
    let refused = approve(world, &person.key, &id).send().await.value(403);
    assert_eq!(refused["code"], "maker_is_checker");
    assert_eq!(person.operation(world, &id).await["status"], "review");
    approve(world, &other, &id).send().await.value(200);
}

/// A key and all keys that replaced it are one maker, in both directions.
async fn status_403_however_much_has_happened_since(world: &Api) {
    let (person, id) = in_review(world).await;
    let (_, other) = world.new_key(person.book, CredentialKind::SecretKey, None).await;
    approve(world, &other, &id).send().await.value(200);
    world.work().await;
    // More movements than one query reads, all after the credit.
    for _ in 0..260 {
        let id = person.withdraws(world, 200).await;
        let cancel = world.post(&format!("/payout/operations/{id}/cancel")).hash(&person.hash);
        cancel.send().await.value(200);
    }
    let id = person.withdraws(world, 300).await;
    approve(world, &person.key, &id).send().await.value(403);
    approve(world, &other, &id).send().await.value(200);
}

async fn status_403_nor_with_a_rolled_key(world: &Api) {
    let (person, id) = in_review(world).await;
    let (_, other) = world.new_key(person.book, CredentialKind::SecretKey, None).await;
    let digest = world.platform.secrets.credential_digest(person.key.as_bytes());
    let maker = world.platform.store.credential(&digest).await.unwrap().unwrap().subject;
    let mut rolled = maker;
    for _ in 0..2 {
        let row = world.platform.store.key(rolled).await.unwrap().unwrap();
        let made =
            api_keys::roll(&world.platform, &row, 60 * crate::world::SECOND, Actor::NONE).await.unwrap();
        rolled = made.number;
        let refused = approve(world, made.text.expose_secret(), &id).send().await.value(403);
        assert_eq!(refused["code"], "maker_is_checker");
    }
    // And a key of the same family that never gave money cannot check the one that did.
    let row = world.platform.store.key(rolled).await.unwrap().unwrap();
    assert_eq!(row.family, maker);
    approve(world, &other, &id).send().await.value(200);
}

async fn status_404_anothers(world: &Api) {
    let (_, id) = in_review(world).await;
    let other = world.recipient(1_000).await;
    approve(world, &other.key, &id).send().await.value(404);
}

async fn status_409_not_in_review(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    let expected =
        r#"{"error":"The withdrawal is queued and not being sent yet.","code":"withdrawal_state"}"#;
    approve(world, &person.key, &id).send().await.is(409, expected);
}
