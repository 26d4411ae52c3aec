//! The actions on a person's claim link: show, mail, replace. The link is as good as the money, so each look is in the audit
//! log before the link is on the page; it is in no address and no notice.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::people::user;
use crate::mail::MailError;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;

/// Shows the link, once after each click.
pub async fn show(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, .. } = posted;
    let row = user::find(&who, &id).await?;
    let number = row.user.number;
    let basis = who.platform.store.hash_basis(who.book, number).await?.ok_or(Declined::NotFound)?;
    who.note("payout_user.link_shown", &id, &json!({})).await?;
    let hash = who.platform.secrets.payout_hash(who.book, number, &basis)?;
    let link = format!("{}/p#{}", who.base, hash.expose_secret());
    user::show(&who, &id, None, Some(link)).await
}

/// Mails a person the claim link. The link is on no page here; the order is in the audit log.
pub async fn mail(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, .. } = posted;
    let row = user::find(&who, &id).await?;
    match who.platform.mail.send_claim_link(who.book, row.user.number).await {
        Ok(()) => {}
        Err(MailError::Failure(failure)) => return Err(failure.into()),
        Err(refused) => return Err(Declined::Sentence(StatusCode::CONFLICT, refused.to_string())),
    }
    who.note("payout_user.link_mailed", &id, &json!({})).await?;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, format!("The link is on its way to {}.", row.user.email));
    Ok(response)
}

/// Gives a person a new hash; the old one, and every link with it, is dead at once. The new link is not shown here, but by [`show`],
/// which writes every look down.
pub async fn rotate_hash(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, .. } = posted;
    let row = user::find(&who, &id).await?;
    who.platform.counter(who.book, who.origin()).rotate_hash(row.user.number).await?;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, "There is a new link; the old one is dead.");
    Ok(response)
}
