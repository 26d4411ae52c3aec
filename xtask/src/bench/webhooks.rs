//! `bench --webhooks`: many deliveries to a receiver that sometimes fails, stalls and dies, as a ratio to a bare HTTP
//! client that posts the same bytes to a reliable one.
//!
//! The platform's clock is manual: delays between tries are skipped, exchanges are real. Invariant: the run fails
//! unless every committed event arrived at least once, every request was signed, and none reported an uncommitted
//! event.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ::ledger::{
    Actor, Applied, BookId, Cents, Command, Direction, Email, Mode, Order, Provider, Reply, Request, Terms,
};
use ::outpay::testing::auth::Secrets;
use ::outpay::testing::clock::{Clock, Entropy};
use ::outpay::testing::config::Config;
use ::outpay::testing::ids::IdKind;
use ::outpay::testing::platform::Platform;
use ::outpay::testing::store::{DatabaseUrl, DeliveryState, NewBusiness};
use ::outpay::testing::webhook_event::EventSet;
use ::outpay::testing::webhooks::{EndpointChange, Guard, WebhookOptions, WebhookWorker};
use anyhow::{Context, Result, anyhow, ensure};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::Arguments;
use super::webhook_receiver::{Manners, Receiver, Request as Received};
use crate::client::{Connection, request};
use crate::outpay::Engine;
use crate::postgres::{Cluster, Place};
use crate::{clock, scratch};

/// Concurrent commands while events are created.
const CLIENTS: usize = 256;
/// Connections of the bare client: the worker's limit for one receiver.
const CONNECTIONS: usize = 64;
const USERS: i64 = 1000;
const FUNDS: Cents = Cents(100_000_000_000);
/// Longer than any delay between two tries.
const LONG: i64 = 1800 * 1_000_000;
/// Far more rounds than a delivery has tries.
const ROUNDS: usize = 40;

pub async fn run(arguments: &Arguments) -> Result<()> {
    let folder = scratch::on_disk("webhooks")?;
    let cluster = match arguments.engine {
        Engine::Postgres => Some(Cluster::start(Place::Disk, &arguments.settings).await?),
        Engine::Sqlite => None,
    };
    let database = match &cluster {
        Some(cluster) => DatabaseUrl::parse(&cluster.url())?,
        None => DatabaseUrl::Sqlite(folder.path().join("outpay.db")),
    };
    let platform = open(folder.path(), &database).await?;
    let book = fund(&platform).await?;
    let receiver = Receiver::open(Manners::Bad { expected: arguments.deliveries }).await?;
    let change = EndpointChange {
        url: Some(format!("http://{}/hook", receiver.address)),
        enabled: Some(true),
        events: EventSet::of_names(["payout.created"]),
        ..EndpointChange::default()
    };
    let (endpoint, _) = platform.webhooks.set_endpoint(book, Actor::OPERATOR, &change).await?;
    let started = clock::now();
    let committed = make_events(&platform, book, arguments.deliveries).await?;
    eprintln!("bench: {} events in {:.1} s", committed.len(), started.elapsed().as_secs_f64());

    let attempts = deliver(&platform, book).await?;
    let received = receiver.received();
    let token = endpoint.keys().token.expose_secret().to_owned();
    check(&committed, &received, token.as_bytes())?;
    let delivered = receiver.rate().context("nothing was delivered")?;
    let sample = received.first().context("nothing was received")?.body.clone();
    drop(receiver);
    let bare = bare_client(&sample, arguments.deliveries).await?;
    println!(
        "webhooks: {} events, each delivered at least once, none unsigned, none uncommitted",
        committed.len()
    );
    println!("{attempts} attempts, {} requests reached the receiver", received.len());
    println!(
        "{delivered:.0} deliveries/s; a bare HTTP client posts {bare:.0}/s: ratio {:.2}",
        delivered / bare
    );
    Ok(())
}

async fn open(folder: &Path, database: &DatabaseUrl) -> Result<Platform> {
    let secrets = Secrets::derive(&[7; 32]);
    let clock = Clock::manual(Clock::System.now());
    let opened =
        Platform::open(folder, database, secrets, clock, Entropy::seeded(1), &Config::default()).await?;
    let guard = Guard { allow_http: true, allow_private: true };
    let webhooks = opened.webhooks.clone().guarded_by(guard);
    Ok(Platform { webhooks, ..opened })
}

async fn fund(platform: &Platform) -> Result<BookId> {
    let business = NewBusiness { number: 1, name: "bench".to_owned(), created_at: 0 };
    platform.store.create_business(&business, &[]).await?;
    platform.store.set_payouts_enabled(1, true).await?;
    let book = BookId::new(1, Mode::Live);
    ask(
        platform,
        book,
        Command::Deposit {
            amount: FUNDS,
            reference: "bench".to_owned(),
            used_elsewhere: true,
            received_on: String::new(),
        },
    )
    .await?;
    ask(platform, book, Command::Transfer { direction: Direction::ToPayout, amount: FUNDS }).await?;
    for user in 0..USERS {
        let email = Email::parse(&format!("user{user}@example.com")).map_err(|_| anyhow!("an address"))?;
        ask(
            platform,
            book,
            Command::Create {
                email,
                amount: Cents(10_000_000),
                memo: String::new(),
                metadata: ledger::Metadata::default(),
            },
        )
        .await?;
    }
    Ok(book)
}

/// Creates this many withdrawals, each of which is an event; one more in a hundred is refused and must never be
/// delivered.
async fn make_events(platform: &Platform, book: BookId, count: usize) -> Result<HashSet<String>> {
    let platform = Arc::new(platform.clone());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let platform = Arc::clone(&platform);
            tokio::spawn(async move {
                let mut orders = Vec::new();
                for number in (client..count).step_by(CLIENTS) {
                    if number % 100 == 0 {
                        let refused = ask(&platform, book, withdraw(number, Cents(90_000_000))).await;
                        ensure!(refused.is_err(), "more was withdrawn than there is");
                    }
                    match ask(&platform, book, withdraw(number, Cents(100))).await? {
                        Reply::Withdrawal(made) => {
                            orders.push(platform.secrets.ids().seal(IdKind::Withdrawal, book, made.number));
                        }
                        _ => return Err(anyhow!("a withdrawal was answered as something else")),
                    }
                }
                Ok(orders)
            })
        })
        .collect();
    let mut orders = HashSet::new();
    for client in clients {
        orders.extend(client.await??);
    }
    ensure!(orders.len() == count, "{} withdrawals, not {count}", orders.len());
    Ok(orders)
}

fn withdraw(number: usize, amount: Cents) -> Command {
    Command::Withdraw(Box::new(Order {
        user: 1 + number as i64 % USERS,
        method: "bank".to_owned(),
        provider: Provider::Manual,
        amount,
        destination: "{}".to_owned(),
        terms: Terms { enabled: true, ..Terms::default() },
        // Keep the day sums out of the measurement: a day in the future has nothing to sum up.
        is_held: false,
        day: i64::MAX,
    }))
}

/// Runs until all are delivered: delays are skipped, failed deliveries are replayed. Returns the number of attempts.
async fn deliver(platform: &Platform, book: BookId) -> Result<usize> {
    let mut attempts = 0;
    let mut worker = WebhookWorker::new(platform.webhooks.clone(), WebhookOptions::default());
    for _ in 0..ROUNDS {
        attempts += worker.settle().await?;
        let replayed = platform.webhooks.replay_deliveries(book, 0).await?;
        let waiting = platform.store.deliveries_waiting().await?;
        eprintln!("bench: {attempts} attempts, {waiting} deliveries left, {replayed} replayed");
        if waiting == 0 {
            let failed = platform.store.deliveries(book, Some(DeliveryState::Failed), None, 1).await?;
            ensure!(failed.is_empty(), "a delivery failed and was not replayed");
            return Ok(attempts);
        }
        platform.clock.advance(LONG);
    }
    Err(anyhow!("not everything was delivered after {ROUNDS} rounds"))
}

/// Compares what the receiver has with what was committed.
fn check(committed: &HashSet<String>, received: &[Received], token: &[u8]) -> Result<()> {
    let mut delivered: HashMap<String, usize> = HashMap::new();
    for one in received {
        let signature = one.header("signature").context("an unsigned request")?;
        ensure!(signature == hex(&hmac(token, &one.body)), "a request with a wrong signature");
        ensure!(one.header("webhook-signature").is_some(), "a request without Standard Webhooks");
        let body: serde_json::Value = serde_json::from_slice(&one.body)?;
        let order = body["order_id"].as_str().context("a body without an order")?;
        ensure!(committed.contains(order), "told of {order}, which was not committed");
        *delivered.entry(order.to_owned()).or_default() += usize::from(one.was_answered_with_200);
    }
    let lacking = committed.iter().filter(|order| delivered.get(*order).is_none_or(|times| *times == 0));
    let lacking = lacking.count();
    ensure!(lacking == 0, "{lacking} events never arrived");
    Ok(())
}

/// RFC 2104 by hand, so that the product's own code does not check itself.
fn hmac(key: &[u8], body: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(body).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Posts the same bytes over as many connections, one request after the other on each; returns requests per second.
async fn bare_client(body: &[u8], count: usize) -> Result<f64> {
    let receiver = Receiver::open(Manners::Good).await?;
    let bytes = Arc::new(request("POST", "/hook", &[("signature", &"0".repeat(64))], Some(body)));
    let started = clock::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CONNECTIONS {
        clients.spawn(post(receiver.address, Arc::clone(&bytes), (client..count).step_by(CONNECTIONS).len()));
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

async fn post(address: SocketAddr, bytes: Arc<Vec<u8>>, times: usize) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    for _ in 0..times {
        let answer = connection.exchange(&bytes).await?;
        ensure!(answer.status == 200, "the receiver answered {answer}");
    }
    Ok(())
}

async fn ask(platform: &Platform, book: BookId, command: Command) -> Result<Reply> {
    let verdict = platform.teller.ask(book, Request::plain(command)).await?;
    let Applied { reply, .. } = verdict.map_err(|refusal| anyhow!("refused: {}", refusal.sentence()))?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_hmac_by_hand_is_hmac() {
        let mac = hex(&hmac(b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
