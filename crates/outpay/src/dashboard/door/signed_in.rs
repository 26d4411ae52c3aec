//! The signed-in member: the one extractor of every page and action. Without a complete session it redirects to the
//! sign-in; a role that the route does not admit (access.rs) gets 403. So no page can forget to ask. Not here: what a
//! session is (members/session.rs).

use crate::audit_log;
use crate::dashboard::door::access::Access;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::FormSender;
use crate::dashboard::door::{notice, visitor};
use crate::kill_switch;
use crate::members::session::{self, Session};
use crate::members::{Member, SessionClient};
use crate::platform::Platform;
use crate::roles::{Permission, Role};
use crate::store::{Business, Failure, NewAuditEntry, StoredPause};
use crate::web::{cookie, csrf, page};
use anyhow::Context;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::request::Parts;
use ledger::{Actor, BookId, Mode, Origin, SessionStamp};
use serde_json::Value;

/// The name of the session cookie, without its prefix.
pub(crate) const SESSION: &str = "outpay_session";

/// A member who is signed in.
pub struct SignedIn {
    pub platform: Platform,
    pub member: Member,
    /// The member's role in this business.
    pub role: Role,
    /// The business that the session looks at.
    pub business: Business,
    pub mode: Mode,
    /// The book of the business in this mode.
    pub book: BookId,
    pub csrf: String,
    /// The pauses that concern this book, oldest first.
    pub(crate) pauses: Vec<StoredPause>,
    /// The flash message of the last action.
    pub(crate) notice: Option<String>,
    pub(crate) session: Session,
    pub(crate) client: SessionClient,
    /// The device cookie of an earlier sign-in from this browser.
    pub(crate) device: Option<String>,
    /// The base URL of this server, for links.
    pub(crate) base: String,
    /// The path and query of this page; empty for an action.
    pub(crate) here: String,
}

impl FromRequestParts<Platform> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Response> {
        find(parts, platform).await.map_err(IntoResponse::into_response)?.map_err(page::see_other)
    }
}

/// The member, or the path of the page where the sign-in continues.
async fn find(parts: &Parts, platform: &Platform) -> Result<Result<SignedIn, &'static str>, Declined> {
    let Some(token) = cookie::read(&parts.headers, SESSION) else { return Ok(Err(SIGN_IN)) };
    let Some(session) = session::find(platform, token).await? else { return Ok(Err(SIGN_IN)) };
    if let Some(path) = way_on(&session) {
        return Ok(Err(path));
    }
    let Some((business, role)) = session::place(platform, &session).await? else {
        return Err(Declined::Sentence(
            http::StatusCode::FORBIDDEN,
            "You do not belong to a business's team any more. An owner can invite you again.".to_owned(),
        ));
    };
    // Fails closed: a route outside the route table states no access.
    let access = parts.extensions.get::<Access>().context("the route states no access")?;
    if !access.admits(role) {
        return Err(Declined::Forbidden);
    }
    let mode = session.mode();
    let csrf = csrf::token(&platform.secrets, &place(&session, BookId::new(business.number, mode)));
    Ok(Ok(SignedIn {
        platform: platform.clone(),
        member: session.member(),
        role,
        book: BookId::new(business.number, mode),
        mode,
        csrf,
        pauses: kill_switch::of_book(platform, BookId::new(business.number, mode)).await?,
        business,
        notice: notice::pick_up(&platform.secrets, &parts.headers),
        client: visitor::client_of(parts),
        device: visitor::device_of(&parts.headers),
        base: base(platform, &parts.headers),
        here: here(parts),
        session,
    }))
}

pub(crate) const SIGN_IN: &str = "/dashboard/sign-in";

/// The base URL of this server: the configured one, else from the `Host` header. A browser cannot be made to send another host,
/// but a proxy can.
pub(crate) fn base(platform: &Platform, headers: &HeaderMap) -> String {
    if let Some(url) = &platform.public_url {
        return url.to_string();
    }
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let is_here = host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
    format!("{}://{host}", if is_here { "http" } else { "https" })
}

fn here(parts: &Parts) -> String {
    let path = parts.uri.path_and_query().filter(|_| parts.method == http::Method::GET);
    path.map(ToString::to_string).unwrap_or_default()
}

/// The next page of an incomplete sign-in.
pub(crate) fn way_on(session: &Session) -> Option<&'static str> {
    match (session.is_complete(), session.has_second_factor()) {
        (true, _) => None,
        (false, true) => Some("/dashboard/second-factor"),
        (false, false) => Some("/dashboard/enrolment"),
    }
}

/// What a CSRF token is bound to: the session and the book of its page. Otherwise a page of test mode would act on live money
/// after another tab has switched the mode.
fn place(session: &Session, book: BookId) -> String {
    format!("{} {}", session.token(), book.0)
}

impl FormSender for SignedIn {
    fn has_sent(&self, headers: &HeaderMap, token: &str) -> bool {
        csrf::check(&self.platform.secrets, &place(&self.session, self.book), headers, token)
    }

    fn member(&self) -> Option<i64> {
        Some(self.member.number)
    }
}

impl SignedIn {
    #[must_use]
    pub fn may(&self, what: Permission) -> bool {
        self.role.may(what)
    }

    /// The same as an answer, for routes whose permission depends on the form.
    pub fn require(&self, what: Permission) -> Result<(), Declined> {
        if self.may(what) { Ok(()) } else { Err(Declined::Forbidden) }
    }

    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::member(self.member.number)
    }

    /// The origin of a command. The ledger refuses it if the session has ended or the role has changed by then.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let session = SessionStamp { session: self.session.number(), role: self.role.code() };
        Origin { session: Some(session), ..self.actor().into() }
    }

    /// An entry of the audit log for a change in this book: action, subject, details. Never a secret.
    #[must_use]
    pub fn entry(&self, action: &'static str, subject: &str, detail: &Value) -> NewAuditEntry {
        audit_log::in_book(&self.platform, self.book, self.actor(), action, subject, detail)
    }

    /// Writes an entry of its own, for an action that changes no row.
    pub async fn note(&self, action: &'static str, subject: &str, detail: &Value) -> Result<(), Failure> {
        audit_log::write(&self.platform, self.entry(action, subject, detail)).await
    }
}
