//! What all endpoints share: request ids, caching, unknown paths and methods, rate limits, the metrics address, and a
//! log without secrets.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::process::Process;
use crate::wire::{Answer, Connection};
use crate::world::{SECOND, Server, local};
use std::collections::HashSet;
use std::net::SocketAddr;
use tokio::net::TcpSocket;

crate::world::on_both_engines! {
    every_answer_has_a_request_id_of_its_own,
    the_clients_own_request_id_is_echoed_beside_ours,
    nothing_may_be_cached,
    connections_are_kept_alive,
    status_404_unknown_path,
    status_405_names_what_is_allowed,
    status_408_a_body_that_does_not_come,
    status_429_by_client_address,
    status_429_by_credential_known_or_not,
    status_429_is_over_after_a_while,
    a_clock_that_is_set_back_limits_no_client,
    metrics_have_an_address_of_their_own,
    the_log_holds_no_secret,
}

const NOTHING_HERE: &str = r#"{"error":"There is nothing under this path.","code":"not_found"}"#;
const NOT_ALLOWED: &str =
    r#"{"error":"This path does not take this method; see the Allow header.","code":"method_not_allowed"}"#;
const TOO_MANY: &str = r#"{"error":"Too many requests","code":"rate_limited"}"#;

async fn every_answer_has_a_request_id_of_its_own(world: &Api) {
    let business = world.business().await;
    let neighbour = world.second_server().await;
    let mut ids = HashSet::new();
    for call in [
        world.get("/balance").key(&business.key),
        world.get("/balance"),
        world.get("/nothing"),
        world.post("/balance"),
        world.get("/balance").key(&business.key).header("X-Request-Id", "not taken"),
        world.get("/healthz").at(neighbour.address),
        world.get("/healthz"),
        world.get("/docs"),
    ] {
        let answer = call.send().await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(id.starts_with("req_") && id[4..].bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        assert!(ids.insert(id));
    }
    neighbour.stop().await.unwrap();
}

async fn the_clients_own_request_id_is_echoed_beside_ours(world: &Api) {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let process = Process::serve(&world.database);
    let calls = [world.get("/balance"), world.get("/nothing")].map(|call| {
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        call.header("X-Request-Id", "order-17.retry").header("traceparent", parent).at(process.address)
    });
    let mut own = Vec::new();
    for call in calls {
        let answer = call.send().await;
        assert_eq!(answer.header("x-request-id"), Some("order-17.retry"));
        own.push(answer.header("outpay-request-id").unwrap().to_owned());
        let parent = answer.header("traceparent").unwrap();
        // This client is no trusted proxy, so it decides nothing about sampling.
        assert!(parent.starts_with(&format!("00-{trace}-")) && parent.ends_with("-00"), "{parent}");
    }
    let log = process.log().await;
    for id in own {
        let line = log.lines().find(|line| line.contains(&id)).expect("a line for each request");
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["fields"]["client_request_id"], "order-17.retry");
        assert_eq!(line["fields"]["trace_id"], trace);
    }
}

async fn nothing_may_be_cached(world: &Api) {
    let business = world.business().await;
    for call in [
        world.get("/balance").key(&business.key),
        world.get("/balance"),
        world.get("/nothing"),
        world.call("DELETE", "/balance"),
        world.post("/payout/create").key(&business.key).json("{"),
    ] {
        assert_eq!(call.send().await.header("cache-control"), Some("no-store"));
    }
}

async fn connections_are_kept_alive(world: &Api) {
    let business = world.paying_business(100).await;
    let mut connection = Connection::open(world.address()).await;
    for call in [
        world.create(&business.key, "user@example.com", 10),
        world.get("/balance"),
        world.create(&business.key, "user", 10),
        world.create(&business.key, "user@example.com", 1000),
        world.get("/nothing"),
        world.call("HEAD", "/balance").key(&business.key),
        world.create(&business.key, "user@example.com", 10),
    ] {
        call.send_on(&mut connection).await;
    }
    let answer = world.get("/balance").key(&business.key).send_on(&mut connection).await;
    answer.is(200, r#"{"balance":0,"payout_balance":80}"#);
}

async fn status_404_unknown_path(world: &Api) {
    let business = world.business().await;
    for path in [
        "/",
        "/payout",
        "/payout/create/",
        "/Payout/Create",
        "//payout/create",
        "/v1/payout/create",
        "/payout/users/",
        "/payout/users/usr_1/unknown",
        "/balance/transfers",
        "/metrics",
        "/payout/%63reate",
        "/balance%00",
        "/payout/withdraws",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = world.call(method, path).key(&business.key).send().await;
            assert_eq!((answer.status, answer.text()), (404, NOTHING_HERE), "{method} {path}");
        }
    }
    world.get("/nothing").send().await.is(404, NOTHING_HERE);
}

async fn status_405_names_what_is_allowed(world: &Api) {
    let document: serde_json::Value =
        serde_json::from_str(&outpay::testing::http::openapi_document()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let operations = operations.as_object().unwrap();
        let mut allowed: HashSet<&str> = HashSet::new();
        if operations.contains_key("get") {
            allowed.extend(["GET", "HEAD"]);
        }
        if operations.contains_key("post") {
            allowed.insert("POST");
        }
        if operations.contains_key("put") {
            allowed.insert("PUT");
        }
        if operations.contains_key("delete") {
            allowed.insert("DELETE");
        }
        let path = path.replace("{id}", "usr_1");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if !allowed.contains(method) {
                let answer = world.call(method, &path).send().await;
                answer.is(405, NOT_ALLOWED);
                let named: HashSet<&str> =
                    answer.header("allow").unwrap().split(',').map(str::trim).collect();
                assert_eq!(named, allowed, "{method} {path}");
            }
        }
    }
}

async fn status_408_a_body_that_does_not_come(world: &Api) {
    let business = world.paying_business(100).await;
    let head = format!(
        "POST /payout/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{{",
        business.key
    );
    let answer = Connection::open(world.address()).await.exchange(head.as_bytes(), true).await;
    answer.is(408, r#"{"error":"The body did not arrive in time.","code":"request_timeout"}"#);
}

async fn status_429_by_client_address(world: &Api) {
    let business = world.business().await;
    let server = limited(world).await;
    for _ in 0..3 {
        world.get("/nothing").at(server.address).send().await.is(404, NOTHING_HERE);
    }
    for call in [
        world.get("/balance").key(&business.key),
        world.get("/balance").key("unknown"),
        world.get("/nothing"),
    ] {
        is_too_many(&call.at(server.address).send().await);
    }
    // Another client is not affected.
    from_address(2, &server, &world.get("/balance").key(&business.key)).await.value(200);
    server.stop().await.unwrap();
}

async fn status_429_by_credential_known_or_not(world: &Api) {
    let business = world.paying_business(100).await;
    let hash = world.pay(&business.key, "user@example.com", 1).await;
    let server = limited(world).await;
    // Each request from an address of its own, so that only the credential counts.
    let mut host = 1;
    for (call, before) in [
        (world.get("/balance").key(&business.key), 200),
        (world.get("/balance").key("sk_live_unknown"), 401),
        (world.get("/payout/operations").hash(&hash), 200),
        (world.get("/payout/operations").hash("unknown"), 401),
    ] {
        for _ in 0..3 {
            host += 1;
            assert_eq!(from_address(host, &server, &call).await.status, before);
        }
        host += 1;
        is_too_many(&from_address(host, &server, &call).await);
    }
    // Without a credential there is nothing to count.
    for _ in 0..5 {
        host += 1;
        from_address(host, &server, &world.get("/balance")).await.is(401, UNAUTHORIZED);
    }
    server.stop().await.unwrap();
}

async fn status_429_is_over_after_a_while(world: &Api) {
    let server = limited(world).await;
    let call = world.get("/nothing").at(server.address);
    for _ in 0..3 {
        call.send().await.is(404, NOTHING_HERE);
    }
    let refused = call.send().await;
    is_too_many(&refused);
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(wait, 1);
    world.platform.clock.advance(wait * SECOND);
    for _ in 0..3 {
        call.send().await.is(404, NOTHING_HERE);
    }
    is_too_many(&call.send().await);
    server.stop().await.unwrap();
}

async fn a_clock_that_is_set_back_limits_no_client(world: &Api) {
    let server = limited(world).await;
    let call = world.get("/nothing").at(server.address);
    world.platform.clock.advance(3_600 * SECOND);
    call.send().await.is(404, NOTHING_HERE);
    world.platform.clock.step(-600 * SECOND);
    call.send().await.is(404, NOTHING_HERE);
    server.stop().await.unwrap();
}

async fn metrics_have_an_address_of_their_own(world: &Api) {
    let business = world.paying_business(100).await;
    let config =
        outpay::testing::http::ServeConfig { metrics_listen: Some(([127, 0, 0, 1], 0).into()), ..local() };
    let server = world.second_server_with(config).await;
    let id = world.user_id(business.live, 7);
    world.create(&business.key, "user@example.com", 10).at(server.address).send().await.value(201);
    world.get(&format!("/payout/users/{id}")).at(server.address).key(&business.key).send().await.value(404);
    world.get("/secret-path?payout_hash=secret-hash").at(server.address).send().await.value(404);
    world.call("BREW", "/balance").at(server.address).send().await.value(405);

    let metrics = metrics(server.metrics.unwrap()).await;

    for line in [
        r#"outpay_http_requests_total{method="POST",route="/payout/create",status="201"} 1"#,
        r#"outpay_http_requests_total{method="GET",route="/payout/users/{id}",status="404"} 1"#,
        r#"outpay_http_requests_total{method="GET",route="-",status="404"} 1"#,
        r#"outpay_http_requests_total{method="other",route="/balance",status="405"} 1"#,
        "outpay_teller_up 1",
        r#"outpay_build_info{version="0.1.0"} 1"#,
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} is missing in\n{metrics}");
    }
    let of = outpay::testing::business::id(&world.platform, business.live.business());
    for (account, cents) in [("payout", 90), ("recipients", 10), ("main", 0), ("world", -100)] {
        let labels = format!(r#"{{business="{of}",mode="live",account="{account}"}}"#);
        let line = format!("outpay_balance_cents{labels} {cents}");
        assert!(metrics.lines().any(|other| other == line), "{line} is missing in\n{metrics}");
    }
    every_family_is_explained(&metrics);
    for secret in ["secret", id.as_str(), "user@example.com", &business.key] {
        assert!(!metrics.contains(secret), "{secret}");
    }
    world.get("/metrics").at(server.address).send().await.is(404, NOTHING_HERE);
    server.stop().await.unwrap();
}

/// Each sample belongs to a family with a help text and a type, as `promtool check metrics` asks.
fn every_family_is_explained(metrics: &str) {
    let said = |word: &str| {
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(word)?.split(' ').next());
        lines.collect::<std::collections::BTreeSet<_>>()
    };
    let (helped, typed) = (said("# HELP "), said("# TYPE "));
    assert_eq!(helped, typed);
    assert!(helped.contains("process_resident_memory_bytes") && helped.len() >= 25, "{helped:?}");
    for sample in metrics.lines().filter(|line| !line.starts_with('#')) {
        let name = sample.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
        let known = helped.contains(name) || family.is_some_and(|family| helped.contains(family));
        assert!(known, "{name} has no help");
    }
}

async fn the_log_holds_no_secret(world: &Api) {
    let business = world.paying_business(100).await;
    let hash = world.pay(&business.key, "user@example.com", 10).await;
    let process = Process::serve(&world.database);
    let user = world.user_id(business.live, 1);
    let mut answers = Vec::new();
    for call in [
        world.create(&business.key, "user@example.com", 10).once("idempotent"),
        world.get(&format!("/payout/operations?payout_hash={hash}")),
        world.get("/payout/operations").hash(&hash),
        world.post("/payout/operations").json(format!(r#"{{"payout_hash":"{hash}"}}"#)),
        world.get("/payout/users?email=user@example.com").key(&business.key),
        world.get(&format!("/payout/users/{user}")).key(&business.key),
        world.get("/no/such/path?secret=query").key(&business.test_public_key),
    ] {
        answers.push(call.at(process.address).send().await);
    }
    let log = process.log().await;
    for answer in &answers {
        let id = answer.header("x-request-id").unwrap();
        let line = log.lines().find(|line| line.contains(id)).expect("a line for each request");
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["fields"]["status"], answer.status);
        assert!(line["fields"]["micros"].is_number() && line["fields"]["method"].is_string());
    }
    for route in ["\"/payout/create\"", "\"/payout/operations\"", "\"/payout/users/{id}\"", "\"-\""] {
        assert!(log.contains(route), "{route}");
    }
    assert!(log.contains("\"key\":\"key_"), "the key's id is there");
    let secrets =
        [&hash, &business.key, &business.test_public_key, crate::http::api::MASTER_KEY, "idempotent"];
    for secret in secrets.into_iter().chain(["user@example.com", "such/path", "query", &user]) {
        assert!(!log.contains(secret), "{secret}");
    }
}

async fn limited(world: &Api) -> Server {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = outpay::testing::http::ServeConfig { listen, requests_per_second: Some(3), ..local() };
    world.second_server_with(config).await
}

fn is_too_many(answer: &Answer) {
    answer.is(429, TOO_MANY);
    assert_eq!(answer.header("retry-after"), Some("1"));
}

/// Sends from 127.0.1.`host`.
async fn from_address(host: u8, server: &Server, call: &crate::wire::Call) -> Answer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 1, host], 0).into()).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    call.send_on(&mut Connection::over(stream)).await
}

async fn metrics(address: SocketAddr) -> String {
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = Connection::open(address).await.exchange(request, true).await;
    assert_eq!(answer.status, 200);
    let media = answer.header("content-type").unwrap();
    assert_eq!(media, "text/plain; version=0.0.4; charset=utf-8");
    answer.text().to_owned()
}
