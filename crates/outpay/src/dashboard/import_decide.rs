//! What a member says to an import: confirm, approve, discard, try again. Each is in the audit log.

use super::post::Posted;
use super::stop::Stop;
use super::{import, notice};
use crate::imports::{self, Approved, Confirmed};
use crate::members::Permission;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    let how = form.get("how").to_owned();
    who.require(if how == "approve" { Permission::ReviewWithdrawals } else { Permission::PayPeople })?;
    let found = import::find(&who, &id).await?;
    let (platform, book, actor) = (&who.platform, who.book, who.actor());
    let word = match how.as_str() {
        "confirm" => match imports::confirm(platform, book, &found, form.get("again_as"), actor).await? {
            Confirmed::Runs => "The payments are being made.",
            Confirmed::Waits => "Confirmed. Another member has to approve it.",
            Confirmed::IsSimilar => {
                return Err(Stop::sentence(
                    "These people stand in an earlier import with the same amounts. Look at it, and say that they are to be paid again.",
                ));
            }
            Confirmed::Gone => return Err(gone()),
        },
        "approve" => match imports::approve(platform, book, &found, actor).await? {
            Approved::Runs => "Approved. The payments are being made.",
            Approved::IsOwn => return Err(Stop::sentence("Somebody else has to approve your own import.")),
            Approved::Gone => return Err(gone()),
        },
        "discard" if imports::discard(platform, book, &found, actor).await? => "Discarded; nobody is paid.",
        "retry" if imports::retry(platform, book, &found, actor).await? => "Trying again.",
        "discard" | "retry" => return Err(gone()),
        _ => return Err(Stop::sentence("Choose what to do.")),
    };
    let mut response = page::see_other(&format!("/dashboard/import/{id}"));
    notice::leave(&mut response, word);
    Ok(response)
}

fn gone() -> Stop {
    Stop::sentence("The import is in another state by now. Look at it again.")
}
