//! Who visits: the language of every request, and the person of a session. A handler takes [`Visitor`], [`Person`] or, for
//! a post, [`Posted`], which has checked the form's token and where it comes from.

use super::session::Session;
use super::stop::Stop;
use super::{door, framing};
use crate::auth::Caller;
use crate::branding::{self, Branding, LogoName};
use crate::platform::Platform;
use crate::store::{Failure, UserRow};
use crate::web::language::{COOKIE, Language};
use crate::web::{Form, cookie, csrf, page};
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use ledger::Mode;
use std::convert::Infallible;
use std::sync::Arc;

const YEAR: i64 = 365 * 24 * 3600;

/// Around every page: chooses its language, and remembers one that a link chose.
pub(super) async fn in_language(mut request: Request, next: Next) -> Response {
    let (language, chosen) = Language::of(request.headers(), request.uri());
    request.extensions_mut().insert(language);
    let mut response = next.run(request).await;
    if chosen {
        cookie::set(&mut response, COOKIE, language.tag(), Some(YEAR));
    }
    response
}

/// Around the pages that need a session: without one, back to the door.
pub(super) async fn signed_in(
    State(platform): State<Platform>,
    mut request: Request,
    next: Next,
) -> Response {
    let language = language_of(&request);
    let Some(session) = Session::sent(&platform, request.headers()) else {
        return door::way_out(&platform, request.headers(), "ended");
    };
    let person = match Person::of(&platform, &session, language).await {
        Ok(Some(person)) => person,
        Ok(None) => return door::way_out(&platform, request.headers(), "ended"),
        Err(failure) => return Stop::failure(language, failure).into_response(),
    };
    // A page that only follows a state by itself does not keep a session alive.
    let follows = request.uri().path().ends_with("/state");
    let sender = person.sender.clone();
    request.extensions_mut().insert(person);
    let mut response = next.run(request).await;
    framing::allow(&mut response, &sender.frame_origins);
    if !follows {
        session.keep(&platform, &mut response);
    }
    response
}

fn language_of(request: &Request) -> Language {
    request.extensions().get().copied().unwrap_or(Language::English)
}

/// Anybody.
pub(super) struct Visitor {
    pub(super) language: Language,
    pub(super) headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let language = parts.extensions.get().copied().unwrap_or(Language::English);
        Ok(Self { language, headers: parts.headers.clone() })
    }
}

/// The person whose session it is.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) platform: Platform,
    pub(super) caller: Caller,
    pub(super) row: Arc<UserRow>,
    pub(super) sender: Arc<Branding>,
    pub(super) logo: Option<LogoName>,
    pub(super) language: Language,
    pub(super) csrf: Arc<str>,
    session: Arc<str>,
}

impl Person {
    async fn of(platform: &Platform, session: &Session, language: Language) -> Result<Option<Self>, Failure> {
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

/// A post of the person, checked.
pub(super) struct Posted {
    pub(super) person: Person,
    pub(super) form: Form,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, state).await?;
        let form = Form::read(&parts, body).await.map_err(IntoResponse::into_response)?;
        let secrets = &person.platform.secrets;
        if csrf::check(secrets, &person.session, &parts.headers, form.get("csrf")) {
            return Ok(Self { person, form });
        }
        Err(Stop::expired(&person).into_response())
    }
}

/// The `{…}` of a path. One that is not even text names nothing, like any other that names nothing.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(name.map(|Path(name)| name).unwrap_or_default()))
    }
}

/// The status of a page that shows what is wrong with a form.
pub(super) const WRONG_FORM: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
