//! A business's settings: payouts on or off, the terms of every method, expiry. `PUT` sets what is sent and leaves the rest; a
//! method's terms are set as a whole.

use super::body::{self, LARGEST};
use super::door::Door;
use super::json::{Json, Object};
use super::problem::{Problem, field};
use super::show;
use crate::auth::Caller;
use crate::business::settings::{self, MOST_DAYS};
use crate::store::{Failure, SettingsChange};
use crate::withdrawals::offer::standard_terms;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::{Actor, BookId, Mode, Terms};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// All settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Settings {
    /// May people be given money, and withdraw it?
    pub payouts_enabled: bool,
    /// After so many days without a movement a person's money goes back to the payout balance; null: never.
    #[schema(required)]
    pub expiry_days: Option<i64>,
    /// The terms of each method, by its name: `enabled`, `fee` (`fixed`, `basis_points`, `floor`, `cap`), `minimum`,
    /// `maximum`, `review` (`always`, `above`, `above_per_day`, `new_destination`), `daily_cap`. Amounts in cents.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub methods: BTreeMap<String, Terms>,
}

/// A business's settings.
#[utoipa::path(
    get, path = "/payout/settings", tag = "Settings", security(("secret_key" = [])),
    responses((status = 200, description = "All settings", body = Settings), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn settings(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    Ok(show::ok(&current(&door, caller).await?))
}

async fn current(door: &Door, caller: Caller) -> Result<Settings, Failure> {
    let (store, book) = (&door.platform.store, caller.book);
    let business = store.business(book.business()).await?;
    let mut set = store.all_terms(book).await?;
    let names = door.platform.rails.of(book.mode()).map(|mounted| mounted.facts().name.clone());
    let terms = |name: String| {
        let terms = set.remove(&name).unwrap_or_else(|| standard_terms(book.mode()));
        (name, terms)
    };
    Ok(Settings {
        payouts_enabled: business.is_some_and(|business| business.payouts_enabled),
        expiry_days: store.expiry_days(book).await?,
        methods: names.map(terms).collect(),
    })
}

/// What to send; what is left out stays as it is.
#[derive(Default, ToSchema)]
pub struct SettingsBody {
    payouts_enabled: Option<bool>,
    /// 1 to 36500; 0: money stays for ever.
    #[schema(minimum = 0, maximum = 36500)]
    expiry_days: Option<i64>,
    /// Terms by method; fields that are left out get their standard value.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>)]
    methods: Vec<(String, Terms)>,
}

impl From<SettingsBody> for SettingsChange {
    fn from(body: SettingsBody) -> Self {
        let expiry_days = body.expiry_days.map(|days| Some(days).filter(|days| *days > 0));
        Self { payouts_enabled: body.payouts_enabled, expiry_days, terms: body.methods }
    }
}

/// Set a business's settings.
#[utoipa::path(
    put, path = "/payout/settings", tag = "Settings", request_body = SettingsBody, security(("secret_key" = [])),
    responses((status = 200, description = "All settings afterwards", body = Settings), (status = 400, description = "Invalid fields, or malformed JSON"),
        (status = 401, description = "No valid secret key"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; try again")))]
pub async fn settings_set(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let body = SettingsBody::read(&door, caller.book, &body::object(&parts, body, LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    settings::change(&door.platform, caller.book, Actor(caller.subject), body.into()).await?;
    Ok(show::ok(&current(&door, caller).await?))
}

impl SettingsBody {
    /// Everything is checked before anything is set, and all problems are named together.
    fn read(door: &Door, book: BookId, fields: &Object) -> Result<Self, Problem> {
        let mut body = Self::default();
        let mut problems: Vec<(&'static str, String)> = Vec::new();
        match fields.get("payouts_enabled") {
            None => {}
            // The switch covers both books, and a test key must not change the live one.
            Some(Json::Bool(_)) if book.mode() == Mode::Test => {
                problems.push((
                    "payouts_enabled",
                    "The payouts_enabled can only be changed with a live key.".to_owned(),
                ));
            }
            Some(Json::Bool(enabled)) => body.payouts_enabled = Some(*enabled),
            Some(_) => {
                problems.push(("payouts_enabled", "The payouts_enabled must be true or false.".to_owned()))
            }
        }
        match fields.get("expiry_days") {
            None => {}
            Some(Json::Integer(days)) if (0..=MOST_DAYS).contains(days) => {
                body.expiry_days = Some(*days);
            }
            Some(_) => {
                problems.push((
                    "expiry_days",
                    format!("The expiry_days must be an integer from 0 to {MOST_DAYS}."),
                ));
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
                        Ok(terms) => body.methods.push((name, terms)),
                        Err(sentence) => problems.push(("methods", sentence)),
                    }
                }
            }
            Some(_) => problems.push(("methods", "The methods must be an object.".to_owned())),
        }
        if problems.is_empty() { Ok(body) } else { Err(Problem::Fields(problems)) }
    }
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
