//! A credential that is revoked while a request is in progress: once the revocation, rotation or deactivation is
//! acknowledged, the request moves no money, however early it began.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::wire::{Answer, Call, Connection};
use ledger::{Command, Request, UserStatus};
use outpay::testing::store::CredentialKind;
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

crate::world::on_both_engines! {
    status_401_a_key_revoked_during_a_create,
    status_401_a_key_revoked_during_a_transfer,
    status_401_a_key_revoked_during_a_change_of_settings,
    status_401_a_hash_rotated_during_a_withdrawal,
    status_401_a_user_deactivated_during_a_withdrawal,
}

/// Sends a request except for the last byte of its body, runs `meanwhile` once the server has authenticated it, and
/// sends the rest.
async fn slowly(world: &Api, call: Call, meanwhile: impl AsyncFnOnce()) -> Answer {
    let bytes = call.bytes();
    let (begin, end) = bytes.split_at(bytes.len() - 1);
    let before = world.platform.auth.work_done().0;
    let mut stream = TcpStream::connect(world.address()).await.unwrap();
    stream.write_all(begin).await.unwrap();
    while world.platform.auth.work_done().0 == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    meanwhile().await;
    Connection::over(stream).exchange(end, true).await
}

async fn status_401_a_key_revoked_during_a_create(world: &Api) {
    let business = world.paying_business(1_000).await;
    let (number, key) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let call = world.create(&key, "a@example.com", 100);
    slowly(world, call, async || world.revoke(number).await).await.is(401, UNAUTHORIZED);
    world.has_balances(&business.key, 0, 1_000).await;
}

async fn status_401_a_key_revoked_during_a_transfer(world: &Api) {
    let business = world.paying_business(1_000).await;
    let (number, key) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let body = r#"{"from":"payout_balance","to":"balance","amount":100}"#;
    let call = world.post("/balance/transfer").key(&key).json(body);
    slowly(world, call, async || world.revoke(number).await).await.is(401, UNAUTHORIZED);
    world.has_balances(&business.key, 0, 1_000).await;
}

async fn status_401_a_key_revoked_during_a_change_of_settings(world: &Api) {
    let business = world.paying_business(1_000).await;
    let (number, key) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let before = world.get("/payout/settings").key(&business.key).send().await.value(200);
    let call = world.call("PUT", "/payout/settings").key(&key).json(r#"{"expiry_days":30}"#);
    slowly(world, call, async || world.revoke(number).await).await.is(401, UNAUTHORIZED);
    let after = world.get("/payout/settings").key(&business.key).send().await.value(200);
    assert_eq!(after, before);
}

async fn status_401_a_hash_rotated_during_a_withdrawal(world: &Api) {
    a_withdrawal_is_stopped_by(world, Command::RotateHash { user: 1 }).await;
}

async fn status_401_a_user_deactivated_during_a_withdrawal(world: &Api) {
    a_withdrawal_is_stopped_by(world, Command::SetStatus { user: 1, status: UserStatus::Inactive }).await;
}

async fn a_withdrawal_is_stopped_by(world: &Api, command: Command) {
    let person = world.recipient(5_000).await;
    let call = person.withdraw(world, "sandbox", 2_500, &json!({ "account": "a" }));
    let change = Request::plain(command);
    let meanwhile = async || drop(world.platform.teller.ask(person.book, change).await.unwrap().unwrap());
    slowly(world, call, meanwhile).await.is(401, UNAUTHORIZED);
    let balance = world.platform.store.user(person.book, 1).await.unwrap().unwrap().user.balance;
    assert_eq!(balance.0, 5_000);
}
