//! Connections that hold on to the server: clients that do not read, say nothing, open too many, or ask without waiting.
//! `xtask flood` measures the same with a thousand of them.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::wire::{Answer, Connection};
use crate::world::{SECOND, Server, local};
use outpay::testing::http::{ConnectionLimits, ServeConfig};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

crate::world::on_both_engines! {
    a_client_that_does_not_read_is_let_go,
    a_silent_connection_ends,
    a_flood_of_one_address_reaches_no_other,
    too_many_of_one_address_make_room_for_each_other,
    where_all_are_at_work_probes_are_answered,
    requests_beyond_the_pipeline_are_not_read,
    probes_are_outside_of_the_rate_limit,
}

const SHORT: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(60);
const BUSY: &str = r#"{"error":"Busy; nothing was changed. Try again.","code":"busy"}"#;

async fn a_client_that_does_not_read_is_let_go(world: &Api) {
    let server = limited(world, |limits| limits.write = SHORT).await;
    let mut reader = slow_reader(&server, 1).await;
    tokio::time::timeout(PATIENCE, until_reset(&mut reader, world)).await.expect("the connection ends");
    world.get("/balance").at(server.address).send().await.is(401, UNAUTHORIZED);
    server.stop().await.unwrap();
}

async fn a_silent_connection_ends(world: &Api) {
    let server = limited(world, |limits| (limits.head, limits.keep_alive) = (SHORT, SHORT)).await;
    assert!(Connection::open(server.address).await.read().await.is_none(), "before the first request");
    let mut kept = Connection::open(server.address).await;
    world.get("/balance").send_on(&mut kept).await.is(401, UNAUTHORIZED);
    assert!(kept.read().await.is_none(), "after an answer");
    server.stop().await.unwrap();
}

/// The small form of `xtask flood`.
async fn a_flood_of_one_address_reaches_no_other(world: &Api) {
    let business = world.paying_business(1_000).await;
    let server = limited(world, |limits| (limits.per_address, limits.in_all) = (Some(8), 12)).await;
    let mut flood = Vec::new();
    for _ in 0..24 {
        let mut reader = slow_reader(&server, 1).await;
        let request = world.get("/openapi.json").bytes().repeat(20);
        // It blocks when both sides' buffers are full, and fails when the connection gave way.
        drop(tokio::time::timeout(SHORT, reader.write_all(&request)).await);
        flood.push(reader);
    }
    for _ in 0..20 {
        let create = world.create(&business.key, "user@example.com", 10).at(server.address);
        from_address(2, &server, &create).await.value(201);
    }
    // The flood's own address can still be served: its oldest connections make room.
    from_address(1, &server, &world.get("/balance")).await.is(401, UNAUTHORIZED);
    drop(flood);
    server.stop().await.unwrap();
}

async fn too_many_of_one_address_make_room_for_each_other(world: &Api) {
    let server = limited(world, |limits| limits.per_address = Some(2)).await;
    let mut connections = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(server.address).await;
        world.get("/balance").send_on(&mut connection).await.is(401, UNAUTHORIZED);
        connections.push(connection);
    }
    assert!(connections[0].read().await.is_none(), "the longest idle one ends");
    for connection in &mut connections[1..] {
        world.get("/balance").send_on(connection).await.is(401, UNAUTHORIZED);
    }
    server.stop().await.unwrap();
}

async fn where_all_are_at_work_probes_are_answered(world: &Api) {
    let business = world.paying_business(100).await;
    let server = limited(world, |limits| limits.per_address = Some(1)).await;
    let mut busy = Connection::open(server.address).await;
    busy.write(waiting_create(&business.key).as_bytes()).await;
    assert_eq!(busy.read().await.unwrap().status, 100, "the handler waits for the body");

    for probe in ["/healthz", "/readyz"] {
        let answer = world.get(probe).at(server.address).send().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    }
    for call in [world.get("/balance"), world.create(&business.key, "user@example.com", 1)] {
        let answer = raw(&server, &call.bytes()).await;
        answer.is(503, BUSY);
        assert_eq!((answer.header("retry-after"), answer.header("connection")), (Some("1"), Some("close")));
    }

    busy.write(br#"{"email":"user@example.com","amount":10}"#).await;
    assert_eq!(busy.read().await.unwrap().status, 201);
    world.has_balances(&business.key, 0, 90).await;
    server.stop().await.unwrap();
}

async fn requests_beyond_the_pipeline_are_not_read(world: &Api) {
    let server = limited(world, |limits| limits.pipelined = 3).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&world.get("/balance").bytes().repeat(5)).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    drop(stream);
    assert_eq!(text.matches("HTTP/1.1 401").count(), 3, "{text}");
    let last = text.rfind("HTTP/1.1 401").unwrap();
    assert_eq!(text.find("connection: close").map(|at| at > last), Some(true), "{text}");

    // A client that waits for each answer has no such limit.
    let mut connection = Connection::open(server.address).await;
    for _ in 0..10 {
        world.get("/balance").send_on(&mut connection).await.is(401, UNAUTHORIZED);
    }
    server.stop().await.unwrap();
}

async fn probes_are_outside_of_the_rate_limit(world: &Api) {
    let config = ServeConfig { requests_per_second: Some(1), ..local() };
    let server = world.second_server_with(config).await;
    world.get("/balance").at(server.address).send().await.is(401, UNAUTHORIZED);
    assert_eq!(world.get("/balance").at(server.address).send().await.status, 429);
    for probe in ["/healthz", "/readyz", "/healthz", "/readyz"] {
        world.get(probe).at(server.address).send().await.value(200);
    }
    assert_eq!(world.get("/balance").at(server.address).send().await.status, 429);
    world.platform.clock.advance(SECOND);
    world.get("/balance").at(server.address).send().await.is(401, UNAUTHORIZED);
    server.stop().await.unwrap();
}

async fn limited(world: &Api, change: impl FnOnce(&mut ConnectionLimits)) -> Server {
    let mut connections = ConnectionLimits::default();
    change(&mut connections);
    world.second_server_with(ServeConfig { connections, ..local() }).await
}

/// From 127.0.3.`host`, with a receive buffer of a few packets.
async fn slow_reader(server: &Server, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    socket.bind(([127, 0, 3, host], 0).into()).unwrap();
    socket.connect(server.address).await.unwrap()
}

async fn until_reset(stream: &mut TcpStream, world: &Api) {
    let request = world.get("/openapi.json").bytes();
    while stream.write_all(&request).await.is_ok() {}
}

async fn from_address(host: u8, server: &Server, call: &crate::wire::Call) -> Answer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 3, host], 0).into()).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    call.send_on(&mut Connection::over(stream)).await
}

async fn raw(server: &Server, bytes: &[u8]) -> Answer {
    Connection::open(server.address).await.exchange(bytes, true).await
}

/// A create of 40 bytes that are sent when the server asks for them.
fn waiting_create(key: &str) -> String {
    format!(
        "POST /payout/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: 40\r\n\r\n"
    )
}
