//! `GET /p/operations/{id}/receipt`: what was paid, on a page made for paper. The signed form comes from [`json`].

use super::declined::Declined;
use super::frame::Frame;
use super::operation::{self, method_title};
use super::person::{Named, Person};
use super::words;
use crate::auth::Secrets;
use crate::clock::rfc3339;
use crate::platform::Platform;
use crate::web::page;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use ledger::{Withdrawal, WithdrawalState};
use serde_json::json;
use sha2::{Digest, Sha256};

#[derive(Template)]
#[template(path = "claim/receipt.html")]
pub(super) struct ReceiptPage {
    pub(super) frame: Frame,
    pub(super) id: String,
    pub(super) number: String,
    pub(super) paid_by: String,
    /// How to reach the business: its own sentence and address; nothing if empty.
    pub(super) contact: String,
    pub(super) paid_to: String,
    pub(super) on: String,
    pub(super) at: String,
    pub(super) method: String,
    pub(super) to: Vec<(String, String)>,
    pub(super) transaction: Option<String>,
    pub(super) amount: String,
    pub(super) fee: String,
    pub(super) net: String,
    pub(super) signed: String,
}

/// Session.
pub(super) async fn view(person: Person, Named(id): Named) -> Result<Response, Declined> {
    show(&person, &id).await
}

/// The person's withdrawal, if it was paid.
pub(super) async fn paid(person: &Person, id: &str) -> Result<Withdrawal, Declined> {
    let withdrawal = operation::own(person, id).await?;
    if withdrawal.state == WithdrawalState::Succeeded {
        return Ok(withdrawal);
    }
    let why =
        if withdrawal.state == WithdrawalState::Returned { "receipt.came_back" } else { "receipt.not_yet" };
    let (title, sentence) = (person.language.say("receipt.title"), person.language.say(why));
    Err(Declined::sentence(person, StatusCode::CONFLICT, title, sentence.to_owned()))
}

async fn show(person: &Person, id: &str) -> Result<Response, Declined> {
    let (t, platform, book) = (person.language, &person.platform, person.caller.book);
    let withdrawal = paid(person, id).await?;
    let entries = platform.store.entries_of_withdrawal(book, withdrawal.number).await;
    let entries = entries.map_err(Declined::failed(person))?;
    let rail = platform.rails.get(book.mode(), &withdrawal.method);
    let page = ReceiptPage {
        frame: person.frame(t.say("receipt.title"), format!("/p/operations/{id}/receipt")),
        id: id.to_owned(),
        number: platform.secrets.ids().order_id(withdrawal.provider, book, withdrawal.number),
        paid_by: person.sender.display_name.clone(),
        contact: contact(&person.sender.support, &person.sender.support_url),
        paid_to: person.row.user.email.as_str().to_owned(),
        on: t.moment(withdrawal.changed_at),
        at: rfc3339(withdrawal.changed_at),
        method: method_title(person, &withdrawal),
        to: words::destination(t, rail.map(|mounted| mounted.facts()), &withdrawal.destination),
        transaction: operation::transaction(&withdrawal, &entries),
        amount: t.money(withdrawal.amount.0),
        fee: t.money(withdrawal.fees.0),
        net: t.money(withdrawal.net().0),
        signed: t.with("receipt.signed", "path", KEYS_PATH),
    };
    Ok(page::html(StatusCode::OK, &page))
}

/// On paper a link is of no use, so its address is written out.
fn contact(support: &str, url: &str) -> String {
    let url = url.trim_start_matches("https://").trim_start_matches("mailto:");
    [support, url].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// `GET /p/operations/{id}/receipt.json`: the receipt as a signed document. `payload` is a JSON text; `signature` is Ed25519
/// over its bytes as they stand there, by the key that [`keys`] publishes.
///
/// Session.
pub(super) async fn json(person: Person, Named(id): Named) -> Result<Response, Declined> {
    show_json(&person, &id).await
}

async fn show_json(person: &Person, id: &str) -> Result<Response, Declined> {
    let (platform, book) = (&person.platform, person.caller.book);
    let withdrawal = paid(person, id).await?;
    let entries = platform.store.entries_of_withdrawal(book, withdrawal.number).await;
    let entries = entries.map_err(Declined::failed(person))?;
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

/// This route.
pub(super) const KEYS_PATH: &str = "/.well-known/outpay-receipts.json";

/// `GET /.well-known/outpay-receipts.json`: the public keys of receipts, the one in use first, as a JSON Web Key Set (RFC 7517, RFC 8037).
///
/// Public.
pub(super) async fn keys(State(platform): State<Platform>) -> Response {
    let key = |key: [u8; 32]| {
        let (kid, x) = (name_of(&key), BASE64URL_NOPAD.encode(&key));
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x })
    };
    let keys: Vec<_> = platform.secrets.receipt_keys().into_iter().map(key).collect();
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, json!({ "keys": keys }).to_string()).into_response()
}

/// The name of the key that signs now.
pub(super) fn key_id(secrets: &Secrets) -> String {
    name_of(&secrets.receipt_key())
}

/// A name for the key, made of the key.
fn name_of(key: &[u8; 32]) -> String {
    HEXLOWER.encode(&Sha256::digest(key)[..8])
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::*;
    use crate::language::Language;

    const ID: &str = "ord_0d7f0f0e-6523-8cc2-be87-1cd614a4491a";
    const AT: &str = "2026-11-25T16:04:05.678901Z";
    const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

    #[test]
    fn pages() {
        check("receipt", &receipt(Language::English));
        check("receipt-ar", &receipt(Language::Arabic));
    }

    fn receipt(t: Language) -> ReceiptPage {
        ReceiptPage {
            frame: Frame::sample(t, t.say("receipt.title"), &format!("/p/operations/{ID}/receipt")),
            id: ID.to_owned(),
            number: "CRX-0D7F0F0E65238CC2BE871CD614A4491A".to_owned(),
            paid_by: "Harbour & Pine".to_owned(),
            contact: contact("Questions? We answer on working days.", "https://example.com/help"),
            paid_to: "user@example.com".to_owned(),
            on: t.moment(1_795_622_645_678_901),
            at: AT.to_owned(),
            method: "USDC on Base".to_owned(),
            to: vec![("Your USDC address on Base".to_owned(), ADDRESS.to_owned())],
            transaction: Some(format!("0x{}", "ab".repeat(32))),
            amount: t.money(12_500),
            fee: t.money(50),
            net: t.money(12_450),
            signed: t.with("receipt.signed", "path", "/.well-known/outpay-receipts.json"),
        }
    }
}
