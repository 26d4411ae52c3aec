//! Pauses what the page has asked about, and shows what may still have left.

use super::pauses::{Done, named, part, show};
use super::post::Posted;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::Permission;
use crate::memo::memo;
use crate::store::PauseScope;
use crate::withdrawals::pause;
use axum::response::Response;
use std::time::Duration;

/// For requests to a rail that are on their way.
const PATIENCE: Duration = Duration::from_secs(5);

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageSettings)?;
    let part = part(&who, form.get("what"), form.get("method"), form.get("user")).await?;
    let part = part.ok_or_else(|| Stop::sentence("Choose what is to be paused."))?;
    let reason = memo(form.get("reason"))
        .map_err(|_| Stop::sentence("Reason: at most 255 printable characters, on one line."))?;
    let scope = PauseScope::Own(who.book, part.clone());
    let paused = pause::pause(&who.platform, &scope, &reason, who.actor(), PATIENCE).await?;
    let ids = who.platform.secrets.ids();
    let running = paused.running.iter();
    let done = Done {
        is_new: paused.is_new,
        words: named(&who, part).await?.words().to_owned(),
        running: running.map(|(book, number)| ids.seal(IdKind::Withdrawal, *book, *number)).collect(),
    };
    show(&who, None, Some(done)).await
}
