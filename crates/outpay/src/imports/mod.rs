//! Imports: files of payments. Parsing and validating lines (lines.rs), paying them (pay.rs), and storing them as
//! rows, so that they survive the process and can be compared with later files (similar.rs). An import is uploaded,
//! confirmed, approved by another member where the business requires it, and paid in the background (run.rs) or by
//! the operator's command (operator.rs).

pub mod columns;
pub mod lines;
pub mod operator;
pub mod pay;
pub mod run;
pub mod similar;

use crate::audit_log;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::{Failure, Import, ImportLine, ImportState, LineState, WriteError};
use ledger::{Actor, BookId, Cents, Occurrence, OnceKey};
use lines::{BadLine, PaymentLine};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

/// Limit for uploads; the operator's command takes any number.
pub const MOST_LINES: usize = 20_000;
const TRIES: usize = 5;

/// The result of confirming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmedImport {
    /// It is being paid.
    Runs,
    /// It waits for another member's approval.
    Waits,
    /// It is similar to an earlier import, and the confirmation did not say to pay it anyway.
    IsSimilar,
    /// It was confirmed or discarded before.
    Gone,
}

/// The result of approving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approved {
    /// It is being paid.
    Runs,
    /// The member who uploaded or confirmed it cannot approve it.
    IsOwn,
    /// It does not wait for approval.
    Gone,
}

/// Files that are read at the same moment: each takes a processor for a while, which payments need too.
static READERS: Semaphore = Semaphore::const_new(1);

/// Validates a file and stores it as a draft; returns its number. The inner error lists every invalid line; nothing
/// is stored then.
pub async fn bring(
    platform: &Platform,
    book: BookId,
    (name, bytes): (&str, Vec<u8>),
    actor: Actor,
) -> Result<Result<i64, Vec<BadLine>>, Failure> {
    // Off the threads that answer requests: a large file takes a second.
    let reader = READERS.acquire().await?;
    let read = move || (lines::read(&bytes), <[u8; 32]>::from(Sha256::digest(&bytes)));
    let (lines, digest) = tokio::task::spawn_blocking(read).await?;
    drop(reader);
    let lines = match lines {
        Ok(lines) => lines,
        Err(bad) => return Ok(Err(bad)),
    };
    if lines.len() > MOST_LINES {
        let reason = format!("The file has more than {MOST_LINES} payments. Cut it into several.");
        return Ok(Err(vec![BadLine { number: lines[MOST_LINES].number, reason }]));
    }
    let kept = bring_lines(platform, book, (name, digest), &lines, actor).await?;
    Ok(Ok(kept.number))
}

/// Stores validated lines as a draft.
async fn bring_lines(
    platform: &Platform,
    book: BookId,
    (name, digest): (&str, [u8; 32]),
    lines: &[PaymentLine],
    actor: Actor,
) -> Result<Import, Failure> {
    let total = lines.iter().map(|line| line.amount.0).sum();
    let now = platform.clock.now();
    let mut import = Import {
        number: 0,
        name: name.to_owned(),
        digest,
        lines: i64::try_from(lines.len())?,
        total: Cents(total),
        actor,
        confirmed_by: Actor::NONE,
        state: ImportState::Draft,
        created_at: now,
        changed_at: now,
    };
    let rows = lines.iter().map(row).collect::<Result<Vec<_>, Failure>>()?;
    // An operator's file can have millions of lines: split it, so that no transaction blocks a running server for
    // long.
    let (first, rest) = rows.split_at(rows.len().min(MOST_LINES));
    for _ in 0..TRIES {
        import.number = platform.store.next_import_number(book).await?;
        match platform.store.add_import(book, &import, first).await {
            Ok(()) => {
                for portion in rest.chunks(MOST_LINES) {
                    platform.store.add_import_lines(book, import.number, portion).await?;
                }
                return Ok(import);
            }
            // A concurrent upload took the number.
            Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure),
        }
    }
    Err(anyhow::anyhow!("no number for an import after {TRIES} tries"))
}

fn row(line: &PaymentLine) -> Result<ImportLine, Failure> {
    Ok(ImportLine {
        line: i64::try_from(line.number)?,
        email: line.email.to_string(),
        amount: line.amount,
        reference: line.reference.clone(),
        metadata: line.metadata.clone(),
        state: LineState::Open,
        detail: String::new(),
    })
}

/// Confirms a draft: it is paid in the name of `actor`, at once or after another member's approval. `again_as` is the
/// id of the newest similar import that the actor has seen; empty if none was shown.
pub async fn confirm(
    platform: &Platform,
    book: BookId,
    import: &Import,
    again_as: &str,
    actor: Actor,
) -> Result<ConfirmedImport, Failure> {
    let similar = similar::similar(platform, book, import).await?;
    // Another similar import may have come since the page was shown.
    if similar.first().is_some_and(|newest| id(platform, book, newest.import.number) != again_as) {
        return Ok(ConfirmedImport::IsSimilar);
    }
    let above = platform.store.import_approval_above(book).await?;
    let waits = above.is_some_and(|above| import.total > above);
    let to = if waits { ImportState::Waiting } else { ImportState::Running };
    Ok(
        match go(platform, book, import, (ImportState::Draft, to), actor, (actor, "import.confirmed")).await?
        {
            false => ConfirmedImport::Gone,
            true if waits => ConfirmedImport::Waits,
            true => ConfirmedImport::Runs,
        },
    )
}

/// Approves a confirmed import, which starts paying it.
pub async fn approve(
    platform: &Platform,
    book: BookId,
    import: &Import,
    actor: Actor,
) -> Result<Approved, Failure> {
    // A draft has no confirming member yet, so the check below would miss one.
    if import.state != ImportState::Waiting {
        return Ok(Approved::Gone);
    }
    if [import.actor, import.confirmed_by].contains(&actor) {
        return Ok(Approved::IsOwn);
    }
    let step = (ImportState::Waiting, ImportState::Running);
    let done = go(platform, book, import, step, import.confirmed_by, (actor, "import.approved")).await?;
    Ok(if done { Approved::Runs } else { Approved::Gone })
}

/// Makes the journal entry that an import is done. Before its state says so, and under a key of the import: a process that dies in
/// between leaves it to the next one, which makes no second entry.
async fn tell_completed(platform: &Platform, book: BookId, import: &Import) -> Result<(), Failure> {
    let counter = platform.counter(book, import.confirmed_by).once(OnceKey::of_import(import.number));
    let told = counter.record(Occurrence::ImportCompleted, None, import.number.to_string()).await;
    told.map(|_| ()).map_err(|stopped| anyhow::anyhow!("an import's end could not be told: {stopped}"))
}

/// Discards an import before it starts to pay. `false`: too late.
pub async fn discard(
    platform: &Platform,
    book: BookId,
    import: &Import,
    actor: Actor,
) -> Result<bool, Failure> {
    for from in [ImportState::Draft, ImportState::Waiting] {
        let step = (from, ImportState::Discarded);
        if go(platform, book, import, step, import.confirmed_by, (actor, "import.discarded")).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Starts a finished import again for its unpaid lines. `false`: it is not finished.
pub async fn retry(
    platform: &Platform,
    book: BookId,
    import: &Import,
    actor: Actor,
) -> Result<bool, Failure> {
    if import.state != ImportState::Done {
        return Ok(false);
    }
    platform.store.reopen_import_lines(book, import.number).await?;
    let step = (ImportState::Done, ImportState::Running);
    go(platform, book, import, step, import.confirmed_by, (actor, "import.retried")).await
}

/// `imp_…`
#[must_use]
pub fn id(platform: &Platform, book: BookId, number: i64) -> String {
    platform.secrets.ids().seal(IdKind::Import, book, number)
}

async fn go(
    platform: &Platform,
    book: BookId,
    import: &Import,
    step: (ImportState, ImportState),
    confirmed_by: Actor,
    (actor, action): (Actor, &'static str),
) -> Result<bool, Failure> {
    let detail = json!({ "lines": import.lines, "total": import.total });
    let entry =
        audit_log::in_book(platform, book, actor, action, &id(platform, book, import.number), &detail);
    let now = platform.clock.now();
    platform.store.move_import(book, import.number, step, confirmed_by, now, Some(&entry)).await
}
