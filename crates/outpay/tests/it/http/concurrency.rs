//! Many concurrent clients: money is paid out to the last cent and not beyond it, in any order; and a server that is
//! told to stop responds to accepted requests.

use crate::http::api::{Api, INSUFFICIENT};
use crate::wire::{Answer, Call, Connection};
use futures_util::future::join_all;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

crate::world::on_both_engines! {
    of_1000_parallel_creates_exactly_500_succeed,
    of_1000_parallel_creates_over_two_processes_exactly_500_succeed,
    parallel_top_ups_of_one_new_user,
    parallel_debits_of_one_user,
    money_that_moves_in_all_directions_is_conserved,
    a_server_that_is_told_to_stop_answers_what_it_accepted,
}

const CONNECTIONS: usize = 64;

async fn of_1000_parallel_creates_exactly_500_succeed(world: &Api) {
    creates_against_half_the_money(world, &[world.address()]).await;
}

async fn of_1000_parallel_creates_over_two_processes_exactly_500_succeed(world: &Api) {
    let neighbour = world.second_server().await;
    creates_against_half_the_money(world, &[world.address(), neighbour.address]).await;
    neighbour.stop().await.unwrap();
}

async fn creates_against_half_the_money(world: &Api, addresses: &[SocketAddr]) {
    let business = world.paying_business(500 * 70).await;
    let calls = (0..1000).map(|number| world.create(&business.key, &format!("user{number}@example.com"), 70));
    let answers = send_all(calls.collect(), addresses).await;
    let (paid, refused): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((paid.len(), refused.len()), (500, 500));
    for answer in refused {
        answer.is(400, INSUFFICIENT);
    }
    let hashes: std::collections::HashSet<&str> = paid.iter().map(|answer| answer.text()).collect();
    assert_eq!(hashes.len(), 500);
    world.has_balances(&business.key, 0, 0).await;
    let mut users = 0;
    let mut cursor = String::new();
    loop {
        let page =
            world.get(&format!("/payout/users?limit=100{cursor}")).key(&business.key).send().await.value(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.iter().all(|user| user["balance"] == 70));
        users += data.len();
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(users, 500);
}

async fn parallel_top_ups_of_one_new_user(world: &Api) {
    let business = world.paying_business(1000).await;
    let calls = (0..200).map(|_| world.create(&business.key, "user@example.com", 3)).collect();
    let answers = send_all(calls, &[world.address()]).await;
    let hash = world.hash(business.live, 1, 0).await;
    for answer in answers {
        answer.is(201, format!(r#"{{"hash":"{hash}"}}"#));
    }
    assert_eq!(world.get("/payout/operations").hash(&hash).send().await.value(200)["balance"], 600);
    world.has_balances(&business.key, 0, 400).await;
}

async fn parallel_debits_of_one_user(world: &Api) {
    let business = world.paying_business(100).await;
    world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/debit");
    let debit = world.post(&path).key(&business.key).json(r#"{"amount":7,"reason":"r"}"#);
    let answers = send_all(vec![debit; 100], &[world.address()]).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 14);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.is(400, r#"{"error":"Insufficient user balance","code":"insufficient_user_balance"}"#);
    }
    world.has_balances(&business.key, 0, 98).await;
}

async fn money_that_moves_in_all_directions_is_conserved(world: &Api) {
    let business = world.paying_business(500).await;
    world.deposit(business.live, 500).await;
    let key = &business.key;
    for number in 1..=5 {
        world.pay(key, &format!("user{number}@example.com"), 50).await;
    }
    let transfer = |from: &str, to: &str| {
        let body = format!(r#"{{"from":"{from}","to":"{to}","amount":90}}"#);
        world.post("/balance/transfer").key(key).json(body)
    };
    let calls = (0..400_i64).map(|number| {
        let user = number / 4 % 5 + 1;
        match number % 4 {
            0 => world.create(key, &format!("user{user}@example.com"), 80),
            1 => {
                let debit = r#"{"amount":60,"reason":"r"}"#;
                world.post(&world.user_path(business.live, user, "/debit")).key(key).json(debit)
            }
            2 => transfer("balance", "payout_balance"),
            _ => transfer("payout_balance", "balance"),
        }
    });
    for answer in send_all(calls.collect(), &[world.address()]).await {
        assert!(matches!(answer.status, 200 | 201 | 400), "{}", answer.text());
    }
    let own = world.get("/balance").key(key).send().await.value(200);
    let users = world.get("/payout/users").key(key).send().await.value(200);
    let users = users["data"].as_array().unwrap().iter().map(|user| user["balance"].as_i64().unwrap());
    let all: Vec<i64> =
        users.chain(["balance", "payout_balance"].map(|name| own[name].as_i64().unwrap())).collect();
    assert!(all.iter().all(|balance| *balance >= 0), "{all:?}");
    assert_eq!(all.iter().sum::<i64>(), 1000);
}

async fn a_server_that_is_told_to_stop_answers_what_it_accepted(world: &Api) {
    let business = world.paying_business(1000).await;
    let server = world.second_server().await;
    let address = server.address;
    let blocked = world.database.block().await;
    let mut connections = Vec::new();
    for _ in 0..8 {
        let mut connection = Connection::open(address).await;
        connection.write(&world.create(&business.key, "user@example.com", 10).bytes()).await;
        connections.push(connection);
    }
    // Authenticated requests are with the teller next, whose batch cannot end.
    let auth = server.auth.clone();
    let accepted = async {
        while auth.work_done().0 < 8 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), accepted).await.expect("all are accepted");
    let stopping = tokio::spawn(server.stop());
    let closed = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), closed).await.expect("no new connections");
    drop(blocked);
    for mut connection in connections {
        let answer = connection.read().await.expect("an accepted request is answered");
        answer.value(201);
        assert_eq!(connection.read().await.map(|answer| answer.status), None, "and then the connection ends");
    }
    stopping.await.unwrap().unwrap();
    world.has_balances(&business.key, 0, 920).await;
}

/// Sends all calls over [`CONNECTIONS`] connections, spread over the servers.
async fn send_all(calls: Vec<Call>, addresses: &[SocketAddr]) -> Vec<Answer> {
    let calls = Arc::new(calls);
    let next = Arc::new(AtomicUsize::new(0));
    let client = |number: usize| {
        let (calls, next) = (Arc::clone(&calls), Arc::clone(&next));
        let address = addresses[number % addresses.len()];
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut answers = Vec::new();
            while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                answers.push(call.send_on(&mut connection).await);
            }
            answers
        })
    };
    let clients: Vec<_> = (0..CONNECTIONS).map(client).collect();
    join_all(clients).await.into_iter().flat_map(Result::unwrap).collect()
}
