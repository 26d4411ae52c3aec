//! `GET /readyz`: requests can be served. And what happens to a process that can no longer write.

use crate::http::api::Api;
use crate::http::process::Process;
use crate::wire::Connection;

crate::world::on_both_engines! {
    status_200_ready,
    a_process_that_cannot_write_ends_with_an_error,
    @postgres status_503_database_does_not_answer,
}

async fn status_200_ready(world: &Api) {
    world.get("/readyz").send().await.is(200, r#"{"status":"ready"}"#);
}

async fn status_503_database_does_not_answer(world: &Api) {
    let business = world.paying_business(100).await;
    world.get("/readyz").send().await.is(200, r#"{"status":"ready"}"#);
    world.database.hide(true).await;
    world.get("/readyz").send().await.is(503, r#"{"status":"not ready"}"#);
    world.get("/healthz").send().await.value(200);
    let create = world.create(&business.key, "user@example.com", 10);
    create.send().await.is(500, r#"{"error":"Internal server error"}"#);
    world.database.hide(false).await;
    world.get("/readyz").send().await.is(200, r#"{"status":"ready"}"#);
    create.send().await.value(201);
    world.has_balances(&business.key, 0, 90).await;
}

async fn a_process_that_cannot_write_ends_with_an_error(world: &Api) {
    let business = world.paying_business(100).await;
    let before = world.books(&business.key).await;
    let mut process = Process::serve(&world.database);
    // It listens before it answers: what it writes at its start must not wait behind the block too.
    world.get("/balance").key(&business.key).at(process.address).send().await.value(200);
    world.database.refuse_commits().await;
    // Requests waiting behind the failed one get a response too, instead of a closed connection.
    let blocked = world.database.block().await;
    let calls: Vec<_> = (0..20)
        .map(|number| {
            world.create(&business.key, &format!("user{number}@example.com"), 1).at(process.address)
        })
        .collect();
    let all_sent = tokio::sync::Barrier::new(calls.len() + 1);
    let answers = async {
        let ask = async |call: &crate::wire::Call| {
            let mut connection = Connection::open(process.address).await;
            connection.write(&call.bytes()).await;
            all_sent.wait().await;
            connection.read().await.map(|answer| answer.status)
        };
        futures_util::future::join_all(calls.iter().map(ask)).await
    };
    let release = async {
        all_sent.wait().await;
        // Until the server has read them; one that is read later gets another answer.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        drop(blocked);
    };
    let (statuses, ()) = futures_util::future::join(answers, release).await;
    assert_eq!(statuses, vec![Some(504); 20]);
    assert_eq!(process.ended().await, Some(1));
    assert_eq!(world.books(&business.key).await, before);
}
