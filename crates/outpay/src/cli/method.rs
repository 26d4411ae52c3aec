//! `outpay method`: the withdrawal methods that a business offers, and their terms.

use super::cli_error::CliError;
use super::input::cents;
use super::installation::{self, Installation};
use super::output::{self, dollars};
use crate::business::settings::{self, CurrentSettings};
use crate::platform::Platform;
use crate::store::SettingsChange;
use crate::withdrawals::offer;
use clap::{Args, Subcommand};
use ledger::{Actor, BookId, Cents, Terms};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct MethodArguments {
    #[command(subcommand)]
    verb: MethodCommand,
    /// Use the test book
    #[arg(long, global = true)]
    test: bool,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum MethodCommand {
    /// List the methods of a business with their terms
    List {
        /// Id or name of the business
        business: String,
    },
    /// Offer a method
    Enable(Which),
    /// Stop offering a method; queued withdrawals wait until it is offered again
    Disable(Which),
    /// Set terms; terms without a flag stay unchanged
    Set(Box<Set>),
}

#[derive(Args)]
struct Which {
    /// Id or name of the business
    business: String,
    /// Name of the method
    method: String,
}

#[derive(Args)]
struct Set {
    #[command(flatten)]
    which: Which,
    /// Fixed part of the fee, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents_or_none)]
    fee: Option<Cents>,
    /// Proportional part of the fee, in hundredths of a percent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..10_000))]
    fee_basis_points: Option<i64>,
    /// Smallest fee, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents_or_none)]
    fee_floor: Option<Cents>,
    /// Largest fee, in cents, or none
    #[arg(long, value_name = "CENTS|none", value_parser = limit)]
    fee_cap: Option<Limit>,
    /// Smallest amount, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents)]
    minimum: Option<Cents>,
    /// Largest amount, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents)]
    maximum: Option<Cents>,
    /// Most that all recipients together may withdraw per UTC day, in cents, or none
    #[arg(long, value_name = "CENTS|none", value_parser = limit)]
    daily_cap: Option<Limit>,
    /// Review every withdrawal
    #[arg(long, value_name = "true|false")]
    review_always: Option<bool>,
    /// Review withdrawals above this amount, in cents, or none
    #[arg(long, value_name = "CENTS|none", value_parser = limit)]
    review_above: Option<Limit>,
    /// Review withdrawals that take a recipient above this total per UTC day, in cents, or none
    #[arg(long, value_name = "CENTS|none", value_parser = limit)]
    review_above_per_day: Option<Limit>,
    /// Review the first withdrawal to a destination
    #[arg(long, value_name = "true|false")]
    review_new_destination: Option<bool>,
}

/// An amount, or `none` to remove the limit.
#[derive(Clone, Copy)]
struct Limit(Option<Cents>);

fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit(None));
    }
    cents_or_none(text).map(|cents| Limit(Some(cents)))
}

fn cents_or_none(text: &str) -> Result<Cents, String> {
    if text == "0" { Ok(Cents::ZERO) } else { cents(text) }
}

pub(super) async fn run(
    arguments: MethodArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let MethodArguments { verb, test, json } = arguments;
    let business = match &verb {
        MethodCommand::List { business } => business,
        MethodCommand::Enable(which) | MethodCommand::Disable(which) => &which.business,
        MethodCommand::Set(set) => &set.which.business,
    };
    let business = installation::business(&platform, business).await?;
    let book = installation::book(&business, test);
    match verb {
        MethodCommand::List { .. } => {}
        MethodCommand::Enable(which) => {
            change(&platform, book, &which.method, |terms| terms.enabled = true).await?
        }
        MethodCommand::Disable(which) => {
            change(&platform, book, &which.method, |terms| terms.enabled = false).await?
        }
        MethodCommand::Set(set) => {
            change(&platform, book, &set.which.method, |terms| apply(&set, terms)).await?
        }
    }
    list(&platform, book, json).await?;
    Ok(ExitCode::SUCCESS)
}

async fn change(
    platform: &Platform,
    book: BookId,
    method: &str,
    with: impl Fn(&mut Terms),
) -> Result<(), CliError> {
    if platform.rails.get(book.mode(), method).is_none() {
        let names: Vec<&str> =
            platform.rails.of(book.mode()).map(|mounted| mounted.facts().name.as_str()).collect();
        let names = names.join(", ");
        return Err(CliError::Refused(format!("there is no method {method:?}; there are: {names}")));
    }
    let wanted = |current: &CurrentSettings| {
        let mut terms = current.methods.get(method).cloned().unwrap_or_default();
        with(&mut terms);
        match terms.problem() {
            Some(problem) => Err(CliError::Usage(problem.to_owned())),
            None => {
                Ok(SettingsChange { terms: vec![(method.to_owned(), terms)], ..SettingsChange::default() })
            }
        }
    };
    settings::change_from(platform, book, Actor::OPERATOR, wanted).await
}

fn apply(set: &Set, terms: &mut Terms) {
    let fee = &mut terms.fee;
    fee.fixed = set.fee.unwrap_or(fee.fixed);
    fee.basis_points = set.fee_basis_points.unwrap_or(fee.basis_points);
    fee.floor = set.fee_floor.unwrap_or(fee.floor);
    fee.cap = set.fee_cap.map_or(fee.cap, |limit| limit.0);
    terms.minimum = set.minimum.unwrap_or(terms.minimum);
    terms.maximum = set.maximum.unwrap_or(terms.maximum);
    terms.daily_cap = set.daily_cap.map_or(terms.daily_cap, |limit| limit.0);
    let review = &mut terms.review;
    review.always = set.review_always.unwrap_or(review.always);
    review.above = set.review_above.map_or(review.above, |limit| limit.0);
    review.above_per_day = set.review_above_per_day.map_or(review.above_per_day, |limit| limit.0);
    review.new_destination = set.review_new_destination.unwrap_or(review.new_destination);
}

async fn list(platform: &Platform, book: BookId, json: bool) -> Result<(), CliError> {
    let mut rows: Vec<(String, &'static str, String, Terms)> = Vec::new();
    for mounted in platform.rails.of(book.mode()) {
        let facts = mounted.facts();
        let terms = offer::terms(platform, book, &facts.name).await?;
        rows.push((facts.name.clone(), facts.provider.word(), facts.title.english(), terms));
    }
    if json {
        let methods: Vec<Value> = rows
            .iter()
            .map(|(name, provider, title, terms)| {
                json!({ "method": name, "provider": provider, "title": title, "terms": terms })
            })
            .collect();
        return output::json(&methods);
    }
    let fee = |terms: &Terms| match (terms.fee.fixed, terms.fee.basis_points) {
        (Cents::ZERO, 0) => "none".to_owned(),
        (fixed, 0) => dollars(fixed),
        (fixed, points) => format!("{} + {}.{:02} %", dollars(fixed), points / 100, points % 100),
    };
    output::table(
        ["method", "rail", "offered", "fee", "minimum", "maximum", "daily cap"],
        rows.iter().map(|(name, provider, _, terms)| {
            [
                name.clone(),
                (*provider).to_owned(),
                if terms.enabled { "yes" } else { "no" }.to_owned(),
                fee(terms),
                dollars(terms.minimum),
                dollars(terms.maximum),
                terms.daily_cap.map_or_else(|| "none".to_owned(), dollars),
            ]
        }),
    )
}
