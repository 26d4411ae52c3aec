//! `outpay proposal`: commands that one person proposed and another must confirm. Members confirm in the dashboard;
//! if the business has no member who could, another operator confirms here with the code that the first command
//! printed.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output;
use super::secret_flag;
use crate::audit_log::Names;
use crate::clock::rfc3339;
use crate::platform::Platform;
use crate::proposals::{self, Checker, Made, Proposed, Refused, word};
use crate::store::ProposalRow;
use clap::{Args, Subcommand};
use ledger::{Actor, BookId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::process::ExitCode;

const SHOWN: i64 = 100;

#[derive(Args)]
pub(super) struct ProposalArguments {
    #[command(subcommand)]
    verb: ProposalCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum ProposalCommand {
    /// List a business's proposals, newest first
    List {
        /// Id or name of the business
        business: String,
        /// Use the test book
        #[arg(long)]
        test: bool,
    },
    /// Confirm another operator's proposal, which carries it out
    Confirm {
        /// Id of the proposal: prp_…
        id: String,
        /// `-`: read the code that the proposing command printed from standard input [default: OUTPAY_CODE of the
        /// environment]; for what an operator proposed
        #[arg(long, value_name = "-")]
        code: Option<SecretString>,
    },
    /// Withdraw a proposal
    Withdraw {
        /// Id of the proposal: prp_…
        id: String,
    },
}

pub(super) async fn run(
    arguments: ProposalArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = &installation.open().await?;
    let json = arguments.json;
    match arguments.verb {
        ProposalCommand::List { business, test } => {
            let business = installation::business(platform, &business).await?;
            list(platform, installation::book(&business, test), json).await?;
        }
        ProposalCommand::Confirm { id, code } => {
            let code = secret_flag::secret(code.as_ref(), "--code", "OUTPAY_CODE")?;
            let code = code.as_ref().map(|code| code.expose_secret());
            let row = find(platform, &id).await?;
            proposals::confirm(platform, &row, Checker::Operator(code)).await?;
            show(platform, &id, "Confirmed and carried out.", json).await?;
        }
        ProposalCommand::Withdraw { id } => {
            let row = find(platform, &id).await?;
            proposals::withdraw(platform, &row, Actor::OPERATOR).await?;
            show(platform, &id, "Withdrawn. Nothing was done.", json).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Proposes in the operator's name, and prints who must confirm and how.
pub(super) async fn propose(
    platform: &Platform,
    book: BookId,
    what: &Proposed,
    reason: &str,
    json: bool,
) -> Result<(), CliError> {
    let made = proposals::propose(platform, book, what, reason, Actor::OPERATOR).await?;
    print(platform, &made, json)
}

/// Prints what was proposed, who must confirm it and how.
pub(super) fn print(platform: &Platform, made: &Made, json: bool) -> Result<(), CliError> {
    let Made { row, code } = made;
    let what = Proposed::of(row)?;
    let id = proposals::id(platform, row);
    let code = code.as_ref().map(|code| code.expose_secret());
    if json {
        let mut shown = as_json(platform, row)?;
        shown["code"] = code.into();
        return output::json(&shown);
    }
    output::line("Nothing has been done yet: a second person must confirm it.")?;
    output::facts([
        ("proposal", id.clone()),
        ("what", what.sentence()),
        ("reason", row.reason.clone()),
        ("ends", rfc3339(row.ends_at)),
    ])?;
    output::line(match code {
        Some(code) => format!(
            "\nNo member of the business can confirm it. Give this code, which is not shown again, to another operator, who runs:\n\
             outpay proposal confirm {id} --code -\nand enters the code: {code}"
        ),
        None => "\nA member of the business confirms it in the dashboard, under Proposals.".to_owned(),
    })
}

async fn find(platform: &Platform, id: &str) -> Result<ProposalRow, CliError> {
    let found = proposals::find(platform, id).await?;
    found.ok_or_else(|| {
        CliError::Refused(format!("there is no proposal {id:?}; list them with: outpay proposal list"))
    })
}

async fn show(platform: &Platform, id: &str, sentence: &str, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(&as_json(platform, &find(platform, id).await?)?);
    }
    output::line(sentence)
}

async fn list(platform: &Platform, book: BookId, json: bool) -> Result<(), CliError> {
    let found = platform.store.proposals(book, SHOWN).await?;
    if json {
        let data = found.iter().map(|row| as_json(platform, row)).collect::<Result<Vec<_>, _>>()?;
        return output::json(&json!({ "data": data }));
    }
    let names = Names::load(platform, book.business()).await?;
    let now = platform.clock.now();
    let mut rows = Vec::with_capacity(found.len());
    for row in &found {
        rows.push([
            proposals::id(platform, row),
            word(row, now).to_owned(),
            Proposed::of(row)?.sentence(),
            names.of(row.proposed_by),
            rfc3339(row.proposed_at),
        ]);
    }
    output::table(["proposal", "state", "what", "by", "proposed"], rows)
}

fn as_json(platform: &Platform, row: &ProposalRow) -> Result<Value, CliError> {
    Ok(json!({
        "id": proposals::id(platform, row),
        "state": word(row, platform.clock.now()),
        "what": Proposed::of(row)?.sentence(),
        "reason": row.reason,
        "proposed_by": row.proposed_by.0,
        "proposed_at": rfc3339(row.proposed_at),
        "ends_at": rfc3339(row.ends_at),
        "decided_by": row.decided_by.map(|by| by.0),
        "carried_out_at": row.carried_out_at.map(rfc3339),
    }))
}

impl From<Refused> for CliError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Effect(stopped) => stopped.into(),
            other => Self::Refused(other.to_string()),
        }
    }
}
