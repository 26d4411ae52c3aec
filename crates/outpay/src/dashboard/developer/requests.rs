//! `/dashboard/requests`: the log of recent API requests of this mode, newest first, by key, path, status, or one by its id.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::requests::{DAYS, MOST_LINES};
use crate::store::{ApiKey, RequestFilter, RequestLine};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use std::collections::HashMap;

const PAGE: i64 = 50;
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
    id: String,
    path: String,
    status: String,
    key: String,
    keys: Vec<(String, String)>,
    lines: Vec<ShownRequest>,
    /// Requests between those shown that were not kept.
    skipped: i64,
    older: Option<String>,
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
    let (id, path, status, key) = (query.get("id"), query.get("path"), query.get("status"), query.get("key"));
    if !id.is_empty() && platform.store.request_line(who.book, id).await?.is_some() {
        return Ok(page::see_other(&format!("/dashboard/requests/{id}")));
    }
    let keys = platform.store.keys(who.book).await?;
    let number = platform.secrets.ids().open(IdKind::ApiKey, who.book, key);
    let statuses = STATUSES.iter().find(|one| one.0 == status).unwrap_or(&STATUSES[0]).2;
    let filter = RequestFilter {
        book: who.book,
        // A key that is none of this book's has no requests here.
        key: if key.is_empty() { None } else { Some(number.unwrap_or(i64::MAX)) },
        path: path.to_owned(),
        statuses,
        before: before(query.get("before")),
        limit: PAGE + 1,
    };
    let mut found = if id.is_empty() { platform.store.request_lines(&filter).await? } else { Vec::new() };
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let older = found.last().filter(|_| more).map(|last| {
        let before = format!("{}-{}", last.at, last.request_id);
        let fields = [("path", path), ("status", status), ("key", key), ("before", before.as_str())];
        query::path("/dashboard/requests", &fields)
    });
    let names = KeyNames::new(&keys);
    let name = |key: &ApiKey| {
        let id = platform.secrets.ids().seal(IdKind::ApiKey, who.book, key.number);
        (id, names.0.get(&key.number).cloned().unwrap_or_default())
    };
    let shown = RequestsPage {
        frame: Frame::new(&who, "requests", "Request log"),
        keys: keys.iter().map(name).collect(),
        skipped: found.iter().map(|line| line.skipped).sum(),
        lines: found.iter().map(|line| ShownRequest::new(&names, line)).collect(),
        older,
        id: id.to_owned(),
        path: path.to_owned(),
        status: status.to_owned(),
        key: key.to_owned(),
        retention: (DAYS, MOST_LINES),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The place in the list that a link names.
fn before(text: &str) -> Option<(Micros, String)> {
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id.to_owned()))
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
    use crate::dashboard::snapshot;

    #[test]
    fn page_requests() {
        let names = KeyNames(HashMap::from([(1, "Payroll (sk_live_…abcd)".to_owned())]));
        let lines: Vec<RequestLine> = [201, 400, 500].map(sample_line).into();
        snapshot(
            "requests",
            &RequestsPage {
                frame: Frame::sample("requests", "Request log"),
                id: String::new(),
                path: "/payout".to_owned(),
                status: "errors".to_owned(),
                key: "key_1".to_owned(),
                keys: vec![("key_1".to_owned(), "Payroll (sk_live_…abcd)".to_owned())],
                skipped: lines.iter().map(|line| line.skipped).sum(),
                lines: lines.iter().map(|line| ShownRequest::new(&names, line)).collect(),
                older: Some("/dashboard/requests?before=1".to_owned()),
                retention: (DAYS, MOST_LINES),
            },
        );
    }
}
