//! `outpay preload`, hidden: fills a book with users for the benchmark, by the same path as every client. It funds
//! itself: one deposit and one transfer for each distinct number of users.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::progress;
use clap::Args;
use ledger::{Actor, BatchPayout, Cents, Direction, Email, OnceKey};
use std::process::ExitCode;

/// The limit of a batch.
const CHUNK: i64 = 10_000;

#[derive(Args)]
pub(super) struct PreloadArguments {
    /// Id or name of the business
    business: String,
    /// Number of users
    #[arg(value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
    users: i64,
    /// Use the test book
    #[arg(long)]
    test: bool,
}

pub(super) async fn run(
    arguments: PreloadArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let business = installation::business(&platform, &arguments.business).await?;
    let book = installation::book(&business, arguments.test);
    let (users, amount) = (arguments.users, Cents(arguments.users));

    let reference = format!("preload {users}");
    let counter = platform.counter(book, Actor::NONE);
    let once = OnceKey::of_request(&reference);
    counter.deposit(amount, reference, true).await?;
    counter.once(once).transfer(Direction::ToPayout, amount).await?;

    let bar = progress::bar(users.unsigned_abs(), "users");
    for first in (0..users).step_by(usize::try_from(CHUNK).expect("a small number")) {
        let payouts =
            (first..users.min(first + CHUNK)).map(one_cent).collect::<Result<Vec<_>, CliError>>()?;
        let count = payouts.len() as u64;
        counter.create_many(payouts, false).await?;
        bar.inc(count);
    }
    bar.finish_and_clear();
    eprintln!("{users} users paid");
    Ok(ExitCode::SUCCESS)
}

fn one_cent(number: i64) -> Result<BatchPayout, CliError> {
    let email = Email::parse(&format!("user{number}@example.com"));
    let email = email.map_err(|problem| anyhow::anyhow!("user {number} has no address: {problem:?}"))?;
    Ok(BatchPayout {
        email,
        amount: Cents(1),
        reference: None,
        memo: String::new(),
        metadata: ledger::Metadata::default(),
    })
}
