//! Answers to payment batches, for every door: a file in which a bank says what became of the payments, or the batch's CSV with the
//! proofs filled in. Booked payments are settled, rejected ones fail, and returned ones are given back. A line that cannot be taken
//! is named, and the others are taken.
//!
//! Invariant: a line takes effect once, however often its file is brought: the teller remembers it under a key made of the payment, the
//! verdict and the line's reference. A process that ends in the middle of a file leaves the rest to the next time that it is brought.

mod csv_lines;

use crate::audit_log;
use crate::batch_refused::BatchRefused;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::proposals::{self, DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::rails::exchange::{amount_of, amount_text};
use crate::rails::{AnswerLine, BankVerdict};
use crate::stopped::Stopped;
use crate::store::{BatchLine, Failure, PaymentBatch};
use data_encoding::HEXLOWER;
use ledger::{BookId, OnceKey, Origin, Withdrawal, WithdrawalState};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Lines that could not be taken before the rest of a file is left alone: it is the wrong file.
const MOST_NOT_TAKEN: usize = 1_000;
/// The most characters of a reason or a proof in the journal.
const LONGEST: usize = 255;

/// What became of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// How many payments were settled now.
    pub settled: usize,
    /// How many have failed now.
    pub failed: usize,
    /// How many came back now.
    pub returned: usize,
    /// How many the bank has and works on.
    pub accepted: usize,
    /// How many lines had taken effect before.
    pub known: usize,
    /// How many take two people, and are proposed.
    pub proposed: usize,
    /// A sentence for each of the others.
    pub not_taken: Vec<String>,
}

/// A line of a file.
struct Answer {
    /// How the person finds it.
    place: String,
    /// What it says, or why it says nothing.
    told: Result<AnswerTold, String>,
    /// It speaks of a batch, of which this is one payment.
    of_whole: bool,
}

/// What a line says of a payment.
struct AnswerTold {
    /// The withdrawal's number.
    withdrawal: i64,
    reference: String,
    /// The message id of the batch whose file the line answers, where the bank says it.
    batch: Option<String>,
    /// As the file writes it; `None` where it does not.
    amount: Option<String>,
    currency: Option<String>,
    verdict: BankVerdict,
    /// Is the stored destination that of the line?
    is_destination: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

/// What was done about a line.
enum Took {
    Settled,
    Failed,
    Returned,
    Accepted,
    Known,
    Proposed,
}

/// Takes every line of a file about payments of this method.
///
/// # Errors
/// [`BatchRefused::AnswerUnreadable`]: nothing was taken then.
pub async fn bring(
    platform: &Platform,
    book: BookId,
    method: &str,
    file: &[u8],
    by: impl Into<Origin>,
) -> Result<Taken, Stopped> {
    let by = by.into();
    let mut lines = Vec::new();
    for line in read(platform, book, method, file).map_err(BatchRefused::AnswerUnreadable)? {
        lines.extend(payments_of(platform, book, line).await?);
    }
    // A payment that was booked and came back is both in one file, in any order.
    lines.sort_by_key(|line| line.told.as_ref().map_or(0, |told| rank(&told.verdict)));
    let mut taken = Taken::default();
    for Answer { place, told, of_whole } in lines {
        if taken.not_taken.len() == MOST_NOT_TAKEN {
            let rest =
                format!("{place}: too many lines before it were wrong; from here on nothing was tried");
            taken.not_taken.push(rest);
            break;
        }
        let took = match told {
            Ok(told) => take(platform, book, method, &told, (by, of_whole)).await,
            Err(sentence) => Err(sentence),
        };
        match took {
            Ok(Took::Settled) => taken.settled += 1,
            Ok(Took::Failed) => taken.failed += 1,
            Ok(Took::Returned) => taken.returned += 1,
            Ok(Took::Accepted) => taken.accepted += 1,
            Ok(Took::Known) => taken.known += 1,
            Ok(Took::Proposed) => taken.proposed += 1,
            Err(sentence) => taken.not_taken.push(format!("{place}: {sentence}")),
        }
    }
    let detail = json!({
        "settled": taken.settled, "failed": taken.failed, "returned": taken.returned, "accepted": taken.accepted,
        "known": taken.known, "proposed": taken.proposed, "not_taken": taken.not_taken.len(),
        "sha256": HEXLOWER.encode(&Sha256::digest(file)),
    });
    let entry = audit_log::in_book(platform, book, by.actor, "batch.answered", method, &detail);
    audit_log::write(platform, entry).await?;
    Ok(taken)
}

fn rank(verdict: &BankVerdict) -> u8 {
    match verdict {
        BankVerdict::Accepted => 1,
        BankVerdict::Booked => 2,
        BankVerdict::Rejected { .. } => 3,
        BankVerdict::Returned { .. } => 4,
        BankVerdict::Noted { .. } => 5,
    }
}

/// What a file says of one payment, or of all payments of a batch.
enum FileLine {
    Payment(Answer),
    /// Its number, and the line.
    Batch(i64, AnswerLine),
}

/// In the rail's own format where it has one, else as a CSV.
fn read(platform: &Platform, book: BookId, method: &str, file: &[u8]) -> Result<Vec<FileLine>, String> {
    let ids = platform.secrets.ids();
    let mounted = platform.rails.get(book.mode(), method);
    let own = mounted.map_or(Ok(None), |mounted| mounted.rail.bank_answer(file))?;
    let (Some(mounted), Some(lines)) = (mounted, own) else {
        let lines = csv_lines::read(file, |id| ids.open(IdKind::Withdrawal, book, id))?;
        return Ok(lines.into_iter().map(FileLine::Payment).collect());
    };
    let provider = mounted.facts().provider;
    let read = |line: AnswerLine| {
        if let BankVerdict::Noted { code, text } = &line.verdict {
            let sentence = format!("{} ({code})", text.english());
            return FileLine::Payment(Answer { place: line.order_id, told: Err(sentence), of_whole: false });
        }
        if let Some(number) = ids.open_message(book, &line.order_id) {
            return FileLine::Batch(number, line);
        }
        let in_currency = line.currency.as_deref().unwrap_or(mounted.rail.currency());
        let amount = line.amount.map(|amount| amount_text(amount, in_currency));
        let told = match ids.open_order(provider, &line.order_id).filter(|(of, _)| *of == book) {
            Some((_, withdrawal)) => Ok(told(withdrawal, amount, &line)),
            None => Err("there is no payment with this number".to_owned()),
        };
        FileLine::Payment(Answer { place: line.order_id, told, of_whole: false })
    };
    Ok(lines.into_iter().map(read).collect())
}

fn told(withdrawal: i64, amount: Option<String>, line: &AnswerLine) -> AnswerTold {
    AnswerTold {
        withdrawal,
        reference: line.reference.clone(),
        batch: line.batch.clone(),
        amount,
        currency: line.currency.clone(),
        verdict: line.verdict.clone(),
        is_destination: Box::new(|_: &str| true),
    }
}

/// The payments that a line speaks of: all of a batch, whose total it must name where it names an amount.
async fn payments_of(platform: &Platform, book: BookId, line: FileLine) -> Result<Vec<Answer>, Failure> {
    let (number, line) = match line {
        FileLine::Payment(answer) => return Ok(vec![answer]),
        FileLine::Batch(number, line) => (number, line),
    };
    let wrong =
        |sentence: String| vec![Answer { place: line.order_id.clone(), told: Err(sentence), of_whole: true }];
    let Some(batch) = platform.store.payment_batch(book, number).await? else {
        return Ok(wrong("there is no batch with this number".to_owned()));
    };
    if line.amount.is_some_and(|amount| amount != batch.converted) {
        let total = amount_text(batch.converted, &batch.currency);
        return Ok(wrong(format!("the amount is not the total of the batch, {total}")));
    }
    let lines = platform.store.payment_batch_lines(book, number).await?;
    let answer = |of: &BatchLine| Answer {
        place: format!("batch {number}, line {}", of.line),
        told: Ok(AnswerTold {
            batch: Some(line.order_id.clone()),
            ..told(of.withdrawal.number, None, &line)
        }),
        of_whole: true,
    };
    Ok(lines.iter().map(answer).collect())
}

async fn take(
    platform: &Platform,
    book: BookId,
    method: &str,
    told: &AnswerTold,
    (by, of_whole): (Origin, bool),
) -> Result<Took, String> {
    let found = platform.store.withdrawal(book, told.withdrawal).await.map_err(|failure| unread(&failure))?;
    let found = found.filter(|found| found.method == method);
    let found = found.ok_or("it is about no payment of this method")?;
    let (word, _) = words(&told.verdict);
    let once = OnceKey::of_bank_answer(told.withdrawal, [word, &told.reference]);
    if platform.store.is_remembered(book, &once).await.map_err(|failure| unread(&failure))? {
        return Ok(Took::Known);
    }
    if let Some(row) = platform.store.proposal_once(book, &once).await.map_err(|failure| unread(&failure))? {
        let word = proposals::word(&row, platform.clock.now());
        let id = proposals::id(platform, &row);
        return match row.carried_out_at {
            Some(_) => Ok(Took::Known),
            None => Err(format!("it takes two people, and the proposal {id} of it is {word}")),
        };
    }
    let (line, batch) = place(platform, book, told.withdrawal).await.map_err(|failure| unread(&failure))?.ok_or(
        "the payment is in no batch; if the file was paid after the batch was dissolved, find out whether it was paid twice",
    )?;
    // A payment keeps its number in another batch: the bank's word about the file before says nothing of the one that has it now.
    let of_this = |id: &String| platform.secrets.ids().open_message(book, id) == Some(line.batch);
    if !told.batch.as_ref().is_none_or(of_this) {
        return Err("the line answers the file of another batch than the payment is in now; find out by which of them it is paid"
            .to_owned());
    }
    if batch.downloads == 0 {
        return Err("the file of its batch was never given out".to_owned());
    }
    check_matches(told, &found, &line, &batch)?;
    if of_whole && says_what_is_known(&told.verdict, found.state) {
        return Ok(Took::Known);
    }
    carry_out(platform, book, &found, told, (once, by)).await
}

async fn place(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
) -> Result<Option<(BatchLine, PaymentBatch)>, Failure> {
    let Some(line) = platform.store.payment_batch_line_of(book, withdrawal).await? else { return Ok(None) };
    Ok(platform.store.payment_batch(book, line.batch).await?.map(|batch| (line, batch)))
}

fn check_matches(
    told: &AnswerTold,
    found: &Withdrawal,
    line: &BatchLine,
    batch: &PaymentBatch,
) -> Result<(), String> {
    let currency = &batch.currency;
    if told.currency.as_ref().is_some_and(|told| told != currency) {
        return Err(format!("the currency is not {currency}"));
    }
    let is_amount = |text: &String| amount_of(text, currency) == Some(line.converted);
    if told.amount.as_ref().is_some_and(|text| !is_amount(text)) {
        let amount = amount_text(line.converted, currency);
        return Err(format!("the amount is not that of the payment, {amount}"));
    }
    if !(told.is_destination)(&found.destination) {
        return Err("the destination is not that of the payment".to_owned());
    }
    Ok(())
}

/// A bank that books or rejects a whole batch says the same of payments that were settled, or have failed, one by one.
fn says_what_is_known(verdict: &BankVerdict, state: WithdrawalState) -> bool {
    matches!(
        (verdict, state),
        (BankVerdict::Booked, WithdrawalState::Succeeded | WithdrawalState::Returned)
            | (BankVerdict::Rejected { .. }, WithdrawalState::Failed)
    )
}

/// Its word in the key, and what the person and the journal read.
fn words(verdict: &BankVerdict) -> (&'static str, String) {
    let sentence = |code: &str, text: String| -> String {
        let text = text.trim();
        format!("{text} ({code})").chars().take(LONGEST).collect()
    };
    match verdict {
        BankVerdict::Accepted => ("accepted", String::new()),
        BankVerdict::Booked => ("booked", String::new()),
        BankVerdict::Noted { code, text } => ("noted", sentence(code, text.english())),
        BankVerdict::Rejected { code, text } => ("rejected", sentence(code, text.english())),
        BankVerdict::Returned { code, text } => ("returned", sentence(code, text.english())),
    }
}

async fn carry_out(
    platform: &Platform,
    book: BookId,
    found: &Withdrawal,
    told: &AnswerTold,
    (once, by): (OnceKey, Origin),
) -> Result<Took, String> {
    let (withdrawal, amount) = (found.number, found.amount);
    let counter = platform.counter(book, by).once(once);
    let shown = told.reference.chars().filter(|character| !character.is_control());
    let reference: String = shown.take(LONGEST).collect();
    let (_, sentence) = words(&told.verdict);
    let proof: String = format!("{reference}: {sentence}").chars().take(LONGEST).collect();
    let (took, what, reason, done) = match (&told.verdict, found.state) {
        (BankVerdict::Accepted, _) => return Ok(Took::Accepted),
        (BankVerdict::Booked, WithdrawalState::Sending) => {
            let what = Proposed::EndByHand { withdrawal, amount, paid: true };
            (Took::Settled, what, &reference, counter.settle(withdrawal, &reference).await)
        }
        (BankVerdict::Rejected { .. } | BankVerdict::Returned { .. }, WithdrawalState::Sending) => {
            let what = Proposed::EndByHand { withdrawal, amount, paid: false };
            (Took::Failed, what, &sentence, counter.fail(withdrawal, &sentence).await)
        }
        (BankVerdict::Returned { .. }, WithdrawalState::Succeeded) => {
            let what = Proposed::Return { withdrawal, amount };
            let done = counter.give_back(withdrawal, &proof).await;
            (Took::Returned, what, &proof, done)
        }
        (BankVerdict::Booked, WithdrawalState::Succeeded) => {
            return Err(
                "it is settled already under another proof; find out whether it was paid twice".to_owned()
            );
        }
        (BankVerdict::Booked, state) => {
            return Err(format!(
                "it is {}, and the person has the money again, but the bank has paid it; find out which is true",
                state.word()
            ));
        }
        (_, state) => return Err(format!("it is {} already", state.word())),
    };
    let new = NewProposal { book, what, reason, by: by.actor, once: Some(once) };
    match or_propose(platform, new, done).await {
        // Another process took the same line at this moment.
        Ok(DoneOrProposed::Done(done)) if done.replayed => Ok(Took::Known),
        Ok(DoneOrProposed::Done(_)) => Ok(took),
        Ok(DoneOrProposed::Proposed(_)) => Ok(Took::Proposed),
        Err(stopped) => Err(stopped.to_string()),
    }
}

fn unread(failure: &Failure) -> String {
    tracing::error!(error = format!("{failure:#}"), "a payment could not be read");
    "it could not be read; try the file again".to_owned()
}
