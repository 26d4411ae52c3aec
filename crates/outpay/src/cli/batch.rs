//! `outpay batch`: payments that people make by hand, in files. The work is done in batches/ and batch_answers/.

use super::cli_error::CliError;
use super::input::reference;
use super::installation::{self, Installation};
use super::output::{self, dollars};
use super::proposal;
use crate::audit_log::Names;
use crate::batch_answers::{self, Taken};
use crate::batches::{self, Batch};
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::rails::exchange::{Rate, amount_text};
use crate::stopped::Stopped;
use crate::store::BatchFilter;
use crate::two_people::Hands;
use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use ledger::{Actor, BookId};
use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct BatchArguments {
    #[command(subcommand)]
    verb: BatchCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum BatchCommand {
    /// List a business's payment batches, newest first
    List {
        /// Id or name of the business
        business: String,
        /// Use the test book
        #[arg(long)]
        test: bool,
        /// Only batches of this method
        #[arg(long)]
        method: Option<String>,
        /// Largest number to list
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Make a batch of a method's payments that wait, or are in progress and in no batch
    Create {
        /// Id or name of the business
        business: String,
        /// Name of the method
        method: String,
        /// The method's currency per US dollar, as in 0.9215; left out where it is paid in US dollars
        #[arg(long, value_parser = rate)]
        rate: Option<Rate>,
        /// Use the test book
        #[arg(long)]
        test: bool,
    },
    /// Show a batch with its payments
    Show {
        /// Id of the batch: bat_…
        id: String,
    },
    /// Approve a batch, so that its file can be had
    Approve {
        /// Id of the batch: bat_…
        id: String,
    },
    /// Print the file of an approved batch, the same each time; it is counted
    File {
        /// Id of the batch: bat_…
        id: String,
        /// Write it into this new file instead
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Instead the file of zero dollars by which the bank checks the accounts first (ACH prenotes); it is had before the approval too
        #[arg(long)]
        trial: bool,
    },
    /// Record that the file of a batch was not sent; another batch takes its open payments
    Dissolve {
        /// Id of the batch: bat_…
        id: String,
        /// Proof that it was not sent, or why the batch is not wanted
        #[arg(long, value_parser = reference)]
        proof: String,
    },
    /// Bring an answer: the bank's file, or the batch's CSV with the proofs filled in
    Answer {
        /// Id or name of the business
        business: String,
        /// Name of the method
        method: String,
        /// The file
        file: PathBuf,
        /// Use the test book
        #[arg(long)]
        test: bool,
    },
}

fn rate(text: &str) -> Result<Rate, String> {
    Rate::parse(text)
        .ok_or_else(|| "give a decimal above 0 with at most nine places, as in 0.9215".to_owned())
}

pub(super) async fn run(
    arguments: BatchArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let (platform, json) = (&platform, arguments.json);
    let book = async |business: &str, test: bool| {
        let business = installation::business(platform, business).await?;
        Ok::<_, CliError>(installation::book(&business, test))
    };
    match arguments.verb {
        BatchCommand::List { business, test, method, limit } => {
            let filter = BatchFilter { method, below: None };
            list(platform, book(&business, test).await?, &filter, i64::from(limit), json).await?;
        }
        BatchCommand::Create { business, method, rate, test } => {
            let book = book(&business, test).await?;
            let made = batches::make(platform, book, &method, rate, Actor::OPERATOR).await;
            let number = made.map_err(|stopped| named(stopped, &method))?;
            show(platform, book, number, json).await?;
        }
        BatchCommand::Show { id } => {
            let (book, number) = find(platform, &id)?;
            show(platform, book, number, json).await?;
        }
        BatchCommand::Approve { id } => {
            let place = find(platform, &id)?;
            let amount = batches::find(platform, place.0, place.1).await?.row.total;
            let done = batches::approve(platform, place.0, place.1, Hands::from(Actor::OPERATOR)).await;
            let what = Proposed::ApproveBatch { batch: place.1, amount };
            done_or_proposed(platform, place, (what, ""), done, json).await?;
        }
        BatchCommand::File { id, output, trial } => {
            file(platform, find(platform, &id)?, output.as_deref(), trial).await?;
        }
        BatchCommand::Dissolve { id, proof } => {
            let place = find(platform, &id)?;
            let (batch, amount) = batches::subject(platform, place.0, place.1).await?;
            let by = Hands::from(Actor::OPERATOR);
            let done = batches::dissolve(platform, place.0, place.1, &proof, by).await;
            done_or_proposed(
                platform,
                place,
                (Proposed::DissolveBatch { batch, amount }, &proof),
                done,
                json,
            )
            .await?;
        }
        BatchCommand::Answer { business, method, file, test } => {
            return answer(platform, book(&business, test).await?, &method, &file, json).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A refusal, with the name that was typed.
fn named(stopped: Stopped, method: &str) -> CliError {
    match stopped {
        Stopped::UnknownMethod => CliError::Refused(format!("there is no method {method:?}")),
        stopped => stopped.into(),
    }
}

fn find(platform: &Platform, id: &str) -> Result<(BookId, i64), CliError> {
    let sentence = || format!("there is no payment batch {id:?}; list them with: outpay batch list");
    platform.secrets.ids().open_any(IdKind::PaymentBatch, id).ok_or_else(|| CliError::Refused(sentence()))
}

async fn done_or_proposed(
    platform: &Platform,
    (book, number): (BookId, i64),
    (what, reason): (Proposed, &str),
    done: Result<Batch, Stopped>,
    json: bool,
) -> Result<(), CliError> {
    let new = NewProposal { book, what, reason, by: Actor::OPERATOR, once: None };
    match or_propose(platform, new, done).await? {
        DoneOrProposed::Done(_) => show(platform, book, number, json).await,
        DoneOrProposed::Proposed(made) => proposal::print(platform, &made, json),
    }
}

async fn file(
    platform: &Platform,
    place: (BookId, i64),
    to: Option<&Path>,
    trial: bool,
) -> Result<(), CliError> {
    // A path that cannot be written must not count as a download.
    let opened = to.map(|path| {
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|error| CliError::Usage(format!("cannot write {}: {error}", path.display())))
    });
    let mut opened = opened.transpose()?;
    let had = if trial { trial_bytes(platform, place).await } else { next_copy(platform, place).await };
    if let (Err(_), Some(path)) = (&had, to) {
        drop(opened.take());
        std::fs::remove_file(path)?;
    }
    let bytes = had?;
    match &mut opened {
        Some(opened) => opened.write_all(&bytes).and_then(|()| opened.sync_all())?,
        None => std::io::stdout().write_all(&bytes)?,
    }
    Ok(())
}

/// The file of an approved batch, which is counted.
async fn next_copy(platform: &Platform, (book, number): (BookId, i64)) -> Result<Vec<u8>, CliError> {
    let (file, batch) = batches::download(platform, book, number, Actor::OPERATOR).await?;
    if batch.row.downloads > 1 {
        eprintln!(
            "note: this is copy {} of the file of batch {}; make sure that only one is paid",
            batch.row.downloads, batch.row.number
        );
    }
    Ok(file.bytes)
}

async fn trial_bytes(platform: &Platform, (book, number): (BookId, i64)) -> Result<Vec<u8>, CliError> {
    let file = batches::trial_file(platform, book, number, Actor::OPERATOR).await?;
    let none = || CliError::Refused("The method of this batch has no test file; ACH has one.".to_owned());
    Ok(file.ok_or_else(none)?.bytes)
}

async fn answer(
    platform: &Platform,
    book: BookId,
    method: &str,
    file: &Path,
    json: bool,
) -> Result<ExitCode, CliError> {
    let bytes = std::fs::read(file)
        .map_err(|error| CliError::Usage(format!("cannot read {}: {error}", file.display())))?;
    let taken = batch_answers::bring(platform, book, method, &bytes, Actor::OPERATOR).await?;
    let Taken { settled, failed, returned, accepted, known, proposed, not_taken } = &taken;
    if json {
        output::json(&json!({
            "settled": settled, "failed": failed, "returned": returned, "accepted": accepted, "known": known,
            "proposed": proposed, "not_taken": not_taken,
        }))?;
    } else {
        not_taken.iter().try_for_each(output::line)?;
        output::line(format_args!(
            "{settled} settled, {failed} failed, {returned} returned, {accepted} accepted, {known} known before, \
             {proposed} proposed, {} not taken.",
            not_taken.len()
        ))?;
    }
    Ok(if not_taken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn as_json(platform: &Platform, book: BookId, batch: &Batch) -> Result<Value, CliError> {
    let row = &batch.row;
    Ok(json!({
        "id": batches::id(platform, book, row.number),
        "number": row.number,
        "method": row.method,
        "state": batch.word(),
        "currency": row.currency,
        "rate": batch.rate()?.to_string(),
        "payments": row.payments,
        "amount": row.total.0,
        "converted_amount": row.converted,
        "open": batch.open,
        "settled": batch.settled,
        "failed": batch.failed,
        "returned": batch.returned,
        "moved": batch.moved,
        "made_by": row.made_by.0,
        "made_at": rfc3339(row.made_at),
        "checked_by": row.checked_by.map(|by| by.0),
        "checked_at": row.checked_at.map(rfc3339),
        "downloads": row.downloads,
        "downloaded_at": row.downloaded_at.map(rfc3339),
        "file_sha256": row.digest.map(|digest| HEXLOWER.encode(&digest)),
        "proof": row.proof,
        "closed_at": batch.closed_at().map(rfc3339),
    }))
}

async fn show(platform: &Platform, book: BookId, number: i64, json: bool) -> Result<(), CliError> {
    let batch = batches::find(platform, book, number).await?;
    let lines = platform.store.payment_batch_lines(book, number).await?;
    let ids = platform.secrets.ids();
    if json {
        let mut shown = as_json(platform, book, &batch)?;
        let line = |line: &crate::store::BatchLine| {
            json!({
                "line": line.line,
                "withdrawal_id": ids.seal(IdKind::Withdrawal, book, line.withdrawal.number),
                "state": batches::line_word(line),
                "amount": line.amount.0,
                "converted_amount": line.converted,
            })
        };
        shown["lines"] = lines.iter().map(line).collect();
        return output::json(&shown);
    }
    let (row, names) = (&batch.row, Names::load(platform, book.business()).await?);
    let by = |by: Option<Actor>, at: Option<i64>| match (by, at) {
        (Some(by), Some(at)) => format!("{} by {}", rfc3339(at), names.of(by)),
        (None, Some(at)) => rfc3339(at),
        _ => String::new(),
    };
    let converted = format!("{} {}", amount_text(row.converted, &row.currency), row.currency);
    output::facts([
        ("batch", batches::id(platform, book, row.number)),
        ("number", row.number.to_string()),
        ("method", row.method.clone()),
        ("state", batch.word().to_owned()),
        ("payments", row.payments.to_string()),
        ("amount", dollars(row.total)),
        ("to pay", format!("{converted} at {} per US dollar", batch.rate()?)),
        ("made", by(Some(row.made_by), Some(row.made_at))),
        ("approved", by(row.checked_by, row.checked_at)),
        ("downloads", row.downloads.to_string()),
        ("last download", by(None, row.downloaded_at)),
        ("sha256", row.digest.map(|digest| HEXLOWER.encode(&digest)).unwrap_or_default()),
        ("dissolved", by(row.ended_by, row.ended_at)),
        ("proof", row.proof.clone()),
    ])?;
    let cells = lines.iter().map(|line| {
        [
            line.line.to_string(),
            ids.seal(IdKind::Withdrawal, book, line.withdrawal.number),
            batches::line_word(line).to_owned(),
            dollars(line.amount),
            amount_text(line.converted, &row.currency),
        ]
    });
    output::table(["line", "withdrawal", "state", "amount", "to pay"], cells)
}

async fn list(
    platform: &Platform,
    book: BookId,
    filter: &BatchFilter,
    limit: i64,
    json: bool,
) -> Result<(), CliError> {
    let found = batches::list(platform, book, filter, limit).await?;
    if json {
        let all = found.iter().map(|batch| as_json(platform, book, batch)).collect::<Result<Vec<_>, _>>()?;
        return output::json(&all);
    }
    let row = |batch: &Batch| {
        let row = &batch.row;
        [
            batches::id(platform, book, row.number),
            row.method.clone(),
            batch.word().to_owned(),
            row.payments.to_string(),
            dollars(row.total),
            format!("{} {}", amount_text(row.converted, &row.currency), row.currency),
            rfc3339(row.made_at),
        ]
    };
    output::table(["batch", "method", "state", "payments", "amount", "to pay", "made"], found.iter().map(row))
}
