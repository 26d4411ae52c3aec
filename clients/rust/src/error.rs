//! What can go wrong: one enum, by kind. Invariant: no error holds a credential, a header or a body that was sent.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 401: no valid key or hash.
    #[error("{0}")]
    Authentication(Box<Refusal>),
    /// 403: the key is restricted; `scope` says what it lacks.
    #[error("{0}")]
    InsufficientScope(Box<Refusal>),
    /// The request is wrong as such: `fields`, `rows`. Nothing was done.
    #[error("{0}")]
    Validation(Box<Refusal>),
    /// A rule says no: too little money, a limit, payouts that are switched off. Nothing was done; `code` says which rule.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// 404
    #[error("{0}")]
    NotFound(Box<Refusal>),
    /// 409, 412 and 422: it does not fit what is there, or what was asked before under the same key or reference.
    #[error("{0}")]
    Conflict(Box<Refusal>),
    /// 429: too many requests; `retry_after` says when to come back. Nothing was done.
    #[error("{0}")]
    RateLimited(Box<Refusal>),
    /// It may or may not have been carried out. Ask again with the same idempotency key: it is carried out once.
    #[error("{0}")]
    OutcomeUnknown(Box<Refusal>),
    /// 500 and 503: the server cannot do it now. Nothing was done.
    #[error("{0}")]
    Unavailable(Box<Refusal>),
    /// An answer that is neither a success nor an error of the API, such as a redirect.
    #[error("{0}")]
    Unexpected(Box<Refusal>),
    /// No answer: no connection, a lost one, or a timeout. A request that changes something may have been carried out.
    #[error("no answer from the server")]
    Connection {
        /// What happened, without the address.
        source: reqwest::Error,
        /// The key of the request; none for one that had none.
        idempotency_key: Option<String>,
    },
    /// A success whose body is not what this version of the client knows.
    #[error("the server's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// The call cannot be made; nothing was sent.
    #[error("{0}")]
    Call(&'static str),
}

/// What the API said.
#[derive(Clone, Debug, Default)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// For people.
    pub message: String,
    /// The stable word for the reason, such as `insufficient_payout_balance`, where the API gives one.
    pub code: Option<String>,
    /// What to quote to the operator of the server: its log has the same id.
    pub request_id: Option<String>,
    /// Sentences per field.
    pub fields: BTreeMap<String, Vec<String>>,
    /// Of a batch: the rows that are wrong, or whose references were used before.
    pub rows: Vec<Row>,
    /// The scope that the key lacks.
    pub scope: Option<String>,
    /// How long to wait.
    pub retry_after: Option<Duration>,
    /// The key of the request.
    pub idempotency_key: Option<String>,
}

/// A row of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the batch.
    pub index: u64,
    /// Sentences per field.
    pub fields: BTreeMap<String, Vec<String>>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

/// The documented answers without a code, and the codes that batches give the same refusals.
const BARE: [(&str, &str); 3] = [
    ("Unauthorized", "unauthorized"),
    ("Payouts are currently disabled. Please enable them in Settings.", "payouts_disabled"),
    ("Insufficient payout balance", "insufficient_payout_balance"),
];

impl Error {
    /// What the API said; none where it said nothing.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Authentication(said)
            | Self::InsufficientScope(said)
            | Self::Validation(said)
            | Self::Refused(said)
            | Self::NotFound(said)
            | Self::Conflict(said)
            | Self::RateLimited(said)
            | Self::OutcomeUnknown(said)
            | Self::Unavailable(said)
            | Self::Unexpected(said) => Some(said),
            Self::Connection { .. } | Self::Unreadable(_) | Self::Call(_) => None,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        Some(self.refusal()?.status)
    }

    /// The stable word for the reason.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal()?.code.as_deref()
    }

    /// What to quote to the operator of the server.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.refusal()?.request_id.as_deref()
    }

    /// The key under which to ask again, where the outcome is unknown.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        match self {
            Self::Connection { idempotency_key, .. } => idempotency_key.as_deref(),
            other => other.refusal()?.idempotency_key.as_deref(),
        }
    }

    /// The error that an answer stands for. `body` is whatever came, JSON or not.
    pub(crate) fn of(mut said: Refusal, body: &[u8]) -> Self {
        let body: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let sentence = text("error");
        let bare = BARE.iter().find(|(known, _)| Some(*known) == sentence.as_deref());
        said.code = text("code").or_else(|| bare.map(|(_, code)| (*code).to_owned()));
        said.scope = text("scope");
        said.fields = body.get("fields").and_then(Value::as_object).map(sentences).unwrap_or_default();
        let rows = body.get("rows").and_then(Value::as_array).into_iter().flatten();
        said.rows = rows.filter_map(Value::as_object).map(row).collect();
        if said.status == 400 && sentence.is_none() {
            // POST /payout/create answers invalid fields without a wrapper.
            said.fields = sentences(&body);
            said.code = (!said.fields.is_empty()).then(|| "invalid_request".to_owned());
        }
        let first = said.fields.values().flatten().next().cloned();
        let nothing = || format!("The server answered {}.", said.status);
        said.message = sentence.or(first).unwrap_or_else(nothing);
        Self::kind(&said)(Box::new(said))
    }

    fn kind(said: &Refusal) -> fn(Box<Refusal>) -> Self {
        let is_about_the_request = !said.fields.is_empty() || !said.rows.is_empty() || said.code.is_none();
        match said.status {
            401 => Self::Authentication,
            403 if said.code.as_deref() == Some("insufficient_scope") => Self::InsufficientScope,
            404 => Self::NotFound,
            408 => Self::Unavailable,
            409 | 412 | 422 => Self::Conflict,
            413 | 415 => Self::Validation,
            429 => Self::RateLimited,
            // A gateway that gives up on the server knows no more than the client.
            502 | 504 => Self::OutcomeUnknown,
            400..500 if is_about_the_request => Self::Validation,
            400..500 => Self::Refused,
            500.. => Self::Unavailable,
            _ => Self::Unexpected,
        }
    }
}

fn row(row: &Map<String, Value>) -> Row {
    Row { index: row.get("index").and_then(Value::as_u64).unwrap_or_default(), fields: sentences(row) }
}

fn sentences(fields: &Map<String, Value>) -> BTreeMap<String, Vec<String>> {
    let texts = |list: &Vec<Value>| list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let lists = fields.iter().filter_map(|(name, value)| Some((name.clone(), texts(value.as_array()?))));
    lists.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_of_their_kind() {
        let cases = [
            (401, r#"{"error":"Unauthorized"}"#, "Authentication", Some("unauthorized")),
            (
                403,
                r#"{"error":"s","code":"insufficient_scope"}"#,
                "InsufficientScope",
                Some("insufficient_scope"),
            ),
            (400, r#"{"email":["The email field is required."]}"#, "Validation", Some("invalid_request")),
            (400, r#"{"error":"Malformed JSON body"}"#, "Validation", None),
            (
                400,
                r#"{"error":"s","code":"unknown_field","fields":{"a":["s"]}}"#,
                "Validation",
                Some("unknown_field"),
            ),
            (413, r#"{"error":"s","code":"payload_too_large"}"#, "Validation", Some("payload_too_large")),
            (
                400,
                r#"{"error":"Insufficient payout balance"}"#,
                "Refused",
                Some("insufficient_payout_balance"),
            ),
            (403, r#"{"error":"s","code":"above_key_limit"}"#, "Refused", Some("above_key_limit")),
            (
                404,
                r#"{"error":"s","code":"payout_user_not_found"}"#,
                "NotFound",
                Some("payout_user_not_found"),
            ),
            (409, r#"{"error":"s","code":"withdrawal_state"}"#, "Conflict", Some("withdrawal_state")),
            (412, r#"{"error":"s","code":"precondition_failed"}"#, "Conflict", Some("precondition_failed")),
            (
                422,
                r#"{"error":"s","code":"reference_reused","rows":[]}"#,
                "Conflict",
                Some("reference_reused"),
            ),
            (429, r#"{"error":"s","code":"rate_limited"}"#, "RateLimited", Some("rate_limited")),
            (503, r#"{"error":"s","code":"busy"}"#, "Unavailable", Some("busy")),
            (500, r#"{"error":"Internal server error"}"#, "Unavailable", None),
            (504, r#"{"error":"s","code":"outcome_unknown"}"#, "OutcomeUnknown", Some("outcome_unknown")),
            (502, "<html>", "OutcomeUnknown", None),
            (307, "", "Unexpected", None),
        ];
        for (status, body, kind, code) in cases {
            let error = Error::of(Refusal { status, ..Refusal::default() }, body.as_bytes());
            let printed = format!("{error:?}");
            assert!(printed.starts_with(&format!("{kind}(")), "{status} {body}: {printed}");
            assert_eq!((error.status(), error.code()), (Some(status), code), "{body}");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn rows_keep_their_index_and_sentences() {
        let body = br#"{"error":"s","code":"invalid_rows","rows":[{"index":3,"email":["one","two"]}]}"#;
        let error = Error::of(Refusal { status: 400, ..Refusal::default() }, body);
        let fields = BTreeMap::from([("email".to_owned(), vec!["one".to_owned(), "two".to_owned()])]);
        assert_eq!(error.refusal().unwrap().rows, [Row { index: 3, fields }]);
    }
}
