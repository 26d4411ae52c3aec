//! The audit log as a file, with the digests of its chain. JSON lines hold every value exactly; in a CSV, a cell that a
//! spreadsheet would take for a formula is written with an apostrophe before it.

use crate::clock::rfc3339;
use crate::platform::Platform;
use crate::sheet::Sheet;
use crate::store::{ExportedEntry, Failure};
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The place of what concerns both books of a business.
pub const OF_THE_BUSINESS: &str = "business";

/// Rows read at once.
const PAGE: i64 = 1_000;

/// The format of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Csv,
    JsonLines,
}

/// An entry as programs read it. Number, business, book, micros, actor, action, subject and detail are what is digested.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct ExportLine {
    /// 1, 2, 3, … over all businesses of the installation.
    pub number: i64,
    /// The business's number.
    pub business: i64,
    /// The book's number; 0 for the business as a whole.
    pub book: i64,
    /// What it concerns.
    pub place: &'static str,
    /// When it was done.
    pub at: String,
    /// The same in microseconds since 1970.
    pub micros: i64,
    /// Above 0 an API key's number, -1 the operator, below -1000 a member, 0 Outpay itself.
    pub actor: i64,
    /// What was done, for example `withdrawal.metadata_set`.
    pub action: String,
    /// The id of what was changed; empty for none.
    pub subject: String,
    /// The text of a JSON object, as it is digested.
    pub detail: String,
    /// Of the row before it in the chain, in hexadecimal.
    pub previous: String,
    /// Of this row, in hexadecimal.
    pub digest: String,
}

impl From<ExportedEntry> for ExportLine {
    fn from(entry: ExportedEntry) -> Self {
        let place = entry.book.map_or(OF_THE_BUSINESS, |book| book.mode().word());
        Self {
            number: entry.number,
            business: entry.business,
            book: entry.book.map_or(0, |book| book.0),
            place,
            at: rfc3339(entry.at),
            micros: entry.at,
            actor: entry.actor.0,
            action: entry.action,
            subject: entry.subject,
            detail: entry.detail,
            previous: HEXLOWER.encode(&entry.previous),
            digest: HEXLOWER.encode(&entry.digest),
        }
    }
}

const COLUMNS: [&str; 12] = [
    "number", "business", "book", "place", "at", "micros", "actor", "action", "subject", "detail",
    "previous", "digest",
];

/// All entries of a business, oldest first.
pub async fn text(platform: &Platform, business: i64, format: ExportFormat) -> Result<String, Failure> {
    let (mut sheet, mut lines, mut after) = (Sheet::new(&COLUMNS), String::new(), 0);
    loop {
        let found = platform.store.exported_entries(business, None, after, PAGE).await?;
        let Some(last) = found.last() else { break };
        after = last.number;
        for line in found.into_iter().map(ExportLine::from) {
            match format {
                ExportFormat::JsonLines => {
                    lines += &serde_json::to_string(&line)?;
                    lines.push('\n');
                }
                ExportFormat::Csv => sheet.row(&cells(&line)?),
            }
        }
    }
    Ok(if format == ExportFormat::Csv { sheet.text() } else { lines })
}

/// In the order of the columns.
fn cells(line: &ExportLine) -> Result<Vec<String>, Failure> {
    let value = serde_json::to_value(line)?;
    let cell = |column: &&str| match &value[*column] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(COLUMNS.iter().map(cell).collect())
}
