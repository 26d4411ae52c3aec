//! The recovery codes, shown once: after enrolling, and after they were renewed. Not a page of its own: there is no address
//! under which they could be read again.

use crate::dashboard::access::account::{self, WRONG_CODE_OF_APP};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::members::account::renew_recovery_codes;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

#[derive(askama::Template)]
#[template(path = "dashboard/access/recovery_codes.html")]
struct RecoveryCodesPage<'a> {
    codes: Vec<&'a str>,
}

pub(crate) fn show(codes: &[SecretString]) -> Response {
    let codes = codes.iter().map(|code| code.expose_secret()).collect();
    page::html(StatusCode::OK, &RecoveryCodesPage { codes })
}

/// New recovery codes in the place of all old ones, for a code of the app.
pub async fn renew(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    match renew_recovery_codes(&who.platform, &who.session, form.get("code"), &who.client).await {
        Ok(codes) => Ok(show(&codes)),
        Err(error) => Err(account::declined(error, WRONG_CODE_OF_APP)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_recovery_codes() {
        snapshot("recovery_codes", &RecoveryCodesPage { codes: vec!["abcde-fghij", "klmno-pqrst"] });
    }
}
