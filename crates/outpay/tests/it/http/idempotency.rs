//! `Idempotency-Key` (contract 2.6): the first response again, to the byte, and one effect, however many copies come,
//! whichever process they reach, and whichever process dies meanwhile.

use crate::http::api::{Api, DISABLED, INSUFFICIENT, UNAUTHORIZED, UNKNOWN_USER, invalid};
use crate::http::process::Process;
use crate::wire::{Answer, Call, Connection};
use crate::world::Business;
use futures_util::future::join_all;
use ledger::Actor;
use outpay::testing::api_keys;
use outpay::testing::store::CredentialKind;
use secrecy::ExposeSecret;

crate::world::on_both_engines! {
    replay_to_the_byte_on_every_post,
    replay_of_the_same_request_in_other_words,
    replay_however_the_world_has_changed,
    replay_after_rolling_the_key,
    scope_is_business_and_mode,
    refusals_are_not_stored,
    a_key_of_255_printable_characters,
    status_400_invalid_key,
    status_422_other_request,
    gets_take_no_notice,
    copies_at_once_have_one_effect,
    different_requests_at_once_have_one_winner,
    copies_over_two_processes_with_kills_have_one_effect,
}

pub const REUSED: &str = r#"{"error":"This idempotency key was already used for another request. Send a new key with a new request.","code":"idempotency_key_reused"}"#;
const COPIES: usize = 64;

/// The response to a header that cannot be a key.
pub fn invalid_key() -> String {
    let sentence = "The Idempotency-Key header must be 1 to 255 printable ASCII characters, sent once.";
    invalid("Idempotency-Key", sentence)
}

/// One request to each endpoint that takes a key. The user is the first of the book.
fn every_post(world: &Api, business: &Business) -> Vec<Call> {
    let key = &business.key;
    let user = |verb: &str| world.post(&world.user_path(business.live, 1, verb)).key(key);
    let batch = r#"{"payouts":[{"email":"a@example.com","amount":1},{"email":"b@example.com","amount":2}]}"#;
    let partial = r#"{"payouts":[{"email":"c@example.com","amount":1},{"email":"d@example.com","amount":100000}],"partial":true}"#;
    let transfer = r#"{"from":"payout_balance","to":"balance","amount":5}"#;
    vec![
        world.create(key, "new@example.com", 10),
        world.create(key, "user@example.com", 10),
        world.post("/payout/batch").key(key).json(batch),
        world.post("/payout/batch").key(key).json(partial),
        world.post("/balance/transfer").key(key).json(transfer),
        user("/debit").json(r#"{"amount":7,"reason":"mistake"}"#),
        user("/deactivate"),
        user("/activate"),
        user("/rotate-hash"),
    ]
}

async fn replay_to_the_byte_on_every_post(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    for (number, call) in every_post(world, &business).into_iter().enumerate() {
        let call = call.once(&format!("key {number}"));
        let first = call.send().await;
        assert!((200..300).contains(&first.status) && !first.is_replayed(), "{}", first.text());
        let before = world.books(&business.key).await;
        for _ in 0..2 {
            is_replay(&call.send().await, &first);
        }
        assert_eq!(world.books(&business.key).await, before);
    }
}

async fn replay_of_the_same_request_in_other_words(world: &Api) {
    let business = world.paying_business(1000).await;
    let first = world.create(&business.key, "user@example.com", 100).once("k").send().await;
    let body = "{ \"amount\" : 100,\n \"email\": \"USER@Example.com\", \"note\": \"ignored\" }";
    let again = world.post("/payout/create?x=1").key(&business.key).once("k").json(body);
    let again = again.send().await;
    assert!(again.is_replayed() && again.header("outpay-ignored-fields") == Some("note"));
    again.is(201, first.text());
    world.has_balances(&business.key, 0, 900).await;
}

async fn replay_however_the_world_has_changed(world: &Api) {
    let business = world.paying_business(200).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let user = |verb: &str| world.post(&world.user_path(business.live, 1, verb)).key(&business.key);
    let create = world.create(&business.key, "user@example.com", 100).once("create");
    let activate = user("/activate").once("activate");
    let debit = user("/debit").json(r#"{"amount":1,"reason":"r"}"#).once("debit");
    let rotate = user("/rotate-hash").once("rotate");
    let calls = [create, activate, debit, rotate];
    let mut first = Vec::new();
    for call in &calls {
        first.push(call.send().await);
    }
    // Another hash, another status, another balance, another time, no money, no permission.
    user("/rotate-hash").send().await.value(200);
    user("/deactivate").send().await.value(200);
    user("/debit").json(r#"{"amount":150,"reason":"r"}"#).send().await.value(200);
    world.pay(&business.key, "other@example.com", 151).await;
    world.platform.clock.advance(400 * 24 * 3600 * crate::world::SECOND);
    world.enable_payouts(&business, false).await;
    let before = world.books(&business.key).await;
    for (call, first) in calls.iter().zip(&first) {
        is_replay(&call.send().await, first);
    }
    assert_eq!(world.books(&business.key).await, before);
}

async fn replay_after_rolling_the_key(world: &Api) {
    let business = world.paying_business(1000).await;
    let (number, old) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let first = world.create(&old, "user@example.com", 100).once("k").send().await;
    let row = world.platform.store.key(number).await.unwrap().unwrap();
    let new = api_keys::roll(&world.platform, &row, 0, Actor::NONE).await.unwrap();
    let new = new.text.expose_secret();
    world.create(&old, "user@example.com", 100).once("k").send().await.is(401, UNAUTHORIZED);
    is_replay(&world.create(new, "user@example.com", 100).once("k").send().await, &first);
    is_replay(&world.create(&business.key, "user@example.com", 100).once("k").send().await, &first);
    world.has_balances(&business.key, 0, 900).await;
}

async fn scope_is_business_and_mode(world: &Api) {
    let (one, other) = (world.paying_business(100).await, world.paying_business(100).await);
    world.fund(one.test, 100).await;
    for key in [&one.key, &one.test_key, &other.key] {
        let answer = world.create(key, "user@example.com", 40).once("k").send().await;
        answer.value(201);
        assert!(!answer.is_replayed());
        world.has_balances(key, 0, 60).await;
    }
}

async fn refusals_are_not_stored(world: &Api) {
    let business = world.business().await;
    let create = world.create(&business.key, "user@example.com", 100).once("k");
    world.create("sk_live_unknown", "user@example.com", 100).once("k").send().await.is(401, UNAUTHORIZED);
    create.send().await.is(403, DISABLED);
    world.enable_payouts(&business, true).await;
    world.create(&business.key, "user", 100).once("k").send().await.value(400);
    let batch = r#"{"payouts":[{"email":"user@example.com","amount":0}]}"#;
    world.post("/payout/batch").key(&business.key).once("k").json(batch).send().await.value(400);
    let debit = world.post(&world.user_path(business.live, 1, "/debit")).key(&business.key).once("k");
    debit.json(r#"{"amount":1,"reason":"r"}"#).send().await.is(404, UNKNOWN_USER);
    create.send().await.is(400, INSUFFICIENT);
    create.send().await.is(400, INSUFFICIENT);
    world.fund(business.live, 100).await;

    let first = create.send().await;
    first.value(201);
    assert!(!first.is_replayed());
    is_replay(&create.send().await, &first);
    world.has_balances(&business.key, 0, 0).await;
}

async fn a_key_of_255_printable_characters(world: &Api) {
    let business = world.paying_business(1000).await;
    let printable: String = (0x20..0x7f_u8).map(char::from).collect();
    let inner = format!("a{printable}z");
    let (longest, nearly) = ("k".repeat(255), "k".repeat(254));
    for key in ["1", &inner, &longest, &nearly] {
        let call = world.create(&business.key, "user@example.com", 10).once(key);
        let first = call.send().await;
        first.value(201);
        assert!(!first.is_replayed(), "{key}");
        is_replay(&call.send().await, &first);
    }
    world.has_balances(&business.key, 0, 960).await;
}

async fn status_400_invalid_key(world: &Api) {
    let business = world.paying_business(1000).await;
    let create = || world.create(&business.key, "user@example.com", 10);
    for key in ["", "  ", &"k".repeat(256), "schlüssel", "tab\tin it"] {
        create().once(key).send().await.is(400, invalid_key());
    }
    create().header("Idempotency-Key", b"\xff".to_vec()).send().await.is(400, invalid_key());
    create().once("a").once("a").send().await.is(400, invalid_key());
    world.has_balances(&business.key, 0, 1000).await;
}

async fn status_422_other_request(world: &Api) {
    let business = world.paying_business(1000).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let first = world.create(&business.key, "once@example.com", 100).once("k");
    let answer = first.send().await;
    let before = world.books(&business.key).await;
    let others = [
        world.create(&business.key, "once@example.com", 101),
        world.create(&business.key, "twice@example.com", 100),
    ];
    for call in others.into_iter().chain(every_post(world, &business)) {
        call.once("k").send().await.is(422, REUSED);
    }
    // Whether the balance would cover it does not matter.
    world.create(&business.key, "once@example.com", 100_000).once("k").send().await.is(422, REUSED);
    assert_eq!(world.books(&business.key).await, before);
    is_replay(&first.send().await, &answer);
}

async fn gets_take_no_notice(world: &Api) {
    let business = world.business().await;
    let call = world.get("/balance").key(&business.key).once("k");
    call.send().await.is(200, r#"{"balance":0,"payout_balance":0}"#);
    world.deposit(business.live, 5).await;
    let again = call.send().await;
    again.is(200, r#"{"balance":5,"payout_balance":0}"#);
    assert!(!again.is_replayed());
}

async fn copies_at_once_have_one_effect(world: &Api) {
    let business = world.paying_business(100_000).await;
    let neighbour = world.second_server().await;
    let addresses = [world.address(), neighbour.address];
    for (round, call) in every_post(world, &business).into_iter().enumerate() {
        if round == 0 {
            world.pay(&business.key, "user@example.com", 100).await;
        }
        let call = call.once(&format!("round {round}"));
        let before = newest_event(world, &business.key).await;
        let alone = world.books(&business.key).await;

        let answers = send_copies(&call, &addresses).await;

        let fresh: Vec<&Answer> = answers.iter().filter(|answer| !answer.is_replayed()).collect();
        assert_eq!(fresh.len(), 1, "round {round}: one copy was carried out");
        for answer in &answers {
            assert_eq!((answer.status, answer.text()), (fresh[0].status, fresh[0].text()));
        }
        assert!((200..300).contains(&fresh[0].status), "round {round}: {}", fresh[0].text());
        // One effect: a second one, without the key, adds as many entries again.
        let added = newest_event(world, &business.key).await - before;
        let most = if round == 2 { 2 } else { 1 };
        assert!(added <= most, "round {round}: {added} entries");
        assert_eq!(added == 0, alone == world.books(&business.key).await);
    }
    neighbour.stop().await.unwrap();
}

async fn different_requests_at_once_have_one_winner(world: &Api) {
    let business = world.paying_business(100_000).await;
    let neighbour = world.second_server().await;
    let addresses = [world.address(), neighbour.address];
    let calls: Vec<Call> = (0..COPIES)
        .map(|copy| {
            let amount = 1 + i64::try_from(copy / 2 % 2).unwrap();
            world.create(&business.key, "user@example.com", amount).once("k").at(addresses[copy % 2])
        })
        .collect();
    let answers = join_all(calls.iter().map(Call::send)).await;
    let winners = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(winners, COPIES / 2);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.is(422, REUSED);
    }
    assert_eq!(newest_event(world, &business.key).await, 3);
    neighbour.stop().await.unwrap();
}

/// Rounds that differ in the number of responses received before the process dies.
async fn copies_over_two_processes_with_kills_have_one_effect(world: &Api) {
    let business = world.paying_business(100_000).await;
    let survivor = Process::serve(&world.database);
    for (round, answers_before_the_kill) in [0, 1, 8, 31].into_iter().enumerate() {
        let mut victim = Process::serve(&world.database);
        let call = world.create(&business.key, "user@example.com", 10).once(&format!("round {round}"));
        let mut connections = Vec::new();
        for copy in 0..COPIES {
            let address = if copy % 2 == 0 { victim.address } else { survivor.address };
            connections.push(Connection::open(address).await);
        }
        for connection in &mut connections {
            connection.write(&call.bytes()).await;
        }
        let mut answers = Vec::new();
        for (at, connection) in connections.iter_mut().step_by(2).enumerate() {
            if at == answers_before_the_kill {
                victim.kill();
            }
            answers.extend(connection.read().await);
        }
        for connection in connections.iter_mut().skip(1).step_by(2) {
            answers.push(connection.read().await.expect("the survivor answers"));
        }
        assert!(answers.len() >= COPIES / 2 + answers_before_the_kill);
        // What every client without a response does: it retries.
        let retried = call.clone().at(survivor.address);
        while answers.len() < COPIES + 1 {
            answers.push(retried.send().await);
        }
        let hash = world.hash(business.live, 1, 0).await;
        for answer in &answers {
            answer.is(201, format!(r#"{{"hash":"{hash}"}}"#));
        }
        let fresh = answers.iter().filter(|answer| !answer.is_replayed()).count();
        assert!(fresh <= 1, "{fresh} copies say that they were carried out");
        assert!(answers[COPIES].is_replayed());
        let effects = i64::try_from(round).unwrap() + 1;
        world.has_balances(&business.key, 0, 100_000 - 10 * effects).await;
        assert_eq!(newest_event(world, &business.key).await, 2 + effects);
    }
}

#[track_caller]
pub fn is_replay(answer: &Answer, first: &Answer) {
    assert!(answer.is_replayed(), "{}", answer.text());
    let without = answer.comparable().replace("idempotent-replayed: true\r\n", "");
    assert_eq!(without, first.comparable());
}

/// All copies at once, each on its own connection, spread over the servers.
pub async fn send_copies(call: &Call, addresses: &[std::net::SocketAddr]) -> Vec<Answer> {
    let send = |copy: usize| {
        let call = call.clone().at(addresses[copy % addresses.len()]);
        tokio::spawn(async move { call.send().await })
    };
    let copies: Vec<_> = (0..COPIES).map(send).collect();
    join_all(copies).await.into_iter().map(Result::unwrap).collect()
}

async fn newest_event(world: &Api, key: &str) -> i64 {
    let page = world.get("/payout/events?limit=100").key(key).send().await.value(200);
    assert_eq!(page["has_more"], false);
    page["data"].as_array().unwrap().last().map_or(0, |event| event["sequence"].as_i64().unwrap())
}
