//! What happens to a batch after it was made: its check, the giving out of its file, its dissolution. Each step is one statement
//! that names the state that was looked at, so of two at once one is refused.

use super::{Batch, LINE_STATES, STATES, find, id, line_word, open_amount};
use crate::audit_log;
use crate::batch_refused::BatchRefused;
use crate::counter::is_same_hand;
use crate::platform::Platform;
use crate::rails::{BatchFile, BatchPayment, BatchToWrite};
use crate::stopped::Stopped;
use crate::store::{BatchLine, BatchState, NewAuditEntry, StoredBatchFile};
use crate::two_people::{self, Hands};
use data_encoding::HEXLOWER;
use ledger::{Actor, BookId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Lets the file of a batch be had.
///
/// # Errors
/// [`Stopped::NeedsSecondPerson`] where the business asks for two people and the maker, or another key of the same hand, approves.
pub async fn approve(platform: &Platform, book: BookId, number: i64, by: Hands) -> Result<Batch, Stopped> {
    let batch = find(platform, book, number).await?;
    match batch.row.state {
        BatchState::Waiting => {}
        // A confirmation that was cut off is repeated.
        BatchState::Approved if by.agreed => return Ok(batch),
        BatchState::Approved | BatchState::Dissolved => return Err(BatchRefused::State(batch.word()).into()),
    }
    check_held_back(platform, book, &batch).await?;
    let needs_two = two_people::are_needed(platform, book, batch.row.total).await?;
    if needs_two && !by.agreed && is_same_hand(platform, book, batch.row.made_by, by.actor).await? {
        return Err(Stopped::NeedsSecondPerson);
    }
    let now = platform.clock.now();
    let entry = entry(platform, book, &batch, by.actor, "batch.approved", json!({}));
    if platform.store.approve_payment_batch(book, number, (by.actor, now), &entry).await? {
        return find(platform, book, number).await;
    }
    Err(BatchRefused::Changed.into())
}

/// The file of an approved batch: the same bytes each time. Each time is counted and audited before it is given out.
///
/// # Errors
/// [`BatchRefused`] while the batch is not approved or payments of it are paused, and once payments of it have ended: a copy would pay what was
/// paid, or given back, a second time.
pub async fn download(
    platform: &Platform,
    book: BookId,
    number: i64,
    by: Actor,
) -> Result<(StoredBatchFile, Batch), Stopped> {
    let batch = find(platform, book, number).await?;
    if batch.row.state != BatchState::Approved {
        return Err(BatchRefused::State(batch.word()).into());
    }
    let file = platform.store.payment_batch_file(book, number).await?;
    let (Some(file), Some(digest)) = (file, batch.row.digest) else {
        return Err(BatchRefused::FileNotKept.into());
    };
    if digest != <[u8; 32]>::from(Sha256::digest(&file.bytes)) {
        return Err(
            anyhow::anyhow!("the file of payment batch {number} is not the one that was checked").into()
        );
    }
    check_held_back(platform, book, &batch).await?;
    let detail = json!({ "download": batch.row.downloads + 1, "sha256": HEXLOWER.encode(&digest) });
    let entry = entry(platform, book, &batch, by, "batch.downloaded", detail);
    let (seen, now) = ((number, batch.row.downloads), platform.clock.now());
    if platform.store.count_batch_download(book, seen, now, &entry).await? {
        return Ok((file, find(platform, book, number).await?));
    }
    Err(BatchRefused::Changed.into())
}

/// A file that pays nothing, by which the bank checks the accounts of the batch's open payments; `None` where the rail has no such file. It
/// is had before the batch is approved, since banks want it some days before the payments. Each time is audited, because account
/// numbers leave with it.
///
/// # Errors
/// [`BatchRefused`] once no payment of the batch is open.
pub async fn trial_file(
    platform: &Platform,
    book: BookId,
    number: i64,
    by: Actor,
) -> Result<Option<BatchFile>, Stopped> {
    let batch = find(platform, book, number).await?;
    let [_, _, _, closed, dissolved] = STATES;
    if [closed, dissolved].contains(&batch.word()) {
        return Err(BatchRefused::State(batch.word()).into());
    }
    let Some(mounted) = platform.rails.get(book.mode(), &batch.row.method) else { return Ok(None) };
    let lines = platform.store.payment_batch_lines(book, number).await?;
    let payment = |line: &BatchLine| {
        let of = &line.withdrawal;
        let order_id = platform.secrets.ids().order_id(of.provider, book, of.number);
        let destination = of.destination.clone();
        BatchPayment { withdrawal: of.number, order_id, amount: line.converted, destination }
    };
    let open = lines.iter().filter(|line| line_word(line) == LINE_STATES[0]);
    let payments: Vec<BatchPayment> = open.map(payment).collect();
    let (id, made_at) = (id(platform, book, number), batch.row.made_at);
    let written = mounted.rail.trial_file(&BatchToWrite { id: &id, number, made_at, payments: &payments });
    let written = written.map_err(|failure| BatchRefused::FileNotPossible(format!("{failure:#}")))?;
    if let Some(file) = &written {
        let detail =
            json!({ "sha256": HEXLOWER.encode(&Sha256::digest(&file.bytes)), "entries": payments.len() });
        let entry = entry(platform, book, &batch, by, "batch.trial_file", detail);
        audit_log::write(platform, entry).await?;
    }
    Ok(written)
}

/// The batch was not sent: its open payments are free for another one. `proof` says how one can see that, or why the batch is not
/// wanted.
///
/// # Errors
/// [`Stopped::NeedsSecondPerson`] where its file was given out and the business asks for two people: what was paid after all is
/// paid twice.
pub async fn dissolve(
    platform: &Platform,
    book: BookId,
    number: i64,
    proof: &str,
    by: Hands,
) -> Result<Batch, Stopped> {
    let batch = find(platform, book, number).await?;
    let [_, _, _, closed, dissolved] = STATES;
    match batch.word() {
        word if word == dissolved && by.agreed => return Ok(batch),
        word if word == dissolved || word == closed => return Err(BatchRefused::State(word).into()),
        _ => {}
    }
    let open = open_amount(platform, book, number).await?;
    if batch.was_given_out() && !by.agreed && two_people::are_needed(platform, book, open).await? {
        return Err(Stopped::NeedsSecondPerson);
    }
    let detail = json!({ "proof": proof, "open": batch.open, "downloads": batch.row.downloads });
    let entry = entry(platform, book, &batch, by.actor, "batch.dissolved", detail);
    let now = platform.clock.now();
    if platform.store.dissolve_payment_batch(book, &batch.row, (by.actor, now, proof), &entry).await? {
        return find(platform, book, number).await;
    }
    Err(BatchRefused::Changed.into())
}

/// What was paid in another way meanwhile, or may not leave, is not given out.
async fn check_held_back(platform: &Platform, book: BookId, batch: &Batch) -> Result<(), Stopped> {
    let (ended, stopped) = platform.store.payment_batch_held_back(book, batch.row.number).await?;
    if stopped > 0 {
        return Err(BatchRefused::PaymentsStopped(stopped).into());
    }
    if ended > 0 {
        return Err(BatchRefused::PaymentsEnded(ended).into());
    }
    Ok(())
}

fn entry(
    platform: &Platform,
    book: BookId,
    batch: &Batch,
    by: Actor,
    action: &'static str,
    mut detail: Value,
) -> NewAuditEntry {
    detail["method"] = batch.row.method.as_str().into();
    detail["payments"] = batch.row.payments.into();
    detail["total"] = batch.row.total.0.into();
    audit_log::in_book(platform, book, by, action, &id(platform, book, batch.row.number), &detail)
}
