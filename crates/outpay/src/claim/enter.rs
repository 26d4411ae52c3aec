//! `GET /p`: the entrance. A script reads the hash from the URL fragment, which browsers do not send to servers, and exchanges it
//! for a session; without script the form takes the hash or the whole link. Also a business's own entrance, the beginning
//! of a session and its end.

use super::declined::Declined;
use super::frame::{Frame, SenderBrand};
use super::person::{ClaimVisitor, Named};
use super::session::{COOKIE, ClaimSession};
use super::{entrance, frame_policy};
use crate::attacks::AttackSign;
use crate::auth::For;
use crate::business;
use crate::business::branding;
use crate::language::Language;
use crate::platform::Platform;
use crate::store::Failure;
use crate::web::{Form, client, cookie, csrf, page};
use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};

#[derive(Template)]
#[template(path = "claim/enter.html")]
struct EnterPage {
    frame: Frame,
    /// Shown above the form unless empty.
    notice: String,
    is_wrong: bool,
    has_session: bool,
}

/// Public.
pub(super) async fn view(visitor: ClaimVisitor, uri: Uri) -> Response {
    let t = visitor.language;
    let notice = notice(t, &uri);
    let has_session = notice.is_empty() && cookie::read(&visitor.headers, COOKIE).is_some();
    page::html(StatusCode::OK, &EnterPage::new(t, notice, false, has_session))
}

/// The notice after a redirect to this page.
fn notice(t: Language, uri: &Uri) -> &'static str {
    match uri.query().unwrap_or_default().split('&').next().unwrap_or_default() {
        "ended" => t.say("enter.ended"),
        "left" => t.say("enter.left"),
        _ => "",
    }
}

/// The same page after a wrong hash: one sentence for every reason.
pub(super) fn wrong(t: Language) -> Response {
    page::html(StatusCode::UNAUTHORIZED, &EnterPage::new(t, "", true, false))
}

/// The same page as a business's own entrance.
pub(super) fn of(t: Language, uri: &Uri, sender: SenderBrand, here: String) -> Response {
    let mut enter = EnterPage::new(t, notice(t, uri), false, false);
    enter.frame.sender = Some(sender);
    enter.frame.here = here;
    page::html(StatusCode::OK, &enter)
}

impl EnterPage {
    fn new(t: Language, notice: &str, is_wrong: bool, has_session: bool) -> Self {
        let frame = Frame::outside(t, t.say("enter.title"));
        Self { frame, notice: notice.to_owned(), is_wrong, has_session }
    }
}

/// `GET /p/of/{business}`: a business's own entrance with its name, logo and colour, which its site may show in a frame. The
/// fragment works as at `/p`.
///
/// Public.
pub(super) async fn view_of_business(
    State(platform): State<Platform>,
    visitor: ClaimVisitor,
    Named(business): Named,
    uri: Uri,
) -> Response {
    match show_of_business(&platform, &visitor, &uri, business).await {
        Ok(Some(response)) => response,
        Ok(None) => page::not_found(),
        Err(failure) => Declined::failure(visitor.language, failure).into_response(),
    }
}

async fn show_of_business(
    platform: &Platform,
    visitor: &ClaimVisitor,
    uri: &Uri,
    business: String,
) -> Result<Option<Response>, Failure> {
    let Some(number) = business::number(platform, &business) else { return Ok(None) };
    if platform.store.business(number).await?.is_none() {
        return Ok(None);
    }
    let (branding, logo) =
        (branding::of(platform, number).await?, branding::logo_of(platform, number).await?);
    let sender = SenderBrand::new(&branding, logo.as_ref());
    let mut response = of(visitor.language, uri, sender, entrance::path(&business));
    frame_policy::allow(&mut response, &branding.frame_origins);
    entrance::remember(&mut response, &business);
    Ok(Some(response))
}

const HASH: &str = "x-payout-hash";

/// `POST /p/session`: exchanges the hash for a session. The script sends it in `X-Payout-Hash` and gets 204, the form sends
/// it as a field and goes on to the overview. A wrong one costs what it costs at the API, and is told nothing but that.
///
/// Public.
pub(super) async fn begin_session(State(platform): State<Platform>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(visitor) = ClaimVisitor::from_request_parts(&mut parts, &()).await;
    let t = visitor.language;
    // Another site must not sign a person in either (login CSRF).
    let address = client::address(&parts.extensions);
    if !csrf::same_origin(&parts.headers) {
        platform.attacks.tell(AttackSign::ForgedForm, &address, None);
        return wrong(t);
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
    // The whole link may have been pasted.
    let hash = sent.rsplit('#').next().unwrap_or_default().trim();
    let sent = Some(hash.as_bytes()).filter(|hash| !hash.is_empty());
    match platform.auth.authenticate(sent, For::Recipient).await {
        Ok(Some(caller)) => {
            let session = ClaimSession::begin(&platform, platform.secrets.credential_digest(hash.as_bytes()));
            let mut response = page::see_other("/p/home");
            if by_script {
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            session.keep(&platform, &mut response);
            entrance::leave_other(&platform, &parts.headers, caller.book.business(), &mut response);
            response
        }
        Ok(None) => {
            platform.attacks.tell(AttackSign::RefusedCredential, &address, None);
            wrong(t)
        }
        Err(failure) => Declined::failure(t, failure).into_response(),
    }
}

/// `POST /p/sign-out`: takes the session's cookie away. A session that has ended already is no reason to refuse.
///
/// Public; with a session, only with its token.
pub(super) async fn sign_out(State(platform): State<Platform>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = match Form::read(&parts, body).await {
        Ok(form) => form,
        Err(bad) => return bad.into_response(),
    };
    if let Some(session) = ClaimSession::sent(&platform, &parts.headers)
        && !csrf::check(&platform.secrets, &session.id, &parts.headers, form.get("csrf"))
    {
        platform.attacks.tell(AttackSign::ForgedForm, &client::address(&parts.extensions), None);
        return page::see_other("/p/home");
    }
    let mut response = entrance::way_out(&platform, &parts.headers, "left");
    cookie::clear(&mut response, COOKIE);
    page::forget(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::*;

    #[test]
    fn pages() {
        check("enter", &EnterPage::new(Language::English, "", false, false));
        check("enter-wrong", &EnterPage::new(Language::German, "", true, false));
    }
}
