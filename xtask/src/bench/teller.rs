//! `bench --teller`: the teller alone, without HTTP: tasks of this process put commands straight into its queue.

use std::sync::Arc;
use std::time::Duration;

use ::ledger::{AccountId, Applied, BatchPayout, BookId, Cents, Command, Direction, Email, Mode, Request};
use ::outpay::testing::auth::Secrets;
use ::outpay::testing::clock::{Clock, Entropy};
use ::outpay::testing::config::Config;
use ::outpay::testing::platform::Platform;
use ::outpay::testing::store::{DatabaseUrl, NewBusiness};
use anyhow::{Result, anyhow, ensure};

use super::Arguments;
use crate::outpay::Engine;
use crate::postgres::{Cluster, Place};
use crate::{clock, scratch};

/// Concurrent commands: enough to fill two batches.
const CLIENTS: u64 = 1024;
const FUNDS: Cents = Cents(500_000_000_000_000);
const ROWS: u64 = 10_000;

pub async fn run(arguments: &Arguments) -> Result<()> {
    let folder = scratch::on_disk("teller")?;
    let cluster = match arguments.engine {
        Engine::Postgres => Some(Cluster::start(Place::Disk, &arguments.settings).await?),
        Engine::Sqlite => None,
    };
    let database = match &cluster {
        Some(cluster) => DatabaseUrl::parse(&cluster.url())?,
        None => DatabaseUrl::Sqlite(folder.path().join("outpay.db")),
    };
    let secrets = Secrets::derive(&[7; 32]);
    let platform = Platform::open(
        folder.path(),
        &database,
        secrets,
        Clock::System,
        Entropy::seeded(1),
        &Config::default(),
    )
    .await?;
    let book = fund(&platform).await?;
    if let Some(users) = arguments.preload {
        preload(&platform, book, users).await?;
    }
    let addresses = arguments.drawn_from();
    measure(&platform, book, addresses, Duration::from_secs(1)).await?;
    for round in 1..=arguments.rounds {
        let rate = measure(&platform, book, addresses, Duration::from_secs(arguments.seconds)).await?;
        let users = platform.store.users(book, &Default::default(), 1).await?;
        let users = users.first().map_or(0, |row| row.user.number);
        println!(
            "teller alone, {CLIENTS} commands under way, round {round}: {rate:.0} creates/s ({users} users by then)"
        );
    }
    Ok(())
}

pub async fn fund(platform: &Platform) -> Result<BookId> {
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
    Ok(book)
}

pub async fn preload(platform: &Platform, book: BookId, users: u64) -> Result<()> {
    for first in (0..users).step_by(ROWS as usize) {
        let row = |number| {
            Ok(BatchPayout {
                email: address(number)?,
                amount: Cents(1),
                reference: None,
                memo: String::new(),
                metadata: ledger::Metadata::default(),
            })
        };
        let payouts = (first..users.min(first + ROWS)).map(row).collect::<Result<_>>()?;
        ask(platform, book, Command::CreateMany { payouts, partial: false }).await?;
    }
    Ok(())
}

async fn measure(platform: &Platform, book: BookId, addresses: u64, time: Duration) -> Result<f64> {
    let platform = Arc::new(platform.clone());
    let started = clock::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let platform = Arc::clone(&platform);
            tokio::spawn(async move {
                let mut random = fastrand::Rng::with_seed(client ^ started.elapsed().as_nanos() as u64);
                let mut done = 0u64;
                while started.elapsed() < time {
                    let (email, amount) = (address(random.u64(0..addresses))?, Cents(random.i64(1..=1000)));
                    ask(
                        &platform,
                        book,
                        Command::Create {
                            email,
                            amount,
                            memo: String::new(),
                            metadata: ledger::Metadata::default(),
                        },
                    )
                    .await?;
                    done += 1;
                }
                Ok::<u64, anyhow::Error>(done)
            })
        })
        .collect();
    let mut done = 0;
    for client in clients {
        done += client.await??;
    }
    let rate = done as f64 / started.elapsed().as_secs_f64();
    let (_, payout) = platform.store.own_balances(book).await?;
    ensure!(payout > Cents::ZERO, "{} is empty", AccountId::PAYOUT);
    Ok(rate)
}

pub async fn ask(platform: &Platform, book: BookId, command: Command) -> Result<Applied> {
    let verdict = platform.teller.ask(book, Request::plain(command)).await?;
    verdict.map_err(|refusal| anyhow!("refused: {}", refusal.sentence()))
}

fn address(number: u64) -> Result<Email> {
    Email::parse(&format!("user{number}@example.com")).map_err(|_| anyhow!("not an address"))
}
