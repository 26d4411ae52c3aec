//! The request log: what an owner finds in it, and what it never contains.

use crate::dashboard::hat::Team;
use crate::world::{Business, SECOND};
use outpay::testing::roles::Role;
use outpay::testing::store::{ListOrder, ListPlace, RequestFilter, RequestLine};

crate::world::on_both_engines! {
    requests_are_found_without_their_secrets,
    filters_find_what_they_say,
    a_crowd_is_sampled_and_the_page_says_so,
    each_mode_and_business_has_its_own,
    lines_are_forgotten_after_some_days,
}

/// The id of a request that stands in the log.
pub async fn logged(world: &Team, business: &Business) -> String {
    let line = RequestLine {
        book: business.live,
        at: world.platform.clock.now(),
        request_id: "req_1".to_owned(),
        key: 1,
        payout_user: 0,
        method: "GET".to_owned(),
        route: "/balance".to_owned(),
        path_id: String::new(),
        status: 200,
        micros: 1,
        skipped: 0,
        request: String::new(),
        response: String::new(),
    };
    world.platform.store.write_request_lines(&[line]).await.unwrap();
    "req_1".to_owned()
}

async fn lines(world: &Team, business: &Business) -> Vec<RequestLine> {
    world.platform.requests.write().await.unwrap();
    let filter = RequestFilter::of(business.live);
    let found = world.platform.store.list_requests(&filter, ListOrder::Newest, &ListPlace::Start, 10_000);
    found.await.unwrap().rows
}

async fn pay(world: &Team, key: &str, amount: &str) -> (u16, String) {
    let body = format!(r#"{{"email":"user@example.com","amount":{amount}}}"#);
    world.api("POST", "/payout/create", key, &body).await
}

async fn requests_are_found_without_their_secrets(world: &Team) {
    let business = world.paying_business(10_000).await;
    let (status, body) = pay(world, &business.key, "100").await;
    assert_eq!(status, 201);
    let hash = body.split('"').nth(3).unwrap().to_owned();
    assert_eq!(hash.len(), 52);
    // Requests of one microsecond have no order.
    world.wait(1);
    // A person, whose hash stands in the body; a hash where an id belongs; secrets in odd places.
    let sent = format!(r#"{{"payout_hash":"{hash}"}}"#);
    assert_eq!(world.api("POST", "/payout/operations", "", &sent).await.0, 200);
    world.wait(1);
    world.api("GET", &format!("/payout/users/{hash}?payout_hash={hash}"), &business.key, "").await;
    world.wait(1);
    let odd = format!(r#"{{"{hash}":1,"from":["{}"],"amount":"x{hash}"}}"#, business.key);
    world.api("POST", "/balance/transfer", &business.key, &odd).await;
    world.wait(1);
    world.api("POST", "/balance/transfer", &business.key, &format!("no json {hash}")).await;
    let all = lines(world, &business).await;
    let brief: Vec<(&str, &str, i64)> =
        all.iter().rev().map(|line| (line.route.as_str(), line.path_id.as_str(), line.status)).collect();
    assert_eq!(
        brief,
        [
            ("/payout/create", "", 201),
            ("/payout/operations", "", 200),
            ("/payout/users/{id}", "[redacted]", 400),
            ("/balance/transfer", "", 400),
            ("/balance/transfer", "", 400),
        ]
    );
    let text = format!("{all:?}");
    assert!(!text.contains(&hash) && !text.contains(&business.key[8..]), "{text}");
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get("/dashboard/requests").await;
    page.is(200).says("First key").says("A recipient").says("/payout/users/[redacted]").says_not(&hash);
    let paid = &all[4];
    assert_eq!((paid.key > 0, paid.payout_user), (true, 0));
    let page = viewer.get(&format!("/dashboard/requests/{}", paid.request_id)).await;
    page.is(200).says("user@example.com").says("[redacted]").says("$OUTPAY_KEY").says_not(&hash);
    page.says_not(&business.key);
    let asked = &all[3];
    assert_eq!((asked.key, asked.payout_user), (0, 1));
    let page = viewer.get(&format!("/dashboard/requests/{}", asked.request_id)).await;
    page.is(200).says("$OUTPAY_HASH").says("/dashboard/users/usr_");
}

async fn filters_find_what_they_say(world: &Team) {
    let business = world.paying_business(10_000).await;
    pay(world, &business.key, "100").await;
    pay(world, &business.key, "0").await;
    world.api("GET", "/balance", &business.key, "").await;
    let all = lines(world, &business).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let rows =
        |page: &crate::dashboard::browser::Page| page.is(200).body.matches("data-label=\"When\"").count();
    for (query, expected) in [
        ("", 3),
        ("?status=errors", 1),
        ("?status=4xx", 1),
        ("?status=5xx", 0),
        ("?status=ok", 2),
        ("?status=nonsense", 3),
        ("?path=create", 2),
        ("?path=%00", 0),
        ("?path=create&status=ok", 1),
        ("?key=key_unknown", 0),
        ("?after=1-x", 0),
        ("?after=x", 3),
        ("?id=req_unknown", 0),
        ("?q=user%40EXAMPLE", 2),
        ("?q=user%40EXAMPLE&status=errors", 1),
        ("?from=2026-01-02&until=2026-01-02", 3),
        ("?from=2026-01-03", 0),
    ] {
        let page = viewer.get(&format!("/dashboard/requests{query}")).await;
        assert_eq!(rows(&page), expected, "{query}");
    }
    let key = outpay::testing::api_keys::id(&world.platform, business.live, all[0].key);
    assert_eq!(rows(&viewer.get(&format!("/dashboard/requests?key={key}")).await), 3);
    let id = &all[1].request_id;
    viewer.get(&format!("/dashboard/requests?id={id}")).await.leads_to(&format!("/dashboard/requests/{id}"));
    viewer.get("/dashboard/requests/req_unknown").await.is(404);
    viewer.get("/dashboard/requests/%00").await.is(404);
}

async fn a_crowd_is_sampled_and_the_page_says_so(world: &Team) {
    let business = world.paying_business(10_000).await;
    // The clock stands still: all of them in one second.
    for _ in 0..30 {
        world.api("GET", "/balance", &business.key, "").await;
    }
    pay(world, &business.key, "0").await;
    let all = lines(world, &business).await;
    assert_eq!(all.len(), 21);
    assert_eq!(all.iter().map(|line| (line.status == 400, line.skipped)).max(), Some((true, 10)));
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get("/dashboard/requests").await.is(200).says("Sampled: 10 more requests");
    viewer.get("/dashboard/requests?status=ok").await.is(200).says_not("Sampled");
    world.wait(SECOND);
    world.api("GET", "/balance", &business.key, "").await;
    assert_eq!(lines(world, &business).await.len(), 22);
    let counts = world.platform.store.usage_of_keys(business.live, 0).await.unwrap();
    assert_eq!(counts[0].1.requests, 32, "use is counted in full");
}

async fn each_mode_and_business_has_its_own(world: &Team) {
    let (business, other) = (world.paying_business(1_000).await, world.paying_business(1_000).await);
    pay(world, &business.key, "1").await;
    let all = lines(world, &business).await;
    assert_eq!(all.len(), 1);
    let mut stranger = world.member(&other, Role::Owner).await.browser;
    stranger.get("/dashboard/requests").await.is(200).says("No requests yet");
    stranger.get(&format!("/dashboard/requests/{}", all[0].request_id)).await.is(404);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    viewer.get("/dashboard/requests").await.is(200).says("No requests yet");
    pay(world, &business.test_key, "1").await;
    viewer.get("/dashboard/requests").await.is(200).says("/payout/create");
}

async fn lines_are_forgotten_after_some_days(world: &Team) {
    let business = world.paying_business(1_000).await;
    pay(world, &business.key, "1").await;
    assert_eq!(lines(world, &business).await.len(), 1);
    world.wait(31 * 86_400 * SECOND);
    pay(world, &business.key, "2").await;
    // Writes the new line, forgets the old one.
    assert_eq!(lines(world, &business).await.len(), 1);
}
