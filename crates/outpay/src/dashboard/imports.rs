//! `/dashboard/import`: bringing a file of payments, and the files that were brought.

use super::frame::Frame;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::{amount, import};
use crate::imports::lines::BadLine;
use crate::members::Permission;
use crate::store::{Import, ImportState};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

const SHOWN: i64 = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/imports.html")]
struct ImportsPage {
    frame: Frame,
    pays: bool,
    manages: bool,
    bad: Vec<BadLine>,
    error: Option<String>,
    approve_above: String,
    /// With their ids.
    imports: Vec<(String, Import)>,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    show(StatusCode::OK, &who, Vec::new(), None).await
}

pub(super) async fn show(
    status: StatusCode,
    who: &SignedIn,
    bad: Vec<BadLine>,
    error: Option<String>,
) -> Result<Response, Stop> {
    let store = &who.platform.store;
    let found = store.imports(who.book, SHOWN).await?;
    let shown = ImportsPage {
        frame: Frame::new(who, "import", "Import"),
        pays: who.may(Permission::PayPeople),
        manages: who.may(Permission::ManageSettings),
        bad,
        error,
        approve_above: store.import_approval_above(who.book).await?.map(amount::write).unwrap_or_default(),
        imports: found.into_iter().map(|of| (import::id(who, of.number), of)).collect(),
    };
    Ok(page::html(status, &shown))
}

/// A state's badge: class and word.
pub(super) fn badge(state: ImportState) -> (&'static str, &'static str) {
    let class = match state {
        ImportState::Draft | ImportState::Discarded => "badge-quiet",
        ImportState::Waiting | ImportState::Running => "badge-warn",
        ImportState::Done => "badge-good",
    };
    (class, state.word())
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&ImportsPage {
        frame: Frame::sample("import", "Import"),
        pays: true,
        manages: true,
        bad: vec![BadLine { number: 3, reason: "The email field is required.".to_owned() }],
        error: None,
        approve_above: "1000.00".to_owned(),
        imports: vec![("imp_1".to_owned(), import::invented(ImportState::Done))],
    })
}
