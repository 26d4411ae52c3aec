//! `outpay withdrawal`: withdrawals, for the operator. The evidence is in show.rs. Not here: files of payments by
//! hand (cli/batch.rs).

mod show;

use super::cli_error::CliError;
use super::input::reference;
use super::installation::{self, Installation};
use super::output::{self, dollars};
use super::proposal;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::stopped::Stopped;
use crate::store::WithdrawalFilter;
use clap::{Args, Subcommand};
use ledger::{Actor, BookId, Cents, Refusal, Withdrawal, WithdrawalState};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct WithdrawalArguments {
    #[command(subcommand)]
    verb: WithdrawalCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum WithdrawalCommand {
    /// List a business's withdrawals, newest first
    List {
        /// Id or name of the business
        business: String,
        /// Use the test book
        #[arg(long)]
        test: bool,
        /// Only withdrawals in this state
        #[arg(long, value_name = "STATE", value_parser = state)]
        status: Option<WithdrawalState>,
        /// Only withdrawals by this method
        #[arg(long)]
        method: Option<String>,
        /// Largest number to list
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
    },
    /// Show a withdrawal with its evidence: every entry, attempt and answer
    Show {
        /// Id of the withdrawal: ord_…
        id: String,
    },
    /// Approve a withdrawal in review
    Approve {
        /// Id of the withdrawal: ord_…
        id: String,
    },
    /// Reject a withdrawal in review; the recipient gets the money back
    Reject {
        /// Id of the withdrawal: ord_…
        id: String,
        /// Reason, worded for the recipient
        #[arg(long, value_parser = reference)]
        reason: String,
    },
    /// Cancel a withdrawal before anything is sent; the recipient gets the money back
    Cancel {
        /// Id of the withdrawal: ord_…
        id: String,
        /// Reason, worded for the recipient
        #[arg(long, value_parser = reference)]
        reason: String,
    },
    /// Record that a payment by hand was made
    Settle {
        /// Id of the withdrawal: ord_…
        id: String,
        /// Proof of the payment, for example a bank reference
        #[arg(long, value_parser = reference)]
        proof: String,
    },
    /// Record that a payment by hand was not made; the recipient gets the money back
    Fail {
        /// Id of the withdrawal: ord_…
        id: String,
        /// Reason, worded for the recipient
        #[arg(long, value_parser = reference)]
        reason: String,
    },
    /// Record that the money of a payment came back; the recipient gets it back
    Return {
        /// Id of the withdrawal: ord_…
        id: String,
        /// Proof of the return
        #[arg(long, value_parser = reference)]
        proof: String,
    },
    /// Take back a payment that its rail has not made yet: on a chain, one that is in no block is replaced by an empty transaction;
    /// at PayPal, one that waits for its recipient is cancelled. Once the rail confirms it, the recipient gets the money back
    Stop {
        /// Id of the withdrawal: ord_…
        id: String,
    },
    /// End a withdrawal of unknown outcome, with proof: the only way to do so by hand
    Resolve {
        /// Id of the withdrawal: ord_…
        id: String,
        /// It was paid
        #[arg(long, required_unless_present = "not_paid", conflicts_with = "not_paid")]
        paid: bool,
        /// It was not paid and never will be; the recipient gets the money back
        #[arg(long)]
        not_paid: bool,
        /// Proof of the outcome
        #[arg(long, value_parser = reference)]
        proof: String,
        /// Resolve it without the rail, which is gone or cannot say; a second person must confirm
        #[arg(long)]
        without_the_rail: bool,
    },
}

fn state(word: &str) -> Result<WithdrawalState, String> {
    WithdrawalState::from_word(word)
        .ok_or_else(|| format!("give one of {}", WithdrawalState::ALL.map(WithdrawalState::word).join(", ")))
}

pub(super) async fn run(
    arguments: WithdrawalArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let (platform, json) = (&platform, arguments.json);
    let counter = |book| platform.counter(book, Actor::OPERATOR);
    let after = match arguments.verb {
        WithdrawalCommand::List { business, test, status, method, limit } => {
            let business = installation::business(platform, &business).await?;
            let filter = WithdrawalFilter { state: status, method, ..WithdrawalFilter::default() };
            let book = installation::book(&business, test);
            list(platform, book, &filter, i64::from(limit), json).await?;
            return Ok(ExitCode::SUCCESS);
        }
        WithdrawalCommand::Show { id } => {
            let (book, number) = find(platform, &id)?;
            show::run(platform, book, number, json).await?;
            return Ok(ExitCode::SUCCESS);
        }
        WithdrawalCommand::Reject { id, reason } => {
            let (book, number) = find(platform, &id)?;
            (book, counter(book).reject(number, &reason).await?.value)
        }
        WithdrawalCommand::Cancel { id, reason } => {
            let (book, number) = find(platform, &id)?;
            (book, counter(book).cancel(number, &reason).await?.value)
        }
        WithdrawalCommand::Stop { id } => {
            let (book, number) = find(platform, &id)?;
            (book, counter(book).stop(number).await?)
        }
        WithdrawalCommand::Resolve { id, paid, proof, without_the_rail: true, .. } => {
            let (book, withdrawal) = find(platform, &id)?;
            let what = Proposed::ResolveWithoutTheRail { withdrawal, paid };
            proposal::propose(platform, book, &what, &proof, json).await?;
            return Ok(ExitCode::SUCCESS);
        }
        verb => return end(platform, verb, json).await,
    };
    print(platform, after.0, &after.1, json).await?;
    Ok(ExitCode::SUCCESS)
}

/// Ends or approves a withdrawal by the operator's word, and prints it, or the proposal where that takes two people.
async fn end(platform: &Platform, verb: WithdrawalCommand, json: bool) -> Result<ExitCode, CliError> {
    let (id, reason) = match &verb {
        WithdrawalCommand::Fail { id, reason } => (id.clone(), reason.clone()),
        WithdrawalCommand::Approve { id } => (id.clone(), String::new()),
        WithdrawalCommand::Settle { id, proof }
        | WithdrawalCommand::Return { id, proof }
        | WithdrawalCommand::Resolve { id, proof, .. } => (id.clone(), proof.clone()),
        _ => unreachable!("the other verbs end nothing by a word"),
    };
    let (book, withdrawal) = find(platform, &id)?;
    let found = platform.store.withdrawal(book, withdrawal).await.map_err(CliError::Failed)?;
    let amount = found.map_or(Cents::ZERO, |found| found.amount);
    let counter = platform.counter(book, Actor::OPERATOR);
    let (what, done) = match verb {
        WithdrawalCommand::Fail { .. } => {
            (Proposed::EndByHand { withdrawal, amount, paid: false }, counter.fail(withdrawal, &reason).await)
        }
        WithdrawalCommand::Approve { .. } => {
            (Proposed::Release { withdrawal, amount }, counter.approve(withdrawal).await)
        }
        WithdrawalCommand::Return { .. } => {
            (Proposed::Return { withdrawal, amount }, counter.give_back(withdrawal, &reason).await)
        }
        WithdrawalCommand::Resolve { paid, .. } => {
            let what = Proposed::Resolve { withdrawal, amount, paid };
            (what, counter.resolve(withdrawal, paid, &reason).await)
        }
        _ => (
            Proposed::EndByHand { withdrawal, amount, paid: true },
            counter.settle(withdrawal, &reason).await,
        ),
    };
    if let Err(Stopped::Refused(Refusal::RailIsNotHere)) = done {
        return Err(rail_is_elsewhere(platform, book, withdrawal).await?);
    }
    let new = NewProposal { book, what, reason: &reason, by: Actor::OPERATOR, once: None };
    match or_propose(platform, new, done).await? {
        DoneOrProposed::Done(done) => print(platform, book, &done.value, json).await?,
        DoneOrProposed::Proposed(made) => proposal::print(platform, &made, json)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Names the rails that other processes of this installation have recorded, because this one lacks the withdrawal's.
async fn rail_is_elsewhere(platform: &Platform, book: BookId, number: i64) -> Result<CliError, CliError> {
    let found = platform.store.withdrawal(book, number).await.map_err(CliError::Failed)?;
    let method = found.map(|found| found.method).unwrap_or_default();
    let known = platform.store.rails_called(book.mode(), &method).await?;
    let line = |line: &str| if line.is_empty() { String::new() } else { format!(", line {line}") };
    let known: Vec<String> =
        known.iter().map(|rail| format!("{} ({}{})", rail.name, rail.provider, line(&rail.line))).collect();
    let known = if known.is_empty() { "no rail of this name".to_owned() } else { known.join(", ") };
    let refusal = Refusal::RailIsNotHere.sentence();
    Ok(CliError::Refused(format!("{refusal}. This installation is known to have: {known}")))
}

/// The book and number of a public id.
fn find(platform: &Platform, id: &str) -> Result<(BookId, i64), CliError> {
    let sentence = || format!("there is no withdrawal {id:?}; list them with: outpay withdrawal list");
    platform.secrets.ids().open_any(IdKind::Withdrawal, id).ok_or_else(|| CliError::Refused(sentence()))
}

/// The recipient's address.
async fn email(platform: &Platform, book: BookId, of: &Withdrawal) -> Result<String, CliError> {
    Ok(platform.store.email_of(book, of.user).await?.unwrap_or_default())
}

fn as_json(platform: &Platform, book: BookId, of: &Withdrawal, email: &str) -> Value {
    let ids = platform.secrets.ids();
    json!({
        "id": ids.seal(IdKind::Withdrawal, book, of.number),
        "payout_user_id": ids.seal(IdKind::PayoutUser, book, of.user),
        "email": email,
        "status": of.state.word(),
        "outcome_unknown": of.outcome_unknown,
        "method": of.method,
        "provider": of.provider.word(),
        "order_id": ids.order_id(of.provider, book, of.number),
        "amount": of.amount.0,
        "fees": of.fees.0,
        "net_amount": of.net().0,
        "destination": serde_json::from_str::<Value>(&of.destination).unwrap_or_default(),
        "reason_code": of.reason_code,
        "reason": of.reason,
        "created_at": rfc3339(of.created_at),
        "changed_at": rfc3339(of.changed_at),
    })
}

async fn print(platform: &Platform, book: BookId, of: &Withdrawal, json: bool) -> Result<(), CliError> {
    let email = email(platform, book, of).await?;
    if json {
        return output::json(&as_json(platform, book, of, &email));
    }
    let unknown = if of.outcome_unknown { " (outcome unknown)" } else { "" };
    output::facts([
        ("withdrawal", platform.secrets.ids().seal(IdKind::Withdrawal, book, of.number)),
        ("recipient", email),
        ("state", format!("{}{unknown}", of.state.word())),
        ("method", of.method.clone()),
        ("amount", dollars(of.amount)),
        ("fees", dollars(of.fees)),
        ("destination", of.destination.clone()),
        ("reason", of.reason.clone()),
        ("asked for", rfc3339(of.created_at)),
    ])
}

async fn list(
    platform: &Platform,
    book: BookId,
    filter: &WithdrawalFilter,
    limit: i64,
    json: bool,
) -> Result<(), CliError> {
    let mut found: Vec<(Withdrawal, String)> = Vec::new();
    for of in platform.store.withdrawals(book, filter, limit).await? {
        let email = email(platform, book, &of).await?;
        found.push((of, email));
    }
    if json {
        let one = |(of, email): &(Withdrawal, String)| as_json(platform, book, of, email);
        return output::json(&found.iter().map(one).collect::<Vec<_>>());
    }
    let row = |(of, email): &(Withdrawal, String)| {
        let unknown = if of.outcome_unknown { "?" } else { "" };
        [
            platform.secrets.ids().seal(IdKind::Withdrawal, book, of.number),
            email.clone(),
            format!("{}{unknown}", of.state.word()),
            of.method.clone(),
            dollars(of.amount),
            dollars(of.fees),
            rfc3339(of.created_at),
        ]
    };
    output::table(
        ["withdrawal", "recipient", "state", "method", "amount", "fees", "asked for"],
        found.iter().map(row),
    )
}
