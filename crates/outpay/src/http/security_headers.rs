//! Headers by which browsers handle an answer strictly, also one of the API that a browser opens: no guessing of its type, no
//! scripts, frames or forms, no referrer, and over TLS no way back to plain HTTP. Pages have a policy of their own (web/page.rs).

use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

const NOTHING: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// A year. Other hosts of the domain are not ours to speak for, so no `includeSubDomains`.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds what is missing.
pub(super) fn add(headers: &mut HeaderMap, is_tls: bool) {
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    // An address may have a hash in its query (contract, 1.1).
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if is_tls {
        // RFC 6797, 7.2: never over plain HTTP.
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
}
