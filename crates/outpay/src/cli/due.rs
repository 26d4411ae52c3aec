//! `outpay due now`: what waits for its time, or for the end of a lease, is due at once. The workers of a server that runs take
//! it then.

use super::cli_error::CliError;
use super::installation::Installation;
use super::output;
use crate::due;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::Work;
use clap::{Args, Subcommand};
use ledger::Actor;
use std::process::ExitCode;

/// The flags of `due`.
#[derive(Args)]
pub(super) struct DueArguments {
    #[command(subcommand)]
    verb: DueCommand,
}

#[derive(Subcommand)]
enum DueCommand {
    /// Let workers look at once at what waits for its time
    Now(What),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A withdrawal: ord_…
    #[arg(long, value_name = "ID")]
    withdrawal: Option<String>,
    /// A webhook delivery: whd_…
    #[arg(long, value_name = "ID")]
    delivery: Option<String>,
    /// A mail: mail_…
    #[arg(long, value_name = "ID")]
    mail: Option<String>,
    /// An import that runs: imp_…
    #[arg(long, value_name = "ID")]
    import: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(arguments: DueArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let DueCommand::Now(what) = arguments.verb;
    due::sweep(&platform).await?;
    let Some((work, id)) = work(&platform, &what)? else {
        let made = due::make_all_due(&platform, Actor::OPERATOR).await?;
        output::line(format_args!("{made} were not due yet; they are now."))?;
        return Ok(ExitCode::SUCCESS);
    };
    if !due::make_due(&platform, work, id, Actor::OPERATOR).await? {
        return Err(CliError::Refused(format!("{id} waits for no time: it has ended, or does not run")));
    }
    output::line(format_args!("{id} is due now."))?;
    Ok(ExitCode::SUCCESS)
}

/// What is named; `None`: everything.
fn work<'a>(platform: &Platform, what: &'a What) -> Result<Option<(Work, &'a str)>, CliError> {
    let named = [
        (IdKind::Withdrawal, &what.withdrawal),
        (IdKind::Delivery, &what.delivery),
        (IdKind::Mail, &what.mail),
        (IdKind::Import, &what.import),
    ];
    let Some((kind, id)) = named.into_iter().find_map(|(kind, id)| Some((kind, id.as_ref()?))) else {
        return Ok(None);
    };
    let unknown = || CliError::Refused(format!("{id} is no id of such a thing here"));
    let (book, number) = platform.secrets.ids().open_any(kind, id).ok_or_else(unknown)?;
    let work = match kind {
        IdKind::Withdrawal => Work::Withdrawal(book, number),
        IdKind::Delivery => Work::Delivery(book, number),
        IdKind::Mail => Work::Mail(number),
        _ => Work::Import(book, number),
    };
    Ok(Some((work, id)))
}
