//! `outpay demo`: a server on an embedded database with a funded business, the documented requests against it, and
//! then whatever the reader wants to try. It ignores environment variables, so that it cannot touch real books by
//! accident; without --data its folder is deleted at the end.

mod exchange;
mod narration;
mod tour;
mod way_out;

use super::cli_error::CliError;
use super::installation::{Installation, Typed};
use super::output;
use crate::auth::master_key::{self, MasterKeySource};
use crate::business;
use crate::business::{CreateBusinessError, CreatedBusiness};
use crate::clock::{Clock, Entropy};
use crate::config::Config;
use crate::members::demo::{self as way_in, DemoDoor};
use crate::platform::{self, Platform};
use crate::rails::gift_card::pack;
use crate::rails::{Rails, paypal};
use crate::serving::{self, ServeConfig, Serving};
use crate::store::{Failure, NewGiftCard};
use clap::Args;
use ledger::{Actor, BookId, Cents, Mode, Terms};
use secrecy::{ExposeSecret, SecretString};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Args)]
pub(super) struct DemoArguments {
    /// Address of the API [default: 127.0.0.1:8080, or a free port if that is taken]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// 10,000.00 for the main balance.
const FUNDS: Cents = Cents(1_000_000);
const NAME: &str = "Demo";

pub(super) async fn run(
    arguments: DemoArguments,
    installation: &Installation,
    typed: Typed,
) -> Result<ExitCode, CliError> {
    if typed.database {
        return Err(CliError::Usage("demo uses its own database; leave out --database".to_owned()));
    }
    let shutdown = serving::asked_to_end()?;
    let temporary =
        if typed.data { None } else { Some(tempfile::Builder::new().prefix("outpay-demo-").tempdir()?) };
    let data = temporary.as_ref().map_or_else(|| installation.data(), |folder| folder.path().to_owned());
    let platform = open(&data).await?;
    check_holds_demos_alone(&platform).await?;
    let business = funded_business(&platform).await?;
    let (serving, token) = listen(arguments.listen, &platform, business.business.number).await?;
    let address = serving.address()?;
    drop(platform);

    let mut running = std::pin::pin!(serving.run(shutdown));
    tokio::select! {
        // Ctrl-C, or the server failed.
        ended = &mut running => ended?,
        toured = tour::all(address, &business) => {
            toured?;
            if let Some(token) = token {
                let link = way_in::link(&format!("http://{address}"), &token);
                output::line(format_args!(
                    "\n# Its dashboard, signed in as the owner: the link works once, within ten minutes\n  {}",
                    link.expose_secret()
                ))?;
            }
            let stays = if temporary.is_some() { "deletes its data" } else { "keeps its data" };
            output::line(format_args!(
                "\nThe server keeps running at http://{address} for you to try; its data is in {}.\nCtrl-C stops it and {stays}.",
                data.display()
            ))?;
            running.await?;
        }
    }
    if let Some(folder) = temporary {
        folder.close()?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(data: &Path) -> Result<Platform, CliError> {
    let (clock, entropy) = (Clock::System, Entropy::System);
    let secrets = master_key::load(&MasterKeySource::File, data, &entropy).await?;
    let (database, config) = (platform::default_database(data), Config::default());
    let mut platform = Platform::open(data, &database, secrets, clock, entropy, &config).await?;
    let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &platform.clock);
    paypal::mount_for_demo(&mut rails);
    platform.rails = Arc::new(rails);
    Ok(platform)
}

/// What a demo gives and deposits would stay in the journal of a real installation for ever.
async fn check_holds_demos_alone(platform: &Platform) -> Result<(), CliError> {
    let found = platform.store.businesses().await?;
    match found.iter().find(|business| !business.name.starts_with(NAME)) {
        None => Ok(()),
        Some(other) => Err(CliError::Refused(format!(
            "this folder has the business {:?}, which no demo made; give demo a folder of its own with --data, or none",
            other.name
        ))),
    }
}

/// A new business with money and payouts enabled. If the folder has earlier ones, the name gets a number.
async fn funded_business(platform: &Platform) -> Result<CreatedBusiness, CliError> {
    let mut name = NAME.to_owned();
    let mut copy = 1;
    let created = loop {
        match business::create(platform, &name).await {
            Err(CreateBusinessError::NameIsTaken) => {
                copy += 1;
                name = format!("{NAME} {copy}");
            }
            created => break created?,
        }
    };
    let number = created.business.number;
    for mode in [Mode::Live, Mode::Test] {
        let counter = platform.counter(BookId::new(number, mode), Actor::NONE);
        counter.deposit(FUNDS, "demo funds".to_owned(), true).await?;
    }
    platform.store.set_payouts_enabled(number, true).await?;
    stock_gift_cards(platform, BookId::new(number, Mode::Live)).await?;
    Ok(created)
}

/// A few gift cards of an invented shop, to withdraw.
async fn stock_gift_cards(platform: &Platform, book: BookId) -> Result<(), CliError> {
    let cards: Vec<NewGiftCard> = (1..=3)
        .map(|number| {
            let (kind, code) = (("Bookshop", Cents(2_500), None), format!("DEMO-CARD-{number}"));
            pack(&platform.secrets, &platform.entropy, book, kind, (&code, Some("1234")))
        })
        .collect();
    platform.store.import_gift_cards(book, &cards, platform.clock.now()).await?;
    let terms = Terms { enabled: true, ..Terms::default() };
    Ok(platform.store.set_terms(book, "gift_card", &terms).await?)
}

/// With the token of the link to its dashboard, which a server that others can reach does not have.
async fn listen(
    address: Option<SocketAddr>,
    platform: &Platform,
    business: i64,
) -> Result<(Serving, Option<SecretString>), Failure> {
    let usual = SocketAddr::from(([127, 0, 0, 1], 8080));
    let address = match address {
        None if is_taken(usual) => SocketAddr::from(([127, 0, 0, 1], 0)),
        other => other.unwrap_or(usual),
    };
    open_on(address, platform, business).await
}

async fn open_on(
    address: SocketAddr,
    platform: &Platform,
    business: i64,
) -> Result<(Serving, Option<SecretString>), Failure> {
    let config = ServeConfig::on(address);
    if !address.ip().is_loopback() {
        return Ok((serving::open(config, platform.clone()).await?, None));
    }
    let (door, token) = DemoDoor::make(platform, business).await?;
    Ok((serving::open_demo(config, platform.clone(), door).await?, Some(token)))
}

/// The owner is made before the server listens, so the usual address is tried first.
fn is_taken(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}
