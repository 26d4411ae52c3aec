//! `outpay withdrawal show`: the evidence. Every journal entry, every attempt with the digest of its exact request,
//! and the rail's answer.

use super::{as_json, email, print};
use crate::cli::cli_error::CliError;
use crate::cli::output;
use crate::clock::rfc3339;
use crate::platform::Platform;
use crate::store::{Attempt, StoredEntry};
use crate::withdrawals::evidence::{self, Evidence, digest};
use ledger::{BookId, ReviewDetail};
use serde_json::{Value, json};

pub(super) async fn run(platform: &Platform, book: BookId, number: i64, json: bool) -> Result<(), CliError> {
    let found = evidence::of(platform, book, number).await?;
    let Evidence { withdrawal, entries, attempts } =
        found.ok_or_else(|| CliError::Refused("there is no such withdrawal".to_owned()))?;
    let stops = platform.store.stops_of_queued(book, (number, number)).await?;
    let stop = stops.get(&number);
    if json {
        let mut shown = as_json(platform, book, &withdrawal, &email(platform, book, &withdrawal).await?);
        if let Some(stop) = stop {
            shown["waiting"] = stop.word().into();
        }
        shown["entries"] = entries.iter().map(entry).collect();
        shown["attempts"] = attempts.iter().map(attempt).collect();
        return output::json(&shown);
    }
    print(platform, book, &withdrawal, false).await?;
    if let Some(stop) = stop {
        output::line(format_args!(
            "\nIt is not being sent: {}. It will be sent once this is lifted.",
            stop.words()
        ))?;
    }
    output::line("\nentries")?;
    let row = |stored: &StoredEntry| {
        let entry = &stored.entry;
        let by = match (entry.actor.0, entry.actor.as_member()) {
            (0, _) => String::new(),
            (-1, _) => "operator".to_owned(),
            (_, Some(member)) => format!("member {member}"),
            (key, None) => format!("key {key}"),
        };
        let (event, note) = (entry.kind.event_name().to_owned(), entry.note.clone());
        [entry.sequence.to_string(), rfc3339(entry.at), event, by, note, entry.detail.clone()]
    };
    output::table(["sequence", "at", "event", "by", "note", "published"], entries.iter().map(row))?;
    output::line("\nattempts")?;
    let row = |attempt: &Attempt| {
        [
            attempt.number.to_string(),
            attempt.rail.clone(),
            attempt.key.clone(),
            digest(attempt),
            rfc3339(attempt.created_at),
            attempt.answered_at.map(rfc3339).unwrap_or_default(),
            attempt.answer.clone(),
            attempt.answer_text.clone(),
        ]
    };
    let header =
        ["no.", "rail", "key", "sha-256 of the request", "made", "answered", "answer", "in the rail's words"];
    output::table(header, attempts.iter().map(row))
}

fn entry(stored: &StoredEntry) -> Value {
    let entry = &stored.entry;
    json!({
        "sequence": entry.sequence,
        "at": rfc3339(entry.at),
        "event": entry.kind.event_name(),
        "actor": entry.actor.0,
        "note": entry.note,
        "published": serde_json::from_str::<Value>(entry.published()).ok(),
        "review": ReviewDetail::of(&entry.detail).map(|detail| detail.review),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "number": attempt.number,
        "rail": attempt.rail,
        "key": attempt.key,
        "request_sha256": digest(attempt),
        "made_at": rfc3339(attempt.created_at),
        "answered_at": attempt.answered_at.map(rfc3339),
        "answer": attempt.answer,
        "answer_text": attempt.answer_text,
    })
}
