//! `outpay due now`: makes waiting work due at once, whether it waits for its time or for a lease to end. The workers
//! of a running server then take it.

use super::cli_error::CliError;
use super::installation::Installation;
use super::output;
use crate::due;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::DueWork;
use clap::{Args, Subcommand};
use ledger::Actor;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct DueArguments {
    #[command(subcommand)]
    verb: DueCommand,
}

#[derive(Subcommand)]
enum DueCommand {
    /// Make waiting work due at once
    Now(DueTarget),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct DueTarget {
    /// Any of these, by its id
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Withdrawal: ord_…
    #[arg(long, value_name = "ID")]
    withdrawal: Option<String>,
    /// Webhook delivery: whd_…
    #[arg(long, value_name = "ID")]
    delivery: Option<String>,
    /// Mail: mail_…
    #[arg(long, value_name = "ID")]
    mail: Option<String>,
    /// Running import: imp_…
    #[arg(long, value_name = "ID")]
    import: Option<String>,
    /// All waiting work
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(arguments: DueArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let DueCommand::Now(what) = arguments.verb;
    due::sweep(&platform).await?;
    let Some((work, id)) = work(&platform, &what)? else {
        let made = due::make_all_due(&platform, Actor::OPERATOR).await?;
        output::line(format_args!("{made} were not due yet and are due now."))?;
        return Ok(ExitCode::SUCCESS);
    };
    if !due::make_due(&platform, work, id, Actor::OPERATOR).await? {
        return Err(CliError::Refused(format!("{id} is not waiting: it has ended, or is not running")));
    }
    output::line(format_args!("{id} is due now."))?;
    Ok(ExitCode::SUCCESS)
}

/// The named work; `None`: everything.
fn work<'a>(platform: &Platform, what: &'a DueTarget) -> Result<Option<(DueWork, &'a str)>, CliError> {
    let named = [
        (IdKind::Withdrawal, &what.withdrawal),
        (IdKind::Delivery, &what.delivery),
        (IdKind::Mail, &what.mail),
        (IdKind::Import, &what.import),
    ];
    let open = |kind, id: &String| platform.secrets.ids().open_any(kind, id);
    let (kind, id, (book, number)) = if let Some(id) = &what.id {
        let found = named.iter().find_map(|(kind, _)| Some((*kind, id, open(*kind, id)?)));
        found.ok_or_else(|| CliError::Refused(format!("there is nothing that waits with the id {id}")))?
    } else {
        let flag = named.into_iter().find_map(|(kind, id)| Some((kind, id.as_ref()?)));
        let Some((kind, id)) = flag else { return Ok(None) };
        let unknown = || CliError::Refused(format!("there is nothing of this kind with the id {id}"));
        (kind, id, open(kind, id).ok_or_else(unknown)?)
    };
    let work = match kind {
        IdKind::Withdrawal => DueWork::Withdrawal(book, number),
        IdKind::Delivery => DueWork::Delivery(book, number),
        IdKind::Mail => DueWork::Mail(number),
        _ => DueWork::Import(book, number),
    };
    Ok(Some((work, id)))
}
