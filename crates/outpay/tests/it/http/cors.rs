//! Cross-origin requests to the hash endpoints: who may read an answer in a browser.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::wire::{Answer, Call, Connection};
use serde_json::json;

crate::world::on_both_engines! {
    a_success_is_readable_by_the_business_s_own_origins,
    a_preflight_names_what_may_be_sent,
    a_401_is_the_same_for_every_cause,
    endpoints_of_the_business_are_readable_by_no_page,
    origins_are_set_by_the_live_key,
}

const SHOP: &str = "https://shop.example";
const OTHER: &str = "https://other.example";
const STRANGER: &str = "https://stranger.example";

async fn allow(world: &Api, key: &str, origins: &[&str]) -> Answer {
    let body = json!({ "allowed_origins": origins }).to_string();
    world.call("PUT", "/payout/settings").key(key).json(body).send().await
}

/// Two businesses with an origin each; the hash of a recipient of the first.
async fn two(world: &Api) -> (String, String) {
    let (one, other) = (world.paying_business(1_000).await, world.paying_business(1_000).await);
    allow(world, &one.key, &[SHOP, "http://localhost:3000"]).await.value(200);
    allow(world, &other.key, &[OTHER]).await.value(200);
    let hash = world.pay(&one.key, "user@example.com", 100).await;
    (one.key, hash)
}

fn readable(answer: &Answer) -> Option<&str> {
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    answer.header("access-control-allow-origin")
}

async fn a_success_is_readable_by_the_business_s_own_origins(world: &Api) {
    let (_, hash) = two(world).await;
    for (origin, seen) in [
        (SHOP, Some(SHOP)),
        ("http://localhost:3000", Some("http://localhost:3000")),
        (OTHER, None),
        (STRANGER, None),
        ("null", None),
        ("https://SHOP.example", None),
        ("https://shop.example:444", None),
        ("*", None),
    ] {
        for path in ["/payout/operations", "/payout/methods"] {
            let answer = world.get(path).hash(&hash).header("Origin", origin).send().await;
            assert_eq!((answer.status, readable(&answer)), (200, seen), "{origin} {path}");
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
        let wrong = world.get("/payout/methods?x=1").hash(&hash).header("Origin", origin).send().await;
        assert_eq!((wrong.status, readable(&wrong)), (400, seen), "{origin}");
    }
    let plain = world.get("/payout/operations").hash(&hash).send().await;
    assert_eq!((readable(&plain), plain.header("vary")), (None, Some("Origin")));
    let twice = world.get("/payout/operations").hash(&hash).header("Origin", SHOP).header("Origin", SHOP);
    assert_eq!(readable(&twice.send().await), None);
}

async fn preflight(world: &Api, path: &str, origin: &str) -> Answer {
    let call = Call::new(world.address(), "OPTIONS", path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,x-payout-hash");
    Connection::open(world.address()).await.exchange(&call.bytes(), false).await
}

async fn a_preflight_names_what_may_be_sent(world: &Api) {
    let (key, _) = two(world).await;
    // A preflight has no hash, so it cannot tell the business.
    for origin in [SHOP, OTHER] {
        for path in ["/payout/operations", "/payout/withdraw", "/payout/operations/ord_x/cancel"] {
            let answer = preflight(world, path, origin).await;
            assert_eq!((answer.status, readable(&answer)), (204, Some(origin)), "{path}");
            assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
            let headers = answer.header("access-control-allow-headers");
            assert_eq!(headers, Some("Content-Type, Idempotency-Key, X-Payout-Hash, X-Request-Id"));
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
    for (path, origin) in [("/payout/operations", STRANGER), ("/payout/create", SHOP), ("/balance", SHOP)] {
        let answer = preflight(world, path, origin).await;
        assert_eq!((answer.status, readable(&answer)), (405, None), "{path} {origin}");
    }
    allow(world, &key, &[]).await.value(200);
    assert_eq!(preflight(world, "/payout/operations", SHOP).await.status, 405);
}

async fn a_401_is_the_same_for_every_cause(world: &Api) {
    let (key, hash) = two(world).await;
    for origin in [SHOP, OTHER, STRANGER] {
        let causes = [
            world.get("/payout/operations"),
            world.get("/payout/operations").hash("x"),
            world.get("/payout/operations").hash(&key),
            world.post("/payout/operations").json(r#"{"payout_hash":"x"}"#),
            world.get("/payout/operations?payout_hash=x"),
        ];
        let mut answers = Vec::new();
        for call in causes {
            let answer = call.header("Origin", origin).send().await;
            answer.is(401, UNAUTHORIZED);
            assert_eq!(readable(&answer), Some(origin).filter(|origin| *origin != STRANGER));
            answers.push(answer.comparable());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }
    let seen = world.get("/payout/operations").hash(&hash).header("Origin", OTHER).send().await;
    assert_eq!((seen.status, readable(&seen)), (200, None));
}

async fn endpoints_of_the_business_are_readable_by_no_page(world: &Api) {
    let (key, _) = two(world).await;
    for path in ["/balance", "/payout/users", "/payout/settings"] {
        let answer = world.get(path).key(&key).header("Origin", SHOP).send().await;
        assert_eq!((answer.status, readable(&answer), answer.header("vary")), (200, None, None), "{path}");
    }
}

async fn origins_are_set_by_the_live_key(world: &Api) {
    let business = world.business().await;
    let set = allow(world, &business.key, &["https://Shop.example/", SHOP, OTHER]).await.value(200);
    assert_eq!(set["allowed_origins"], json!([OTHER, SHOP]));
    let read = world.get("/payout/settings").key(&business.test_key).send().await.value(200);
    assert_eq!(read["allowed_origins"], json!([OTHER, SHOP]));
    for wrong in ["*", "null", "http://shop.example", "https://shop.example/x", "https://*.shop.example"] {
        let refused = allow(world, &business.key, &[wrong]).await.value(400);
        assert!(refused["fields"]["allowed_origins"].is_array(), "{wrong}");
    }
    let many: Vec<String> = (0..21).map(|number| format!("https://s{number}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    allow(world, &business.key, &many).await.value(400);
    allow(world, &business.test_key, &[SHOP]).await.value(400);
    let kept = world.get("/payout/settings").key(&business.key).send().await.value(200);
    assert_eq!(kept["allowed_origins"], json!([OTHER, SHOP]));
}
