//! `/dashboard/batches`: payments that people make by hand, in files: what waits, the batches, and bringing a bank's answer. Not here: one
//! batch (batch.rs).

use crate::batch_answers::{self, Taken};
use crate::batch_refused::BatchRefused;
use crate::batches::{self, Batch, MOST_PAYMENTS};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::uploaded::Uploaded;
use crate::dashboard::money::withdrawal_row::title;
use crate::ids::IdKind;
use crate::rails::exchange::{Rate, amount_text};
use crate::roles::Permission;
use crate::stopped::Stopped;
use crate::store::BatchFilter;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Micros, Withdrawal};

const PAGE: i64 = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/money/batches.html")]
struct BatchesPage {
    frame: Frame,
    reviews: bool,
    methods: Vec<ByHand>,
    rows: Vec<ListedBatch>,
    /// Leads to those before these.
    older: Option<String>,
    taken: Option<Taken>,
    error: Option<String>,
}

/// A method that people pay by hand.
struct ByHand {
    name: String,
    title: String,
    currency: String,
    /// Payments that a new batch would have, and their cents.
    waiting: usize,
    amount: Cents,
}

impl ByHand {
    fn takes_rate(&self) -> bool {
        self.currency != crate::sheet::CURRENCY
    }
}

/// A batch as the list shows it.
struct ListedBatch {
    id: String,
    number: i64,
    method: String,
    made_at: Micros,
    payments: i64,
    open: i64,
    total: Cents,
    to_pay: String,
    badge: (&'static str, &'static str),
}

/// A state's badge: class and word.
pub(crate) fn badge(batch: &Batch) -> (&'static str, &'static str) {
    match batch.word() {
        "waiting" => ("badge-warn", "waits for approval"),
        "approved" if !batch.was_given_out() => ("badge-warn", "approved, not downloaded"),
        "approved" => ("badge-quiet", "downloaded"),
        "partly_settled" => ("badge-quiet", "partly settled"),
        "closed" => ("badge-good", "closed"),
        _ => ("badge-quiet", "dissolved"),
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, query.get("before"), (None, None)).await
}

async fn show(
    status: StatusCode,
    who: &SignedIn,
    before: &str,
    (taken, error): (Option<Taken>, Option<String>),
) -> Result<Response, Declined> {
    let below = who.platform.secrets.ids().open(IdKind::PaymentBatch, who.book, before);
    let filter = BatchFilter { method: None, below };
    let mut found = batches::list(&who.platform, who.book, &filter, PAGE + 1).await?;
    let has_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let rows: Vec<ListedBatch> = found.iter().map(|batch| row(who, batch)).collect();
    let older = rows.last().filter(|_| has_more).map(|last| format!("/dashboard/batches?before={}", last.id));
    let shown = BatchesPage {
        frame: Frame::new(who, "batches", "Payment batches"),
        reviews: who.may(Permission::ReviewWithdrawals),
        methods: methods(who).await?,
        rows,
        older,
        taken,
        error,
    };
    Ok(page::html(status, &shown))
}

fn row(who: &SignedIn, batch: &Batch) -> ListedBatch {
    let row = &batch.row;
    ListedBatch {
        id: batches::id(&who.platform, who.book, row.number),
        number: row.number,
        method: title(who, &row.method),
        made_at: row.made_at,
        payments: row.payments,
        open: batch.open,
        total: row.total,
        to_pay: format!("{} {}", amount_text(row.converted, &row.currency), row.currency),
        badge: badge(batch),
    }
}

async fn methods(who: &SignedIn) -> Result<Vec<ByHand>, Declined> {
    let mut methods = Vec::new();
    for mounted in who.platform.rails.of(who.mode) {
        let facts = mounted.facts();
        if !facts.provider.is_paid_by_hand() {
            continue;
        }
        let waiting = who.platform.store.payments_without_batch(who.book, &facts.name, MOST_PAYMENTS).await?;
        let amount = waiting.iter().map(Withdrawal::net).try_fold(Cents::ZERO, Cents::plus);
        methods.push(ByHand {
            name: facts.name.clone(),
            title: facts.title.english(),
            currency: mounted.rail.currency().to_owned(),
            waiting: waiting.len(),
            amount: amount.unwrap_or(Cents::ZERO),
        });
    }
    Ok(methods)
}

/// Makes a batch of what waits of a method.
pub async fn make(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let rate = match form.get("rate").trim() {
        "" => None,
        text => Some(Rate::parse(text).ok_or_else(|| {
            Declined::sentence("The rate is a decimal above 0 with at most nine places, as in 0.9215.")
        })?),
    };
    let number = batches::make(&who.platform, who.book, form.get("method"), rate, who.origin()).await?;
    let id = batches::id(&who.platform, who.book, number);
    let mut response = page::see_other(&format!("/dashboard/batches/{id}"));
    notice::leave(
        &mut response,
        format!("Batch {number} is made. It has to be approved before its file can be had."),
    );
    Ok(response)
}

/// Takes every line of a file in which a bank answers, or of a CSV with the proofs filled in.
pub async fn answer(uploaded: Uploaded) -> Result<Response, Declined> {
    let (who, method) = (&uploaded.who, uploaded.field("method"));
    match batch_answers::bring(&who.platform, who.book, method, uploaded.bytes(), who.origin()).await {
        Ok(taken) => show(StatusCode::OK, who, "", (Some(taken), None)).await,
        Err(Stopped::Batch(refused @ BatchRefused::AnswerUnreadable(_))) => {
            show(StatusCode::UNPROCESSABLE_ENTITY, who, "", (None, Some(refused.to_string()))).await
        }
        Err(stopped) => Err(stopped.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_batches() {
        let method = |name: &str, title: &str, currency: &str, waiting| ByHand {
            name: name.to_owned(),
            title: title.to_owned(),
            currency: currency.to_owned(),
            waiting,
            amount: Cents(12_500),
        };
        let row = |number, badge| ListedBatch {
            id: format!("bat_{number}"),
            number,
            method: "Bank transfer".to_owned(),
            made_at: 1_800_000_000_000_000,
            payments: 2,
            open: 1,
            total: Cents(12_500),
            to_pay: "115.19 EUR".to_owned(),
            badge,
        };
        snapshot(
            "batches",
            &BatchesPage {
                frame: Frame::sample("batches", "Payment batches"),
                reviews: true,
                methods: vec![
                    method("bank", "Bank transfer", "EUR", 2),
                    method("cash", "Cash", "USD", 1),
                    method("wire", "Wire", "USD", 0),
                ],
                rows: vec![row(2, ("badge-warn", "waits for approval")), row(1, ("badge-good", "closed"))],
                older: Some("/dashboard/batches?before=bat_1".to_owned()),
                taken: Some(Taken {
                    settled: 2,
                    known: 1,
                    not_taken: vec!["line 4: there is no withdrawal \"ord_x\"".to_owned()],
                    ..Taken::default()
                }),
                error: None,
            },
        );
    }
}
