//! A new API key. The answer is the one page that shows it.

use super::keys::{Draft, capitalized, show};
use super::post::Posted;
use super::stop::Stop;
use super::{amount, key_made};
use crate::auth::keys::{self, KeyError, KeyOrder};
use crate::auth::limits::KeyLimits;
use crate::members::Permission;
use crate::networks::Networks;
use crate::store::CredentialKind;
use crate::web::form::Form;
use axum::response::Response;
use http::StatusCode;
use ledger::{BookId, Micros, Mode};
use std::sync::Arc;

const DAY: Micros = 86_400_000_000;
const MOST_DAYS: i64 = 36_500;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageKeys)?;
    let order = match order(who.business.number, &form) {
        Ok(order) => order,
        Err(sentence) => return again(&who, &form, sentence).await,
    };
    let made = match keys::create(&who.platform, &order, who.actor()).await {
        Ok(made) => made,
        Err(KeyError::Failure(failure)) => return Err(failure.into()),
        Err(refused) => return again(&who, &form, capitalized(&refused.to_string())).await,
    };
    let id = keys::id(&who.platform, order.book, made.number);
    Ok(key_made::show(&who, &id, &made, None))
}

async fn again(who: &super::SignedIn, form: &Form, sentence: String) -> Result<Response, Stop> {
    let draft = Draft {
        name: form.get("name").to_owned(),
        days: form.get("days").to_owned(),
        allowed: form.get("allowed").to_owned(),
        ceiling: form.get("ceiling").to_owned(),
        is_public: form.get("kind") == "public",
        is_test: form.get("mode") == "test",
    };
    show(StatusCode::UNPROCESSABLE_ENTITY, who, draft, Some(sentence)).await
}

fn order(business: i64, form: &Form) -> Result<KeyOrder, String> {
    let kind = match form.get("kind") {
        "secret" => CredentialKind::SecretKey,
        "public" => CredentialKind::PublicKey,
        _ => return Err("Choose a kind of key.".to_owned()),
    };
    let mode = match form.get("mode") {
        "live" => Mode::Live,
        "test" => Mode::Test,
        _ => return Err("Choose live or test.".to_owned()),
    };
    let expires_in = match form.get("days") {
        "" => None,
        days => {
            let days = days.parse::<i64>().ok().filter(|days| (1..=MOST_DAYS).contains(days));
            let sentence =
                || format!("The days are a whole number from 1 to {MOST_DAYS}, or nothing for ever.");
            Some(days.ok_or_else(sentence)? * DAY)
        }
    };
    let allowed =
        Networks::parse(form.get("allowed")).map_err(|problem| capitalized(&problem.to_string()))?;
    let max_amount = amount::read("Amount ceiling", form.get("ceiling"))?;
    let limits = KeyLimits { allowed: allowed.map(Arc::new), max_amount };
    let book = BookId::new(business, mode);
    Ok(KeyOrder { book, kind, name: form.get("name").to_owned(), expires_in, limits })
}
