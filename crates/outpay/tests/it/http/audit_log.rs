//! `GET /payout/audit-log`: the entries with the digests of their chain, which a reader can recompute.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::keys::scoped;
use ledger::Actor;
use outpay::testing::audit_log::{self, export};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

crate::world::on_both_engines! {
    status_200_each_digest_can_be_recomputed,
    status_200_a_key_sees_its_own_book_and_the_business,
    status_200_pages_lead_from_one_to_the_next,
    status_400_unknown_cursor,
    status_401_public_key,
    a_file_has_what_the_api_has,
}

/// As docs/API.md says it, without the code that writes the log.
fn digest(entry: &Value) -> String {
    let mut digest = Sha256::new();
    digest.update(data_encoding::HEXLOWER.decode(entry["previous"].as_str().unwrap().as_bytes()).unwrap());
    for name in ["number", "business", "book", "micros", "actor"] {
        digest.update(entry[name].as_i64().unwrap().to_be_bytes());
    }
    for name in ["action", "subject", "detail"] {
        let text = entry[name].as_str().unwrap();
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

async fn all(world: &Api, key: &str) -> Vec<Value> {
    let page = world.get("/payout/audit-log?limit=100").key(key).send().await.value(200);
    page["data"].as_array().unwrap().clone()
}

async fn status_200_each_digest_can_be_recomputed(world: &Api) {
    let business = world.business().await;
    scoped(world, &business, "users:read").await;
    let other = world.business().await;
    scoped(world, &other, "users:read").await;
    scoped(world, &business, "payouts:write").await;
    let entries = all(world, &business.key).await;
    assert!(entries.iter().filter(|entry| entry["action"] == "key.created").count() >= 2, "{entries:?}");
    for entry in &entries {
        assert_eq!(entry["digest"], digest(entry), "{entry}");
        assert_eq!(entry["business"], business.number);
    }
    let changed = json!({ "detail": "{}" });
    let mut last = entries.last().unwrap().clone();
    last["detail"] = changed["detail"].clone();
    assert_ne!(last["digest"], digest(&last), "a changed entry does not fit");
    // The other business's entry lies between the last two.
    assert_ne!(entries[entries.len() - 2]["digest"], entries[entries.len() - 1]["previous"]);
}

async fn status_200_a_key_sees_its_own_book_and_the_business(world: &Api) {
    let business = world.business().await;
    for (book, action) in [(business.live, "of.live"), (business.test, "of.test")] {
        let entry = audit_log::in_book(&world.platform, book, Actor::OPERATOR, action, "", &json!({}));
        audit_log::write(&world.platform, entry).await.unwrap();
    }
    let entry =
        audit_log::in_business(&world.platform, business.number, Actor::OPERATOR, "of.both", "", &json!({}));
    audit_log::write(&world.platform, entry).await.unwrap();
    for (key, own, places) in [
        (&business.key, "of.live", ["live", "business"]),
        (&business.test_key, "of.test", ["test", "business"]),
    ] {
        let entries = all(world, key).await;
        let last: Vec<&str> =
            entries[entries.len() - 2..].iter().map(|of| of["action"].as_str().unwrap()).collect();
        assert_eq!(last, [own, "of.both"]);
        assert!(entries.iter().all(|of| places.contains(&of["place"].as_str().unwrap())), "{entries:?}");
    }
}

async fn status_200_pages_lead_from_one_to_the_next(world: &Api) {
    let business = world.business().await;
    for _ in 0..3 {
        scoped(world, &business, "users:read").await;
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world
            .get(&format!("/payout/audit-log?limit=2{cursor}"))
            .key(&business.key)
            .send()
            .await
            .value(200);
        found.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, all(world, &business.key).await);
}

async fn status_400_unknown_cursor(world: &Api) {
    let business = world.business().await;
    for cursor in ["x", "-1"] {
        let call = world.get(&format!("/payout/audit-log?cursor={cursor}")).key(&business.key);
        assert_eq!(call.send().await.status, 400, "{cursor:?}");
    }
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.get("/payout/audit-log").key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}

async fn a_file_has_what_the_api_has(world: &Api) {
    let business = world.business().await;
    scoped(world, &business, "users:read").await;
    let lines =
        export::text(&world.platform, business.number, export::ExportFormat::JsonLines).await.unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, all(world, &business.key).await);
    let csv = export::text(&world.platform, business.number, export::ExportFormat::Csv).await.unwrap();
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().unwrap().clone();
    let digest = header.iter().position(|column| column == "digest").unwrap();
    let digests: Vec<String> = reader.records().map(|record| record.unwrap()[digest].to_owned()).collect();
    assert_eq!(
        digests,
        lines.iter().map(|line| line["digest"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    );
}
