//! The visitor of a page: the language of every request, and the person of a session. A handler takes [`ClaimVisitor`], where no
//! session is needed, or [`Person`]. Not here: what makes a request a person's (signed_in.rs).

use super::frame::{Frame, SenderBrand};
use super::session::ClaimSession;
use crate::auth::Caller;
use crate::business::branding;
use crate::business::branding::{Branding, LogoName};
use crate::language::Language;
use crate::platform::Platform;
use crate::store::{Failure, UserRow};
use crate::web::chosen_language::{COOKIE, chosen_language};
use crate::web::{cookie, csrf, page};
use axum::extract::{FromRequestParts, Path, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::request::Parts;
use ledger::Mode;
use std::convert::Infallible;
use std::sync::Arc;

const YEAR: i64 = 365 * 24 * 3600;

/// Middleware around every page: chooses the language, and remembers one that a link chose.
pub(super) async fn in_language(mut request: Request, next: Next) -> Response {
    let (language, chosen) = chosen_language(request.headers(), request.uri());
    request.extensions_mut().insert(language);
    let mut response = next.run(request).await;
    if chosen {
        cookie::set(&mut response, COOKIE, language.tag(), Some(YEAR));
    }
    response
}

/// A request that needs no session.
pub(super) struct ClaimVisitor {
    pub(super) language: Language,
    pub(super) headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for ClaimVisitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let language = parts.extensions.get().copied().unwrap_or(Language::English);
        Ok(Self { language, headers: parts.headers.clone() })
    }
}

/// The recipient of the session.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) platform: Platform,
    pub(super) caller: Caller,
    pub(super) row: Arc<UserRow>,
    pub(super) sender: Arc<Branding>,
    pub(super) logo: Option<LogoName>,
    pub(super) language: Language,
    pub(super) csrf: Arc<str>,
    pub(super) session: Arc<str>,
}

impl Person {
    /// The person whose session this is; `None` once its hash does not authenticate.
    pub(super) async fn of(
        platform: &Platform,
        session: &ClaimSession,
        language: Language,
    ) -> Result<Option<Self>, Failure> {
        let Some(caller) = session.caller(platform).await? else { return Ok(None) };
        let Some(row) = platform.store.user(caller.book, caller.subject).await? else { return Ok(None) };
        let business = caller.book.business();
        let (sender, logo) =
            (branding::of(platform, business).await?, branding::logo_of(platform, business).await?);
        Ok(Some(Self {
            platform: platform.clone(),
            caller,
            row: Arc::new(row),
            sender: Arc::new(sender),
            logo,
            language,
            csrf: csrf::token(&platform.secrets, &session.id).into(),
            session: session.id.as_str().into(),
        }))
    }

    /// The frame of one of the person's pages.
    pub(super) fn frame(&self, title: impl Into<String>, here: impl Into<String>) -> Frame {
        Frame {
            t: self.language,
            title: title.into(),
            sender: Some(SenderBrand::new(&self.sender, self.logo.as_ref())),
            test_mode: self.is_test(),
            csrf: Some(self.csrf.to_string()),
            here: here.into(),
        }
    }

    pub(super) fn is_test(&self) -> bool {
        self.caller.book.mode() == Mode::Test
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let person = parts.extensions.get::<Self>().cloned();
        person.ok_or_else(|| page::see_other("/p?ended"))
    }
}

/// The `{…}` of a path; empty where it is not UTF-8, so that it is answered like any other unknown name.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(name.map(|Path(name)| name).unwrap_or_default()))
    }
}
