//! `PUT /payout/settings`: sets what is sent and leaves the rest. A method's terms are set as a whole.

use super::body::{self, LARGEST};
use super::door::Door;
use super::json::{Json, Object};
use super::problem::{Problem, field};
use super::settings::{Settings, read};
use super::show;
use crate::members::settings::{self, MOST_DAYS};
use crate::store::SettingsChange;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::{Actor, BookId, Mode, Terms};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct SettingsBody {
    payouts_enabled: Option<bool>,
    /// 1 to 36500; 0: money stays for ever.
    #[schema(minimum = 0, maximum = 36500)]
    expiry_days: Option<i64>,
    /// Terms by method; fields that are left out get their standard value.
    methods: Option<BTreeMap<String, serde_json::Value>>,
}

/// Set a business's settings.
#[utoipa::path(
    put, path = "/payout/settings", tag = "Settings", request_body = SettingsBody, security(("secret_key" = [])),
    responses((status = 200, description = "All settings afterwards", body = Settings), (status = 400, description = "Invalid fields, or malformed JSON"),
        (status = 401, description = "No valid secret key"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; try again")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let changes = changes(&door, caller.book, &body::object(&parts, body, LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    settings::change(&door.platform, caller.book, Actor(caller.subject), changes).await?;
    Ok(show::ok(&read(&door, caller).await?))
}

/// Everything is checked before anything is set.
fn changes(door: &Door, book: BookId, fields: &Object) -> Result<SettingsChange, Problem> {
    let mut changes = SettingsChange::default();
    let mut problems: Vec<(&'static str, String)> = Vec::new();
    match fields.get("payouts_enabled") {
        None => {}
        // The switch is the business's, and a test key must not reach what is live.
        Some(Json::Bool(_)) if book.mode() == Mode::Test => {
            problems.push((
                "payouts_enabled",
                "The payouts_enabled can only be changed with a live key.".to_owned(),
            ));
        }
        Some(Json::Bool(enabled)) => changes.payouts_enabled = Some(*enabled),
        Some(_) => {
            problems.push(("payouts_enabled", "The payouts_enabled must be true or false.".to_owned()))
        }
    }
    match fields.get("expiry_days") {
        None => {}
        Some(Json::Integer(days)) if (0..=MOST_DAYS).contains(days) => {
            changes.expiry_days = Some(Some(*days).filter(|days| *days > 0));
        }
        Some(_) => {
            problems
                .push(("expiry_days", format!("The expiry_days must be an integer from 0 to {MOST_DAYS}.")));
        }
    }
    match fields.get("methods") {
        None => {}
        Some(Json::Object(methods)) => {
            let Some(methods) = methods.to_plain() else {
                return Err(field(
                    "methods",
                    "Numbers in the methods must be whole numbers: cents, and basis points.",
                ));
            };
            for (name, value) in methods {
                match terms(door, book, &name, value) {
                    Ok(terms) => changes.terms.push((name, terms)),
                    Err(sentence) => problems.push(("methods", sentence)),
                }
            }
        }
        Some(_) => problems.push(("methods", "The methods must be an object.".to_owned())),
    }
    if problems.is_empty() { Ok(changes) } else { Err(Problem::Fields(problems)) }
}

fn terms(door: &Door, book: BookId, name: &str, value: serde_json::Value) -> Result<Terms, String> {
    if door.platform.rails.get(book.mode(), name).is_none() {
        return Err(format!("There is no method {name:?}."));
    }
    let terms: Terms = serde_json::from_value(value).map_err(|error| format!("{name}: {error}."))?;
    match terms.problem() {
        Some(problem) => Err(format!("{name}: {problem}")),
        None => Ok(terms),
    }
}
