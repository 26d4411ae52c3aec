//! How API keys look in answers. Their texts are not in it.

use super::door::Door;
use super::openapi::words::{KeyStatusWords, ScopeWords};
use crate::api_keys;
use crate::clock::rfc3339;
use crate::key_limits::KeyLimits;
use crate::scopes::Scope;
use crate::store::{ApiKey, CredentialKind};
use ledger::Cents;
use serde::Serialize;
use utoipa::ToSchema;

/// A key as the business sees it; its text is not in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyShown {
    /// `key_…`: the key.
    id: String,
    /// Prefix and last characters, enough to recognise it by.
    hint: String,
    /// What it is for, in your words; empty for none.
    name: String,
    /// Secret keys call the API; public keys are refused by every endpoint of this document.
    kind: KeyKind,
    /// Where it stands.
    #[schema(value_type = KeyStatusWords)]
    status: &'static str,
    /// When it was made.
    created_at: String,
    /// From then on it does not authenticate; null: never.
    #[schema(required)]
    expires_at: Option<String>,
    /// When it was revoked, or null.
    #[schema(required)]
    revoked_at: Option<String>,
    /// When it last authenticated, give or take a few seconds; null: never.
    #[schema(required)]
    last_used_at: Option<String>,
    /// What it may do, one scope per part of the API; null: everything.
    #[schema(value_type = Option<Vec<ScopeWords>>, required, example = json!(["payouts:write", "users:read"]))]
    scopes: Option<Vec<String>>,
    /// Addresses and networks that it may be used from; null: any.
    #[schema(required)]
    allowed_addresses: Option<Vec<String>>,
    /// The most that one payout may be, in cents.
    #[schema(required)]
    max_amount: Option<i64>,
    /// The most that one request may pay, in cents.
    #[schema(required)]
    max_request: Option<i64>,
    /// The most that it may pay on one UTC day, in cents; shared with keys that it made or that replace it.
    #[schema(required)]
    max_day: Option<i64>,
    /// The most that it may pay one recipient on one UTC day, in cents.
    #[schema(required)]
    max_recipient_day: Option<i64>,
}

/// What a key can do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ApiKeyType)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    Secret,
    Public,
}

/// A key now.
pub(super) fn shown(door: &Door, key: &ApiKey) -> ApiKeyShown {
    let KeyLimits { allowed, max_amount, ceilings, scopes } = &key.limits;
    let cents = |most: Option<Cents>| most.map(|most| most.0);
    let words = |scopes: Vec<Scope>| scopes.iter().map(ToString::to_string).collect();
    ApiKeyShown {
        id: api_keys::id(&door.platform, key.book, key.number),
        hint: key.hint.clone(),
        name: key.name.clone(),
        kind: if key.kind == CredentialKind::PublicKey { KeyKind::Public } else { KeyKind::Secret },
        status: key.status(door.platform.clock.now()),
        created_at: rfc3339(key.created_at),
        expires_at: key.expires_at.map(rfc3339),
        revoked_at: key.revoked_at.map(rfc3339),
        last_used_at: key.last_used_at.map(rfc3339),
        scopes: scopes.list().map(words),
        allowed_addresses: allowed
            .as_ref()
            .map(|list| list.to_string().split(' ').map(str::to_owned).collect()),
        max_amount: cents(*max_amount),
        max_request: cents(ceilings.per_request),
        max_day: cents(ceilings.per_day),
        max_recipient_day: cents(ceilings.per_recipient_day),
    }
}
