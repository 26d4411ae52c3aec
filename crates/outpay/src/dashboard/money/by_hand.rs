//! `/dashboard/withdrawals/by-hand`: payments that a person makes. Export the queued ones as a CSV, pay them, and upload a CSV
//! with the proof of each.

use crate::by_hand::{self, Settled, settle_all};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::uploaded::Uploaded;
use crate::dashboard::money::withdrawal_row;
use crate::roles::Permission;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/money/by_hand.html")]
struct ByHandPage {
    frame: Frame,
    reviews: bool,
    /// Name and title of the methods that a person pays.
    methods: Vec<(String, String)>,
    settled: Option<Settled>,
    error: Option<String>,
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    Ok(show(StatusCode::OK, &who, None, None))
}

pub(crate) fn show(
    status: StatusCode,
    who: &SignedIn,
    settled: Option<Settled>,
    error: Option<String>,
) -> Response {
    let manual = who.platform.rails.of(who.mode).map(|mounted| mounted.facts());
    let manual = manual.filter(|facts| facts.provider.is_paid_by_hand());
    let shown = ByHandPage {
        frame: Frame::new(who, "withdrawals", "Payments by hand"),
        reviews: who.may(Permission::ReviewWithdrawals),
        methods: manual.map(|facts| (facts.name.clone(), facts.title.english())).collect(),
        settled,
        error,
    };
    page::html(status, &shown)
}

/// Takes a method's queued payments into work and gives them as a CSV.
pub async fn export(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let again = form.get("again") == "1";
    let taken = by_hand::take(&who.platform, who.book, form.get("method"), again, who.origin()).await?;
    if taken.payments == 0 && taken.left_out > 0 {
        let error = format!(
            "No payment is new: {} in work are in an earlier file. Tick the box to have them in a file again.",
            taken.left_out
        );
        return Ok(show(StatusCode::OK, &who, None, Some(error)));
    }
    Ok(download::csv("payments-by-hand.csv", taken.sheet))
}

/// Settles every line of a CSV of payments that were made by hand. Each line has a result of its own.
pub async fn settle(uploaded: Uploaded) -> Result<Response, Declined> {
    let who = &uploaded.who;
    let found = |id: &str| withdrawal_row::number(who, who.book, id).map(|number| (who.book, number));
    match settle_all(&who.platform, uploaded.bytes(), found, who.origin()).await {
        Ok(settled) => Ok(show(StatusCode::OK, who, Some(settled), None)),
        Err(sentence) => {
            let error = Some(format!("Nothing was settled: {sentence}."));
            Ok(show(StatusCode::UNPROCESSABLE_ENTITY, who, None, error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_by_hand() {
        snapshot(
            "by_hand",
            &ByHandPage {
                frame: Frame::sample("withdrawals", "Payments by hand"),
                reviews: true,
                methods: vec![("bank".to_owned(), "Bank transfer".to_owned())],
                settled: Some(Settled {
                    settled: 2,
                    not_settled: vec!["line 4: Withdrawal not found".to_owned()],
                }),
                error: None,
            },
        );
    }
}
