//! What every endpoint needs: the platform, and the one way to authenticate a request.

use super::body;
use super::json::{Json, Object};
use super::known;
use super::metrics::Metrics;
use super::observe::Observed;
use super::operations::HashBody;
use super::page::query;
use super::problem::Problem;
use super::rate_limit::{ClientAddress, RateLimit};
use super::routes::Admits;
use crate::audit_log;
use crate::auth::{Caller, For};
use crate::background::BackgroundStatus;
use crate::counter::Counter;
use crate::platform::Platform;
use crate::store::UserRow;
use crate::traces::TracedShare;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use ledger::{Actor, Cents, OnceKey, Refusal, Withdrawal};
use serde_json::Value;
use std::convert::Infallible;
use std::net::IpAddr;

const PAYOUT_HASH: HeaderName = HeaderName::from_static("x-payout-hash");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Shared by all endpoints.
pub struct Door {
    pub(super) platform: Platform,
    pub(super) metrics: Metrics,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) background: BackgroundStatus,
    /// Of the requests of which no trusted proxy says whether they are traced.
    pub(super) traced: TracedShare,
}

/// The `{id}` of a path. Bytes that are not UTF-8 are an id that names nothing.
pub struct PathId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(id.map(|Path(id)| id).unwrap_or_default()))
    }
}

impl Door {
    /// The business whose secret key the request carries, if the key has the scope that the table of routes asks for.
    pub(super) async fn business(&self, parts: &Parts) -> Result<Caller, Problem> {
        let caller = self.business_that_pays(parts).await?;
        known::check_parameters(parts)?;
        Ok(caller)
    }

    /// The same for an endpoint that refuses a business that may not pay before it looks at the parameters.
    pub(super) async fn business_that_pays(&self, parts: &Parts) -> Result<Caller, Problem> {
        let sent = one_header(&parts.headers, &AUTHORIZATION).and_then(bearer);
        let from = parts.extensions.get::<ClientAddress>().map(|address| address.0);
        let caller = self.authenticate(parts, sent, For::Business, from).await?;
        Observed::asked_by(&parts.extensions, caller, For::Business);
        match admits(parts) {
            Some(Admits::Keys(scope)) if caller.scopes.allow(scope) => Ok(caller),
            Some(Admits::Keys(scope)) => Err(Problem::InsufficientScope(scope)),
            other => Err(Problem::Failure(anyhow::anyhow!("an endpoint for {other:?} asks for a key"))),
        }
    }

    /// The payout user whose hash was sent, in the header, the body or the query.
    async fn recipient(&self, parts: &Parts, hash: Option<&[u8]>) -> Result<Caller, Problem> {
        let caller = self.authenticate(parts, hash, For::Recipient, None).await?;
        Observed::asked_by(&parts.extensions, caller, For::Recipient);
        known::check_parameters(parts)?;
        match admits(parts) {
            Some(Admits::Recipients) => Ok(caller),
            other => Err(Problem::Failure(anyhow::anyhow!("an endpoint for {other:?} asks for a hash"))),
        }
    }

    async fn authenticate(
        &self,
        parts: &Parts,
        sent: Option<&[u8]>,
        purpose: For,
        from: Option<IpAddr>,
    ) -> Result<Caller, Problem> {
        if let Some(limit) = &self.rate_limit {
            limit.check_credential(sent).map_err(Problem::RateLimited)?;
        }
        self.platform.auth.recognise(sent, purpose, from).await?.map_err(|key| {
            Observed::refused(&parts.extensions, key);
            Problem::Unauthorized
        })
    }

    /// Where this business gives commands for its book.
    pub(super) fn counter(&self, caller: Caller) -> Counter<'_> {
        self.platform.counter(caller.book, caller.as_key())
    }

    /// Where this recipient gives commands.
    pub(super) fn counter_of_recipient(&self, caller: Caller) -> Counter<'_> {
        self.platform.counter(caller.book, caller.as_recipient())
    }

    /// Looks the caller's key up again, before a change that the ledger does not judge: a body takes as long as its sender likes,
    /// and the key may have been revoked meanwhile.
    pub(super) async fn still_authenticates(&self, caller: Caller) -> Result<(), Problem> {
        let found = self.platform.auth.still_authenticates(&caller.credential, For::Business).await?;
        found.map(drop).ok_or(Problem::Unauthorized)
    }

    /// 403 comes before 400: a business that may not pay gets 403, whatever else is wrong with its request.
    pub(super) async fn disabled_or(&self, caller: Caller, problem: Problem) -> Problem {
        match self.platform.store.business(caller.book.business()).await {
            Ok(Some(business)) if !business.payouts_enabled => Problem::Refused(Refusal::PayoutsAreDisabled),
            Ok(_) => problem,
            Err(failure) => Problem::Failure(failure),
        }
    }

    /// Writes a change by a key into the business's audit log. Never a secret.
    pub(super) async fn note(
        &self,
        caller: Caller,
        action: &'static str,
        subject: &str,
        detail: &Value,
    ) -> Result<(), Problem> {
        let actor = Actor(caller.subject);
        let entry = audit_log::in_book(&self.platform, caller.book, actor, action, subject, detail);
        Ok(audit_log::write(&self.platform, entry).await?)
    }

    /// Checks amounts against the limit of the caller's key.
    pub(super) async fn within_ceiling(
        &self,
        caller: Caller,
        amounts: impl IntoIterator<Item = Cents>,
    ) -> Result<(), Problem> {
        let Some(most) = caller.max_amount else { return Ok(()) };
        if amounts.into_iter().all(|amount| amount <= most) {
            return Ok(());
        }
        Err(self.disabled_or(caller, Problem::AboveKeyLimit).await)
    }

    /// The recipient who asks. The hash is looked for in the header, then in the JSON body, then in the query; the first place
    /// that has one decides, and the places after it are not read.
    pub(super) async fn recipient_of(&self, parts: &Parts, body: Body) -> Result<Caller, Problem> {
        if let Some(hash) = hash_in_header(&parts.headers) {
            let caller = self.recipient(parts, Some(hash)).await?;
            if known::is_checked(parts) {
                body::optional_object(parts, body).await?;
            }
            return Ok(caller);
        }
        let declared = body::check_declared(parts, &body);
        let fields = body::any_object(parts, body).await?;
        let caller = self.recipient_in(parts, &fields).await?;
        declared.and_then(|()| known::check_fields(parts, &fields))?;
        Ok(caller)
    }

    /// The same for an endpoint that needs a JSON body, with its fields.
    pub(super) async fn recipient_who_sends(
        &self,
        parts: &Parts,
        body: Body,
    ) -> Result<(Caller, Object), Problem> {
        if let Some(hash) = hash_in_header(&parts.headers) {
            let caller = self.recipient(parts, Some(hash)).await?;
            return Ok((caller, body::object(parts, body, body::LARGEST).await?));
        }
        // A request that does not authenticate is told nothing else.
        let fields = body::any_object(parts, body).await?;
        let caller = self.recipient_in(parts, &fields).await?;
        if !body::is_json(parts) {
            return Err(Problem::NotJson);
        }
        known::check_fields(parts, &fields)?;
        Ok((caller, fields))
    }

    async fn recipient_in(&self, parts: &Parts, fields: &Object) -> Result<Caller, Problem> {
        match HashBody::read(fields).payout_hash {
            Some(Json::String(hash)) => self.recipient(parts, Some(hash.as_bytes())).await,
            // Any other value takes the place of the hash, and authenticates no one.
            Some(_) => self.recipient(parts, None).await,
            None => {
                let hash = query(&parts.uri, "payout_hash");
                self.recipient(parts, hash.as_deref().map(str::as_bytes)).await
            }
        }
    }

    /// The caller's withdrawal with this public id.
    pub(super) async fn withdrawal(&self, caller: Caller, id: &str) -> Result<Withdrawal, Problem> {
        let unknown = || Problem::Refused(Refusal::WithdrawalIsUnknown);
        let number = self.platform.secrets.ids().open(crate::ids::IdKind::Withdrawal, caller.book, id);
        let found = self.platform.store.withdrawal(caller.book, number.ok_or_else(unknown)?).await?;
        found.ok_or_else(unknown)
    }

    /// The caller's payout user with this public id.
    pub(super) async fn user(&self, caller: Caller, id: &str) -> Result<UserRow, Problem> {
        let number = self.user_number(caller, id)?;
        self.platform
            .store
            .user(caller.book, number)
            .await?
            .ok_or(Problem::Refused(Refusal::PayoutUserIsUnknown))
    }

    /// The number behind a public id, existing or not.
    pub(super) fn user_number(&self, caller: Caller, id: &str) -> Result<i64, Problem> {
        let number = self.platform.secrets.ids().open(crate::ids::IdKind::PayoutUser, caller.book, id);
        number.ok_or(Problem::Refused(Refusal::PayoutUserIsUnknown))
    }
}

/// Who may call the endpoint, as its row in the table says; without a row no credential opens anything.
fn admits(parts: &Parts) -> Option<Admits> {
    parts.extensions.get().copied()
}

/// The hash in `X-Payout-Hash`. An empty header counts as none; a header that is sent twice is used, and does not authenticate.
pub(super) fn hash_in_header(headers: &HeaderMap) -> Option<&[u8]> {
    let sent = headers.get_all(PAYOUT_HASH).iter().map(HeaderValue::as_bytes);
    let mut values = sent.filter(|value| !value.is_empty());
    let value = values.next()?;
    Some(if values.next().is_some() { b"" } else { value })
}

/// The idempotency key of a business.
pub(super) fn once_key(headers: &HeaderMap) -> Result<Option<OnceKey>, Problem> {
    Ok(once_text(headers)?.map(OnceKey::of_request))
}

/// The idempotency key of a recipient. Each recipient has keys of its own: two may choose the same text.
pub(super) fn recipient_once_key(headers: &HeaderMap, user: i64) -> Result<Option<OnceKey>, Problem> {
    Ok(once_text(headers)?.map(|text| OnceKey::of_recipient_request(user, text)))
}

fn once_text(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let printable = |byte: &u8| (0x20..0x7f).contains(byte);
    let text = value
        .to_str()
        .ok()
        .filter(|text| (1..=255).contains(&text.len()) && text.as_bytes().iter().all(printable));
    match (text, values.next()) {
        (Some(text), None) => Ok(Some(text)),
        _ => Err(super::problem::field(
            "Idempotency-Key",
            "The Idempotency-Key header must be 1 to 255 printable ASCII characters, sent once.",
        )),
    }
}

/// The header's value; a header that is sent twice is ambiguous, so neither counts.
fn one_header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.as_bytes();
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

/// `Bearer <token>` (RFC 6750, 2.1; the scheme's case does not matter, RFC 9110, 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}
