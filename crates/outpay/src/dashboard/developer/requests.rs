//! `/dashboard/requests`: the log of recent API requests of this mode, by a part of id, path, body or answer, by key, status and day, and as a
//! CSV. Not here: one request (request.rs).

use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::{self, ListBar, ListKind, ListQuery};
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::requests::{DAYS, MOST_LINES};
use crate::store::{ApiKey, ListPage, ListPlace, RequestFilter, RequestLine, RequestPlace};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use std::collections::HashMap;

/// Found by what stands in the log itself, which is short.
const LIST: ListKind = ListKind {
    path: "/dashboard/requests",
    search: None,
    id: None,
    has_amounts: false,
    own: &["path", "status", "key"],
    rare: &["path"],
    nouns: ("request", "requests"),
};
const PAGE: i64 = 50;
/// Rows that an export reads at once: they have bodies.
const EXPORT_PAGE: i64 = 200;
/// Filter value, label, and the range of statuses it admits.
pub(crate) const STATUSES: [(&str, &str, (i64, i64)); 5] = [
    ("", "All", (0, 999)),
    ("ok", "Succeeded (2xx)", (200, 299)),
    ("errors", "Errors (4xx, 5xx)", (400, 999)),
    ("4xx", "Refused (4xx)", (400, 499)),
    ("5xx", "Failed (5xx)", (500, 999)),
];

#[derive(askama::Template)]
#[template(path = "dashboard/developer/requests.html")]
struct RequestsPage {
    frame: Frame,
    list: ListBar,
    path: String,
    status: String,
    key: String,
    keys: Vec<(String, String)>,
    lines: Vec<ShownRequest>,
    /// Requests between those shown that were not kept.
    skipped: i64,
    retention: (i64, i64),
}

/// A line as pages show it.
pub struct ShownRequest {
    pub(crate) at: Micros,
    pub(crate) request_id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: i64,
    /// A class for the badge.
    pub(crate) badge: &'static str,
    pub(crate) milliseconds: String,
    pub(crate) by: String,
}

impl ShownRequest {
    pub(crate) fn new(names: &KeyNames, line: &RequestLine) -> Self {
        let badge = match line.status {
            ..400 => "badge-good",
            400..500 => "badge-warn",
            _ => "badge-bad",
        };
        Self {
            at: line.at,
            request_id: line.request_id.clone(),
            method: line.method.clone(),
            path: line.route.replace("{id}", &line.path_id),
            status: line.status,
            badge,
            milliseconds: format!("{}.{} ms", line.micros / 1000, line.micros / 100 % 10),
            by: names.of(line),
        }
    }
}

/// What keys are called.
pub(crate) struct KeyNames(HashMap<i64, String>);

impl KeyNames {
    pub(crate) fn new(keys: &[ApiKey]) -> Self {
        let name = |key: &ApiKey| match key.name.as_str() {
            "" => key.hint.clone(),
            name => format!("{name} ({})", key.hint),
        };
        Self(keys.iter().map(|key| (key.number, name(key))).collect())
    }

    fn of(&self, line: &RequestLine) -> String {
        let name = || self.0.get(&line.key).cloned().unwrap_or_else(|| "API key".to_owned());
        if line.key == 0 { "A recipient".to_owned() } else { name() }
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let platform = &who.platform;
    platform.requests.write().await?;
    let list = ListQuery::read(&query, LIST).or_q(query.get("id"));
    if !list.q.is_empty() && platform.store.request_line(who.book, &list.q).await?.is_some() {
        return Ok(page::see_other(&format!("/dashboard/requests/{}", list.q)));
    }
    let keys = platform.store.keys(who.book).await?;
    let (page, error) = match wanted(&who, &list) {
        Ok(filter) => {
            let place = place(list.places());
            (platform.store.list_requests(&filter, list.order(), &place, PAGE).await?, None)
        }
        Err(sentence) => (ListPage::default(), Some(sentence)),
    };
    let names = KeyNames::new(&keys);
    let name = |key: &ApiKey| {
        let id = platform.secrets.ids().seal(IdKind::ApiKey, who.book, key.number);
        (id, names.0.get(&key.number).cloned().unwrap_or_default())
    };
    let word = |(at, id): &RequestPlace| format!("{at}-{id}");
    let (previous, next) = (page.previous.as_ref().map(word), page.next.as_ref().map(word));
    let count = list::count(page.count, LIST.nouns);
    let own = |name: &str| list.own(name).to_owned();
    let shown = RequestsPage {
        frame: Frame::new(&who, "requests", "Request log"),
        keys: keys.iter().map(name).collect(),
        skipped: page.rows.iter().map(|line| line.skipped).sum(),
        lines: page.rows.iter().map(|line| ShownRequest::new(&names, line)).collect(),
        path: own("path"),
        status: own("status"),
        key: own("key"),
        list: list.around(count, previous, next, error, 0),
        retention: (DAYS, MOST_LINES),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// What was asked for, or what is wrong with the question.
fn wanted(who: &SignedIn, list: &ListQuery) -> Result<RequestFilter, String> {
    let typed = list.typed(who)?;
    let any = list.filter(&typed)?;
    let key = list.own("key");
    let number = who.platform.secrets.ids().open(IdKind::ApiKey, who.book, key);
    Ok(RequestFilter {
        // A key that is none of this book's has no requests here.
        key: if key.is_empty() { None } else { Some(number.unwrap_or(i64::MAX)) },
        path: list.own("path").to_owned(),
        text: any.text,
        statuses: STATUSES.iter().find(|one| one.0 == list.own("status")).unwrap_or(&STATUSES[0]).2,
        at: any.created,
        ..RequestFilter::of(who.book)
    })
}

/// The place in the list that a link names.
fn place((after, before): (&str, &str)) -> ListPlace<RequestPlace> {
    let read = |text: &str| {
        let (at, id) = text.split_once('-')?;
        Some((at.parse().ok()?, id.to_owned()))
    };
    match (read(after), read(before)) {
        (Some(place), _) => ListPlace::After(place),
        (None, Some(place)) => ListPlace::Before(place),
        (None, None) => ListPlace::Start,
    }
}

const COLUMNS: [&str; 7] = ["at", "id", "method", "path", "status", "milliseconds", "by"];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    who.platform.requests.write().await?;
    let list = ListQuery::read(&query, LIST).or_q(query.get("id"));
    let filter = wanted(&who, &list).map_err(Declined::sentence)?;
    let names = KeyNames::new(&who.platform.store.keys(who.book).await?);
    let asked = (who.platform.store.clone(), list.order(), filter, names);
    Ok(download::csv_stream(
        "requests.csv",
        &COLUMNS,
        asked,
        move |of, after: Option<RequestPlace>| async move {
            let (store, order, filter, names) = &*of;
            let place = after.map_or(ListPlace::Start, ListPlace::After);
            let page = store.list_requests(filter, *order, &place, EXPORT_PAGE).await?;
            let cells = |line: &RequestLine| {
                let shown = ShownRequest::new(names, line);
                let took = format!("{}.{:03}", line.micros / 1000, line.micros % 1000);
                let status = shown.status.to_string();
                vec![rfc3339(shown.at), shown.request_id, shown.method, shown.path, status, took, shown.by]
            };
            Ok((page.rows.iter().map(cells).collect(), page.next))
        },
    ))
}

/// An invented line, for snapshots.
#[cfg(test)]
pub(crate) fn sample_line(status: i64) -> RequestLine {
    let text = str::to_owned;
    RequestLine {
        book: ledger::BookId(2),
        at: 1_800_000_000_000_000,
        request_id: text("req_00000000000000010000000001"),
        key: 1,
        payout_user: 0,
        method: text("POST"),
        route: text("/payout/create"),
        path_id: String::new(),
        status,
        micros: 1_234,
        skipped: 3,
        request: text(r#"{"amount":10000,"email":"user@example.com"}"#),
        response: text(r#"{"hash":"[redacted]"}"#),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::door::list::sample_bar;
    use crate::dashboard::snapshot;

    #[test]
    fn page_requests() {
        let names = KeyNames(HashMap::from([(1, "Payroll (sk_live_…abcd)".to_owned())]));
        let lines: Vec<RequestLine> = [201, 400, 500].map(sample_line).into();
        snapshot(
            "requests",
            &RequestsPage {
                frame: Frame::sample("requests", "Request log"),
                list: sample_bar("/dashboard/requests", "", "3 requests"),
                path: "/payout".to_owned(),
                status: "errors".to_owned(),
                key: "key_1".to_owned(),
                keys: vec![("key_1".to_owned(), "Payroll (sk_live_…abcd)".to_owned())],
                skipped: lines.iter().map(|line| line.skipped).sum(),
                lines: lines.iter().map(|line| ShownRequest::new(&names, line)).collect(),
                retention: (DAYS, MOST_LINES),
            },
        );
    }
}
