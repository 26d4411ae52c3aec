//! Clients that close their side, or leave, once they have sent a request: it is carried out, answered where someone still
//! reads, and stands in the log, the metrics and the use of the key as every other.

use crate::http::api::Api;
use crate::wire::Connection;
use crate::world::{Business, local};
use outpay::testing::http::ServeConfig;
use outpay::testing::store::{ListOrder, ListPlace, RequestFilter};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

crate::world::on_both_engines! {
    a_half_closed_request_is_answered,
    a_client_that_leaves_is_counted_and_logged,
}

const PATIENCE: Duration = Duration::from_secs(60);
const CLIENTS: i64 = 20;

async fn a_half_closed_request_is_answered(world: &Api) {
    let business = world.paying_business(100).await;
    for (call, status) in [
        (world.create(&business.key, "user@example.com", 10), "201"),
        (world.get("/balance").key(&business.key), "200"),
        (world.get("/balance"), "401"),
    ] {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        stream.write_all(&call.bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text.split(' ').nth(1), Some(status), "{text}");
    }
    world.has_balances(&business.key, 0, 90).await;
}

async fn a_client_that_leaves_is_counted_and_logged(world: &Api) {
    let business = world.paying_business(100).await;
    let config = ServeConfig { metrics_listen: Some(([127, 0, 0, 1], 0).into()), ..local() };
    let server = world.second_server_with(config).await;
    for _ in 0..CLIENTS {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let create = world.create(&business.key, "user@example.com", 1);
        stream.write_all(&create.bytes()).await.unwrap();
    }
    let all_counted = until_counted(server.metrics.unwrap());
    tokio::time::timeout(PATIENCE, all_counted).await.expect("each request is counted");
    world.has_balances(&business.key, 0, 100 - CLIENTS).await;
    // The server writes what it has gathered when it stops.
    server.stop().await.unwrap();
    assert_eq!(uses(world, &business).await, CLIENTS);
    assert_eq!(lines(world, &business).await, usize::try_from(CLIENTS).unwrap());
}

async fn until_counted(metrics: SocketAddr) {
    let line = format!(
        r#"outpay_http_requests_total{{method="POST",route="/payout/create",status="201"}} {CLIENTS}"#
    );
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut connection = Connection::open(metrics).await;
    while !connection.exchange(request, true).await.text().lines().any(|other| other == line) {}
}

/// Requests of the key that created.
async fn uses(world: &Api, business: &Business) -> i64 {
    let rows = world.platform.store.usage_of_keys(business.live, 0).await.unwrap();
    rows.iter().map(|(_, counts)| counts.requests).sum()
}

/// Lines of the request log.
async fn lines(world: &Api, business: &Business) -> usize {
    let path = "/payout/create".to_owned();
    let filter = RequestFilter { path, statuses: (201, 201), ..RequestFilter::of(business.live) };
    let found = world.platform.store.list_requests(&filter, ListOrder::Newest, &ListPlace::Start, 100);
    found.await.unwrap().rows.len()
}
