//! `/dashboard/import`: the upload of a file of payments, and the list of uploaded files.

use crate::dashboard::business::settings::set_or_propose;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::uploaded::Uploaded;
use crate::dashboard::door::{amount, notice};
use crate::dashboard::money::import::{self, badge};
use crate::dashboard::money::proposals::proposed;
use crate::imports::bring;
use crate::imports::lines::BadLine;
use crate::proposals::DoneOrProposed;
use crate::roles::Permission;
use crate::store::{Import, SettingsChange};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

const SHOWN: i64 = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/money/imports.html")]
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
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, Vec::new(), None).await
}

pub(crate) async fn show(
    status: StatusCode,
    who: &SignedIn,
    bad: Vec<BadLine>,
    error: Option<String>,
) -> Result<Response, Declined> {
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

/// Uploads a file of payments: checks every line and stores it as a draft. Pays nothing.
pub async fn upload(uploaded: Uploaded) -> Result<Response, Declined> {
    let who = &uploaded.who;
    match bring(&who.platform, who.book, (&uploaded.name, uploaded.bytes().to_vec()), who.actor()).await? {
        Ok(number) => Ok(page::see_other(&format!("/dashboard/import/{}", import::id(who, number)))),
        Err(bad) => show(StatusCode::UNPROCESSABLE_ENTITY, who, bad, None).await,
    }
}

/// Sets the total above which an import needs another member's approval.
pub async fn set_approval_rule(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let above = match amount::read("Amount", form.get("above")) {
        Ok(above) => above,
        Err(sentence) => {
            return show(StatusCode::UNPROCESSABLE_ENTITY, &who, Vec::new(), Some(sentence)).await;
        }
    };
    let set = SettingsChange { import_above: Some(above), ..SettingsChange::default() };
    if let DoneOrProposed::Proposed(_) = set_or_propose(&who, set).await? {
        return Ok(proposed());
    }
    let mut response = page::see_other("/dashboard/import");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;
    use crate::store::ImportState;

    #[test]
    fn page_imports() {
        snapshot(
            "imports",
            &ImportsPage {
                frame: Frame::sample("import", "Import"),
                pays: true,
                manages: true,
                bad: vec![BadLine { number: 3, reason: "The email field is required.".to_owned() }],
                error: None,
                approve_above: "1000.00".to_owned(),
                imports: vec![("imp_1".to_owned(), import::invented(ImportState::Done))],
            },
        );
    }
}
