//! `GET /p`: the door. A script reads the hash from the address's fragment, which no server ever sees, and exchanges it for
//! a session; without script the form takes the hash or the whole link.

use super::frame::{Frame, Sender};
use super::session::COOKIE;
use super::visit::Visitor;
use crate::web::{Language, cookie, page};
use askama::Template;
use axum::response::Response;
use http::{StatusCode, Uri};

#[derive(Template)]
#[template(path = "claim/enter.html")]
struct EnterPage {
    frame: Frame,
    /// What there is to say first; nothing if empty.
    notice: String,
    is_wrong: bool,
    has_session: bool,
}

/// Public.
pub(super) async fn handle(visitor: Visitor, uri: Uri) -> Response {
    let t = visitor.language;
    let notice = notice(t, &uri);
    let has_session = notice.is_empty() && cookie::read(&visitor.headers, COOKIE).is_some();
    page::html(StatusCode::OK, &EnterPage::new(t, notice, false, has_session))
}

/// What there is to say to somebody who was sent here.
fn notice(t: Language, uri: &Uri) -> &'static str {
    match uri.query().unwrap_or_default().split('&').next().unwrap_or_default() {
        "ended" => t.say("enter.ended"),
        "left" => t.say("enter.left"),
        _ => "",
    }
}

/// The same page, after a hash that opens nothing: one sentence, whatever is wrong with it.
pub(super) fn wrong(t: Language) -> Response {
    page::html(StatusCode::UNAUTHORIZED, &EnterPage::new(t, "", true, false))
}

/// The same page at a business's own door.
pub(super) fn of(t: Language, uri: &Uri, sender: Sender, here: String) -> Response {
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

/// With fixed data.
pub(super) fn sample(t: Language, is_wrong: bool) -> String {
    EnterPage::new(t, "", is_wrong, false).render().unwrap_or_default()
}
