//! `POST /p/session`: exchanges the hash for a session. The script sends it in `X-Payout-Hash` and gets 204, the form sends
//! it as a field and goes on to the overview. A wrong one costs what it costs at the API, and is told nothing but that.

use super::session::Session;
use super::stop::Stop;
use super::visit::Visitor;
use super::{door, enter};
use crate::auth::For;
use crate::platform::Platform;
use crate::web::{Form, csrf, page};
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

const HASH: &str = "x-payout-hash";

/// Public.
pub(super) async fn handle(State(platform): State<Platform>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(visitor) = Visitor::from_request_parts(&mut parts, &()).await;
    let t = visitor.language;
    // Nobody is to be signed in by another site either.
    if !csrf::same_origin(&parts.headers) {
        return enter::wrong(t);
    }
    let header = parts.headers.get(HASH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let by_script = header.is_some();
    let sent = match header {
        Some(hash) => hash,
        None => match Form::read(&parts, body).await {
            Ok(form) => form.get("hash").to_owned(),
            Err(bad) => return bad.into_response(),
        },
    };
    // People paste the whole link.
    let hash = sent.rsplit('#').next().unwrap_or_default().trim();
    let sent = Some(hash.as_bytes()).filter(|hash| !hash.is_empty());
    match platform.auth.authenticate(sent, For::Recipient).await {
        Ok(Some(caller)) => {
            let session = Session::begin(&platform, platform.secrets.credential_digest(hash.as_bytes()));
            let mut response = page::see_other("/p/home");
            if by_script {
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            session.keep(&platform, &mut response);
            door::leave_other(&platform, &parts.headers, caller.book.business(), &mut response);
            response
        }
        Ok(None) => enter::wrong(t),
        Err(failure) => Stop::failure(t, failure).into_response(),
    }
}
