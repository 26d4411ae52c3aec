//! `POST /p/sign-out`: takes the session's cookie away. A session that has ended already is no reason to refuse.

use super::door;
use super::session::{COOKIE, Session};
use crate::platform::Platform;
use crate::web::{Form, cookie, csrf, page};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

/// Public; with a session, only with its token.
pub(super) async fn handle(State(platform): State<Platform>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = match Form::read(&parts, body).await {
        Ok(form) => form,
        Err(bad) => return bad.into_response(),
    };
    if let Some(session) = Session::sent(&platform, &parts.headers)
        && !csrf::check(&platform.secrets, &session.id, &parts.headers, form.get("csrf"))
    {
        return page::see_other("/p/home");
    }
    let mut response = door::way_out(&platform, &parts.headers, "left");
    cookie::clear(&mut response, COOKIE);
    response
}
