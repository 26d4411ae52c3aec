//! Rotations of the master key while a server answers: hashes that were given out stay, answers stay the same to the byte, and
//! everything that is sealed opens, wherever a rotation was cut off.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::world::SECOND;
use data_encoding::BASE32_NOPAD;
use outpay::testing::auth::{KeyRing, Secrets};
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::config::Config;
use outpay::testing::key_rotation::{BegunRotation, Resealing, VersionNeeds, beat, begin, needs, others_lag};
use outpay::testing::platform::Platform;
use serde_json::json;

crate::world::on_both_engines! {
    hashes_and_answers_stay_and_new_hashes_are_of_the_new_version,
    what_is_sealed_opens_wherever_a_rotation_is_cut_off,
    a_process_that_lacks_the_version_holds_the_rotation,
    a_process_without_a_needed_version_does_not_open,
    a_version_that_nothing_needs_is_retired,
}

/// The version of the master key, in the last 4 of the 260 bits of a hash.
fn version_of(hash: &str) -> u8 {
    BASE32_NOPAD.decode(format!("{}A", hash.to_ascii_uppercase()).as_bytes()).unwrap()[32] >> 4
}

async fn take_into_use(world: &Api, version: u8) {
    assert_eq!(begin(&world.platform, version).await.unwrap(), BegunRotation::InUse);
}

async fn hashes_and_answers_stay_and_new_hashes_are_of_the_new_version(world: &Api) {
    let business = world.paying_business(10_000).await;
    let key = &business.key;
    let operations = async |hash: &str| world.get("/payout/operations").hash(hash).send().await;
    let create = world.create(key, "old@example.com", 100).once("first");
    let first = create.send().await;
    let old = first.value(201)["hash"].as_str().unwrap().to_owned();
    take_into_use(world, 1).await;

    let again = create.send().await;
    assert!(again.is_replayed() && again.text() == first.text(), "{}", again.text());
    assert_eq!(world.pay(key, "old@example.com", 100).await, old, "a top-up keeps the hash");
    operations(&old).await.value(200);
    let new = world.pay(key, "new@example.com", 100).await;
    operations(&new).await.value(200);
    assert_eq!((version_of(&old), version_of(&new)), (0, 1));

    let payouts =
        r#"{"payouts":[{"email":"old@example.com","amount":1},{"email":"third@example.com","amount":1}]}"#;
    let batch = world.post("/payout/batch").key(key).once("batch").json(payouts);
    let paid = batch.send().await;
    let data = paid.value(201)["data"].clone();
    assert_eq!(data[0]["hash"], old.as_str());
    assert_eq!(version_of(data[1]["hash"].as_str().unwrap()), 1);

    let rotate = world.post(&world.user_path(business.live, 1, "/rotate-hash")).key(key);
    let rotated = rotate.send().await.value(200)["hash"].as_str().unwrap().to_owned();
    assert_eq!(version_of(&rotated), 1);
    operations(&old).await.is(401, UNAUTHORIZED);
    operations(&rotated).await.value(200);
    assert_eq!(create.send().await.text(), first.text(), "the first answer, for ever");

    let counted = needs(&world.platform).await.unwrap();
    let of = |hashes, remembered| VersionNeeds { hashes, remembered, ..VersionNeeds::default() };
    assert_eq!((counted[&0], counted[&1]), (of(0, 2), of(3, 1)), "the batch names both versions");
    take_into_use(world, 2).await;
    assert_eq!(batch.send().await.text(), paid.text());
    operations(&new).await.value(200);
}

async fn what_is_sealed_opens_wherever_a_rotation_is_cut_off(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    let codes: Vec<String> = (0..450).map(|number| format!("CODE-{number:04}")).collect();
    let cards: Vec<(&str, Option<&str>)> = codes.iter().map(|code| (code.as_str(), None)).collect();
    world.stock(person.book, "Books", 1_000, &cards).await;
    let url = r#"{"url":"https://receiver.example.com/hook"}"#;
    world.call("PUT", "/payout/webhook").key(&person.key).json(url).send().await.value(200);
    let card = person.withdraw(world, "gift_card", 1_000, &json!({ "brand": "Books" })).send().await;
    let id = card.value(202)["id"].as_str().unwrap().to_owned();
    world.work().await;
    let sealed = async |version: u8| {
        needs(&world.platform).await.unwrap().get(&version).copied().unwrap_or_default().sealed
    };
    let all = sealed(0).await;
    assert_eq!(all, 451);

    take_into_use(world, 1).await;
    // Each run ends one step later than the one before; what it leaves is what a process leaves that is killed between two steps.
    let mut done = 0;
    for cut_off_after in 1.. {
        let mut run = Resealing::default();
        let mut has_more = true;
        for _ in 0..cut_off_after {
            has_more = run.step(&world.platform).await.unwrap();
            assert_eq!(sealed(0).await + sealed(1).await, all);
        }
        assert_eq!(run.unreadable, 0);
        done += run.done;
        if !has_more {
            break;
        }
    }
    assert_eq!((sealed(0).await, sealed(1).await, done), (0, all, 451), "each text once");
    let shown = world.post(&format!("/payout/operations/{id}/reveal")).hash(&person.hash).send().await;
    assert!(codes.iter().any(|code| shown.value(200)["code"] == code.as_str()));
    assert!(world.platform.webhooks.endpoint(person.book).await.unwrap().is_some(), "its keys open");
    let mut run = Resealing::default();
    while run.step(&world.platform).await.unwrap() {}
    assert_eq!(run.done, 0, "nothing is left");
}

async fn a_process_that_lacks_the_version_holds_the_rotation(world: &Api) {
    let store = &world.platform.store;
    store.hold_master_keys(77, 1, 0).await.unwrap();
    let BegunRotation::Held(lacking) = begin(&world.platform, 1).await.unwrap() else {
        panic!("it was begun")
    };
    assert_eq!(lacking.iter().map(|holder| holder.process).collect::<Vec<_>>(), [77]);
    assert!(lacking[0].knows(0) && !lacking[0].knows(1));
    assert_eq!(world.platform.secrets.version(), 0);

    // Restarted, it has all versions; it makes new secrets with the one before until it looks.
    let other = world.neighbour().await;
    beat(&other, 77).await.unwrap();
    take_into_use(world, 1).await;
    assert!(others_lag(&world.platform).await.unwrap() && other.secrets.version() == 0);
    beat(&other, 77).await.unwrap();
    assert!(!others_lag(&world.platform).await.unwrap() && other.secrets.version() == 1);

    // A process that was killed counts for a minute.
    store.hold_master_keys(78, 1, 0).await.unwrap();
    assert!(matches!(begin(&world.platform, 2).await.unwrap(), BegunRotation::Held(_)));
    world.wait(61 * SECOND);
    take_into_use(world, 2).await;
}

async fn a_process_without_a_needed_version_does_not_open(world: &Api) {
    take_into_use(world, 1).await;
    let open = async |ring: KeyRing| {
        let (clock, entropy) = (Clock::manual(world.now()), Entropy::seeded(9));
        let (folder, url) = (world.database.folder(), world.database.url());
        let config = Config::default();
        let opened = Platform::open(folder, &url, Secrets::of(&ring), clock, entropy, &config).await;
        opened.err().map(|failure| format!("{failure:#}")).unwrap_or_default()
    };
    let old = KeyRing::of([7; 32]);
    assert!(open(old.clone()).await.contains("needs version 1 of the master key"));
    let another = open(old.with_new(1, &Entropy::seeded(99))).await;
    assert!(another.contains("version 1 of the master key is not the one"), "{another}");
}

async fn a_version_that_nothing_needs_is_retired(world: &Api) {
    let store = &world.platform.store;
    take_into_use(world, 1).await;
    let head = world.platform.secrets.sign_head("a head");
    assert!(!store.retire_master_key(1).await.unwrap(), "it is in use");
    take_into_use(world, 2).await;
    let neighbour = world.neighbour().await;
    store.hold_master_keys(5, 7, 1).await.unwrap();
    assert!(!store.retire_master_key(1).await.unwrap(), "a process uses it");
    beat(&neighbour, 5).await.unwrap();
    assert!(store.retire_master_key(1).await.unwrap() && !store.retire_master_key(1).await.unwrap());

    // A process without the retired version opens, and verifies what it has signed.
    let ring = crate::world::ring().without(1);
    let (clock, entropy) = (Clock::manual(world.now()), Entropy::seeded(9));
    let (folder, url) = (world.database.folder(), world.database.url());
    let opened = Platform::open(folder, &url, Secrets::of(&ring), clock, entropy, &Config::default()).await;
    let platform = opened.unwrap();
    assert_eq!(platform.secrets.version(), 2);
    assert!(platform.secrets.head_signature_fits("a head", &head));
    assert_eq!(platform.secrets.receipt_keys().len(), 3);
}
