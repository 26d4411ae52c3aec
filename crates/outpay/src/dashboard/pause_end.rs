//! Ends a pause that the business has set by itself.

use super::notice;
use super::pauses::{named, part};
use super::post::Posted;
use super::stop::Stop;
use crate::members::Permission;
use crate::web::page;
use crate::withdrawals::pause::{self, Resumed};
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageSettings)?;
    let part = part(&who, form.get("what"), form.get("method"), form.get("user")).await?;
    let part = part.ok_or_else(|| Stop::sentence("Choose what is to be resumed."))?;
    let words = named(&who, part.clone()).await?.words().to_owned();
    let said = match pause::resume_own(&who.platform, who.book, &part, "", who.actor()).await? {
        Resumed::Now => format!("Resumed: {words}."),
        Resumed::WasNotPaused => format!("Not paused: {words}. Nothing was changed."),
        Resumed::IsTheOperators => {
            let sentence = "The operator has paused this; only the operator resumes it.";
            return Err(Stop::Sentence(StatusCode::CONFLICT, sentence.to_owned()));
        }
    };
    let mut response = page::see_other("/dashboard/pauses");
    notice::leave(&mut response, said);
    Ok(response)
}
