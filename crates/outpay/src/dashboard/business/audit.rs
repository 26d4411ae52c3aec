//! `/dashboard/audit`: who changed what. Newest first, by kind of actor and by action.

use crate::audit_log::Names;
use crate::audit_log::export::{self, ExportFormat};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::store::{AuditEntry, AuditFilter};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Actor, Micros, Mode};

const PAGE: i64 = 50;
/// Filter value, label, and the range of actors it admits.
pub(crate) const KINDS: [(&str, &str, (i64, i64)); 4] = [
    ("", "All", (i64::MIN, i64::MAX)),
    ("members", "Members", (i64::MIN, -1_001)),
    ("keys", "API keys", (1, i64::MAX)),
    ("operator", "Operator", (Actor::OPERATOR.0, Actor::OPERATOR.0)),
];

#[derive(askama::Template)]
#[template(path = "dashboard/business/audit.html")]
struct AuditPage {
    frame: Frame,
    by: String,
    action: String,
    actions: Vec<String>,
    entries: Vec<ShownAuditEntry>,
    /// Leads to the entries after these.
    older: Option<String>,
}

struct ShownAuditEntry {
    at: Micros,
    who: String,
    action: String,
    subject: String,
    place: &'static str,
    detail: String,
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (by, action) = (query.get("by"), query.get("action"));
    let kind = KINDS.iter().find(|kind| kind.0 == by).unwrap_or(&KINDS[0]);
    let filter = AuditFilter {
        business: who.business.number,
        actors: kind.2,
        action: action.to_owned(),
        before: query.get("before").parse().unwrap_or(i64::MAX),
        limit: PAGE + 1,
    };
    let store = &who.platform.store;
    let mut entries = store.audit_log(&filter).await?;
    let more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let older = entries.last().filter(|_| more).map(|last| {
        let before = last.number.to_string();
        query::path("/dashboard/audit", &[("by", by), ("action", action), ("before", before.as_str())])
    });
    let names = Names::load(&who.platform, who.business.number).await?;
    let shown = AuditPage {
        frame: Frame::new(&who, "audit", "Audit log"),
        actions: store.audit_actions(who.business.number).await?,
        entries: entries.into_iter().map(|entry| shown(&names, entry)).collect(),
        older,
        by: by.to_owned(),
        action: action.to_owned(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// All entries of the business as a file: `csv`, or JSON lines. With the digests of the chain, so that it can be verified.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (format, name, kind) = match query.get("format") {
        "csv" => (ExportFormat::Csv, "audit-log.csv", "text/csv; charset=utf-8"),
        _ => (ExportFormat::JsonLines, "audit-log.jsonl", "application/jsonl; charset=utf-8"),
    };
    let text = export::text(&who.platform, who.business.number, format).await?;
    Ok(download::file(name, kind, &text))
}

fn shown(names: &Names, entry: AuditEntry) -> ShownAuditEntry {
    let place = match entry.book.map(ledger::BookId::mode) {
        None => "business",
        Some(Mode::Live) => "live",
        Some(Mode::Test) => "test",
    };
    ShownAuditEntry {
        at: entry.at,
        who: names.of(entry.actor),
        action: entry.action,
        subject: entry.subject,
        place,
        detail: if entry.detail == "{}" { String::new() } else { entry.detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_audit() {
        let entry = |who: &str, action: &str, subject: &str, place, detail: &str| ShownAuditEntry {
            at: 1_800_000_000_000_000,
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            place,
            detail: detail.to_owned(),
        };
        snapshot(
            "audit",
            &AuditPage {
                frame: Frame::sample("audit", "Audit log"),
                by: "members".to_owned(),
                action: String::new(),
                actions: vec!["member.invited".to_owned(), "settings.expiry_changed".to_owned()],
                entries: vec![
                    entry(
                        "Ada (ada@example.com)",
                        "member.invited",
                        "bob@example.com",
                        "business",
                        r#"{"role":"viewer"}"#,
                    ),
                    entry("Operator", "settings.payouts_enabled", "", "business", ""),
                ],
                older: Some("/dashboard/audit?before=7".to_owned()),
            },
        );
    }
}
