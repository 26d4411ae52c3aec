//! `/dashboard/batches/{id}`: one payment batch with its payments, and what a person can do about it in its present state.

use crate::audit_log::Names;
use crate::batches::{self, Batch, line_word};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{download, notice};
use crate::dashboard::money::batches::badge;
use crate::dashboard::money::proposals::proposed;
use crate::dashboard::money::withdrawal_row::{WithdrawalRow, rows, title};
use crate::ids::IdKind;
use crate::line::typed_reference;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::rails::exchange::amount_text;
use crate::roles::Permission;
use crate::store::{BatchLine, BatchState};
use crate::two_people::Hands;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use data_encoding::HEXLOWER;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/money/batch.html")]
struct BatchPage {
    frame: Frame,
    id: String,
    batch: Batch,
    method: String,
    rate: String,
    to_pay: String,
    sha256: String,
    made_by: String,
    checked_by: String,
    ended_by: String,
    reviews: bool,
    lines: Vec<ShownLine>,
}

/// A payment of the batch.
struct ShownLine {
    line: i64,
    payment: WithdrawalRow,
    to_pay: String,
    state: &'static str,
}

impl ShownLine {
    fn class(&self) -> &'static str {
        match self.state {
            "settled" => "badge-good",
            "failed" | "returned" => "badge-bad",
            _ => "badge-quiet",
        }
    }
}

impl BatchPage {
    fn badge(&self) -> (&'static str, &'static str) {
        badge(&self.batch)
    }

    fn waits(&self) -> bool {
        self.batch.row.state == BatchState::Waiting
    }

    fn has_file(&self) -> bool {
        let row = &self.batch.row;
        row.state == BatchState::Approved && row.digest.is_some() && self.batch.open == row.payments
    }

    fn can_dissolve(&self) -> bool {
        self.batch.row.state != BatchState::Dissolved && self.batch.open > 0
    }
}

/// The page.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let number = number(&who, &id)?;
    let batch = batches::find(&who.platform, who.book, number).await?;
    let names = Names::load(&who.platform, who.business.number).await?;
    let found = who.platform.store.payment_batch_lines(who.book, number).await?;
    let row = &batch.row;
    let shown = BatchPage {
        frame: Frame::new(&who, "batches", format!("Batch {number}"))
            .under("/dashboard/batches", "Payment batches"),
        method: title(&who, &row.method),
        rate: format!("{} {} per US dollar", batch.rate()?, row.currency),
        to_pay: format!("{} {}", amount_text(row.converted, &row.currency), row.currency),
        sha256: row.digest.map(|digest| HEXLOWER.encode(&digest)).unwrap_or_default(),
        made_by: names.of(row.made_by),
        checked_by: row.checked_by.map(|by| names.of(by)).unwrap_or_default(),
        ended_by: row.ended_by.map(|by| names.of(by)).unwrap_or_default(),
        reviews: who.may(Permission::ReviewWithdrawals),
        lines: lines(&who, found, &row.currency).await?,
        batch,
        id,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

async fn lines(who: &SignedIn, found: Vec<BatchLine>, currency: &str) -> Result<Vec<ShownLine>, Declined> {
    let payments = rows(who, found.iter().map(|line| line.withdrawal.clone()).collect()).await?;
    let line = |(line, payment): (&BatchLine, WithdrawalRow)| ShownLine {
        line: line.line,
        payment,
        to_pay: amount_text(line.converted, currency),
        state: line_word(line),
    };
    Ok(found.iter().zip(payments).map(line).collect())
}

fn number(who: &SignedIn, id: &str) -> Result<i64, Declined> {
    who.platform.secrets.ids().open(IdKind::PaymentBatch, who.book, id).ok_or(Declined::NotFound)
}

/// Lets the file of the batch be had, or proposes it where the maker asks and two people are needed.
pub async fn approve(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let who = &posted.who;
    let number = number(who, &id)?;
    let amount = batches::find(&who.platform, who.book, number).await?.row.total;
    let done = batches::approve(&who.platform, who.book, number, Hands::from(who.actor())).await;
    let what = Proposed::ApproveBatch { batch: number, amount };
    let new = NewProposal { book: who.book, what, reason: "", by: who.actor(), once: None };
    match or_propose(&who.platform, new, done).await? {
        DoneOrProposed::Done(_) => Ok(back(&id, "Batch approved. You can download its file now.")),
        DoneOrProposed::Proposed(_) => Ok(proposed()),
    }
}

/// The file. A copy after the first is given out only to a person who says that the one before was lost.
pub async fn file(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let number = number(&who, &id)?;
    let batch = batches::find(&who.platform, who.book, number).await?;
    if batch.was_given_out() && form.get("lost") != "1" {
        return Err(Declined::sentence(
            "This file was downloaded before. Confirm that the earlier copy was lost and not paid.",
        ));
    }
    let (file, _) = batches::download(&who.platform, who.book, number, who.actor()).await?;
    Ok(download::bytes(&file.name, &file.media_type, file.bytes))
}

/// The file was not sent: other batches can take the open payments.
pub async fn dissolve(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let number = number(&who, &id)?;
    let proof = typed_reference(form.get("proof"))
        .map_err(|hint| Declined::sentence(format!("Reason or proof: {hint}.")))?;
    let (batch, amount) = batches::subject(&who.platform, who.book, number).await?;
    let by = Hands::from(who.actor());
    let done = batches::dissolve(&who.platform, who.book, number, &proof, by).await;
    let what = Proposed::DissolveBatch { batch, amount };
    let new = NewProposal { book: who.book, what, reason: &proof, by: who.actor(), once: None };
    match or_propose(&who.platform, new, done).await? {
        DoneOrProposed::Done(_) => {
            Ok(back(&id, "Batch dissolved. Its open payments wait for another batch."))
        }
        DoneOrProposed::Proposed(_) => Ok(proposed()),
    }
}

fn back(id: &str, sentence: &'static str) -> Response {
    let mut response = page::see_other(&format!("/dashboard/batches/{id}"));
    notice::leave(&mut response, sentence);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::money::withdrawal_row::sample;
    use crate::dashboard::snapshot;
    use crate::store::PaymentBatch;
    use ledger::{Actor, Cents, WithdrawalState};

    #[test]
    fn page_batch() {
        let at = 1_800_000_000_000_000;
        let row = PaymentBatch {
            number: 12,
            method: "bank".to_owned(),
            state: BatchState::Approved,
            currency: "EUR".to_owned(),
            rate: 921_500_000,
            payments: 2,
            total: Cents(24_900),
            converted: 22_946,
            digest: Some([7; 32]),
            made_by: Actor::member(1),
            made_at: at,
            checked_by: Some(Actor::member(2)),
            checked_at: Some(at + 60_000_000),
            downloads: 1,
            downloaded_at: Some(at + 120_000_000),
            ended_by: None,
            ended_at: None,
            proof: String::new(),
        };
        let line = |number: i64, state: WithdrawalState, word: &'static str| ShownLine {
            line: number,
            payment: sample(number, state),
            to_pay: "114.73".to_owned(),
            state: word,
        };
        snapshot(
            "batch",
            &BatchPage {
                frame: Frame::sample("batches", "Batch 12"),
                id: "bat_12".to_owned(),
                batch: Batch::sample(row, 2, 0),
                method: "Bank transfer".to_owned(),
                rate: "0.9215 EUR per US dollar".to_owned(),
                to_pay: "229.46 EUR".to_owned(),
                sha256: HEXLOWER.encode(&[7; 32]),
                made_by: "Ada Example".to_owned(),
                checked_by: "Bob Example".to_owned(),
                ended_by: String::new(),
                reviews: true,
                lines: vec![
                    line(1, WithdrawalState::Sending, "open"),
                    line(2, WithdrawalState::Sending, "open"),
                ],
            },
        );
    }
}
