//! `GET /payout/settings`: what a business has set: payouts on or off, the terms of every method, expiry.

use super::door::Door;
use super::problem::Problem;
use super::show;
use crate::auth::Caller;
use crate::store::Failure;
use crate::withdrawals::offer::standard_terms;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::Terms;
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
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    Ok(show::ok(&read(&door, caller).await?))
}

pub(super) async fn read(door: &Door, caller: Caller) -> Result<Settings, Failure> {
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
