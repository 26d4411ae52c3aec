//! How a recipient gets money out: the methods on offer, the price of a withdrawal, and asking for one.

use super::door::{Door, recipient_once_key};
use super::fields::amount;
use super::json::{Json, Object};
use super::openapi::words::{ClosedWords, CurrencyWords, ProviderWords};
use super::problem::Problem;
use super::show::{self, Operation};
use crate::stopped::Stopped;
use crate::withdrawals::offer::{self, Offer};
use crate::withdrawals::price::{self, Wish};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, FeeRule, MAX_PAYOUT, Refusal};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// All methods.
#[derive(Debug, Serialize, ToSchema)]
pub struct Methods {
    /// All methods, open and closed.
    data: Vec<MethodShown>,
}

/// One way out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Method)]
pub struct MethodShown {
    /// What to send as `method`.
    method: String,
    /// The kind of rail.
    #[schema(value_type = ProviderWords)]
    provider: &'static str,
    /// Its name for people.
    title: String,
    /// Can it be used now?
    open: bool,
    /// Why not: a stable word and a sentence, or null.
    #[schema(required)]
    closed: Option<ClosedShown>,
    /// The least gross amount, in cents.
    minimum: i64,
    /// The largest gross amount, in cents.
    maximum: i64,
    /// What the business keeps.
    fee: Fee,
    /// How long it takes, in words for people.
    expected_time: String,
    /// What `destination` has to say.
    fields: Vec<FieldShown>,
    /// What there is to choose from, where not every amount can be paid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<ChoiceShown>,
}

/// Why a method is closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClosedReason)]
pub struct ClosedShown {
    /// The reason for programs.
    #[schema(value_type = ClosedWords)]
    code: &'static str,
    /// The same as a sentence for people.
    reason: &'static str,
}

/// What is kept of an amount: `fixed` and a share in hundredths of a percent, at least `floor`, at most `cap`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fee {
    /// Cents, whatever the amount.
    fixed: i64,
    /// Hundredths of a percent of the amount.
    basis_points: i64,
    /// At least so many cents.
    floor: i64,
    /// At most so many cents, or null.
    #[schema(required)]
    cap: Option<i64>,
}

/// A field of a destination.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DestinationField)]
pub struct FieldShown {
    /// The field of `destination`.
    name: String,
    /// Its name for people.
    label: String,
    /// Whether it must be sent.
    required: bool,
}

/// One thing to choose.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MethodChoice)]
pub struct ChoiceShown {
    /// For example a brand.
    name: String,
    /// What to send as `amount`, cents; the least where there is a range.
    amount: i64,
    /// What that is worth, cents.
    net_amount: i64,
    /// The largest `amount`, cents, where any from `amount` on can be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_amount: Option<i64>,
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

impl From<Offer> for MethodShown {
    fn from(offer: Offer) -> Self {
        let Offer { facts, terms, closed, choices } = offer;
        let field = |field: crate::rails::Field| FieldShown {
            name: field.name,
            label: field.label.english(),
            required: field.required,
        };
        Self {
            method: facts.name,
            provider: facts.provider.word(),
            title: facts.title.english(),
            open: closed.is_none(),
            closed: closed.map(|(code, reason)| ClosedShown { code, reason }),
            minimum: terms.minimum.0,
            maximum: terms.maximum.0,
            fee: Fee::new(terms.fee),
            expected_time: facts.expected_time.english(),
            fields: facts.fields.into_iter().map(field).collect(),
            choices: (choices.into_iter())
                .map(|choice| ChoiceShown {
                    name: choice.name,
                    amount: choice.gross.0,
                    net_amount: choice.net.0,
                    maximum_amount: choice.most.map(|most| most.0),
                })
                .collect(),
        }
    }
}

/// List methods.
///
/// All methods of this business with fees, limits, the fields that a destination needs, and why a method is closed.
#[utoipa::path(
    get, path = "/payout/methods", tag = "Recipient", operation_id = "listMethods", security(("payout_hash" = []), ("payout_hash_query" = [])),
    responses((status = 200, description = "All methods, open and closed", body = Methods), (status = 401, description = "No valid hash"),
        (status = 400, description = "Malformed JSON"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn methods(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let row = door.platform.store.user(caller.book, caller.subject).await?.ok_or(Problem::Unauthorized)?;
    let offers = offer::all(&door.platform, caller.book, row.user.balance).await?;
    Ok(show::ok(&Methods { data: offers.into_iter().map(MethodShown::from).collect() }))
}

/// What to send.
#[derive(ToSchema)]
pub struct WithdrawBody {
    /// One of `GET /payout/methods`.
    #[schema(example = "sandbox")]
    method: String,
    /// Gross, in cents; the fee is taken out of it.
    #[schema(example = 2500, value_type = i64, minimum = 1, maximum = 100_000_000)]
    amount: Cents,
    /// The fields that the method asks for.
    #[schema(value_type = Object, example = json!({ "account": "any text" }))]
    destination: serde_json::Map<String, serde_json::Value>,
    /// The secret hash, if it is in no header.
    #[expect(dead_code, reason = "read before the rest of the body, by `Door::recipient_who_sends`")]
    payout_hash: Option<String>,
}

/// The price of a withdrawal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteShown {
    /// The method's name.
    method: String,
    /// Always US dollars.
    #[schema(value_type = CurrencyWords)]
    currency: &'static str,
    /// Gross, cents.
    amount: i64,
    /// Cents the business keeps.
    fees: i64,
    /// Cents that are paid out.
    net_amount: i64,
    /// How long it takes, in words for people.
    expected_time: String,
    /// In the form in which it would be stored.
    #[schema(value_type = Object)]
    destination: serde_json::Value,
    /// What the rail says to it, for example the amount in tokens; or null.
    #[schema(value_type = Option<Object>, required)]
    detail: Option<serde_json::Value>,
}

/// Quote a withdrawal.
///
/// What a withdrawal would cost now. Nothing is held and nothing is promised.
#[utoipa::path(
    post, path = "/payout/quote", tag = "Recipient", operation_id = "quoteWithdrawal", request_body = WithdrawBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    responses((status = 200, description = "The price", body = QuoteShown), (status = 400, description = "Invalid fields, malformed JSON, or an amount outside the limits (`invalid_request`, `unknown_field`, `below_minimum`, `above_maximum`, `amount_does_not_cover_fee`, `method_closed`)"),
        (status = 401, description = "No valid hash"), (status = 404, description = "No such method (`method_not_found`)"), (status = 409, description = "The method cannot pay now (`out_of_funds`, `unhealthy`, `amount_not_possible`, `method_paused`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests")))]
pub async fn quote(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (caller, fields) = door.recipient_who_sends(&parts, body).await?;
    let wish = Wish::from(WithdrawBody::read(&fields)?);
    let price = price::quote(&door.platform, caller.book, &wish).await?;
    let parse = |text: &str| serde_json::from_str(text).ok();
    Ok(show::ok(&QuoteShown {
        method: wish.method,
        currency: "USD",
        amount: price.amount.0,
        fees: price.fees.0,
        net_amount: price.net.0,
        expected_time: price.expected_time.english(),
        destination: parse(&price.destination).unwrap_or_default(),
        detail: parse(&price.quote.detail),
    }))
}

impl WithdrawBody {
    /// All wrong fields are named together.
    fn read(fields: &Object) -> Result<Self, Problem> {
        let method = match fields.get("method") {
            Some(Json::String(name)) if !name.is_empty() => Ok(name.clone()),
            Some(Json::String(_)) | None => Err("The method field is required."),
            Some(_) => Err("The method must be a string."),
        };
        let destination = match fields.get("destination") {
            Some(Json::Object(object)) => {
                object.to_plain().ok_or("Numbers in the destination must be whole numbers.")
            }
            None => Err("The destination field is required."),
            Some(_) => Err("The destination must be an object."),
        };
        match (method, amount(fields.get("amount"), MAX_PAYOUT), destination) {
            (Ok(method), Ok(amount), Ok(destination)) => {
                Ok(Self { method, amount, destination, payout_hash: None })
            }
            (method, amount, destination) => {
                let method = method.err().map(|sentence| ("method", sentence.to_owned()));
                let amount = amount.err().map(|sentence| ("amount", sentence));
                let destination = destination.err().map(|sentence| ("destination", sentence.to_owned()));
                Err(Problem::Fields(method.into_iter().chain(amount).chain(destination).collect()))
            }
        }
    }
}

impl From<WithdrawBody> for Wish {
    fn from(body: WithdrawBody) -> Self {
        Self { method: body.method, amount: body.amount, destination: body.destination }
    }
}

/// Ask for a withdrawal.
///
/// Asks for a withdrawal. The gross amount is held from the moment of the answer; the fee is taken out of it. In test mode
/// the last two digits of the amount decide what happens.
#[utoipa::path(
    post, path = "/payout/withdraw", tag = "Recipient", operation_id = "createWithdrawal", request_body = WithdrawBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; every person has keys of their own")),
    responses((status = 202, description = "The withdrawal; its money is held", body = Operation),
        (status = 400, description = "Invalid fields, malformed JSON, an amount outside the limits, or too little money (`invalid_request`, `unknown_field`, `below_minimum`, `above_maximum`, `amount_does_not_cover_fee`, `daily_cap_reached`, `method_closed`, `insufficient_user_balance`)"),
        (status = 401, description = "No valid hash"), (status = 403, description = "Withdrawals are paused (`withdrawals_paused`)"), (status = 404, description = "No such method (`method_not_found`)"),
        (status = 409, description = "The method cannot pay now (`out_of_funds`, `unhealthy`, `amount_not_possible`, `method_paused`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn withdraw(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (caller, fields) = door.recipient_who_sends(&parts, body).await?;
    let once = recipient_once_key(&parts.headers, caller.subject)?;
    let wish = Wish::from(WithdrawBody::read(&fields)?);
    let asked = door.counter_of_recipient(caller).once(once).withdraw(caller.subject, &wish).await;
    let done = asked.map_err(|stopped| match stopped {
        // The hash died between being looked up and the withdrawal.
        Stopped::Refused(Refusal::PayoutUserIsNotActive | Refusal::PayoutUserIsUnknown) => {
            Problem::Unauthorized
        }
        other => other.into(),
    })?;
    let body = show::withdrawal_operation(door.platform.secrets.ids(), caller.book, &done.value);
    Ok(show::done(&done, StatusCode::ACCEPTED, &body))
}
