//! `/dashboard/account`: the member's own sessions, password, recovery codes, and the businesses there are to look at.

use super::frame::Frame;
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::businesses;
use crate::ids::IdKind;
use crate::members::{self, session};
use crate::store::SessionRow;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

#[derive(askama::Template)]
#[template(path = "dashboard/account.html")]
struct AccountPage {
    frame: Frame,
    email: String,
    sessions: Vec<OpenSession>,
    recovery_codes_left: i64,
    businesses: Vec<OtherBusiness>,
    error: Option<String>,
}

struct OpenSession {
    id: String,
    agent: String,
    address: String,
    created_at: Micros,
    seen_at: Micros,
    is_this: bool,
}

struct OtherBusiness {
    id: String,
    name: String,
    role: &'static str,
    is_this: bool,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    show(StatusCode::OK, &who, None).await
}

pub(super) async fn show(
    status: StatusCode,
    who: &SignedIn,
    error: Option<String>,
) -> Result<Response, Stop> {
    let (platform, member) = (&who.platform, who.member.number);
    let sessions = session::of_member(platform, member).await?;
    let open = |row: SessionRow| OpenSession {
        id: members::id(platform, IdKind::Session, row.number),
        is_this: row.number == who.session.number(),
        agent: row.agent,
        address: row.address,
        created_at: row.created_at,
        seen_at: row.seen_at,
    };
    let mut businesses = Vec::new();
    for membership in platform.store.memberships(member).await? {
        let Some(business) = platform.store.business(membership.business).await? else { continue };
        businesses.push(OtherBusiness {
            id: businesses::id(platform, business.number),
            name: business.name,
            role: membership.role.word(),
            is_this: membership.business == who.business.number,
        });
    }
    let shown = AccountPage {
        frame: Frame::new(who, "account", "Your account"),
        email: who.member.email.clone(),
        sessions: sessions.into_iter().map(open).collect(),
        recovery_codes_left: platform.store.recovery_codes_left(member).await?,
        businesses,
        error,
    };
    Ok(page::html(status, &shown))
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let open = |id: &str, is_this| OpenSession {
        id: id.to_owned(),
        agent: "Mozilla/5.0 (X11; Linux x86_64)".to_owned(),
        address: "192.0.2.7".to_owned(),
        created_at: 1_800_000_000_000_000,
        seen_at: 1_800_000_600_000_000,
        is_this,
    };
    let business = |id: &str, name: &str, is_this| OtherBusiness {
        id: id.to_owned(),
        name: name.to_owned(),
        role: "owner",
        is_this,
    };
    super::sample(&AccountPage {
        frame: Frame::sample("account", "Your account"),
        email: "ada@example.com".to_owned(),
        sessions: vec![open("ses_1", true), open("ses_2", false)],
        recovery_codes_left: 9,
        businesses: vec![business("biz_1", "Acme, Inc.", true), business("biz_2", "Other, Inc.", false)],
        error: None,
    })
}
