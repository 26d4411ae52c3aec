//! Files of payments by hand: `export` takes what is queued into work and prints it; `settle --file` settles every line of
//! a file. A line that cannot be settled is named, and the others are settled.

use super::find;
use crate::cli::input::reference;
use crate::cli::line_numbers::{LineNumbers, without_mark};
use crate::cli::output;
use crate::cli::stop::Stop;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::WithdrawalFilter;
use crate::withdrawals::{Stopped, settle};
use ledger::{Actor, BookId, Provider, Refusal, Withdrawal, WithdrawalState};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

const PAGE: i64 = 500;

/// Those in work already are printed again: a lost file is no lost payment. Who pays from two files pays by the id.
pub(super) async fn export(platform: &Platform, book: BookId, method: &str) -> Result<(), Stop> {
    let mounted = platform.rails.get(book.mode(), method);
    let provider = mounted.map(|mounted| mounted.facts().provider);
    // Whoever pays by hand what a rail is at work on pays twice.
    if provider.is_some_and(|provider| provider != Provider::Manual) {
        return Err(Refusal::WithdrawalIsNotManual.into());
    }
    let queued = all(platform, book, method, WithdrawalState::Queued).await?;
    for withdrawal in &queued {
        match settle::begin(platform, book, withdrawal.number, Actor::OPERATOR).await {
            // The person took it back a moment ago.
            Ok(_) | Err(Stopped::Refused(Refusal::StepIsNotPossible(..))) => {}
            Err(stopped) => return Err(stopped.into()),
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let wrong = |error: csv::Error| Stop::Failed(error.into());
    writer.write_record(["id", "amount", "currency", "destination", "proof"]).map_err(wrong)?;
    let mut sending = all(platform, book, method, WithdrawalState::Sending).await?;
    sending.retain(|withdrawal| withdrawal.provider == Provider::Manual);
    // Withdrawals outlive the configuration that they were asked for under.
    if provider.is_none() && sending.is_empty() {
        return Err(Stop::Refused(format!("there is no method {method:?}")));
    }
    sending.reverse();
    for withdrawal in &sending {
        let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, withdrawal.number);
        let cents = withdrawal.net().0;
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        writer.write_record([id.as_str(), &amount, "USD", &withdrawal.destination, ""]).map_err(wrong)?;
    }
    let bytes = writer.into_inner().map_err(|error| Stop::Failed(anyhow::anyhow!("{error}")))?;
    output::line(String::from_utf8_lossy(&bytes).trim_end())
}

async fn all(
    platform: &Platform,
    book: BookId,
    method: &str,
    state: WithdrawalState,
) -> Result<Vec<Withdrawal>, Stop> {
    let mut found: Vec<Withdrawal> = Vec::new();
    loop {
        let filter = WithdrawalFilter {
            state: Some(state),
            method: Some(method.to_owned()),
            below: found.last().map(|last| last.number),
            user: None,
        };
        let page = platform.store.withdrawals(book, &filter, PAGE).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

pub(super) async fn settle_all(platform: &Platform, file: &Path, json: bool) -> Result<ExitCode, Stop> {
    let text = std::fs::read(file)
        .map_err(|error| Stop::Usage(format!("cannot read {}: {error}", file.display())))?;
    let text = without_mark(&text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|_| Stop::Usage("the file is not a CSV".to_owned()))?.clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let (Some(id), Some(proof)) = (column("id"), column("proof")) else {
        return Err(Stop::Usage("the first line must name the columns id and proof".to_owned()));
    };
    let (mut settled, mut wrong) = (0, Vec::new());
    let mut numbers = LineNumbers::new(text);
    for record in reader.records() {
        let number = numbers.of(&record);
        let Ok(record) = record else {
            wrong.push(format!("line {number}: it has not the columns of the header"));
            continue;
        };
        let (id, proof) = (record.get(id).unwrap_or_default(), record.get(proof).unwrap_or_default());
        if let Err(hint) = reference(proof) {
            wrong.push(format!("line {number}: the proof is not one; {hint}"));
            continue;
        }
        let done = match find(platform, id) {
            Ok((book, withdrawal)) => settle::settle(platform, book, withdrawal, proof, Actor::OPERATOR)
                .await
                .map_err(|stopped| stopped.to_string()),
            Err(_) => Err(format!("there is no withdrawal {id:?}")),
        };
        match done {
            Ok(_) => settled += 1,
            Err(sentence) => wrong.push(format!("line {number}: {sentence}")),
        }
    }
    if json {
        output::json(&json!({ "settled": settled, "not_settled": wrong }))?;
    } else {
        wrong.iter().try_for_each(output::line)?;
        output::line(format_args!("{settled} settled, {} not.", wrong.len()))?;
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
