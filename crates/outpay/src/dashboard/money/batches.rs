//! `/dashboard/batches`: payments that people make by hand, in files: what waits, the batches, and bringing a bank's answer. Not here: one
//! batch (batch.rs).

use crate::batch_answers::{self, Taken};
use crate::batch_refused::BatchRefused;
use crate::batches::{self, Batch, MOST_PAYMENTS};
use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::{ListBar, ListKind, ListQuery, TypedSearch};
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::uploaded::Uploaded;
use crate::dashboard::money::withdrawal_row::title;
use crate::ids::IdKind;
use crate::rails::exchange::{Rate, amount_text};
use crate::roles::Permission;
use crate::sheet::{self, CURRENCY};
use crate::stopped::Stopped;
use crate::store::{BatchList, BatchState, ListPage, SearchKind};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Micros, Withdrawal};

const LIST: ListKind = ListKind {
    path: "/dashboard/batches",
    search: Some(SearchKind::Batches),
    id: Some(IdKind::PaymentBatch),
    has_amounts: true,
    own: &["state", "method"],
    rare: &[],
    nouns: ("batch", "batches"),
};
/// Words for the filter, and the stored states.
pub(crate) const STATES: [(&str, &str, BatchState); 3] = [
    ("waiting", "Awaiting approval", BatchState::Waiting),
    ("approved", "Approved", BatchState::Approved),
    ("dissolved", "Dissolved", BatchState::Dissolved),
];

#[derive(askama::Template)]
#[template(path = "dashboard/money/batches.html")]
struct BatchesPage {
    frame: Frame,
    reviews: bool,
    methods: Vec<ByHand>,
    state: String,
    method: String,
    list: ListBar,
    rows: Vec<ListedBatch>,
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
        self.currency != CURRENCY
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
    show(StatusCode::OK, &who, &query, (None, None)).await
}

async fn show(
    status: StatusCode,
    who: &SignedIn,
    query: &Query,
    (taken, error): (Option<Taken>, Option<String>),
) -> Result<Response, Declined> {
    let list = ListQuery::read(query, LIST);
    let (mut page, mut behind, mut wrong) = (ListPage::default(), 0, None);
    match wanted(who, &list) {
        Ok((wanted, typed)) => {
            behind = list.behind(who, &typed).await?;
            page = who.platform.store.list_batches(who.book, &wanted, &list.window(who)).await?;
        }
        Err(sentence) => wrong = Some(sentence),
    }
    let found = batches::counted(&who.platform, who.book, std::mem::take(&mut page.rows)).await?;
    let shown = BatchesPage {
        frame: Frame::new(who, "batches", "Payment batches"),
        reviews: who.may(Permission::ReviewWithdrawals),
        methods: methods(who).await?,
        state: list.own("state").to_owned(),
        method: list.own("method").to_owned(),
        list: list.bar(who, &page, wrong, behind),
        rows: found.iter().map(|batch| row(who, batch)).collect(),
        taken,
        error,
    };
    Ok(page::html(status, &shown))
}

/// The list that was asked for, or what is wrong with the question.
fn wanted(who: &SignedIn, list: &ListQuery) -> Result<(BatchList, TypedSearch), String> {
    let typed = list.typed(who)?;
    let number = if let TypedSearch::Row(number) = typed { Some(number) } else { None };
    let state = STATES.iter().find(|state| state.0 == list.own("state")).map(|state| state.2);
    let method = Some(list.own("method").to_owned()).filter(|method| !method.is_empty());
    Ok((BatchList { any: list.filter(&typed)?, number, state, method }, typed))
}

const COLUMNS: [&str; 9] =
    ["id", "number", "method", "status", "payments", "open", "amount", "currency", "created_at"];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = ListQuery::read(&query, LIST);
    let (wanted, typed) = wanted(&who, &list).map_err(Declined::sentence)?;
    list.behind(&who, &typed).await?;
    Ok(download::csv_stream("batches.csv", &COLUMNS, (who, list, wanted), move |of, after| async move {
        let (who, list, wanted) = &*of;
        let page = who.platform.store.list_batches(who.book, wanted, &list.export_window(after)).await?;
        let found = batches::counted(&who.platform, who.book, page.rows).await?;
        let cells = |batch: &Batch| {
            let of = &batch.row;
            vec![
                batches::id(&who.platform, who.book, of.number),
                of.number.to_string(),
                of.method.clone(),
                batch.word().to_owned(),
                of.payments.to_string(),
                batch.open.to_string(),
                sheet::money(of.total),
                CURRENCY.to_owned(),
                rfc3339(of.made_at),
            ]
        };
        Ok((found.iter().map(cells).collect(), page.next))
    }))
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
            Declined::sentence("Rate: enter a decimal above 0 with at most nine places, such as 0.9215.")
        })?),
    };
    let number = batches::make(&who.platform, who.book, form.get("method"), rate, who.origin()).await?;
    let id = batches::id(&who.platform, who.book, number);
    let mut response = page::see_other(&format!("/dashboard/batches/{id}"));
    notice::leave(&mut response, format!("Batch {number} created. Approve it to download its file."));
    Ok(response)
}

/// Takes every line of a file in which a bank answers, or of a CSV with the proofs filled in.
pub async fn answer(uploaded: Uploaded) -> Result<Response, Declined> {
    let (who, method) = (&uploaded.who, uploaded.field("method"));
    match batch_answers::bring(&who.platform, who.book, method, uploaded.bytes(), who.origin()).await {
        Ok(taken) => show(StatusCode::OK, who, &Query::default(), (Some(taken), None)).await,
        Err(Stopped::Batch(refused @ BatchRefused::AnswerUnreadable(_))) => {
            show(StatusCode::UNPROCESSABLE_ENTITY, who, &Query::default(), (None, Some(refused.to_string())))
                .await
        }
        Err(stopped) => Err(stopped.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::door::list::sample_bar;
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
                state: String::new(),
                method: String::new(),
                list: sample_bar("/dashboard/batches", "", "2 batches"),
                rows: vec![row(2, ("badge-warn", "waits for approval")), row(1, ("badge-good", "closed"))],
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
