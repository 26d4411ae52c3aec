//! Sets the terms of one method: fee, limits, review rules, offered or not. All of them, as the form shows them.

use super::amount;
use super::post::Posted;
use super::stop::Stop;
use super::{notice, settings};
use crate::members::Permission;
use crate::members::settings::change;
use crate::store::SettingsChange;
use crate::web::form::Form;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, FeeRule, ReviewRule, Terms};

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageSettings)?;
    let name = form.get("method").to_owned();
    let mounted = who.platform.rails.get(who.mode, &name).ok_or(Stop::NotFound)?;
    let title = mounted.facts().title.clone();
    let terms = match terms(&form) {
        Ok(terms) => terms,
        Err(sentence) => {
            let sentence = format!("{title}: {sentence}");
            return settings::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(sentence)).await;
        }
    };
    let set = SettingsChange { terms: vec![(name, terms)], ..SettingsChange::default() };
    change(&who.platform, who.book, who.actor(), set).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, format!("{title} is saved."));
    Ok(response)
}

fn terms(form: &Form) -> Result<Terms, String> {
    let amount = |field: &str, name: &str| amount::read(field, form.get(name));
    let standard = Terms::default();
    let terms = Terms {
        enabled: form.has("enabled"),
        fee: FeeRule {
            fixed: amount("Fixed fee", "fee_fixed")?.unwrap_or(Cents::ZERO),
            basis_points: basis_points(form.get("fee_percent"))?,
            floor: amount("Least fee", "fee_floor")?.unwrap_or(Cents::ZERO),
            cap: amount("Largest fee", "fee_cap")?,
        },
        minimum: amount("Minimum", "minimum")?.unwrap_or(standard.minimum),
        maximum: amount("Maximum", "maximum")?.unwrap_or(standard.maximum),
        review: ReviewRule {
            always: form.has("review_always"),
            above: amount("Review above", "review_above")?,
            above_per_day: amount("Review above per day", "review_above_per_day")?,
            new_destination: form.has("review_new_destination"),
        },
        daily_cap: amount("Daily cap", "daily_cap")?,
    };
    match terms.problem() {
        Some(problem) => Err(problem.to_owned()),
        None => Ok(terms),
    }
}

/// `1.5` as 150: a percentage has the two places of an amount.
fn basis_points(text: &str) -> Result<i64, String> {
    let points = amount::read("Fee", text).map_err(|_| "Fee: give a percentage, as in 1.5.".to_owned())?;
    Ok(points.map_or(0, |points| points.0))
}
