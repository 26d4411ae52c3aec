//! `/dashboard/withdrawals/by-hand`: payments that a person makes. Take what is queued as a CSV, pay, and settle by a CSV
//! with the proof of each.

use super::frame::Frame;
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::members::Permission;
use crate::web::page;
use crate::withdrawals::by_hand::Settled;
use axum::response::Response;
use http::StatusCode;
use ledger::Provider;

#[derive(askama::Template)]
#[template(path = "dashboard/by_hand.html")]
struct ByHandPage {
    frame: Frame,
    reviews: bool,
    /// Name and title of the methods that a person pays.
    methods: Vec<(String, String)>,
    settled: Option<Settled>,
    error: Option<String>,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    Ok(show(StatusCode::OK, &who, None, None))
}

pub(super) fn show(
    status: StatusCode,
    who: &SignedIn,
    settled: Option<Settled>,
    error: Option<String>,
) -> Response {
    let manual = who.platform.rails.of(who.mode).map(|mounted| mounted.facts());
    let manual = manual.filter(|facts| facts.provider == Provider::Manual);
    let shown = ByHandPage {
        frame: Frame::new(who, "withdrawals", "Payments by hand"),
        reviews: who.may(Permission::ReviewWithdrawals),
        methods: manual.map(|facts| (facts.name.clone(), facts.title.clone())).collect(),
        settled,
        error,
    };
    page::html(status, &shown)
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&ByHandPage {
        frame: Frame::sample("withdrawals", "Payments by hand"),
        reviews: true,
        methods: vec![("bank".to_owned(), "Bank transfer".to_owned())],
        settled: Some(Settled { settled: 2, not_settled: vec!["line 4: Withdrawal not found".to_owned()] }),
        error: None,
    })
}
