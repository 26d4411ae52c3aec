//! `xtask never-twice`: the never-twice matrices of the tests with as many payments as one likes. Each rail's counterpart has books of its
//! own, the process is killed at every moment of a payment, and no payment may be made twice. In a run of all tests each matrix makes
//! a few hundred payments.
//!
//! Not here: the matrices (crates/outpay/tests/it/rails). Invariant: a rail's test runs by its exact name, so one that was renamed
//! fails and does not pass without having run.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use tokio::process::Command;

use crate::clock;

#[derive(Args)]
pub struct Arguments {
    /// Payments of each rail, at least
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    payments: u32,
    /// Only this rail (repeatable)
    #[arg(long, value_enum)]
    rail: Vec<Counterpart>,
}

/// A rail whose counterpart keeps books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Counterpart {
    Paypal,
    Tremendous,
    Tron,
    /// EVM chains: Foundry's node.
    Crypto,
    Sepa,
    Ach,
}

impl Counterpart {
    /// Its test.
    fn test(self) -> &'static str {
        match self {
            Self::Paypal => {
                "rails::paypal::never_twice::three_hundred_killed_and_failing_payments_are_paid_once_each"
            }
            Self::Tremendous => {
                "rails::tremendous_never_twice::payments_that_are_killed_and_fail_are_made_once_each"
            }
            Self::Tron => {
                "rails::tron_never_twice::three_hundred_killed_and_failing_payments_are_paid_once_each"
            }
            Self::Crypto => {
                "rails::crypto_never_twice::three_hundred_killed_and_failing_payments_are_paid_once_each"
            }
            Self::Sepa => {
                "rails::bank_never_twice::sepa_payments_are_paid_once_each_wherever_the_process_ends"
            }
            Self::Ach => "rails::bank_never_twice::ach_payments_are_paid_once_each_wherever_the_process_ends",
        }
    }
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let rails = if arguments.rail.is_empty() { Counterpart::value_variants() } else { &arguments.rail[..] };
    for rail in rails {
        let started = clock::now();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // The selection of ./test: another one has other features and rebuilds most dependencies.
        cargo.args(["test", "--quiet", "--locked", "--workspace", "--bins", "--test", "it", "--"]);
        cargo.args(["--exact", "--nocapture", rail.test()]);
        cargo.env("OUTPAY_NEVER_TWICE_PAYMENTS", arguments.payments.to_string());
        let output = cargo.stderr(Stdio::inherit()).kill_on_drop(true).output().await;
        let output = output.context("running cargo")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let said = printed.lines().find(|line| line.ends_with("none paid twice"));
        let passed = output.status.success();
        ensure!(passed, "{rail:?}: {}\n{printed}", output.status);
        let said = said.with_context(|| format!("{rail:?}: its test did not run\n{printed}"))?;
        println!("{said} ({} s)", (clock::now() - started).as_secs());
    }
    Ok(ExitCode::SUCCESS)
}
