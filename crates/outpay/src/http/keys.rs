//! API keys by API: the list, a new one, rolling, revoking. A key makes no key that can do more than itself, and what a
//! request leaves out is as it is for the asking key. Not here: the verbs (api_keys/).
//!
//! A key's text is shown once and stored nowhere, so a first answer cannot be given again: an `Idempotency-Key` is refused
//! where a text is made.

use super::body::{self, LARGEST};
use super::door::{Door, PathId, once_key};
use super::error_code::ErrorCode;
use super::fields::{amount, optional_text};
use super::json::{Json, Object};
use super::openapi::words::ScopeWords;
use super::problem::{Problem, field, json};
use super::show;
use super::show_keys::{ApiKeyShown, shown};
use crate::api_keys::{self, KeyError, KeyOrder, MadeKey};
use crate::auth::Caller;
use crate::key_limits::KeyLimits;
use crate::networks::Networks;
use crate::proposals::{self, Made};
use crate::scopes::Scopes;
use crate::store::{ApiKey, CredentialKind};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use ledger::{Actor, Ceilings, Cents, MAX_PAYOUT, MAX_TRANSFER, Micros};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const SECOND: Micros = 1_000_000;
/// A hundred years, in seconds.
const LONGEST_LIFE: i64 = 3_153_600_000;
/// Thirty days, in seconds.
const LONGEST_OVERLAP: i64 = 2_592_000;

/// All keys of this mode.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeys {
    /// All keys, oldest first.
    data: Vec<ApiKeyShown>,
}

/// A new key. Its text is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKey<'a> {
    /// The secret to authenticate with.
    #[schema(example = "sk_live_…")]
    key: &'a str,
    /// `prp_…`, where two people are needed: it works once another one has confirmed this.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<String>,
    #[serde(flatten)]
    shown: ApiKeyShown,
}

/// List API keys.
///
/// All API keys of this mode, without their texts.
#[utoipa::path(
    get, path = "/payout/keys", tag = "Keys", operation_id = "listApiKeys", security(("secret_key" = [])),
    responses((status = 200, description = "Oldest first", body = ApiKeys), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn keys(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let found = door.platform.store.keys(caller.book).await?;
    Ok(show::ok(&ApiKeys { data: found.iter().map(|key| shown(&door, key)).collect() }))
}

/// What to send. What is left out is as it is for the key that asks.
#[derive(ToSchema)]
pub struct NewKeyBody {
    /// What it is for, in your words.
    #[schema(value_type = Option<String>, max_length = 100, example = "Payroll")]
    name: String,
    /// What it may do; at most what the asking key may.
    #[schema(value_type = Option<Vec<ScopeWords>>, example = json!(["payouts:write", "users:read"]))]
    scopes: Option<Scopes>,
    /// Addresses and networks that it may be used from.
    #[schema(value_type = Option<Vec<String>>, example = json!(["203.0.113.7", "10.0.0.0/8"]))]
    allowed_addresses: Option<Networks>,
    /// Seconds until it ends.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 3_153_600_000_i64)]
    expires_in: Option<Micros>,
    /// The most that one payout may be, in cents.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100_000_000)]
    max_amount: Option<Cents>,
    /// The most that one request may pay, in cents.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    max_request: Option<Cents>,
    /// The most that it may pay on one UTC day, in cents.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    max_day: Option<Cents>,
    /// The most that it may pay to one recipient on one UTC day, in cents.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    max_recipient_day: Option<Cents>,
}

impl NewKeyBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let allowed = match texts(fields, "allowed_addresses")? {
            None => None,
            Some(words) => {
                let list = Networks::parse(&words.join(" "));
                let list = list.map_err(|problem| field("allowed_addresses", format!("{problem}.")))?;
                Some(list.ok_or_else(|| field("allowed_addresses", "Name at least one address."))?)
            }
        };
        let scopes = texts(fields, "scopes")?.map(|words| Scopes::parse(words.iter().map(String::as_str)));
        Ok(Self {
            name: optional_text(fields, "name")?.unwrap_or_default(),
            scopes: scopes.transpose().map_err(|problem| field("scopes", format!("{problem}.")))?,
            allowed_addresses: allowed,
            expires_in: seconds(fields, "expires_in", 1, LONGEST_LIFE)?,
            max_amount: ceiling(fields, "max_amount", MAX_PAYOUT)?,
            max_request: ceiling(fields, "max_request", MAX_TRANSFER)?,
            max_day: ceiling(fields, "max_day", MAX_TRANSFER)?,
            max_recipient_day: ceiling(fields, "max_recipient_day", MAX_TRANSFER)?,
        })
    }

    /// With what the asking key has in the place of what was left out.
    fn order(self, own: &ApiKey, now: Micros) -> KeyOrder {
        let KeyLimits { allowed, max_amount, ceilings, scopes } = own.limits.clone();
        let limits = KeyLimits {
            allowed: self.allowed_addresses.map(Arc::new).or(allowed),
            max_amount: self.max_amount.or(max_amount),
            ceilings: Ceilings {
                per_request: self.max_request.or(ceilings.per_request),
                per_day: self.max_day.or(ceilings.per_day),
                per_recipient_day: self.max_recipient_day.or(ceilings.per_recipient_day),
            },
            scopes: self.scopes.unwrap_or(scopes),
        };
        let expires_in = self.expires_in.or(own.expires_at.map(|end| end - now));
        let (book, kind, family) = (own.book, CredentialKind::SecretKey, Some(own.family));
        let budget = (!own.limits.ceilings.is_none()).then_some(own.budget);
        KeyOrder { book, kind, name: self.name, expires_in, limits, family, budget }
    }
}

/// Make an API key.
///
/// Makes a secret key. It can do at most what the asking key can do, and what is left out is as it is for that key. The text
/// is shown once, so an `Idempotency-Key` is refused.
#[utoipa::path(
    post, path = "/payout/keys", tag = "Keys", operation_id = "createApiKey", request_body = NewKeyBody, security(("secret_key" = [])),
    responses(
        (status = 201, description = "The key with its text, which is shown this once", body = NewKey),
        (status = 400, description = "Invalid fields, malformed JSON, or an Idempotency-Key"), (status = 401, description = "No valid secret key"),
        (status = 403, description = "It would be able to do more than the key that asks (`key_exceeds_own`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests")))]
pub async fn key_create(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    no_once_key(&parts)?;
    let body = NewKeyBody::read(&body::object(&parts, body, LARGEST).await?)?;
    let own = own(&door, caller).await?;
    let order = body.order(&own, door.platform.clock.now());
    match api_keys::create_by_key(&door.platform, &own, &order).await {
        Ok(made) => show_made(&door, &made, None, StatusCode::CREATED).await,
        Err(KeyError::NeedsSecondPerson) => {
            let (made, proposed) = proposals::key(&door.platform, &order, Actor(own.number)).await?;
            show_made(&door, &made, Some(&proposed), StatusCode::CREATED).await
        }
        Err(refused) => Err(refused.into()),
    }
}

/// What to send; may be left out.
#[derive(ToSchema)]
pub struct RollKeyBody {
    /// For how many seconds the old key goes on working; 0, the default, ends it at once.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_592_000, example = 86_400)]
    overlap: Micros,
}

impl RollKeyBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        Ok(Self { overlap: seconds(fields, "overlap", 0, LONGEST_OVERLAP)?.unwrap_or_default() })
    }
}

/// Roll an API key.
///
/// Replaces a key by another with the same name, lifetime and limits. The old one can go on working for an `overlap`.
#[utoipa::path(
    post, path = "/payout/keys/{id}/roll", tag = "Keys", operation_id = "rollApiKey", request_body = RollKeyBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "key_…")),
    responses(
        (status = 200, description = "The new key with its text, which is shown this once", body = NewKey),
        (status = 400, description = "Invalid fields, malformed JSON, or an Idempotency-Key"), (status = 401, description = "No valid secret key"),
        (status = 403, description = "It is able to do more than the key that asks, or would live longer (`key_exceeds_own`)"), (status = 404, description = "No such key (`key_not_found`)"),
        (status = 409, description = "It is revoked, or has expired (`key_revoked`, `key_expired`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 429, description = "Too many requests")))]
pub async fn key_roll(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    no_once_key(&parts)?;
    let key = find(&door, caller, &id).await?;
    let RollKeyBody { overlap } = RollKeyBody::read(&body::optional_object(&parts, body).await?)?;
    let own = own(&door, caller).await?;
    match api_keys::roll_by_key(&door.platform, &own, &key, overlap).await {
        Ok(made) => show_made(&door, &made, None, StatusCode::OK).await,
        Err(KeyError::NeedsSecondPerson) => {
            let (made, proposed) =
                proposals::rolled_key(&door.platform, &key, overlap, Actor(own.number)).await?;
            show_made(&door, &made, Some(&proposed), StatusCode::OK).await
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Revoke an API key.
///
/// From the answer on, requests with this key change nothing, also those that are in flight.
#[utoipa::path(
    post, path = "/payout/keys/{id}/revoke", tag = "Keys", operation_id = "revokeApiKey", security(("secret_key" = [])),
    params(("id" = String, Path, description = "key_…")),
    responses((status = 200, description = "The key afterwards; the same for one that was revoked before", body = ApiKeyShown),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such key (`key_not_found`)"), (status = 429, description = "Too many requests")))]
pub async fn key_revoke(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    body::optional_object(&parts, body).await?;
    let key = find(&door, caller, &id).await?;
    door.still_authenticates(caller).await?;
    match api_keys::revoke(&door.platform, &key, Actor(caller.subject)).await {
        Ok(()) | Err(KeyError::Revoked) => Ok(show::ok(&shown(&door, &find(&door, caller, &id).await?))),
        Err(refused) => Err(refused.into()),
    }
}

/// The key that asks, looked up after the body has come: it may have been revoked meanwhile.
async fn own(door: &Door, caller: Caller) -> Result<ApiKey, Problem> {
    door.still_authenticates(caller).await?;
    door.platform.store.key(caller.subject).await?.ok_or(Problem::Unauthorized)
}

async fn find(door: &Door, caller: Caller, id: &str) -> Result<ApiKey, Problem> {
    let found = api_keys::find(&door.platform, id).await?;
    if found.book == caller.book { Ok(found) } else { Err(KeyError::Unknown.into()) }
}

async fn show_made(
    door: &Door,
    made: &MadeKey,
    proposed: Option<&Made>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let key = door.platform.store.key(made.number).await?.ok_or(KeyError::Unknown)?;
    let proposal = proposed.map(|made| proposals::id(&door.platform, &made.row));
    let answer = NewKey { key: made.text.expose_secret(), proposal, shown: shown(door, &key) };
    Ok(json(status, show::text(&answer)))
}

fn no_once_key(parts: &Parts) -> Result<(), Problem> {
    match once_key(&parts.headers)? {
        None => Ok(()),
        Some(_) => Err(field(
            "Idempotency-Key",
            "A key is shown once and cannot be shown again: send no Idempotency-Key. Revoke a key whose answer was lost.",
        )),
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let sentence = format!("{error}.");
        let coded = |status, code| Self::Coded(status, sentence.clone(), code);
        match error {
            KeyError::Unknown => coded(StatusCode::NOT_FOUND, ErrorCode::KeyNotFound),
            KeyError::Revoked => coded(StatusCode::CONFLICT, ErrorCode::KeyRevoked),
            KeyError::Expired => coded(StatusCode::CONFLICT, ErrorCode::KeyExpired),
            KeyError::MoreThanOwn => coded(StatusCode::FORBIDDEN, ErrorCode::KeyExceedsOwn),
            KeyError::BadName => field("name", sentence),
            KeyError::BadLifetime => field("expires_in", sentence),
            KeyError::BadAmount => field("max_amount", sentence),
            KeyError::BadCeiling => field("max_day", sentence),
            KeyError::NeedsSecondPerson => coded(StatusCode::CONFLICT, ErrorCode::NeedsSecondPerson),
            KeyError::Failure(failure) => Self::Failure(failure),
        }
    }
}

/// A list of texts; `None` where it is left out or null.
fn texts(fields: &Object, name: &'static str) -> Result<Option<Vec<String>>, Problem> {
    let not_texts = || field(name, format!("The {name} must be a list of strings."));
    match fields.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Array(values)) => {
            let text = |value: &Json| match value {
                Json::String(text) => Some(text.clone()),
                _ => None,
            };
            values.iter().map(text).collect::<Option<Vec<_>>>().map(Some).ok_or_else(not_texts)
        }
        Some(_) => Err(not_texts()),
    }
}

fn ceiling(fields: &Object, name: &'static str, most: Cents) -> Result<Option<Cents>, Problem> {
    match fields.get(name) {
        None | Some(Json::Null) => Ok(None),
        value => {
            amount(value, most).map(Some).map_err(|sentence| field(name, sentence.replace("amount", name)))
        }
    }
}

fn seconds(fields: &Object, name: &'static str, least: i64, most: i64) -> Result<Option<Micros>, Problem> {
    match fields.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Integer(seconds)) if (least..=most).contains(seconds) => Ok(Some(seconds * SECOND)),
        Some(_) => Err(field(name, format!("The {name} must be an integer from {least} to {most} seconds."))),
    }
}
