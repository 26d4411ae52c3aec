//! `POST /rails/{kind}/{name}/webhook`: where counterparts post that a payment changed. Anybody can post here: the rail verifies each
//! notice, and a notice decides nothing. It makes the payments due that it names, so that their rail is asked sooner.

use super::body;
use super::door::Door;
use super::error_code::ErrorCode;
use super::problem::Problem;
use super::show;
use crate::rails::NoticeRefused;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{BookId, Mode, Provider};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Bytes of the counterpart's id of a notice.
const LONGEST_ID: usize = 200;

/// That a notice was taken.
#[derive(Serialize, ToSchema)]
pub struct NoticeTaken {
    /// Always true: now, or at an earlier delivery.
    received: bool,
}

/// Take a notice of a payment provider.
///
/// For the provider of a rail, for example PayPal, whose webhook the operator has pointed here. It is verified as the provider signs it;
/// a repeat is answered like the first one. The body is the provider's own.
#[utoipa::path(
    post, path = "/rails/{kind}/{name}/webhook", tag = "Operation", operation_id = "receiveRailNotice",
    params(("kind" = String, Path, description = "The kind of rail, for example `paypal`"), ("name" = String, Path, description = "The method's name")),
    responses((status = 200, description = "It was taken, now or before", body = NoticeTaken),
        (status = 400, description = "It is not genuine (`notice_not_genuine`)"),
        (status = 404, description = "There is no such rail, or it takes no notices (`not_found`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 429, description = "Too many requests"), (status = 503, description = "It could not be verified now; send it again (`notice_not_verified`)")))]
pub async fn rail_notice(
    State(door): State<Arc<Door>>,
    names: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    // Bytes that are not UTF-8 name no rail.
    let Path((kind, name)) = names.map_err(|_| Problem::UnknownPath)?;
    let platform = &door.platform;
    let mounted = platform.rails.get(Mode::Live, &name).ok_or(Problem::UnknownPath)?;
    let provider = mounted.facts().provider;
    if Provider::from_word(&kind) != Some(provider) {
        return Err(Problem::UnknownPath);
    }
    let (parts, body) = request.into_parts();
    let body = body::raw(&parts, body).await?;
    let notice = mounted.rail.notice(&parts.headers, &body).await.map_err(refused)?;
    if !(1..=LONGEST_ID).contains(&notice.id.len()) {
        return Err(refused(NoticeRefused::Forged));
    }
    let ids = platform.secrets.ids();
    let named = notice.orders.iter().filter_map(|order| ids.open_order(provider, order));
    let named: Vec<(BookId, i64)> = named.filter(|(book, _)| book.mode() == Mode::Live).collect();
    if platform.store.take_rail_notice((&name, provider), &notice.id, &named).await? {
        platform.rails.nudge.send();
    }
    Ok(show::ok(&NoticeTaken { received: true }))
}

fn refused(refused: NoticeRefused) -> Problem {
    match refused {
        NoticeRefused::Unexpected => Problem::UnknownPath,
        NoticeRefused::Forged => Problem::Coded(
            StatusCode::BAD_REQUEST,
            "The notice is not genuine.".to_owned(),
            ErrorCode::NoticeNotGenuine,
        ),
        NoticeRefused::Unverifiable => Problem::Coded(
            StatusCode::SERVICE_UNAVAILABLE,
            "The notice could not be verified now. Send it again later.".to_owned(),
            ErrorCode::NoticeNotVerified,
        ),
    }
}
