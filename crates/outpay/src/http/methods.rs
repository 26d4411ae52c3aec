//! `GET /payout/methods`: the ways out that a person has, with their terms, and why one is closed.

use super::door::Door;
use super::problem::Problem;
use super::show;
use crate::withdrawals::offer::{self, Offer};
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::FeeRule;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// All methods.
#[derive(Debug, Serialize, ToSchema)]
pub struct Methods {
    data: Vec<Method>,
}

/// One way out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Method {
    /// What to send as `method`.
    method: String,
    /// The kind of rail.
    provider: &'static str,
    /// For people.
    title: String,
    /// Can it be used now?
    open: bool,
    /// Why not: a stable word and a sentence, or null.
    #[schema(required)]
    closed: Option<Closed>,
    /// Cents.
    minimum: i64,
    /// Cents.
    maximum: i64,
    fee: Fee,
    /// For people.
    expected_time: String,
    /// What `destination` has to say.
    fields: Vec<Field>,
    /// What there is to choose from, where not every amount can be paid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<Choice>,
}

/// Why a method is closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {
    code: &'static str,
    reason: &'static str,
}

/// What is kept of an amount: `fixed` and a share in hundredths of a percent, at least `floor`, at most `cap`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fee {
    /// Cents.
    fixed: i64,
    basis_points: i64,
    /// Cents.
    floor: i64,
    /// Cents, or null.
    #[schema(required)]
    cap: Option<i64>,
}

/// A field of a destination.
#[derive(Debug, Serialize, ToSchema)]
pub struct Field {
    name: String,
    /// For people.
    label: String,
    required: bool,
}

/// One thing to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct Choice {
    /// For example a brand.
    name: String,
    /// What to send as `amount`, cents.
    amount: i64,
    /// What it is worth, cents.
    net_amount: i64,
}

impl Fee {
    pub(super) fn new(rule: FeeRule) -> Self {
        Self {
            fixed: rule.fixed.0,
            basis_points: rule.basis_points,
            floor: rule.floor.0,
            cap: rule.cap.map(|cap| cap.0),
        }
    }
}

impl From<Offer> for Method {
    fn from(offer: Offer) -> Self {
        let Offer { facts, terms, closed, choices } = offer;
        let field = |field: crate::rails::Field| Field {
            name: field.name,
            label: field.label,
            required: field.required,
        };
        Self {
            method: facts.name,
            provider: facts.provider.word(),
            title: facts.title,
            open: closed.is_none(),
            closed: closed.map(|(code, reason)| Closed { code, reason }),
            minimum: terms.minimum.0,
            maximum: terms.maximum.0,
            fee: Fee::new(terms.fee),
            expected_time: facts.expected_time,
            fields: facts.fields.into_iter().map(field).collect(),
            choices: (choices.into_iter())
                .map(|(name, gross, net)| Choice { name, amount: gross.0, net_amount: net.0 })
                .collect(),
        }
    }
}

/// The ways out.
#[utoipa::path(
    get, path = "/payout/methods", tag = "Recipient", security(("payout_hash" = []), ("payout_hash_query" = [])),
    responses((status = 200, description = "All methods, open and closed", body = Methods), (status = 401, description = "No valid hash"),
        (status = 400, description = "Malformed JSON"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let row = door.platform.store.user(caller.book, caller.subject).await?.ok_or(Problem::Unauthorized)?;
    let offers = offer::all(&door.platform, caller.book, row.user.balance).await?;
    Ok(show::ok(&Methods { data: offers.into_iter().map(Method::from).collect() }))
}
