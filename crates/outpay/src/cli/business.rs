//! `outpay business`: businesses, their payout switch and their own balances. Deposits and transfers go through the
//! teller, like all changes of money; deposits are in deposit.rs.

use super::brand;
use super::cli_error::CliError;
use super::correction;
use super::deposit;
use super::input::cents;
use super::installation::{self, Installation};
use super::origins;
use super::output::{self, dollars};
use crate::audit_log::export::{self, ExportFormat};
use crate::business;
use crate::business::settings;
use crate::clock::rfc3339;
use crate::counter::OwnBalances;
use crate::platform::Platform;
use crate::store::{Business, SettingsChange};
use clap::{Args, Subcommand};
use ledger::{Actor, BookId, Cents, Direction, MAX_TRANSFER, Mode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct BusinessArguments {
    #[command(subcommand)]
    verb: BusinessCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum BusinessCommand {
    /// Create a business and print its first keys; they are not shown again
    Create {
        /// Name, unique in the installation
        name: String,
    },
    /// List all businesses
    List,
    /// Show a business and its balances
    Show {
        /// Id or name of the business
        business: String,
    },
    /// Enable payouts of a business
    EnablePayouts {
        /// Id or name of the business
        business: String,
    },
    /// Disable payouts of a business
    DisablePayouts {
        /// Id or name of the business
        business: String,
    },
    /// Record money received from outside; it is added to the main balance
    Deposit(deposit::DepositArguments),
    /// Let owners and admins of a business record deposits of real money in the dashboard; without flags, print it
    OwnDeposits {
        /// Id or name of the business
        business: String,
        /// They may from now on
        #[arg(long)]
        allow: bool,
        /// Only you record them
        #[arg(long, conflicts_with = "allow")]
        deny: bool,
    },
    /// Move money from the main balance to the payout balance, which pays recipients
    Transfer {
        /// Id or name of the business
        business: String,
        /// Amount in cents: 10050 is 100.50
        #[arg(value_parser = cents)]
        cents: Cents,
        /// Move it from the payout balance to the main balance instead
        #[arg(long)]
        to_main: bool,
        /// Use the test book
        #[arg(long)]
        test: bool,
    },
    /// Propose to reverse a wrong deposit, or a part of it; a second person confirms
    ReverseDeposit(correction::Reversal),
    /// Propose to record that money left the main balance for the business's own account; a second person confirms
    PayOut(correction::PayOut),
    /// Propose to move earned fees to the main balance, or out; a second person confirms
    SweepFees(correction::Sweep),
    /// Set above which amount settling, returning, resolving and debits take two people; without flags, print it
    TwoPeople {
        /// Id or name of the business
        business: String,
        /// Amount in cents; 0 for every amount
        #[arg(value_name = "CENTS", value_parser = clap::value_parser!(i64).range(0..=MAX_TRANSFER.0))]
        cents: Option<i64>,
        /// The same
        #[arg(long, value_name = "CENTS", conflicts_with = "cents",
            value_parser = clap::value_parser!(i64).range(0..=MAX_TRANSFER.0))]
        above: Option<i64>,
        /// One person is enough from now on
        #[arg(long, conflicts_with_all = ["above", "cents"])]
        off: bool,
        /// Use the test book
        #[arg(long)]
        test: bool,
    },
    /// Print a business's audit log as JSON lines, with the digests of its chain
    AuditLog {
        /// Id or name of the business
        business: String,
        /// As CSV instead
        #[arg(long)]
        csv: bool,
    },
    /// Set what recipients see of a business; without flags, print it
    Brand(brand::BrandArguments),
    /// Set the origins whose scripts may call the API with a payout hash; without a flag, print them
    Origins(origins::OriginsArguments),
}

pub(super) async fn run(
    arguments: BusinessArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let json = arguments.json;
    match arguments.verb {
        BusinessCommand::Create { name } => create(&platform, &name, json).await?,
        BusinessCommand::List => list(&platform, json).await?,
        BusinessCommand::Show { business } => {
            show(&platform, &installation::business(&platform, &business).await?, json).await?;
        }
        BusinessCommand::EnablePayouts { business } => switch(&platform, &business, true, json).await?,
        BusinessCommand::DisablePayouts { business } => switch(&platform, &business, false, json).await?,
        BusinessCommand::Deposit(flags) => {
            let business = installation::business(&platform, &flags.business).await?;
            deposit::run(&platform, &business, flags, json).await?;
        }
        BusinessCommand::OwnDeposits { business, allow, deny } => {
            let business = installation::business(&platform, &business).await?;
            deposit::set_own(&platform, &business, allow.then_some(true).or(deny.then_some(false)), json)
                .await?;
        }
        BusinessCommand::Transfer { business, cents, to_main, test } => {
            let business = installation::business(&platform, &business).await?;
            let direction = if to_main { Direction::ToMain } else { Direction::ToPayout };
            transfer(&platform, installation::book(&business, test), cents, direction, json).await?;
        }
        BusinessCommand::ReverseDeposit(flags) => {
            let book = book_of(&platform, &flags.business, flags.test).await?;
            correction::reverse(&platform, book, &flags, json).await?;
        }
        BusinessCommand::PayOut(flags) => {
            let book = book_of(&platform, &flags.business, flags.test).await?;
            correction::pay_out(&platform, book, &flags, json).await?;
        }
        BusinessCommand::SweepFees(flags) => {
            let book = book_of(&platform, &flags.business, flags.test).await?;
            correction::sweep(&platform, book, &flags, json).await?;
        }
        BusinessCommand::AuditLog { business, csv } => {
            let business = installation::business(&platform, &business).await?;
            let format = if csv { ExportFormat::Csv } else { ExportFormat::JsonLines };
            output::line(export::text(&platform, business.number, format).await?.trim_end())?;
        }
        BusinessCommand::TwoPeople { business, cents, above, off, test } => {
            let book = book_of(&platform, &business, test).await?;
            let set = cents.or(above).map(|cents| Some(Cents(cents))).or(off.then_some(None));
            two_people(&platform, book, set, json).await?;
        }
        BusinessCommand::Brand(arguments) => brand::run(&platform, arguments, json).await?,
        BusinessCommand::Origins(arguments) => origins::run(&platform, arguments, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn book_of(platform: &Platform, business: &str, test: bool) -> Result<BookId, CliError> {
    Ok(installation::book(&installation::business(platform, business).await?, test))
}

async fn two_people(
    platform: &Platform,
    book: BookId,
    set: Option<Option<Cents>>,
    json: bool,
) -> Result<(), CliError> {
    if set.is_some() {
        let change = SettingsChange { two_people_above: set, ..SettingsChange::default() };
        settings::change(platform, book, Actor::OPERATOR, change).await?;
    }
    let above = platform.store.two_people_above(book).await?;
    if json {
        return output::json(&json!({ "two_people_above": above.map(|above| above.0) }));
    }
    output::line(match above {
        None => "One person is enough.".to_owned(),
        Some(above) => format!("Two people are needed above {}.", dollars(above)),
    })
}

async fn create(platform: &Platform, name: &str, json: bool) -> Result<(), CliError> {
    let created = business::create(platform, name).await?;
    let id = business::id(platform, created.business.number);
    let keys = [
        ("secret_key", &created.secret_key),
        ("public_key", &created.public_key),
        ("test_secret_key", &created.test_secret_key),
        ("test_public_key", &created.test_public_key),
    ]
    .map(|(field, key)| (field, key.expose_secret().to_owned()));
    if json {
        let mut all = json!({ "id": id });
        keys.into_iter().for_each(|(field, key)| all[field] = key.into());
        return output::json(&all);
    }
    output::facts([("id", id), ("name", created.business.name)])?;
    output::facts(keys)?;
    output::line(
        "\nStore the keys now: they are not shown again. Payouts are disabled until you enable them.",
    )
}

async fn list(platform: &Platform, json: bool) -> Result<(), CliError> {
    let businesses = platform.store.businesses().await?;
    if json {
        let data: Vec<Value> = businesses.iter().map(|business| as_json(platform, business)).collect();
        return output::json(&json!({ "data": data }));
    }
    let row = |business: &Business| {
        let id = business::id(platform, business.number);
        [id, business.name.clone(), on_or_off(business), rfc3339(business.created_at)]
    };
    output::table(["id", "name", "payouts", "created"], businesses.iter().map(row))
}

async fn show(platform: &Platform, business: &Business, json: bool) -> Result<(), CliError> {
    let (main, payout) = platform.store.own_balances(BookId::new(business.number, Mode::Live)).await?;
    let (test_main, test_payout) =
        platform.store.own_balances(BookId::new(business.number, Mode::Test)).await?;
    if json {
        let mut all = as_json(platform, business);
        all["balance"] = main.0.into();
        all["payout_balance"] = payout.0.into();
        all["test_balance"] = test_main.0.into();
        all["test_payout_balance"] = test_payout.0.into();
        return output::json(&all);
    }
    output::facts([
        ("id", business::id(platform, business.number)),
        ("name", business.name.clone()),
        ("payouts", on_or_off(business)),
        ("created", rfc3339(business.created_at)),
        ("main balance", dollars(main)),
        ("payout balance", dollars(payout)),
        ("test main balance", dollars(test_main)),
        ("test payout balance", dollars(test_payout)),
    ])
}

async fn switch(platform: &Platform, business: &str, enabled: bool, json: bool) -> Result<(), CliError> {
    let mut business = installation::business(platform, business).await?;
    let change = SettingsChange { payouts_enabled: Some(enabled), ..SettingsChange::default() };
    let book = installation::book(&business, false);
    settings::change(platform, book, Actor::OPERATOR, change).await?;
    business.payouts_enabled = enabled;
    if json {
        return output::json(&as_json(platform, &business));
    }
    let state = if enabled { "enabled" } else { "disabled" };
    output::line(format_args!("Payouts of {} are {state}.", business.name))
}

async fn transfer(
    platform: &Platform,
    book: BookId,
    amount: Cents,
    direction: Direction,
    json: bool,
) -> Result<(), CliError> {
    let moved = platform.counter(book, Actor::OPERATOR).transfer(direction, amount).await?;
    let OwnBalances { main, payout } = moved.value;
    if json {
        return output::json(&json!({ "balance": main.0, "payout_balance": payout.0 }));
    }
    output::line(format_args!("{} moved.", dollars(amount)))?;
    output::facts([("main balance", dollars(main)), ("payout balance", dollars(payout))])
}

fn as_json(platform: &Platform, business: &Business) -> Value {
    json!({
        "id": business::id(platform, business.number),
        "name": business.name,
        "payouts_enabled": business.payouts_enabled,
        "created_at": rfc3339(business.created_at),
    })
}

fn on_or_off(business: &Business) -> String {
    if business.payouts_enabled { "enabled" } else { "disabled" }.to_owned()
}
