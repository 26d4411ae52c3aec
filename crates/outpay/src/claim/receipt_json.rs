//! `GET /p/operations/{id}/receipt.json`: the receipt as a signed document. `payload` is a JSON text; `signature` is Ed25519
//! over its bytes as they stand there, by the key that receipt_keys.rs publishes.

use super::operation;
use super::receipt::paid;
use super::receipt_keys::key_id;
use super::stop::Stop;
use super::visit::{Named, Person};
use crate::clock::rfc3339;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde_json::json;

/// Session.
pub(super) async fn handle(person: Person, Named(id): Named) -> Response {
    match show(&person, &id).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn show(person: &Person, id: &str) -> Result<Response, Stop> {
    let (platform, book) = (&person.platform, person.caller.book);
    let withdrawal = paid(person, id).await?;
    let entries = platform.store.entries_of_withdrawal(book, withdrawal.number).await;
    let entries = entries.map_err(Stop::failed(person))?;
    let destination: serde_json::Value = serde_json::from_str(&withdrawal.destination).unwrap_or_default();
    let payload = json!({
        "type": "outpay.receipt.v1",
        "id": id,
        "number": platform.secrets.ids().order_id(withdrawal.provider, book, withdrawal.number),
        "paid_by": person.sender.display_name,
        "paid_to": person.row.user.email.as_str(),
        "method": withdrawal.method,
        "provider": withdrawal.provider.word(),
        "destination": destination,
        "transaction": operation::transaction(&withdrawal, &entries),
        "currency": "USD",
        "amount": withdrawal.amount.0,
        "fees": withdrawal.fees.0,
        "net_amount": withdrawal.net().0,
        "asked_at": rfc3339(withdrawal.created_at),
        "paid_at": rfc3339(withdrawal.changed_at),
        "test_mode": person.is_test(),
    })
    .to_string();
    let signature = BASE64URL_NOPAD.encode(&platform.secrets.sign_receipt(payload.as_bytes()));
    let document = json!({
        "payload": payload,
        "algorithm": "Ed25519",
        "key_id": key_id(&platform.secrets),
        "signature": signature,
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"receipt.json\"")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, document.to_string()).into_response())
}
