//! Every answer that is not a success: one enum, one place where it becomes bytes. Not here: when to give it.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue, StatusCode};
use ledger::Refusal;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error_body::{CodedError, RowProblem, plain};
use super::error_code::{ErrorCode, is_bare};
use crate::batch_refused::BatchRefused;
use crate::commit::NoVerdict;
use crate::rails::{Closed, FieldProblem};
use crate::scopes::Scope;
use crate::stopped::Stopped;
use crate::store::Failure;

/// Why a request does not succeed.
#[derive(Debug)]
pub enum Problem {
    /// Every failed authentication.
    Unauthorized,
    /// The body is not one strict JSON object.
    MalformedJson,
    /// The body is not declared as JSON.
    NotJson,
    /// The body has a coding, as in `Content-Encoding: gzip`.
    EncodedBody,
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// The body did not come in time.
    TooSlow,
    /// Fields of `POST /payout/create`, in its documented form without a wrapper.
    CreateFields(Vec<(&'static str, &'static str)>),
    /// Fields of any other endpoint: name and sentence.
    Fields(Vec<(&'static str, String)>),
    /// Fields or parameters that the endpoint does not know: name and sentence.
    UnknownNames(Vec<(String, String)>),
    /// A parameter that is empty or given twice: name and sentence.
    Parameter(String, String),
    /// Rows of a batch: index and the fields that are wrong in it.
    Rows(Vec<(usize, Vec<FieldOfRow>)>),
    /// A rule refuses it.
    Refused(Refusal),
    /// Fields of a destination.
    Destination(Vec<FieldProblem>),
    /// There is no method of this name.
    UnknownMethod,
    /// The rail cannot pay now.
    Closed(Closed),
    /// No operation of the person who asks has this id.
    UnknownOperation,
    /// The withdrawal has no code, or not yet.
    NothingToReveal,
    /// A refusal that is not of the ledger: status, sentence and code.
    Coded(StatusCode, String, ErrorCode),
    /// A payment batch does not allow it.
    Batch(BatchRefused),
    /// What is to be changed is not what the request's `If-Match` names.
    PreconditionFailed,
    /// The key lacks this scope.
    InsufficientScope(Scope),
    /// More than the key may pay one recipient at once.
    AboveKeyLimit,
    /// Too many requests; come back in this many seconds.
    RateLimited(u64),
    /// There is nothing under this path.
    UnknownPath,
    /// The path exists, the method does not.
    WrongMethod(Option<HeaderValue>),
    /// No verdict from the teller.
    NoVerdict(NoVerdict),
    /// The system broke.
    Failure(Failure),
}

/// A field of a batch row: its name and what is wrong with it.
pub type FieldOfRow = (Cow<'static, str>, Cow<'static, str>);

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<NoVerdict> for Problem {
    fn from(none: NoVerdict) -> Self {
        Self::NoVerdict(none)
    }
}

impl From<Stopped> for Problem {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::UnknownMethod => Self::UnknownMethod,
            Stopped::Destination(problems) => Self::Destination(problems),
            Stopped::Closed(closed) => Self::Closed(closed),
            Stopped::Refused(refusal) => Self::Refused(refusal),
            Stopped::NoVerdict(none) => Self::NoVerdict(none),
            Stopped::Batch(refused) => Self::Batch(refused),
            stopped @ Stopped::NeedsSecondPerson => {
                Self::Coded(StatusCode::CONFLICT, format!("{stopped}."), ErrorCode::NeedsSecondPerson)
            }
            stopped @ (Stopped::NotPossible(_) | Stopped::Waits(_)) => {
                Self::Coded(StatusCode::CONFLICT, format!("{stopped}."), ErrorCode::NotPossible)
            }
            // Only the operator resumes, and not through this door.
            stopped @ Stopped::NotRecovered(_) => Self::Failure(anyhow::anyhow!("{stopped}")),
            Stopped::Failure(failure) => Self::Failure(failure),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// One invalid field.
#[must_use]
pub fn field(name: &'static str, sentence: impl Into<String>) -> Problem {
    Problem::Fields(vec![(name, sentence.into())])
}

const UNAUTHORIZED: &str = r#"{"error":"Unauthorized"}"#;
const CHALLENGE: HeaderValue = HeaderValue::from_static(r#"Bearer realm="payout""#);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized => unauthorized(),
            Self::MalformedJson => json(StatusCode::BAD_REQUEST, r#"{"error":"Malformed JSON body"}"#.into()),
            Self::NotJson => coded(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send JSON with the header Content-Type: application/json.",
                ErrorCode::UnsupportedMediaType,
            ),
            Self::EncodedBody => encoded_body(),
            Self::TooLarge(most) => coded(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("The body may not be larger than {most} bytes."),
                ErrorCode::PayloadTooLarge,
            ),
            Self::TooSlow => coded(
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time.",
                ErrorCode::RequestTimeout,
            ),
            Self::CreateFields(problems) => invalid_create(&problems),
            Self::Fields(problems) => invalid_fields(&problems, ErrorCode::InvalidRequest),
            Self::UnknownNames(problems) => invalid_fields(&problems, ErrorCode::UnknownField),
            Self::Parameter(name, sentence) => invalid_fields(&[(name, sentence)], ErrorCode::InvalidRequest),
            Self::Rows(rows) => invalid_rows(&rows),
            Self::Refused(refusal) => refused(&refusal),
            Self::Destination(problems) => invalid_destination(&problems),
            Self::UnknownMethod => {
                coded(StatusCode::NOT_FOUND, "There is no such method.", ErrorCode::MethodNotFound)
            }
            Self::Closed(closed) => {
                json(StatusCode::CONFLICT, to_text(&plain(closed.sentence(), closed.code())))
            }
            Self::UnknownOperation => {
                coded(StatusCode::NOT_FOUND, "Operation not found", ErrorCode::OperationNotFound)
            }
            Self::NothingToReveal => {
                let sentence = "There is no code to reveal for this withdrawal, or not yet.";
                coded(StatusCode::CONFLICT, sentence, ErrorCode::NothingToReveal)
            }
            Self::Coded(status, sentence, code) => coded(status, &sentence, code),
            Self::Batch(refused) => batch_refused(&refused),
            Self::PreconditionFailed => coded(
                StatusCode::PRECONDITION_FAILED,
                "It was changed since you read it. Read it again, and send the change with the new ETag.",
                ErrorCode::PreconditionFailed,
            ),
            Self::InsufficientScope(scope) => insufficient_scope(scope),
            Self::AboveKeyLimit => above_key_limit(),
            Self::RateLimited(seconds) => rate_limited(seconds),
            Self::UnknownPath => {
                coded(StatusCode::NOT_FOUND, "There is nothing under this path.", ErrorCode::NotFound)
            }
            Self::WrongMethod(allowed) => wrong_method(allowed),
            Self::NoVerdict(NoVerdict::Busy | NoVerdict::Stopped) => with_header(
                coded(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Busy; nothing was changed. Try again.",
                    ErrorCode::Busy,
                ),
                RETRY_AFTER,
                HeaderValue::from(1u64),
            ),
            Self::NoVerdict(NoVerdict::Unknown) => unknown_outcome(),
            Self::NoVerdict(NoVerdict::NotDone) => internal(),
            Self::Failure(failure) => {
                // The one edge where a failure is logged; its chain holds no secrets (no values, only places).
                tracing::error!(error = format!("{failure:#}"), "a request failed");
                internal()
            }
        }
    }
}

/// RFC 9110, 12.5.3: the codings that would do.
fn encoded_body() -> Response {
    let sentence = "Send the body as it is, without a Content-Encoding.";
    let answer = coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence, ErrorCode::UnsupportedContentEncoding);
    with_header(answer, ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

fn wrong_method(allowed: Option<HeaderValue>) -> Response {
    let sentence = "This path does not take this method; see the Allow header.";
    let answer = coded(StatusCode::METHOD_NOT_ALLOWED, sentence, ErrorCode::MethodNotAllowed);
    match allowed {
        Some(allowed) => with_header(answer, ALLOW, allowed),
        None => answer,
    }
}

/// One answer for keys and hashes. That of the hash endpoints depends on the origin (cors.rs), so both say so.
fn unauthorized() -> Response {
    let answer = json(StatusCode::UNAUTHORIZED, UNAUTHORIZED.into());
    let answer = with_header(answer, WWW_AUTHENTICATE, CHALLENGE);
    with_header(answer, VARY, HeaderValue::from_static("Origin"))
}

fn rate_limited(seconds: u64) -> Response {
    let answer = coded(StatusCode::TOO_MANY_REQUESTS, "Too many requests", ErrorCode::RateLimited);
    with_header(answer, RETRY_AFTER, HeaderValue::from(seconds))
}

/// RFC 6750, 3.1: the header names the scope too.
fn insufficient_scope(scope: Scope) -> Response {
    let scope = scope.to_string();
    let sentence = format!("This API key does not have the scope {scope}.");
    let body = CodedError { scope: Some(&scope), ..plain(&sentence, ErrorCode::InsufficientScope.word()) };
    let answer = json(StatusCode::FORBIDDEN, to_text(&body));
    let challenge = format!(r#"Bearer realm="payout", error="insufficient_scope", scope="{scope}""#);
    let challenge = HeaderValue::from_str(&challenge).expect("scopes are ASCII words");
    with_header(answer, WWW_AUTHENTICATE, challenge)
}

fn above_key_limit() -> Response {
    coded(StatusCode::FORBIDDEN, "The amount is above the limit of this API key.", ErrorCode::AboveKeyLimit)
}

fn internal() -> Response {
    json(StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":"Internal server error"}"#.into())
}

/// A 500 promises that nothing was debited; here that is not known.
fn unknown_outcome() -> Response {
    coded(
        StatusCode::GATEWAY_TIMEOUT,
        "It is not known whether this was carried out. Ask again with the same Idempotency-Key, or look at the balance.",
        ErrorCode::OutcomeUnknown,
    )
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::CredentialDoesNotAuthenticate => return Problem::Unauthorized.into_response(),
        Refusal::PayoutsAreDisabled => StatusCode::FORBIDDEN,
        Refusal::PayoutBalanceIsTooLow
        | Refusal::MainBalanceIsTooLow
        | Refusal::UserBalanceIsTooLow
        | Refusal::FeesAreTooLow
        | Refusal::DepositDoesNotCoverTheReversal
        | Refusal::AmountIsOutOfRange
        | Refusal::BalanceWouldBeTooLarge => StatusCode::BAD_REQUEST,
        Refusal::PayoutUserIsUnknown | Refusal::WithdrawalIsUnknown | Refusal::DepositIsUnknown => {
            StatusCode::NOT_FOUND
        }
        Refusal::MethodIsClosed
        | Refusal::AmountIsBelowTheMinimum
        | Refusal::AmountIsAboveTheMaximum
        | Refusal::AmountDoesNotCoverTheFee
        | Refusal::DailyCapIsReached => StatusCode::BAD_REQUEST,
        Refusal::WithdrawalsArePaused
        | Refusal::MakerMayNotCheck
        | Refusal::RequestCeilingOfKeyIsPassed
        | Refusal::DayCeilingOfKeyIsPassed
        | Refusal::RecipientCeilingOfKeyIsPassed => StatusCode::FORBIDDEN,
        Refusal::PayoutUserIsNotActive
        | Refusal::StepIsNotPossible(..)
        | Refusal::WithdrawalIsNotManual
        | Refusal::WithdrawalIsBeingWorkedOn
        | Refusal::MethodIsPaused
        | Refusal::LeaseWasLost
        | Refusal::PaymentMayStillBeMade
        | Refusal::RailIsNotHere
        | Refusal::MoneyWasClaimed => StatusCode::CONFLICT,
        Refusal::CodeWasShownTooOften => StatusCode::TOO_MANY_REQUESTS,
        Refusal::IdempotencyKeyWasUsedForAnotherRequest
        | Refusal::DepositReferenceWasUsedForAnotherAmount
        | Refusal::DepositReferenceWasUsedForAnotherBusiness(_)
        | Refusal::ReferencesWereUsedForOtherPayouts(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    if is_bare(refusal) {
        return json(status, to_text(&BTreeMap::from([("error", refusal.sentence())])));
    }
    let mut body = plain(refusal.sentence(), refusal.code());
    if let Refusal::ReferencesWereUsedForOtherPayouts(rows) = refusal {
        let reused = || {
            BTreeMap::from([(
                "reference",
                vec!["The reference was already used for another email or amount."],
            )])
        };
        body.rows = rows.iter().map(|index| RowProblem { index: *index, fields: reused() }).collect();
    }
    json(status, to_text(&body))
}

fn batch_refused(refused: &BatchRefused) -> Response {
    let status = match refused {
        BatchRefused::NotFound => StatusCode::NOT_FOUND,
        BatchRefused::RateIsNeeded(_) | BatchRefused::RateIsOne | BatchRefused::AnswerUnreadable(_) => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::CONFLICT,
    };
    json(status, to_text(&plain(&refused.to_string(), refused.code())))
}

fn invalid_create(problems: &[(&'static str, &'static str)]) -> Response {
    let fields: Vec<(&str, Vec<&str>)> =
        problems.iter().map(|(name, sentence)| (*name, vec![*sentence])).collect();
    json(StatusCode::BAD_REQUEST, in_order(&fields))
}

fn invalid_destination(problems: &[FieldProblem]) -> Response {
    let named = |problem: &FieldProblem| (problem.name.clone(), problem.sentence.english());
    invalid_fields(&problems.iter().map(named).collect::<Vec<_>>(), ErrorCode::InvalidRequest)
}

fn invalid_fields<N: AsRef<str>>(problems: &[(N, String)], code: ErrorCode) -> Response {
    let first = problems.first().map_or("The request is invalid.", |(_, sentence)| sentence);
    let mut body = plain(first, code.word());
    for (name, sentence) in problems {
        body.fields.entry(name.as_ref()).or_default().push(sentence);
    }
    json(StatusCode::BAD_REQUEST, to_text(&body))
}

fn invalid_rows(rows: &[(usize, Vec<FieldOfRow>)]) -> Response {
    let verb = if rows.len() == 1 { "row is" } else { "rows are" };
    let sentence = format!("{} {verb} invalid. No payout was made.", rows.len());
    let mut body = plain(&sentence, ErrorCode::InvalidRows.word());
    for (index, problems) in rows {
        let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        problems.iter().for_each(|(name, sentence)| fields.entry(name).or_default().push(sentence));
        body.rows.push(RowProblem { index: *index, fields });
    }
    json(StatusCode::BAD_REQUEST, to_text(&body))
}

fn coded(status: StatusCode, error: &str, code: ErrorCode) -> Response {
    json(status, coded_body(error, code))
}

/// The body of an error with a code and nothing else.
pub(super) fn coded_body(error: &str, code: ErrorCode) -> String {
    to_text(&plain(error, code.word()))
}

/// An object whose fields stand in the given order.
fn in_order(fields: &[(&str, Vec<&str>)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, sentences)| format!("{}:{}", to_text(name), to_text(sentences))).collect();
    format!("{{{}}}", fields.join(","))
}

fn to_text(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("texts and lists of texts can be written as JSON")
}

/// A JSON answer that no cache may keep.
pub fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn with_header(mut response: Response, name: HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}
