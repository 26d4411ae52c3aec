//! Imports by the operator's command. They are stored like those of the dashboard, so that each door sees what the
//! other has paid. The command pays them itself, under a lease that no worker takes.

use super::lines::PaymentLine;
use super::pay::ImportPayment;
use super::run::noted;
use super::similar::{Similar, similar};
use super::{bring_lines, discard, id, row};
use crate::audit_log;
use crate::platform::Platform;
use crate::store::{Failure, Import, ImportLine, ImportState};
use ledger::{Actor, BookId};

/// Lines recorded per transaction, so that a running server is not blocked for long.
const PORTION: usize = 1_000;

/// Whether a file may be paid.
pub enum Begun {
    Pays(Import),
    /// It is similar to these imports, newest first, and was not confirmed despite that.
    IsSimilar(Vec<Similar>),
}

/// Stores a file, or continues its record if it was confirmed before. `is_wanted` decides whether it is paid although
/// it is similar to the given imports.
pub async fn begin(
    platform: &Platform,
    book: BookId,
    (name, digest): (&str, [u8; 32]),
    lines: &[PaymentLine],
    is_wanted: impl FnOnce(&[Similar]) -> bool,
) -> Result<Begun, Failure> {
    let before = platform.store.imports_of_file(book, &digest).await?;
    let goes_on = |of: &Import| matches!(of.state, ImportState::Running | ImportState::Done);
    if let Some(import) = before.into_iter().find(goes_on) {
        return Ok(Begun::Pays(import));
    }
    let mut import = bring_lines(platform, book, (name, digest), lines, Actor::OPERATOR).await?;
    let similar = similar(platform, book, &import).await?;
    if !similar.is_empty() && !is_wanted(&similar) {
        discard(platform, book, &import, Actor::OPERATOR).await?;
        return Ok(Begun::IsSimilar(similar));
    }
    let detail = serde_json::json!({ "lines": import.lines, "total": import.total });
    let place = id(platform, book, import.number);
    let entry = audit_log::in_book(platform, book, Actor::OPERATOR, "import.confirmed", &place, &detail);
    let now = platform.clock.now();
    if !platform.store.run_import_outside(book, import.number, Actor::OPERATOR, now, &entry).await? {
        anyhow::bail!("the import was discarded by another hand; import the file again");
    }
    import.confirmed_by = Actor::OPERATOR;
    Ok(Begun::Pays(import))
}

/// Records the result of every line. Lines with an unknown result stay open, and so does the import.
pub async fn finish(
    platform: &Platform,
    book: BookId,
    import: &Import,
    lines: &[PaymentLine],
    payments: &[ImportPayment],
) -> Result<(), Failure> {
    let known: Vec<ImportLine> = lines
        .iter()
        .zip(payments)
        .map(|(line, payment)| Ok(noted(row(line)?, payment)))
        .filter_map(Result::transpose)
        .collect::<Result<_, Failure>>()?;
    for portion in known.chunks(PORTION) {
        platform.store.note_import_lines((book, import.number), None, portion).await?;
    }
    if platform.store.open_import_lines(book, import.number, 1).await?.is_empty() {
        super::tell_completed(platform, book, import).await?;
        let (step, now) = ((ImportState::Running, ImportState::Done), platform.clock.now());
        platform.store.move_import(book, import.number, step, import.confirmed_by, now, None).await?;
    }
    Ok(())
}
