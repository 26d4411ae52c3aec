//! `GET /.well-known/outpay-receipts.json`: the public key of receipts, as a JSON Web Key Set (RFC 7517, RFC 8037).

use crate::auth::Secrets;
use crate::platform::Platform;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::json;
use sha2::{Digest, Sha256};

/// This route.
pub(super) const PATH: &str = "/.well-known/outpay-receipts.json";

/// Public.
pub(super) async fn handle(State(platform): State<Platform>) -> Response {
    let x = BASE64URL_NOPAD.encode(&platform.secrets.receipt_key());
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key_id(&platform.secrets), "x": x,
    });
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, json!({ "keys": [key] }).to_string()).into_response()
}

/// A name for the key, made of the key.
pub(super) fn key_id(secrets: &Secrets) -> String {
    HEXLOWER.encode(&Sha256::digest(secrets.receipt_key())[..8])
}
