//! Ends another session of the member, or all others.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::{self, account};
use crate::web::page;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    let said = match form.get("session") {
        "others" => {
            account::end_other_sessions(&who.platform, &who.session).await?;
            "Your other sessions are ended."
        }
        id => {
            let number = members::number(&who.platform, IdKind::Session, id).ok_or(Stop::NotFound)?;
            if !account::end_session(&who.platform, &who.session, number).await? {
                return Err(Stop::NotFound);
            }
            "The session is ended."
        }
    };
    let mut response = page::see_other("/dashboard/account");
    notice::leave(&mut response, said);
    Ok(response)
}
