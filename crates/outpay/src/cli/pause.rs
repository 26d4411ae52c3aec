//! `outpay pause` and `outpay resume`: the kill switch.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output;
use super::user;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::kill_switch;
use crate::platform::Platform;
use crate::store::{BookPart, PauseScope, StoredPause};
use clap::{Args, Subcommand};
use ledger::{Actor, BookId, Mode};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Args)]
pub(super) struct PauseArguments {
    #[command(subcommand)]
    what: PauseTarget,
    /// Reason, for the journal and the audit log
    #[arg(long, value_name = "TEXT", global = true)]
    reason: Option<String>,
    /// How long to wait for requests in flight
    #[arg(long, value_name = "SECONDS", global = true, default_value_t = 75)]
    wait: u64,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Args)]
pub(super) struct ResumeArguments {
    #[command(subcommand)]
    what: PauseTarget,
    /// Reason, for the journal and the audit log
    #[arg(long, value_name = "TEXT", global = true)]
    reason: Option<String>,
    /// End a pause that the business set itself, instead of the operator's
    #[arg(long, global = true)]
    own: bool,
    /// With --own, of a business or a method: use the test book
    #[arg(long = "own-test", global = true, requires = "own")]
    test: bool,
}

/// The business's own pause that corresponds to the operator's scope.
fn own(scope: PauseScope, test: bool) -> Result<PauseScope, CliError> {
    let book = |number: i64| BookId::new(number, if test { Mode::Test } else { Mode::Live });
    match scope {
        PauseScope::Business(number) => Ok(PauseScope::Own(book(number), BookPart::Everything)),
        PauseScope::RailOf(number, name) => Ok(PauseScope::Own(book(number), BookPart::Method(name))),
        PauseScope::Person(book, user) => Ok(PauseScope::Own(book, BookPart::Person(user))),
        PauseScope::All | PauseScope::Rail(_) | PauseScope::Own(..) => {
            Err(CliError::Usage("--own needs a business".to_owned()))
        }
    }
}

#[derive(Subcommand)]
enum PauseTarget {
    /// All payments
    All,
    /// Payments of one business, in both books
    Business {
        /// Id or name of the business
        business: String,
    },
    /// Payments by one method
    Rail {
        /// Name of the method
        name: String,
        /// Only payments of this business
        #[arg(long, value_name = "BUSINESS")]
        business: Option<String>,
    },
    /// Payments to one recipient
    User {
        /// Id or name of the business
        business: String,
        /// Id or e-mail address of the recipient
        user: String,
        /// Use the test book
        #[arg(long)]
        test: bool,
    },
    /// List what is paused
    List,
}

async fn scope(platform: &Platform, what: &PauseTarget) -> Result<Option<PauseScope>, CliError> {
    Ok(Some(match what {
        PauseTarget::All => PauseScope::All,
        PauseTarget::List => return Ok(None),
        PauseTarget::Business { business } => {
            PauseScope::Business(installation::business(platform, business).await?.number)
        }
        PauseTarget::Rail { name, business: None } => PauseScope::Rail(name.clone()),
        PauseTarget::Rail { name, business: Some(business) } => {
            PauseScope::RailOf(installation::business(platform, business).await?.number, name.clone())
        }
        PauseTarget::User { business, user, test } => {
            let business = installation::business(platform, business).await?;
            let book = installation::book(&business, *test);
            PauseScope::Person(book, user::find(platform, book, user).await?.user.number)
        }
    }))
}

fn reason(given: Option<String>) -> Result<String, CliError> {
    let reason = given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    reason.ok_or_else(|| CliError::Usage("give a reason with --reason TEXT".to_owned()))
}

pub(super) async fn pause(
    arguments: PauseArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let PauseArguments { what, reason: given, wait, json } = arguments;
    let Some(scope) = scope(&platform, &what).await? else {
        list(&platform, json).await?;
        return Ok(ExitCode::SUCCESS);
    };
    // A mistyped method would pause nothing, and look as if it had.
    if let PauseScope::Rail(name) | PauseScope::RailOf(_, name) = &scope
        && !platform.rails.is_mounted(name)
    {
        return Err(CliError::Refused(format!("there is no method {name:?} in this configuration")));
    }
    let reason = reason(given)?;
    let patience = Duration::from_secs(wait);
    let paused = kill_switch::pause(&platform, &scope, &reason, Actor::OPERATOR, patience).await?;
    let id = |(book, number): &(BookId, i64)| platform.secrets.ids().seal(IdKind::Withdrawal, *book, *number);
    let running: Vec<String> = paused.running.iter().map(id).collect();
    if json {
        output::json(&json!({ "paused": true, "was_paused": !paused.is_new, "running": running }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let state = if paused.is_new { "is paused" } else { "was paused already" };
    output::line(format_args!("{} {state}.", kill_switch::words(&scope)))?;
    if running.is_empty() {
        output::line("No request is in flight.")?;
    } else {
        output::line("These requests were sent before the pause, and have no answer yet:")?;
        running.iter().try_for_each(output::line)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn resume(
    arguments: ResumeArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let Some(scope) = scope(&platform, &arguments.what).await? else {
        return Err(CliError::Usage("list what is paused with: outpay pause list".to_owned()));
    };
    let reason = reason(arguments.reason)?;
    let scope = if arguments.own { own(scope, arguments.test)? } else { scope };
    if !kill_switch::resume(&platform, &scope, &reason, Actor::OPERATOR).await? {
        return Err(CliError::Refused("that is not paused; list what is with: outpay pause list".to_owned()));
    }
    output::line(format_args!("{} is resumed.", kill_switch::words(&scope)))?;
    Ok(ExitCode::SUCCESS)
}

async fn list(platform: &Platform, json: bool) -> Result<(), CliError> {
    let pauses = platform.store.pauses().await?;
    if json {
        let one = |pause: &StoredPause| {
            json!({
                "scope": shown(platform, &pause.scope),
                "reason": pause.reason,
                "created_at": rfc3339(pause.created_at),
            })
        };
        return output::json(&pauses.iter().map(one).collect::<Vec<_>>());
    }
    let row = |pause: StoredPause| [shown(platform, &pause.scope), rfc3339(pause.created_at), pause.reason];
    output::table(["paused", "since", "reason"], pauses.into_iter().map(row))
}

/// A scope with the ids that other commands take.
fn shown(platform: &Platform, scope: &PauseScope) -> String {
    let business = |number: i64| crate::business::id(platform, number);
    match scope {
        PauseScope::All => "all".to_owned(),
        PauseScope::Business(number) => format!("business {}", business(*number)),
        PauseScope::Rail(name) => format!("rail {name}"),
        PauseScope::RailOf(number, name) => format!("rail {name} --business {}", business(*number)),
        PauseScope::Person(book, number) => {
            let user = platform.secrets.ids().seal(IdKind::PayoutUser, *book, *number);
            format!("user {} {user}", business(book.business()))
        }
        PauseScope::Own(book, _) => {
            let mode = if book.mode() == Mode::Test { " (test)" } else { "" };
            format!(
                "{} of business {}{mode}, by itself",
                kill_switch::words(scope),
                business(book.business())
            )
        }
    }
}
