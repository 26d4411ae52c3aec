//! Files of payments by hand: `export` claims queued payments and prints them; `settle --file` settles every line of
//! a file. The work is done in src/by_hand.rs.

use super::find;
use crate::by_hand;
use crate::cli::cli_error::CliError;
use crate::cli::output;
use crate::platform::Platform;
use crate::stopped::Stopped;
use ledger::{Actor, BookId};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn export(
    platform: &Platform,
    book: BookId,
    method: &str,
    again: bool,
) -> Result<(), CliError> {
    match by_hand::take(platform, book, method, again, Actor::OPERATOR).await {
        Ok(taken) => {
            if taken.left_out > 0 {
                eprintln!(
                    "note: {} payments in progress are left out, because an earlier file has them; --again includes them",
                    taken.left_out
                );
            }
            output::line(taken.sheet.text().trim_end())
        }
        Err(Stopped::UnknownMethod) => Err(CliError::Refused(format!("there is no method {method:?}"))),
        Err(stopped) => Err(stopped.into()),
    }
}

pub(super) async fn settle_all(platform: &Platform, file: &Path, json: bool) -> Result<ExitCode, CliError> {
    let text = std::fs::read(file)
        .map_err(|error| CliError::Usage(format!("cannot read {}: {error}", file.display())))?;
    let found = |id: &str| find(platform, id).ok();
    let settled = by_hand::settle_all(platform, &text, found, Actor::OPERATOR).await;
    let by_hand::Settled { settled, not_settled } = settled.map_err(CliError::Usage)?;
    if json {
        output::json(&json!({ "settled": settled, "not_settled": not_settled }))?;
    } else {
        not_settled.iter().try_for_each(output::line)?;
        output::line(format_args!("{settled} settled, {} not.", not_settled.len()))?;
    }
    Ok(if not_settled.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
