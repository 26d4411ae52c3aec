//! `bench --pages`: the database queries of the dashboard's pages, with many users and as many withdrawals: every kind of search (lists.rs)
//! and the first page, without HTTP and rendering; and the recipient's page in full, from the entry
//! page to the first display of the balance. Each figure is the slowest of its pages, whatever they find.

use std::time::{Duration, Instant};

use ::ledger::{AccountId, BookId, Cents, Command, EntryKind, UserStatus};
use ::outpay::testing::auth::Secrets;
use ::outpay::testing::clock::{Clock, Entropy};
use ::outpay::testing::config::Config;
use ::outpay::testing::needs;
use ::outpay::testing::overview;
use ::outpay::testing::platform::Platform;
use ::outpay::testing::serving;
use ::outpay::testing::statement::{self, Month};
use ::outpay::testing::store::{ALL_DAYS, DatabaseUrl, MovementFilter, MovementKinds, WithdrawalFilter};
use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{Request, StatusCode, request};
use axum::response::Response;
use secrecy::ExposeSecret;
use tower_service::Service;

use super::teller::{ask, fund, preload};
use super::{Arguments, lists};
use crate::outpay::Engine;
use crate::postgres::{Cluster, Place};
use crate::{clock, scratch};

const USERS: u64 = 1_000_000;
/// One of this many users is inactive.
const INACTIVE: i64 = 1_000;
const LIMIT: Duration = Duration::from_millis(50);
/// Recipients whose first display of the balance is measured.
const PEOPLE: i64 = 200;
const SIGHT_LIMIT: Duration = Duration::from_millis(100);

pub async fn run(arguments: &Arguments) -> Result<()> {
    let folder = scratch::on_disk("pages")?;
    let cluster = match arguments.engine {
        Engine::Postgres => Some(Cluster::start(Place::Disk, &arguments.settings).await?),
        Engine::Sqlite => None,
    };
    let database = match &cluster {
        Some(cluster) => DatabaseUrl::parse(&cluster.url())?,
        None => DatabaseUrl::Sqlite(folder.path().join("outpay.db")),
    };
    let (secrets, entropy, config) = (Secrets::derive(&[7; 32]), Entropy::seeded(1), Config::default());
    let platform = Platform::open(folder.path(), &database, secrets, Clock::System, entropy, &config).await?;
    let book = fund(&platform).await?;
    let users = arguments.preload.unwrap_or(USERS);
    preload(&platform, book, users).await?;
    for user in (INACTIVE..=users.cast_signed()).step_by(INACTIVE as usize) {
        ask(&platform, book, Command::SetStatus { user, status: UserStatus::Inactive }).await?;
        ask(&platform, book, Command::Debit { user, amount: Cents(1), reason: "bench".to_owned() }).await?;
    }
    lists::prepare(&platform, book, users).await?;
    let started = clock::now();
    while !platform.store.add_to_day_sums(book, 50_000).await? {}
    println!("\n{users} users; the sums of their days were made in {:.1} s", started.elapsed().as_secs_f64());
    if let Some(cluster) = &cluster {
        cluster.analyze().await?;
    }
    let slowest = measure(&platform, book).await?;
    let sight = first_sights(&platform, book, users.cast_signed()).await?;
    ensure!(slowest < LIMIT, "a page took {} ms", slowest.as_millis());
    ensure!(sight < SIGHT_LIMIT, "a person waited {} ms", sight.as_millis());
    Ok(())
}

async fn measure(platform: &Platform, book: BookId) -> Result<Duration> {
    Ok(lists::measure(platform, book).await?.max(money(platform, book).await?))
}

/// The pages about the business's own money.
async fn money(platform: &Platform, book: BookId) -> Result<Duration> {
    let (store, today) = (&platform.store, overview::today(platform, book).await?);
    let mut slowest = Duration::ZERO;
    let mut told = |name: &str, started: Instant| {
        let took = started.elapsed();
        println!("{name:>42}  {:>6}  {:>9.2}", 1, took.as_secs_f64() * 1e3);
        slowest = slowest.max(took);
    };
    for (name, days) in [("the first page, 30 days", 30), ("the first page, 12 months", 365)] {
        let started = clock::now();
        overview::look(platform, book, today + 1 - days..today + 1).await?;
        needs::look(platform, book, &[]).await?;
        store.withdrawals(book, &WithdrawalFilter::default(), 51).await?;
        told(name, started);
    }
    let movements = [
        ("the payout balance", AccountId::PAYOUT, MovementKinds::All, ALL_DAYS),
        ("the payout balance, payouts of today", AccountId::PAYOUT, MovementKinds::Payouts, today..today + 1),
        (
            "the payout balance, one rare kind",
            AccountId::PAYOUT,
            MovementKinds::One(EntryKind::UserDebited),
            ALL_DAYS,
        ),
        ("the main balance, deposits", AccountId::MAIN, MovementKinds::One(EntryKind::Deposited), ALL_DAYS),
    ];
    for (name, account, kinds, days) in movements {
        let started = clock::now();
        let mut filter = MovementFilter { account, kinds, days, before: None };
        let page = store.own_movements(book, &filter, 51).await?;
        told(name, started);
        filter.before = page.last().map(|last| last.stored.entry.sequence);
        let started = clock::now();
        store.own_movements(book, &filter, 51).await?;
        told("its next page", started);
    }
    let started = clock::now();
    statement::of_days(platform, book, Month::of_day(today).days()).await?.context("the sums are made")?;
    told("the statement of a month", started);
    let started = clock::now();
    statement::trial_balance(platform, book, today).await?.context("the sums are made")?;
    told("the trial balance", started);
    Ok(slowest)
}

/// The server's time until a recipient who opens a link sees the balance: entry page, session, page.
async fn first_sights(platform: &Platform, book: BookId, users: i64) -> Result<Duration> {
    let faces = serving::faces(platform.clone());
    let mut took = Vec::new();
    for person in 1..=PEOPLE {
        // Spread over all users, skipping the inactive ones.
        let number = (person * users / PEOPLE).saturating_sub(1).max(1);
        let basis = platform.store.hash_basis(book, number).await?.context("a user is missing")?;
        let hash = platform.secrets.payout_hash(book, number, &basis)?;
        let started = clock::now();
        ask_page(&faces, Request::get("/p"), StatusCode::OK).await?;
        let post = Request::post("/p/session").header("X-Payout-Hash", hash.expose_secret());
        let opened = ask_page(&faces, post, StatusCode::NO_CONTENT).await?;
        let cookie = opened.headers().get(SET_COOKIE).context("there is no session")?;
        let cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
        let home = ask_page(&faces, Request::get("/p/home").header(COOKIE, cookie), StatusCode::OK).await?;
        axum::body::to_bytes(home.into_body(), usize::MAX).await?;
        took.push(started.elapsed());
    }
    let (first, slowest) = (took[0], took.iter().copied().max().unwrap_or_default());
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{:>42}  {PEOPLE:>6}  {:>9.2}  {:>10.2}", "a person opens a link", ms(first), ms(slowest));
    Ok(slowest)
}

async fn ask_page(faces: &Router, request: request::Builder, expected: StatusCode) -> Result<Response> {
    let response = faces.clone().call(request.body(Body::empty())?).await?;
    ensure!(response.status() == expected, "{} instead of {expected}", response.status());
    Ok(response)
}
