//! What a member says to a proposal: confirm it, which carries it out, or say no.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::proposals::{self, Checker, Proposed, Refused};
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    let found = proposals::find(&who.platform, &id).await?.filter(|row| row.book == who.book);
    let row = found.ok_or(Stop::NotFound)?;
    who.require(Proposed::of(&row)?.permission())?;
    let word = match form.get("how") {
        "confirm" => {
            proposals::confirm(&who.platform, &row, Checker::Member(who.actor())).await?;
            "Confirmed and carried out."
        }
        "withdraw" => {
            proposals::withdraw(&who.platform, &row, who.actor()).await?;
            "Withdrawn; nothing was done."
        }
        _ => return Err(Stop::sentence("Choose what to do.")),
    };
    let mut response = page::see_other("/dashboard/proposals");
    notice::leave(&mut response, word);
    Ok(response)
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Effect(stopped) => stopped.into(),
            other => Self::sentence(other.to_string()),
        }
    }
}
