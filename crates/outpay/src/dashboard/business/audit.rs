//! `/dashboard/audit`: who changed what, as sentences with what was before, by a part of the text, member, action and day; as a CSV of what
//! is shown, and as the whole log with the digests of its chain.

use crate::audit_log::Names;
use crate::audit_log::difference::{FieldDifference, differences};
use crate::audit_log::export::{self, ExportFormat};
use crate::audit_log::sentence;
use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::{ListBar, ListKind, ListQuery, TypedSearch};
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::store::{AuditEntry, AuditList, ListPage, SearchKind};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Actor, BookId, Micros, Mode};

const LIST: ListKind = ListKind {
    path: "/dashboard/audit",
    search: Some(SearchKind::AuditLog),
    id: None,
    has_amounts: false,
    own: &["by", "action"],
    rare: &[],
    nouns: ("entry", "entries"),
};
/// Filter value, label, and the range of actors it admits.
const KINDS: [(&str, &str, (i64, i64)); 5] = [
    ("", "Anyone", (i64::MIN, i64::MAX)),
    ("members", "Members", (i64::MIN, -1_001)),
    ("keys", "API keys", (1, i64::MAX)),
    ("operator", "Operator", (Actor::OPERATOR.0, Actor::OPERATOR.0)),
    ("outpay", "Outpay", (Actor::NONE.0, Actor::NONE.0)),
];

#[derive(askama::Template)]
#[template(path = "dashboard/business/audit.html")]
struct AuditPage {
    frame: Frame,
    by: String,
    /// Filter values and labels: kinds of actors, then the team.
    actors: Vec<(String, String)>,
    action: String,
    /// Actions and labels.
    actions: Vec<(String, String)>,
    list: ListBar,
    entries: Vec<ShownAuditEntry>,
}

struct ShownAuditEntry {
    at: Micros,
    who: String,
    what: String,
    /// Leads to what was changed.
    link: Option<String>,
    place: &'static str,
    differences: Vec<FieldDifference>,
    action: String,
    subject: String,
    detail: String,
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (store, business) = (&who.platform.store, who.business.number);
    let list = ListQuery::read(&query, LIST);
    let (mut page, mut behind, mut error) = (ListPage::default(), 0, None);
    match wanted(&who, &list) {
        Ok((wanted, typed)) => {
            behind = list.behind(&who, &typed).await?;
            page = store.list_audit_log(business, &wanted, &list.window(&who)).await?;
        }
        Err(sentence) => error = Some(sentence),
    }
    let names = Names::load(&who.platform, business).await?;
    let team = store.team(business).await?;
    let kinds = KINDS.iter().map(|kind| (kind.0.to_owned(), kind.1.to_owned()));
    let members =
        team.into_iter().map(|member| (who.platform.secrets.ids().member(member.number), member.name));
    let actions = store.audit_actions(business).await?;
    let found = std::mem::take(&mut page.rows);
    let shown = AuditPage {
        frame: Frame::new(&who, "audit", "Audit log"),
        by: list.own("by").to_owned(),
        actors: kinds.chain(members).collect(),
        action: list.own("action").to_owned(),
        actions: actions.into_iter().map(|action| (action.clone(), sentence::label(&action))).collect(),
        list: list.bar(&who, &page, error, behind),
        entries: found.into_iter().map(|entry| shown(&names, entry)).collect(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The list that was asked for, or what is wrong with the question.
fn wanted(who: &SignedIn, list: &ListQuery) -> Result<(AuditList, TypedSearch), String> {
    let typed = list.typed(who)?;
    let by = list.own("by");
    let member =
        who.platform.secrets.ids().open(IdKind::Member, BookId(0), by).map(|number| Actor::member(number).0);
    let kind = KINDS.iter().find(|kind| kind.0 == by).unwrap_or(&KINDS[0]).2;
    let actors = member.map_or(kind, |actor| (actor, actor));
    Ok((AuditList { any: list.filter(&typed)?, actors, action: list.own("action").to_owned() }, typed))
}

const COLUMNS: [&str; 7] = ["at", "who", "what", "place", "action", "subject", "detail"];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = ListQuery::read(&query, LIST);
    let (wanted, typed) = wanted(&who, &list).map_err(Declined::sentence)?;
    list.behind(&who, &typed).await?;
    let names = Names::load(&who.platform, who.business.number).await?;
    Ok(download::csv_stream(
        "audit-log-filtered.csv",
        &COLUMNS,
        (who, list, wanted, names),
        move |of, after| async move {
            let (who, list, wanted, names) = &*of;
            let (store, window) = (&who.platform.store, list.export_window(after));
            let page = store.list_audit_log(who.business.number, wanted, &window).await?;
            let cells = |entry: AuditEntry| {
                let shown = shown(names, entry);
                let place = shown.place.to_owned();
                vec![
                    rfc3339(shown.at),
                    shown.who,
                    shown.what,
                    place,
                    shown.action,
                    shown.subject,
                    shown.detail,
                ]
            };
            Ok((page.rows.into_iter().map(cells).collect(), page.next))
        },
    ))
}

/// All entries of the business as a file: `csv`, or JSON lines. With the digests of the chain, so that it can be verified.
pub async fn chain(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (format, name, kind) = match query.get("format") {
        "csv" => (ExportFormat::Csv, "audit-log.csv", "text/csv; charset=utf-8"),
        _ => (ExportFormat::JsonLines, "audit-log.jsonl", "application/jsonl; charset=utf-8"),
    };
    let text = export::text(&who.platform, who.business.number, format).await?;
    Ok(download::file(name, kind, &text))
}

fn shown(names: &Names, entry: AuditEntry) -> ShownAuditEntry {
    let place = match entry.book.map(BookId::mode) {
        None => "business",
        Some(Mode::Live) => "live",
        Some(Mode::Test) => "test",
    };
    let detail = serde_json::from_str(&entry.detail).unwrap_or_default();
    ShownAuditEntry {
        at: entry.at,
        who: names.of(entry.actor),
        what: sentence::what(&entry.action, &entry.subject, &entry.detail),
        link: link(&entry.subject),
        place,
        differences: differences(&entry.action, &detail),
        action: entry.action,
        subject: entry.subject,
        detail: if entry.detail == "{}" { String::new() } else { entry.detail },
    }
}

/// The page of what was changed, where it has one.
fn link(subject: &str) -> Option<String> {
    let (prefix, _) = subject.split_once('_')?;
    let folder = match prefix {
        "usr" => "users",
        "ord" => "withdrawals",
        "key" => "keys",
        "whe" => "webhooks",
        "whd" => "deliveries",
        "imp" => "import",
        "bat" => "batches",
        _ => return None,
    };
    Some(format!("/dashboard/{folder}/{subject}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::door::list::sample_bar;
    use crate::dashboard::snapshot;

    #[test]
    fn page_audit() {
        let entry = |actor: Actor, action: &str, subject: &str, detail: &str| {
            let names = Names::sample([(Actor::member(1), "Ada (ada@example.com)")]);
            let entry = AuditEntry {
                number: 7,
                book: None,
                at: 1_800_000_000_000_000,
                actor,
                action: action.to_owned(),
                subject: subject.to_owned(),
                detail: detail.to_owned(),
            };
            shown(&names, entry)
        };
        let (ada, key) = (Actor::member(1), "key_0d7f0f0e-0000-8000-8000-000000000001");
        let limits = r#"{"from":{"daily_cap":50000,"minimum":1},"to":{"daily_cap":100000,"minimum":1}}"#;
        let text = |(value, label): (&str, &str)| (value.to_owned(), label.to_owned());
        snapshot(
            "audit",
            &AuditPage {
                frame: Frame::sample("audit", "Audit log"),
                by: "members".to_owned(),
                actors: [("", "Anyone"), ("members", "Members"), ("mem_1", "Ada")].map(text).into(),
                action: String::new(),
                actions: [("key.revoked", "Key revoked")].map(text).into(),
                list: sample_bar("/dashboard/audit", "", "4 entries"),
                entries: vec![
                    entry(ada, "settings.method_changed", "bank", limits),
                    entry(ada, "member.invited", "bob@example.com", r#"{"role":"viewer"}"#),
                    entry(ada, "key.revoked", key, "{}"),
                    entry(Actor::OPERATOR, "settings.payouts_enabled", "", "{}"),
                ],
            },
        );
    }
}
