//! `/dashboard/demo`: the link of `outpay demo`, which signs in its owner. These routes exist only in a demo, and answer only
//! this machine. The token is in the URL fragment, which browsers do not send; a script puts it into the form.

use crate::dashboard::access::invitation::token;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor::{self, Visitor};
use crate::members::demo::DemoDoor;
use crate::web::client::ClientAddress;
use crate::web::page;
use axum::Extension;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;

#[derive(askama::Template)]
#[template(path = "dashboard/access/demo.html")]
struct DemoPage<'a> {
    error: Option<&'a str>,
}

/// The page.
pub async fn view() -> Response {
    page::html(StatusCode::OK, &DemoPage { error: None })
}

/// The token was sent.
pub async fn enter(
    Extension(door): Extension<Arc<DemoDoor>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    posted: Posted<Visitor>,
) -> Result<Response, Declined> {
    let Posted { who: visitor, form } = posted;
    if !address.to_canonical().is_loopback() {
        return Err(Declined::NotFound);
    }
    let token = token(form.get("token"));
    let entered = door.enter(&visitor.platform, token, &visitor.client, visitor.session.as_ref()).await?;
    let Some(step) = entered else {
        let error =
            Some("This link was used, or is older than ten minutes. Stop the demo and start it again.");
        return Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &DemoPage { error }));
    };
    let mut response = page::see_other(visitor::next(&step));
    visitor::give(&mut response, &step);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_demo() {
        snapshot("demo", &DemoPage { error: None });
    }
}
