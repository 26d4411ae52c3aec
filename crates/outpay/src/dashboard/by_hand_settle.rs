//! Settles every line of a CSV of payments that were made by hand. Each line has a result of its own.

use super::stop::Stop;
use super::upload::Uploaded;
use super::{by_hand, withdrawal_row};
use crate::members::Permission;
use crate::withdrawals::by_hand::settle_all;
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(uploaded: Uploaded) -> Result<Response, Stop> {
    let who = &uploaded.who;
    who.require(Permission::ReviewWithdrawals)?;
    let found = |id: &str| withdrawal_row::number(who, who.book, id).map(|number| (who.book, number));
    match settle_all(&who.platform, uploaded.bytes(), found, who.origin()).await {
        Ok(settled) => Ok(by_hand::show(StatusCode::OK, who, Some(settled), None)),
        Err(sentence) => {
            let error = Some(format!("Nothing was settled: {sentence}."));
            Ok(by_hand::show(StatusCode::UNPROCESSABLE_ENTITY, who, None, error))
        }
    }
}
