//! The one 401 (contract 1.1): every cause gives the same bytes and costs the same work, one digest and one look-up.

use crate::http::api::Api;
use crate::http::process::Process;
use crate::wire::{Answer, Call};
use crate::world::{Business, SECOND};
use ledger::{Actor, HashBasis, HashSalt, Mode};
use outpay::testing::api_keys;
use outpay::testing::api_keys::key_text;
use outpay::testing::clock::Entropy;
use outpay::testing::store::CredentialKind;
use secrecy::ExposeSecret;
use std::time::Duration;

crate::world::on_both_engines! {
    status_200_secret_keys_of_both_modes,
    status_200_scheme_in_any_case,
    status_401_every_cause_is_one_answer_and_one_way_for_keys,
    status_401_every_cause_is_one_answer_and_one_way_for_hashes,
    status_401_every_endpoint,
    status_401_key_that_expires,
    status_401_rolled_key,
    status_401_revoked_key_at_once_here,
    status_401_revoked_key_within_a_second_elsewhere,
    status_401_revoked_key_within_a_second_in_another_process,
    status_401_hash_that_expires,
    last_use_of_keys_is_recorded,
}

/// The whole response except date and request id.
const THE_401: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
                       www-authenticate: Bearer realm=\"payout\"\r\nvary: Origin\r\ncontent-length: 24\r\nx-content-type-options: nosniff\r\n\
                       content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
                       referrer-policy: no-referrer\r\n\
                       \r\n{\"error\":\"Unauthorized\"}";

async fn status_200_secret_keys_of_both_modes(world: &Api) {
    let business = world.business().await;
    for key in [&business.key, &business.test_key] {
        world.get("/balance").key(key).send().await.value(200);
    }
}

async fn status_200_scheme_in_any_case(world: &Api) {
    let business = world.business().await;
    for scheme in ["Bearer ", "bearer ", "BEARER ", "Bearer   "] {
        let value = format!("{scheme}{}", business.key);
        world.get("/balance").header("authorization", value).send().await.value(200);
    }
}

async fn status_401_every_cause_is_one_answer_and_one_way_for_keys(world: &Api) {
    let business = world.business().await;
    world.enable_payouts(&business, true).await;
    world.fund(business.live, 1000).await;
    let causes = bad_keys(world, &business).await;
    assert!(causes.len() >= 15, "{}", causes.len());
    let body = r#"{"email":"user@example.com","amount":1}"#;
    for (cause, headers) in causes {
        for call in [
            world.get("/balance"),
            world.post("/payout/create").json(body),
            world.post("/payout/create").json("{"),
            world.get("/payout/users/x"),
        ] {
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value.clone()));
            is_the_401(world, &call, cause).await;
        }
    }
    world.has_balances(&business.key, 0, 1000).await;
}

async fn status_401_every_cause_is_one_answer_and_one_way_for_hashes(world: &Api) {
    let business = world.paying_business(1000).await;
    let causes = bad_hashes(world, &business).await;
    assert!(causes.len() >= 15, "{}", causes.len());
    for (cause, call) in causes {
        is_the_401(world, &call, cause).await;
    }
}

async fn status_401_every_endpoint(world: &Api) {
    let document: serde_json::Value =
        serde_json::from_str(&outpay::testing::http::openapi_document()).unwrap();
    let mut protected = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty()) {
                protected += 1;
                let call = world.call(&method.to_uppercase(), &path.replace("{id}", "usr_1"));
                is_the_401(world, &call, path).await;
                is_the_401(world, &call.key("sk_live_unknown").hash("unknown"), path).await;
            }
        }
    }
    assert!(protected >= 14, "{protected}");
}

async fn status_401_key_that_expires(world: &Api) {
    let business = world.business().await;
    let (_, key) = world.new_key(business.live, CredentialKind::SecretKey, Some(10 * SECOND)).await;
    let call = world.get("/balance").key(&key);
    call.send().await.value(200);
    world.platform.clock.advance(10 * SECOND - 1);
    call.send().await.value(200);
    // Looked up a microsecond ago, and trusted for half a second; it still expires on time.
    world.platform.clock.advance(1);
    is_the_401(world, &call, "expired").await;
}

async fn status_401_rolled_key(world: &Api) {
    let business = world.business().await;
    let (number, old) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let (with_overlap, fading) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    for key in [&old, &fading] {
        world.get("/balance").key(key).send().await.value(200);
    }
    let new = roll(world, number, 0).await;
    is_the_401(world, &world.get("/balance").key(&old), "rolled").await;
    world.get("/balance").key(&new).send().await.value(200);

    let new = roll(world, with_overlap, 60 * SECOND).await;
    for key in [&fading, &new] {
        world.get("/balance").key(key).send().await.value(200);
    }
    world.platform.clock.advance(60 * SECOND);
    is_the_401(world, &world.get("/balance").key(&fading), "rolled").await;
    world.get("/balance").key(&new).send().await.value(200);
}

async fn status_401_revoked_key_at_once_here(world: &Api) {
    let business = world.business().await;
    let (number, key) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let call = world.get("/balance").key(&key);
    call.send().await.value(200);
    world.revoke(number).await;
    is_the_401(world, &call, "revoked").await;
}

async fn status_401_revoked_key_within_a_second_elsewhere(world: &Api) {
    let business = world.business().await;
    let (number, key) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let neighbour = world.second_server().await;
    let call = world.get("/balance").key(&key).at(neighbour.address);
    call.send().await.value(200);
    world.revoke(number).await;
    world.platform.clock.advance(SECOND);
    assert_eq!(call.send().await.comparable(), THE_401);
    neighbour.stop().await.unwrap();
}

async fn status_401_revoked_key_within_a_second_in_another_process(world: &Api) {
    let business = world.business().await;
    let (number, key) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let process = Process::serve(&world.database);
    let call = world.get("/balance").key(&key).at(process.address);
    call.send().await.value(200);
    world.revoke(number).await;
    let dies = async {
        loop {
            let answer = call.send().await;
            if answer.status == 401 {
                return answer;
            }
            answer.value(200);
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(1), dies).await.expect("dead within a second");
    assert_eq!(answer.comparable(), THE_401);
}

async fn status_401_hash_that_expires(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let end = world.platform.clock.now() + 10 * SECOND;
    world.database.execute(&format!("UPDATE credential SET expires_at = {end} WHERE kind = 3")).await;
    let call = world.get("/payout/operations").hash(&hash);
    world.platform.clock.advance(10 * SECOND - 1);
    call.send().await.value(200);
    world.platform.clock.advance(1);
    is_the_401(world, &call, "expired").await;
}

async fn last_use_of_keys_is_recorded(world: &Api) {
    let business = world.business().await;
    let (number, key) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let last_use = || async { world.platform.store.key(number).await.unwrap().unwrap().last_used_at };
    world.platform.auth.record_uses().await.unwrap();
    assert_eq!(last_use().await, None);
    world.platform.clock.advance(SECOND);
    world.get("/balance").key(&key).send().await.value(200);
    world.platform.auth.record_uses().await.unwrap();
    assert_eq!(last_use().await, Some(world.platform.clock.now()));
}

/// Asserts the same response and the same amount of work.
async fn is_the_401(world: &Api, call: &Call, cause: &str) {
    let before = world.platform.auth.work_done();
    let answer: Answer = call.send().await;
    let after = world.platform.auth.work_done();
    assert_eq!(answer.comparable(), THE_401, "{cause}");
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1), "digests and look-ups for: {cause}");
}

async fn roll(world: &Api, number: i64, overlap: i64) -> String {
    let old = world.platform.store.key(number).await.unwrap().unwrap();
    let made = api_keys::roll(&world.platform, &old, overlap, Actor::NONE).await.unwrap();
    made.text.expose_secret().to_owned()
}

type Headers = Vec<(&'static str, Vec<u8>)>;

/// Causes for which a request of a business fails to authenticate.
async fn bad_keys(world: &Api, business: &Business) -> Vec<(&'static str, Headers)> {
    let key = business.key.as_str();
    let (revoked_number, revoked) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let (rolled_number, rolled) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    let (_, expired) = world.new_key(business.live, CredentialKind::SecretKey, Some(SECOND)).await;
    for used in [&revoked, &rolled, &expired] {
        world.get("/balance").key(used).send().await.value(200);
    }
    world.revoke(revoked_number).await;
    roll(world, rolled_number, 0).await;
    world.platform.clock.advance(SECOND);
    let hash = world.pay(key, "user@example.com", 1).await;
    // The money is returned, so that the books are as before.
    let debit = world.post(&world.user_path(business.live, 1, "/debit")).key(key);
    debit.json(r#"{"amount":1,"reason":"back"}"#).send().await.value(200);

    let unknown = key_text::generate(CredentialKind::SecretKey, Mode::Live, &Entropy::seeded(99));
    let last = if key.ends_with('a') { "b" } else { "a" };
    let wrong_checksum = format!("{}{last}", &key[..key.len() - 1]);
    assert!(!key_text::has_valid_checksum(&wrong_checksum));
    let bearer = |text: &str| vec![("Authorization", format!("Bearer {text}").into_bytes())];
    let header = |value: &str| vec![("Authorization", value.as_bytes().to_vec())];
    vec![
        ("nothing sent", vec![]),
        ("empty header", header("")),
        ("scheme alone", header("Bearer")),
        ("scheme and space", header("Bearer ")),
        ("key without scheme", header(key)),
        ("other scheme", header(&format!("Basic {key}"))),
        ("other scheme of the same length", header(&format!("Digest {key}"))),
        ("no space", header(&format!("Bearer{key}"))),
        ("malformed", bearer("sk_live_")),
        ("two words", bearer(&format!("{key} {key}"))),
        ("key in quotes", bearer(&format!("\"{key}\""))),
        ("too long", bearer(&"x".repeat(16_000))),
        ("too long, from a real key on", bearer(&format!("{key}{}", "x".repeat(16_000)))),
        ("not ASCII", vec![("Authorization", b"Bearer sk_live_\xff\xfe".to_vec())]),
        ("wrong checksum", bearer(&wrong_checksum)),
        ("unknown", bearer(unknown.expose_secret())),
        ("in other letters", bearer(&key.to_uppercase())),
        ("one character short", bearer(&key[..key.len() - 1])),
        ("revoked", bearer(&revoked)),
        ("rolled", bearer(&rolled)),
        ("expired", bearer(&expired)),
        ("public key", bearer(&business.public_key)),
        ("public test key", bearer(&business.test_public_key)),
        ("hash where a key belongs", bearer(&hash)),
        ("hash in its own place", vec![("X-Payout-Hash", hash.clone().into_bytes())]),
        ("key where a hash belongs", vec![("X-Payout-Hash", key.as_bytes().to_vec())]),
        ("two headers", [bearer(key), bearer(key)].concat()),
        ("a wrong header and a right one", [bearer("x"), bearer(key)].concat()),
    ]
}

/// Causes for which a request of a recipient fails to authenticate.
async fn bad_hashes(world: &Api, business: &Business) -> Vec<(&'static str, Call)> {
    let hash = world.pay(&business.key, "user@example.com", 1).await;
    let inactive = world.pay(&business.key, "inactive@example.com", 1).await;
    let rotated = world.pay(&business.key, "rotated@example.com", 1).await;
    for (number, verb) in [(2, "/deactivate"), (3, "/rotate-hash")] {
        world.post(&world.user_path(business.live, number, verb)).key(&business.key).send().await.value(200);
    }
    let expired = world.pay(&business.key, "expired@example.com", 1).await;
    let now = world.platform.clock.now();
    let ended = format!("UPDATE credential SET expires_at = {now} WHERE kind = 3 AND subject = 4");
    world.database.execute(&ended).await;
    // As well formed as a hash can be, but never issued.
    let basis = HashBasis { generation: 0, salt: HashSalt([0; 16]) };
    let unknown = world.platform.secrets.payout_hash(business.live, 1000, &basis).unwrap();
    let unknown = unknown.expose_secret().to_owned();

    let get = || world.get("/payout/operations");
    let query = |hash: &str| world.get(&format!("/payout/operations?payout_hash={hash}"));
    let body = |hash: &str| world.post("/payout/operations").json(format!(r#"{{"payout_hash":"{hash}"}}"#));
    vec![
        ("nothing sent", get()),
        ("nothing sent, by POST", world.post("/payout/operations")),
        ("an object without it", world.post("/payout/operations").json("{}")),
        ("empty header", get().hash("")),
        ("empty in the body", body("")),
        ("empty in the query", query("")),
        ("malformed in the header", get().hash("x")),
        ("malformed in the body", body("x")),
        ("malformed in the query", query("x")),
        ("not ASCII in the header", get().header("X-Payout-Hash", b"\xff\xfe".to_vec())),
        ("not ASCII in the query", query("%ff")),
        ("not text in the body", world.post("/payout/operations").json(r#"{"payout_hash":7}"#)),
        ("too long", get().hash(&"a".repeat(16_000))),
        ("unknown in the header", get().hash(&unknown)),
        ("unknown in the body", body(&unknown)),
        ("unknown in the query", query(&unknown)),
        ("in capital letters", get().hash(&hash.to_uppercase())),
        ("one character short", get().hash(&hash[..51])),
        ("of an inactive user, in the header", get().hash(&inactive)),
        ("of an inactive user, in the body", body(&inactive)),
        ("of an inactive user, in the query", query(&inactive)),
        ("rotated, in the header", get().hash(&rotated)),
        ("rotated, in the body", body(&rotated)),
        ("rotated, in the query", query(&rotated)),
        ("of an expired user", get().hash(&expired)),
        ("key where a hash belongs", get().hash(&business.key)),
        ("key in the body", body(&business.key)),
        ("key in the query", query(&business.key)),
        ("public key", get().hash(&business.public_key)),
        ("key in its own place", get().key(&business.key)),
        ("hash where a key belongs", get().key(&hash)),
        ("two headers", get().hash(&hash).hash(&hash)),
        ("wrong in the header, right in the body", body(&hash).hash("x")),
        ("wrong in the header, right in the query", query(&hash).hash("x")),
    ]
}
