//! API keys: shown once, limited as the form says, rolled, revoked; and how they are used.

use crate::dashboard::hat::Team;
use crate::world::{Business, SECOND};
use ledger::Actor;
use outpay::testing::api_keys;
use outpay::testing::api_keys::KeyOrder;
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::roles::Role;
use outpay::testing::store::CredentialKind;

crate::world::on_both_engines! {
    a_key_is_made_and_shown_once,
    limits_of_the_form_hold,
    scopes_and_ceilings_of_the_form_hold,
    what_is_wrong_with_a_form_is_said_and_kept,
    a_key_is_rolled_with_an_overlap_and_revoked,
    use_is_shown_per_key,
}

/// The id of a new key.
pub async fn made(world: &Team, business: &Business) -> String {
    let (book, kind, limits) = (business.live, CredentialKind::SecretKey, KeyLimits::default());
    let order = KeyOrder {
        book,
        kind,
        name: "made".to_owned(),
        expires_in: None,
        limits,
        family: None,
        budget: None,
    };
    let made = api_keys::create(&world.platform, &order, Actor::OPERATOR).await.unwrap();
    api_keys::id(&world.platform, book, made.number)
}

const SHOWN: (&str, &str) = ("<p class=\"secret\" id=\"key\">", "</p>");

async fn a_key_is_made_and_shown_once(world: &Team) {
    let business = world.paying_business(1_000).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    admin.get("/dashboard/keys").await.is(200).says("First key").says("Create a key");
    let fields = [("name", "Shop <1>"), ("kind", "secret"), ("mode", "live"), ("days", "30")];
    let page = admin.post("/dashboard/keys", &fields).await;
    let key = page.is(200).says("shown only once").between(SHOWN.0, SHOWN.1);
    assert!(key.starts_with("sk_live_") && key.len() == 57, "{key}");
    assert_eq!(world.api("GET", "/balance", &key, "").await.0, 200);
    let list = admin.get("/dashboard/keys").await;
    list.is(200).says("Shop &#60;1&#62;").says_not(&key).says(&key[key.len() - 4..]);
    let id = list.between("href=\"/dashboard/keys/", "\"");
    admin.get(&format!("/dashboard/keys/{id}")).await.is(200).says_not(&key).says("Revoke key");
    assert_eq!(world.audit(&business).await[0], "key.created");
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get("/dashboard/keys").await.is(200).says("Shop").says_not("Create a key");
    viewer.get(&format!("/dashboard/keys/{id}")).await.is(200).says_not("Revoke key");
    // Of the other mode, and of the public kind.
    let page = admin.post("/dashboard/keys", &[("kind", "public"), ("mode", "test")]).await;
    let key = page.is(200).between(SHOWN.0, SHOWN.1);
    assert!(key.starts_with("pk_test_"), "{key}");
    admin.get("/dashboard/keys").await.is(200).says_not("pk_test_");
}

async fn limits_of_the_form_hold(world: &Team) {
    let business = world.paying_business(10_000).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let form = |allowed: &'static str, ceiling: &'static str| {
        [("kind", "secret"), ("mode", "live"), ("allowed", allowed), ("ceiling", ceiling)]
    };
    let page = admin.post("/dashboard/keys", &form("203.0.113.0/24, 127.0.0.1", "$5")).await;
    let key = page.is(200).between(SHOWN.0, SHOWN.1);
    let create = |cents: i64| format!(r#"{{"email":"a@example.com","amount":{cents}}}"#);
    assert_eq!(world.api("POST", "/payout/create", &key, &create(500)).await.0, 201);
    let (status, body) = world.api("POST", "/payout/create", &key, &create(501)).await;
    assert_eq!((status, body.contains("above_key_limit")), (403, true), "{body}");
    let page = admin.post("/dashboard/keys", &form("203.0.113.7", "")).await;
    let elsewhere = page.is(200).between(SHOWN.0, SHOWN.1);
    assert_eq!(world.api("GET", "/balance", &elsewhere, "").await.0, 401);
    admin.get("/dashboard/keys").await.is(200).says("203.0.113.0/24 127.0.0.1").says("at most $5.00");
}

async fn scopes_and_ceilings_of_the_form_hold(world: &Team) {
    let business = world.paying_business(10_000).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let fields = [
        ("kind", "secret"),
        ("mode", "live"),
        ("access", "some"),
        ("scope_payouts", "write"),
        ("scope_users", "read"),
        ("max_request", "4"),
        ("max_day", "5"),
        ("max_recipient_day", "3"),
    ];
    let key = admin.post("/dashboard/keys", &fields).await.is(200).between(SHOWN.0, SHOWN.1);
    let create = |email: &str, cents: i64| format!(r#"{{"email":"{email}","amount":{cents}}}"#);
    for (email, cents, status) in [
        ("a@example.com", 301, 403),
        ("a@example.com", 300, 201),
        ("b@example.com", 201, 403),
        ("b@example.com", 200, 201),
    ] {
        let answer = world.api("POST", "/payout/create", &key, &create(email, cents)).await;
        assert_eq!(answer.0, status, "{email} {cents}: {}", answer.1);
    }
    assert_eq!(world.api("GET", "/payout/users", &key, "").await.0, 200);
    let (status, body) = world.api("GET", "/balance", &key, "").await;
    assert!(status == 403 && body.contains("balances:read"), "{body}");
    admin.get("/dashboard/keys").await.is(200).says("payouts:write users:read").says("at most $5.00 per day");
    // Nothing chosen is no key.
    let nothing = [("kind", "secret"), ("mode", "live"), ("access", "some"), ("name", "None")];
    admin
        .post("/dashboard/keys", &nothing)
        .await
        .is(422)
        .says("at least one permission")
        .says("value=\"None\"");
}

async fn what_is_wrong_with_a_form_is_said_and_kept(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let before = world.platform.store.keys(business.live).await.unwrap().len();
    let long = "x".repeat(101);
    for (name, value, sentence) in [
        ("kind", "", "Choose a kind"),
        ("mode", "", "Choose live or test"),
        ("days", "0", "whole number"),
        ("days", "4000000000", "whole number"),
        ("allowed", "10.0.0.0/8 nowhere", "`nowhere` is not an address"),
        ("ceiling", "much", "dollars and cents"),
        ("ceiling", "0", "most that one payout may be"),
        ("ceiling", "1000000.01", "most that one payout may be"),
        ("name", long.as_str(), "printable characters"),
    ] {
        let mut fields = vec![("kind", "secret"), ("mode", "live"), ("days", "7"), ("name", "a name")];
        fields.retain(|(other, _)| *other != name);
        fields.push((name, value));
        let page = admin.post("/dashboard/keys", &fields).await;
        page.is(422).says("role=\"alert\"");
        assert!(page.body.replace("&#96;", "`").contains(sentence), "{name}={value}: {}", page.body);
        if name != "name" {
            page.says("value=\"a name\"");
        }
    }
    assert_eq!(world.platform.store.keys(business.live).await.unwrap().len(), before);
}

async fn a_key_is_rolled_with_an_overlap_and_revoked(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let page =
        admin.post("/dashboard/keys", &[("kind", "secret"), ("mode", "live"), ("name", "Roller")]).await;
    let old = page.is(200).between(SHOWN.0, SHOWN.1);
    let id = page.between("<dt>Id</dt><dd class=\"mono\">", "</dd>");
    let path = format!("/dashboard/keys/{id}");
    admin.post(&format!("{path}/roll"), &[("hours", "many")]).await.is(400);
    let page = admin.post(&format!("{path}/roll"), &[("hours", "1")]).await;
    let new = page.is(200).says("The old key ends").between(SHOWN.0, SHOWN.1);
    for key in [&old, &new] {
        assert_eq!(world.api("GET", "/balance", key, "").await.0, 200);
    }
    world.wait(3_600 * SECOND);
    assert_eq!(world.api("GET", "/balance", &old, "").await.0, 401);
    // After an hour a session ends.
    let mut admin = world.member(&business, Role::Admin).await.browser;
    admin.get(&path).await.is(200).says("Expired").says_not("Roll key");
    admin.post(&format!("{path}/roll"), &[]).await.is(400).says("expired");
    let id = page.between("<dt>Id</dt><dd class=\"mono\">", "</dd>");
    let revoke = format!("/dashboard/keys/{id}/revoke");
    admin.post(&revoke, &[]).await.leads_to("/dashboard/keys");
    admin.get("/dashboard/keys").await.is(200).says("is revoked.");
    assert_eq!(world.api("GET", "/balance", &new, "").await.0, 401);
    admin.post(&revoke, &[]).await.is(400).says("revoked already");
    let log = world.audit(&business).await;
    let of_keys: Vec<&String> = log.iter().filter(|action| action.starts_with("key.")).collect();
    assert_eq!(of_keys, ["key.revoked", "key.rolled", "key.created"]);
}

async fn use_is_shown_per_key(world: &Team) {
    let business = world.paying_business(10_000).await;
    let create = |cents: i64| format!(r#"{{"email":"a@example.com","amount":{cents}}}"#);
    for _ in 0..3 {
        assert_eq!(world.api("POST", "/payout/create", &business.key, &create(1_234)).await.0, 201);
    }
    assert_eq!(world.api("POST", "/payout/create", &business.key, &create(0)).await.0, 400);
    world.wait(86_400 * SECOND);
    assert_eq!(world.api("GET", "/balance", &business.key, "").await.0, 200);
    // Requests without a key are no key's use.
    assert_eq!(world.api("GET", "/balance", "sk_live_wrong", "").await.0, 401);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let list = viewer.get("/dashboard/keys").await;
    list.is(200).says("<td class=\"number\">5</td>").says("$37.02");
    let counts = world.platform.store.usage_of_keys(business.live, 0).await.unwrap();
    assert_eq!(
        counts
            .iter()
            .map(|(_, counts)| (counts.requests, counts.client_errors, counts.moved))
            .collect::<Vec<_>>(),
        [(5, 1, 3_702)]
    );
    for key in world.platform.store.keys(business.live).await.unwrap() {
        let id = api_keys::id(&world.platform, key.book, key.number);
        let page = viewer.get(&format!("/dashboard/keys/{id}")).await;
        let is_used = key.number == counts[0].0;
        assert_eq!(page.is(200).body.contains("<dd><span class=\"money\">$37.02</span></dd>"), is_used);
        page.says("2026-01-03");
    }
}
