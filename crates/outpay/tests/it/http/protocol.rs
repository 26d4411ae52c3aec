//! HTTP as programs in the field speak it: hosts, codings, bodies that are too large, and what is no HTTP at all. Every answer
//! has an id, may not be cached, and is JSON with a code.

use crate::http::api::{Api, TOO_LARGE, UNAUTHORIZED};
use crate::wire::{Answer, Connection};
use crate::world::{Server, local};
use outpay::testing::http::{ConnectionLimits, ServeConfig};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

crate::world::on_both_engines! {
    status_400_invalid_host,
    status_400_malformed_request,
    status_408_a_head_that_does_not_come,
    status_413_while_the_client_is_still_sending,
    status_414_and_431_too_long,
    status_415_content_encoding,
    status_501_transfer_coding,
    one_request_is_not_taken_for_two,
    a_kept_connection_outlives_the_time_of_a_head,
    browsers_handle_every_answer_strictly,
}

const NO_HOST: &str = r#"{"error":"The request needs one valid Host header.","code":"invalid_host"}"#;
const NOT_HTTP: &str = r#"{"error":"The request is not valid HTTP.","code":"malformed_request"}"#;
const TOO_SLOW: &str = r#"{"error":"The request did not arrive in time.","code":"request_timeout"}"#;
const ENCODED: &str = r#"{"error":"Send the body as it is, without a Content-Encoding.","code":"unsupported_content_encoding"}"#;
const NOT_CHUNKED: &str =
    r#"{"error":"The only transfer coding is chunked.","code":"unsupported_transfer_coding"}"#;

async fn status_400_invalid_host(world: &Api) {
    for hosts in ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nHost: b\r\n", "Host:\r\n", "Host: a b\r\n"] {
        for path in ["/balance", "/p", "/healthz", "/nothing"] {
            answer(world, &format!("GET {path} HTTP/1.1\r\n{hosts}\r\n")).await.is(400, NO_HOST);
        }
    }
    // HTTP/1.0 has none; a target that names the host needs one beside it all the same (RFC 9112, 3.2).
    answer(world, "GET /balance HTTP/1.0\r\n\r\n").await.is(401, UNAUTHORIZED);
    answer(world, "GET http://a/balance HTTP/1.1\r\nHost: a\r\n\r\n").await.is(401, UNAUTHORIZED);
    answer(world, "GET http://a/balance HTTP/1.1\r\n\r\n").await.is(400, NO_HOST);
}

async fn status_400_malformed_request(world: &Api) {
    for text in [
        "nonsense\r\n\r\n",
        "GET /balance\r\n\r\n",
        "GET /balance HTTP/3.0\r\n\r\n",
        "GET /balance HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /balance HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "GET /balance HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    ] {
        let answer = answer(world, text).await;
        answer.is(400, NOT_HTTP);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(answer.header("date").is_some_and(|date| date.ends_with(" GMT")));
    }
    // After an answer on the same connection too.
    let mut connection = Connection::open(world.address()).await;
    world.get("/balance").send_on(&mut connection).await.is(401, UNAUTHORIZED);
    connection.exchange(b"nonsense\r\n\r\n", true).await.is(400, NOT_HTTP);
    assert!(connection.read().await.is_none());
}

async fn status_408_a_head_that_does_not_come(world: &Api) {
    let server = limited(world, |limits| limits.head = Duration::from_millis(50)).await;
    let mut connection = Connection::open(server.address).await;
    strict(connection.exchange(b"GET /balance HTTP/1.1\r\nHost: loc", true).await).is(408, TOO_SLOW);
    assert!(connection.read().await.is_none());
    server.stop().await.unwrap();
}

/// The client writes all of it before it reads, as most do. A connection that is closed at once would be reset, and the answer
/// lost with it.
async fn status_413_while_the_client_is_still_sending(world: &Api) {
    let business = world.paying_business(100).await;
    const LENGTH: usize = 4 * 1024 * 1024;
    for (head, expected) in [
        (
            format!("POST /payout/create HTTP/1.1\r\nAuthorization: Bearer {}\r\n", business.key),
            (413, TOO_LARGE),
        ),
        ("POST /payout/create HTTP/1.1\r\n".to_owned(), (401, UNAUTHORIZED)),
        ("GET /balance HTTP/1.1\r\n".to_owned(), (401, UNAUTHORIZED)),
    ] {
        let mut request = format!(
            "{head}Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {LENGTH}\r\n\r\n"
        );
        request.push_str(&" ".repeat(LENGTH));
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        Connection::over(stream).read().await.unwrap().is(expected.0, expected.1);
    }
    world.has_balances(&business.key, 0, 100).await;
}

async fn status_414_and_431_too_long(world: &Api) {
    let target = "a".repeat(70_000);
    let answer = answer(world, &format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    assert!([414, 431].contains(&answer.status), "{}", answer.status);
    let many: String = (0..80).map(|n| format!("X-{n}: a\r\n")).collect();
    let long = format!("X: {}\r\n", "a".repeat(40_000));
    for headers in [many, long] {
        let answer = self::answer(world, &format!("GET /balance HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
        answer.is(
            431,
            r#"{"error":"The headers of the request are too many or too long.","code":"headers_too_large"}"#,
        );
    }
}

async fn status_415_content_encoding(world: &Api) {
    let business = world.paying_business(100).await;
    let create = world.create(&business.key, "user@example.com", 10);
    for coding in ["gzip", "br", "identity, gzip"] {
        let answer = create.clone().header("Content-Encoding", coding).send().await;
        answer.is(415, ENCODED);
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
    }
    for path in ["/dashboard/sign-in", "/p/enter"] {
        let form = world.post(path).header("Content-Encoding", "gzip").body("x");
        raw(world, &form.bytes()).await.is(415, ENCODED);
    }
    create.clone().header("Content-Encoding", "identity").send().await.value(201);
    world.has_balances(&business.key, 0, 90).await;
}

async fn status_501_transfer_coding(world: &Api) {
    let business = world.paying_business(100).await;
    let create = |coding: &str| {
        let body = r#"{"email":"user@example.com","amount":10}"#;
        let call = world.post("/payout/create").key(&business.key).header("Content-Type", "application/json");
        let mut bytes = call.header("Transfer-Encoding", coding).bytes();
        bytes.extend_from_slice(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes());
        bytes
    };
    for coding in ["gzip, chunked", "identity, chunked"] {
        raw(world, &create(coding)).await.is(501, NOT_CHUNKED);
    }
    raw(world, &create("chunked")).await.value(201);
    world.has_balances(&business.key, 0, 90).await;
}

/// Request smuggling: to a proxy that goes by `Content-Length`, the second request is part of the first one's body. The server
/// goes by `Transfer-Encoding` and ends the connection (RFC 9112, 6.1).
async fn one_request_is_not_taken_for_two(world: &Api) {
    let business = world.paying_business(100).await;
    let body = r#"{"email":"user@example.com","amount":10}"#;
    let key = &business.key;
    let inner = format!(
        "POST /payout/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent = format!("0\r\n\r\n{inner}");
    let length = format!("Content-Length: {}\r\n", sent.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    for lengths in [format!("{length}{chunked}"), format!("{chunked}{length}")] {
        let head = format!("POST /payout/quote HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\n");
        let mut connection = Connection::open(world.address()).await;
        let answer = connection.exchange(format!("{head}{sent}").as_bytes(), true).await;
        answer.is(401, UNAUTHORIZED);
        assert!(connection.read().await.is_none(), "there is no second request");
    }
    let two = format!(
        "GET /balance HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: {}\r\n\r\n{sent}",
        sent.len()
    );
    raw(world, two.as_bytes()).await.is(400, NOT_HTTP);
    world.has_balances(key, 0, 100).await;
}

/// A load balancer keeps connections for a minute; one that ends sooner on this side loses the request that is on its way.
async fn a_kept_connection_outlives_the_time_of_a_head(world: &Api) {
    let server = limited(world, |limits| limits.head = Duration::from_millis(50)).await;
    let mut kept = Connection::open(server.address).await;
    world.get("/balance").send_on(&mut kept).await.is(401, UNAUTHORIZED);
    // Ended by the time of a head, which passes meanwhile.
    assert!(Connection::open(server.address).await.read().await.is_none());
    world.get("/balance").send_on(&mut kept).await.is(401, UNAUTHORIZED);
    server.stop().await.unwrap();
}

async fn browsers_handle_every_answer_strictly(world: &Api) {
    let business = world.business().await;
    let calls = [
        world.get("/balance").key(&business.key),
        world.get("/balance"),
        world.get("/nothing"),
        world.get("/openapi.json"),
        world.get("/docs"),
        world.get("/p"),
        world.get("/dashboard"),
        world.get("/assets/nothing"),
    ];
    let mut answers = Vec::new();
    for call in calls {
        answers.push(raw(world, &call.bytes()).await);
    }
    answers.push(raw(world, b"nonsense\r\n\r\n").await);
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "base-uri 'none'", "form-action", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        assert_eq!(answer.header("strict-transport-security"), None, "only over TLS");
    }
}

async fn answer(world: &Api, text: &str) -> Answer {
    strict(raw(world, text.as_bytes()).await)
}

/// Every error has an id and may not be cached.
fn strict(answer: Answer) -> Answer {
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer
}

async fn raw(world: &Api, bytes: &[u8]) -> Answer {
    Connection::open(world.address()).await.exchange(bytes, true).await
}

async fn limited(world: &Api, change: impl FnOnce(&mut ConnectionLimits)) -> Server {
    let mut connections = ConnectionLimits::default();
    change(&mut connections);
    world.second_server_with(ServeConfig { connections, ..local() }).await
}
