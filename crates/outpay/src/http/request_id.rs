//! Names of a request: our own id, the client's `X-Request-Id`, and the trace that it is part of
//! (<https://www.w3.org/TR/trace-context/>, version 00). Invariants: our own id is random, so that ids tell nothing of how many
//! requests there are; what is taken from a client consists of letters, digits and `.`, `_`, `-`, and never has the shape of a
//! payout hash, because it is written into the log.

use crate::clock::Entropy;
use crate::traces;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

/// The client's own id where it sent one that is taken, else ours.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Ours, beside a client's.
const OWN_REQUEST_ID: HeaderName = HeaderName::from_static("outpay-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

const LONGEST: usize = 64;
/// The length of a payout hash.
const HASH_LENGTH: usize = 52;
const SAMPLED: u8 = 1;

/// Put into every request that a trusted proxy has sent.
#[derive(Clone, Copy)]
pub(super) struct FromTrustedProxy;

/// All names of one request.
pub(super) struct RequestId {
    pub(super) own: String,
    pub(super) of_client: Option<String>,
    trace: Option<Trace>,
}

/// The trace of the request, and our own span in it.
struct Trace {
    trace_id: String,
    /// The caller's span; empty where the trace begins here.
    parent: String,
    span: String,
    is_sampled: bool,
}

impl RequestId {
    /// Of a request with these headers. Whether a trace is sampled is the word of a trusted proxy alone: it costs us work.
    pub(super) fn new(headers: &HeaderMap, is_from_trusted_proxy: bool, entropy: &Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        let digits = HEXLOWER.encode(&bytes);
        let of_client = one(headers, &REQUEST_ID).filter(|id| is_taken(id)).map(str::to_owned);
        let trace =
            one(headers, &TRACE_PARENT).and_then(trace_parent).map(|(trace_id, parent, flags)| Trace {
                trace_id: trace_id.to_owned(),
                parent: parent.to_owned(),
                span: digits[..16].to_owned(),
                is_sampled: is_from_trusted_proxy && flags & SAMPLED != 0,
            });
        Self { own: format!("req_{digits}"), of_client, trace }
    }

    /// Of what could not be parsed as a request.
    pub(super) fn of_unparsed(entropy: &Entropy) -> Self {
        Self::new(&HeaderMap::new(), false, entropy)
    }

    /// Whether a trusted proxy has decided that the request is traced; `None` where no proxy says so.
    pub(super) fn is_sampled(&self, is_from_trusted_proxy: bool) -> Option<bool> {
        self.trace.as_ref().filter(|_| is_from_trusted_proxy).map(|trace| trace.is_sampled)
    }

    /// Begins a span for the request, in the trace of the caller where there is one.
    pub(super) fn begin_span(&mut self, method: &str, route: &str) -> Span {
        let span = traces::of_request(method, route, &self.own);
        if let Some(parent) = self.trace.as_ref().and_then(|of| traces::parent(&of.trace_id, &of.parent)) {
            traces::join(&span, parent);
        }
        if let Some(context) = traces::context_of(&span) {
            let (trace_id, own) = (context.trace_id().to_string(), context.span_id().to_string());
            let parent = self.trace.take().map(|of| of.parent).unwrap_or_default();
            self.trace = Some(Trace { trace_id, parent, span: own, is_sampled: true });
        }
        span
    }

    pub(super) fn trace_id(&self) -> Option<&str> {
        self.trace.as_ref().map(|trace| trace.trace_id.as_str())
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(REQUEST_ID, self.of_client.as_ref().unwrap_or(&self.own));
        if self.of_client.is_some() {
            set(OWN_REQUEST_ID, &self.own);
        }
        // A caller that sent no trace gets none back.
        if let Some(Trace { trace_id, span, is_sampled, .. }) =
            self.trace.as_ref().filter(|of| !of.parent.is_empty())
        {
            set(TRACE_PARENT, &format!("00-{trace_id}-{span}-{:02x}", u8::from(*is_sampled)));
        }
    }
}

/// The header's value if it was sent once, as text.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn is_taken(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_base32 = |byte: u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte);
    let looks_like_hash = id.len() == HASH_LENGTH && id.bytes().all(is_base32);
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(is_plain) && !looks_like_hash
}

/// Trace, span and flags of a `traceparent`. A later version may append fields, of which nothing is read.
fn trace_parent(text: &str) -> Option<(&str, &str, u8)> {
    let mut fields = text.split('-');
    let [version, trace_id, span, flags] = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_set = |text: &str, length: usize| is_hex(text, length) && text.bytes().any(|byte| byte != b'0');
    let ends = if version == "00" { fields.next().is_none() } else { is_hex(version, 2) && version != "ff" };
    let is_valid = ends && is_set(trace_id, 32) && is_set(span, 16) && is_hex(flags, 2);
    let flags = u8::from_str_radix(flags, 16).ok()?;
    is_valid.then_some((trace_id, span, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn id(name: HeaderName, values: &[&str], is_from_trusted_proxy: bool) -> (RequestId, HeaderMap) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        let id = RequestId::new(&headers, is_from_trusted_proxy, &Entropy::seeded(1));
        let mut answered = HeaderMap::new();
        id.write(&mut answered);
        (id, answered)
    }

    #[test]
    fn a_plain_id_of_the_client_is_taken_beside_our_own() {
        for taken in ["a", "order-17.retry_2", "0b8f6d0e-2b1c-4c39-9b6c-0e3f6a1f7a11", &"x".repeat(64)] {
            let (id, answered) = id(REQUEST_ID, &[taken], false);
            assert_eq!(id.of_client.as_deref(), Some(taken));
            assert_eq!(answered[REQUEST_ID], taken);
            assert_eq!(answered[OWN_REQUEST_ID], id.own);
        }
        for other in ["", "two words", "a/b", "é", "a\"b", &"x".repeat(65), &"ab2".repeat(18)[..52]] {
            let (id, answered) = id(REQUEST_ID, &[other], false);
            assert_eq!((id.of_client, answered.get(OWN_REQUEST_ID)), (None, None), "{other:?}");
            assert_eq!(answered[REQUEST_ID], id.own);
        }
        assert_eq!(id(REQUEST_ID, &["a", "b"], false).0.of_client, None, "sent twice");
    }

    #[test]
    fn our_own_ids_count_nothing() {
        let entropy = Entropy::seeded(1);
        let ids: Vec<String> = (0..100).map(|_| RequestId::of_unparsed(&entropy).own).collect();
        assert!(ids.iter().all(|id| id.len() == 36 && id.starts_with("req_")), "{ids:?}");
        let beginnings: std::collections::HashSet<&str> = ids.iter().map(|id| &id[4..20]).collect();
        let endings: std::collections::HashSet<&str> = ids.iter().map(|id| &id[20..]).collect();
        assert_eq!((beginnings.len(), endings.len()), (100, 100));
    }

    #[test]
    fn a_trace_is_carried_on() {
        let sent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        for (trusted, flags) in [(false, "00"), (true, "01")] {
            let (id, answered) = id(TRACE_PARENT, &[&sent], trusted);
            assert_eq!(id.trace_id(), Some(TRACE));
            assert_eq!(answered[TRACE_PARENT], format!("00-{TRACE}-{}-{flags}", &id.own[4..20]));
        }
        let later = format!("01-{TRACE}-00f067aa0ba902b7-00-more");
        assert_eq!(id(TRACE_PARENT, &[&later], false).0.trace_id(), Some(TRACE));
        for wrong in [
            String::new(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("{sent}-more"),
            sent.to_uppercase(),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-zz"),
        ] {
            assert_eq!(id(TRACE_PARENT, &[&wrong], true).0.trace_id(), None, "{wrong}");
        }
        assert_eq!(id(TRACE_PARENT, &[&sent, &sent], true).0.trace_id(), None, "sent twice");
    }
}
