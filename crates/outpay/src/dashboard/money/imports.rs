//! `/dashboard/import`: the upload of a file of payments, and the list of uploaded files, by name, total, state and day, and as a CSV.

use crate::clock::rfc3339;
use crate::dashboard::business::settings::set_or_propose;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::{ListBar, ListKind, ListQuery, TypedSearch};
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::uploaded::Uploaded;
use crate::dashboard::door::{amount, notice};
use crate::dashboard::money::import::{self, badge};
use crate::dashboard::money::proposals::proposed;
use crate::ids::IdKind;
use crate::imports::bring;
use crate::imports::lines::BadLine;
use crate::proposals::DoneOrProposed;
use crate::roles::Permission;
use crate::sheet::{self, CURRENCY};
use crate::store::{Import, ImportList, ImportState, ListPage, SearchKind, SettingsChange};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

const LIST: ListKind = ListKind {
    path: "/dashboard/import",
    search: Some(SearchKind::Imports),
    id: Some(IdKind::Import),
    has_amounts: true,
    own: &["state"],
    rare: &[],
    nouns: ("file", "files"),
};

#[derive(askama::Template)]
#[template(path = "dashboard/money/imports.html")]
struct ImportsPage {
    frame: Frame,
    pays: bool,
    manages: bool,
    bad: Vec<BadLine>,
    error: Option<String>,
    approve_above: String,
    state: String,
    list: ListBar,
    /// With their ids.
    imports: Vec<(String, Import)>,
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    show_list(StatusCode::OK, &who, &query, Vec::new(), None).await
}

pub(crate) async fn show(
    status: StatusCode,
    who: &SignedIn,
    bad: Vec<BadLine>,
    error: Option<String>,
) -> Result<Response, Declined> {
    show_list(status, who, &Query::default(), bad, error).await
}

async fn show_list(
    status: StatusCode,
    who: &SignedIn,
    query: &Query,
    bad: Vec<BadLine>,
    error: Option<String>,
) -> Result<Response, Declined> {
    let store = &who.platform.store;
    let list = ListQuery::read(query, LIST);
    let (mut page, mut behind, mut wrong) = (ListPage::default(), 0, None);
    match wanted(who, &list) {
        Ok((wanted, typed)) => {
            behind = list.behind(who, &typed).await?;
            page = store.list_imports(who.book, &wanted, &list.window(who)).await?;
        }
        Err(sentence) => wrong = Some(sentence),
    }
    let found = std::mem::take(&mut page.rows);
    let shown = ImportsPage {
        frame: Frame::new(who, "import", "Import"),
        pays: who.may(Permission::PayPeople),
        manages: who.may(Permission::ManageSettings),
        bad,
        error,
        approve_above: store.import_approval_above(who.book).await?.map(amount::write).unwrap_or_default(),
        state: list.own("state").to_owned(),
        list: list.bar(who, &page, wrong, behind),
        imports: found.into_iter().map(|of| (import::id(who, of.number), of)).collect(),
    };
    Ok(page::html(status, &shown))
}

/// The list that was asked for, or what is wrong with the question.
fn wanted(who: &SignedIn, list: &ListQuery) -> Result<(ImportList, TypedSearch), String> {
    let typed = list.typed(who)?;
    let number = if let TypedSearch::Row(number) = typed { Some(number) } else { None };
    let state = ImportState::ALL.into_iter().find(|state| badge(*state).1 == list.own("state"));
    Ok((ImportList { any: list.filter(&typed)?, number, state }, typed))
}

const COLUMNS: [&str; 8] =
    ["id", "name", "state", "payments", "total", "currency", "created_at", "changed_at"];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = ListQuery::read(&query, LIST);
    let (wanted, typed) = wanted(&who, &list).map_err(Declined::sentence)?;
    list.behind(&who, &typed).await?;
    Ok(download::csv_stream("imports.csv", &COLUMNS, (who, list, wanted), move |of, after| async move {
        let (who, list, wanted) = &*of;
        let page = who.platform.store.list_imports(who.book, wanted, &list.export_window(after)).await?;
        let cells = |of: &Import| {
            let (id, state) = (import::id(who, of.number), badge(of.state).1.to_owned());
            let (total, currency) = (sheet::money(of.total), CURRENCY.to_owned());
            let (created, changed) = (rfc3339(of.created_at), rfc3339(of.changed_at));
            vec![id, of.name.clone(), state, of.lines.to_string(), total, currency, created, changed]
        };
        Ok((page.rows.iter().map(cells).collect(), page.next))
    }))
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
    use crate::dashboard::door::list::sample_bar;
    use crate::dashboard::snapshot;

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
                state: String::new(),
                list: sample_bar("/dashboard/import", "", "1 file"),
                imports: vec![("imp_1".to_owned(), import::invented(ImportState::Done))],
            },
        );
    }
}
