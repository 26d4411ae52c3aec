//! `/dashboard/requests/{id}`: one request: who, what was sent, what was answered, and how to send it again.

use crate::dashboard::developer::requests::{KeyNames, ShownRequest};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::requests::curl;
use crate::store::RequestLine;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/developer/request.html")]
struct RequestPage {
    frame: Frame,
    shown: ShownRequest,
    /// The page of the key or the user that sent it.
    by_path: String,
    request: String,
    response: String,
    curl: String,
}

/// The page.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let platform = &who.platform;
    platform.requests.write().await?;
    let id = id.replace('\0', "");
    let line = platform.store.request_line(who.book, &id).await?.ok_or(Declined::NotFound)?;
    let names = KeyNames::new(&platform.store.keys(who.book).await?);
    let ids = platform.secrets.ids();
    let by_path = if line.key == 0 {
        format!("/dashboard/users/{}", ids.seal(IdKind::PayoutUser, who.book, line.payout_user))
    } else {
        format!("/dashboard/keys/{}", ids.seal(IdKind::ApiKey, who.book, line.key))
    };
    Ok(page::html(
        StatusCode::OK,
        &shown(
            Frame::new(&who, "requests", "Request").under("/dashboard/requests", "Request log"),
            &names,
            &line,
            by_path,
        ),
    ))
}

fn shown(frame: Frame, names: &KeyNames, line: &RequestLine, by_path: String) -> RequestPage {
    RequestPage {
        frame,
        shown: ShownRequest::new(names, line),
        by_path,
        request: pretty(&line.request),
        response: pretty(&line.response),
        curl: curl::line(line),
    }
}

/// JSON over several lines; anything else as it is.
pub(crate) fn pretty(text: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(text);
    value.ok().and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::developer::requests::sample_line;
    use crate::dashboard::snapshot;

    #[test]
    fn page_request() {
        let line = sample_line(201);
        snapshot(
            "request",
            &shown(
                Frame::sample("requests", "Request"),
                &KeyNames::new(&[]),
                &line,
                "/dashboard/keys/key_1".to_owned(),
            ),
        );
    }
}
