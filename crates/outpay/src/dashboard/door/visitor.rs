//! The extractors of the pages that lead to a complete session: [`Visitor`] and [`Halfway`]. Each step of the sign-in gives
//! the browser a new session cookie (see members/session.rs).

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::FormSender;
use crate::dashboard::door::signed_in::{SESSION, SIGN_IN, base, way_on};
use crate::members::sign_in::{SignInStep, SignInWait};
use crate::members::{Session, SessionClient, second_factor, session};
use crate::platform::Platform;
use crate::store::Failure;
use crate::web::{client, cookie, csrf, page};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;

/// Identifies a browser with an earlier sign-in; see members/lock_out.rs.
const DEVICE: &str = "outpay_device";
const YEAR_SECONDS: i64 = 365 * 86_400;

/// A browser with or without a session. Its forms carry no token, because there is no session to bind one to.
pub struct Visitor {
    pub platform: Platform,
    pub client: SessionClient,
    /// An open session, complete or not.
    pub session: Option<Session>,
    /// The base URL of this server.
    pub(crate) base: String,
    headers: HeaderMap,
}

/// A session whose password was right and whose second factor is missing.
pub struct Halfway {
    pub platform: Platform,
    pub client: SessionClient,
    pub session: Session,
    pub csrf: String,
    headers: HeaderMap,
}

impl FromRequestParts<Platform> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Response> {
        let session = open_session(parts, platform).await;
        Ok(Self {
            platform: platform.clone(),
            client: client_of(parts),
            session: session.map_err(|failure| Declined::Failure(failure).into_response())?,
            base: base(platform, &parts.headers),
            headers: parts.headers.clone(),
        })
    }
}

impl FormSender for Visitor {
    fn has_sent(&self, headers: &HeaderMap, _: &str) -> bool {
        csrf::same_origin(headers)
    }

    fn member(&self) -> Option<i64> {
        self.session.as_ref().map(|session| session.member().number)
    }
}

impl FromRequestParts<Platform> for Halfway {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Response> {
        let Visitor { platform, client, session, headers, .. } =
            Visitor::from_request_parts(parts, platform).await?;
        let Some(session) = session else { return Err(page::see_other(SIGN_IN)) };
        match way_on(&session) {
            None => Err(page::see_other("/dashboard")),
            Some(path) if path != parts.uri.path() => Err(page::see_other(path)),
            Some(_) => {
                let csrf = csrf::token(&platform.secrets, session.token());
                Ok(Self { platform, client, session, csrf, headers })
            }
        }
    }
}

impl FormSender for Halfway {
    fn has_sent(&self, headers: &HeaderMap, token: &str) -> bool {
        csrf::check(&self.platform.secrets, self.session.token(), headers, token)
    }

    fn member(&self) -> Option<i64> {
        Some(self.session.member().number)
    }
}

impl Visitor {
    /// The device cookie of an earlier sign-in from this browser.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        cookie::read(&self.headers, DEVICE)
    }
}

impl Halfway {
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        cookie::read(&self.headers, DEVICE)
    }

    /// Sets the cookie of the complete session, and a device cookie where there is none yet.
    pub fn complete(&self, response: &mut Response, step: &SignInStep) {
        give(response, step);
        let email = self.session.member().email;
        if second_factor::known_device(&self.platform.secrets, &email, self.device()).is_none() {
            let name = second_factor::new_device(&self.platform, &email);
            cookie::set(response, DEVICE, &name, Some(YEAR_SECONDS));
        }
    }
}

/// Sets the session cookie after a step of the sign-in.
pub fn give(response: &mut Response, step: &SignInStep) {
    cookie::set(response, SESSION, step.token.expose_secret(), None);
}

/// The page after a step of the sign-in.
#[must_use]
pub fn next(step: &SignInStep) -> &'static str {
    match (step.complete, step.has_second_factor) {
        (true, _) => "/dashboard",
        (false, true) => "/dashboard/second-factor",
        (false, false) => "/dashboard/enrolment",
    }
}

/// Status and sentence of a try that is not judged now.
#[must_use]
pub fn wait(wait: SignInWait) -> (StatusCode, String) {
    let time = match wait {
        SignInWait::Tries(time) => time,
        SignInWait::Busy => {
            let sentence = "The server is busy. Try again in a few seconds.";
            return (StatusCode::SERVICE_UNAVAILABLE, sentence.to_owned());
        }
    };
    let minutes = (time + 59_999_999) / 60_000_000;
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    (StatusCode::TOO_MANY_REQUESTS, format!("Too many attempts. Wait {minutes} {unit}, then try again."))
}

async fn open_session(parts: &Parts, platform: &Platform) -> Result<Option<Session>, Failure> {
    match cookie::read(&parts.headers, SESSION) {
        Some(token) => session::find(platform, token).await,
        None => Ok(None),
    }
}

/// User agent and network address of a request.
pub(crate) fn client_of(parts: &Parts) -> SessionClient {
    let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    SessionClient { agent: agent.to_owned(), address: client::address(&parts.extensions) }
}

/// The device cookie of an earlier sign-in from this browser.
pub(crate) fn device_of(headers: &HeaderMap) -> Option<String> {
    cookie::read(headers, DEVICE).map(str::to_owned)
}
