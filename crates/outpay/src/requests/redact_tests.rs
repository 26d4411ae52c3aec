//! No secret passes, whatever its place and notation; useful text is kept.

use super::*;
use crate::api_keys::key_text;
use crate::auth::Secrets;
use crate::clock::Entropy;
use crate::store::CredentialKind;
use crate::webhooks::sign::SigningKeys;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use ledger::{BookId, Mode};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::json;

fn kept(value: &Value) -> String {
    body(value.to_string().as_bytes(), false)
}

#[test]
fn what_people_look_for_stays() {
    for value in [
        json!({ "email": "user@example.com", "amount": 10_000 }),
        json!({ "payouts": [{ "email": "a@example.com", "amount": 1, "reference": "payroll-2026-11-0001" }] }),
        json!({ "id": "usr_0d7f0f0e-1111-8222-8333-444444444444", "status": "active", "expires_at": null }),
        json!({ "order_id": "CRX-0D7F0F0E1111822283334444444444AB", "to_address": format!("0x{}", "a".repeat(40)) }),
        json!({ "reason": "sent by mistake; see ticket 17", "since": "2026-01-02T03:04:05.678901Z", "enabled": true }),
        json!([1, "two", null, { "three": [] }]),
    ] {
        assert_eq!(kept(&value), value.to_string());
    }
}

#[test]
fn fields_are_emptied_by_name() {
    let value = json!({
        "hash": "x", "payout_hash": 1, "token": ["a"], "api_key": { "a": "b" }, "PIN": "1234", "code": "CARD-7Q2M", "passWord": "p",
        "data": [{ "hash": "y", "email": "a@example.com" }], "secret": null,
    });
    let expected = json!({
        "hash": REDACTED, "payout_hash": REDACTED, "token": REDACTED, "api_key": REDACTED, "PIN": REDACTED, "code": REDACTED,
        "passWord": REDACTED, "data": [{ "hash": REDACTED, "email": "a@example.com" }], "secret": null,
    });
    assert_eq!(kept(&value), expected.to_string());
}

#[test]
fn our_own_codes_of_errors_stay() {
    let refused = json!({ "error": "Insufficient balance", "code": "insufficient_balance" }).to_string();
    assert_eq!(body(refused.as_bytes(), true), refused);
    assert!(!body(refused.as_bytes(), false).contains("insufficient_balance"));
    assert!(!body(br#"{"code":"CARD-7Q2M"}"#, true).contains("7Q2M"));
}

#[test]
fn what_is_no_json_is_not_kept_and_what_is_long_is_cut() {
    assert_eq!(body(b"", false), "");
    assert_eq!(body(b"payout_hash=abc", false), "(15 bytes that are not JSON)");
    assert_eq!(body(b"{\"hash\":\"abc", false), "(12 bytes that are not JSON)");
    let long = json!({ "text": "ä ".repeat(3_000) });
    let text = kept(&long);
    assert!(text.len() <= LONGEST + 3 && text.ends_with('…'), "{}", text.len());
}

#[test]
fn ids_of_paths_are_ids() {
    for id in ["usr_0d7f0f0e-1111-8222-8333-444444444444", "ord_0d7f0f0e-1111-8222-8333-444444444444"] {
        assert_eq!(path_id(id), id);
    }
    for other in ["", "usr_1", "sk_live_x", "0d7f", "usr_0d7f0f0e-1111-8222-8333-444444444444x", "../.."] {
        assert_eq!(path_id(other), REDACTED, "{other}");
    }
}

/// One secret of each kind that the platform issues.
fn secrets(seed: u64) -> Vec<String> {
    let entropy = Entropy::seeded(seed);
    let mut master = [0; 32];
    entropy.fill(&mut master);
    let keys = SigningKeys::generate(&entropy);
    let text = |secret: &secrecy::SecretString| secret.expose_secret().to_owned();
    let mut all: Vec<String> =
        [(CredentialKind::SecretKey, Mode::Live), (CredentialKind::PublicKey, Mode::Test)]
            .into_iter()
            .map(|(kind, mode)| text(&key_text::generate(kind, mode, &entropy)))
            .collect();
    let basis = ledger::HashBasis { generation: 0, salt: ledger::HashSalt([1; 16]) };
    all.push(text(&Secrets::derive(&master).payout_hash(BookId(2), 7, &basis).unwrap()));
    all.extend([
        text(&keys.token),
        text(&keys.secret),
        HEXLOWER.encode(&master),
        BASE64URL_NOPAD.encode(&master),
    ]);
    all
}

/// Encodings of a secret.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    vec![
        secret.to_owned(),
        secret.to_uppercase(),
        HEXLOWER.encode(bytes),
        BASE64.encode(bytes),
        BASE64URL_NOPAD.encode(bytes),
        percent,
    ]
}

/// A secret in an unusual place, chosen by `place`.
fn hidden(place: u8, before: &str, secret: &str, after: &str) -> Value {
    let text = format!("{before}{secret}{after}");
    match place % 9 {
        0 => json!({ "memo": text }),
        1 => json!({ text: 1 }),
        2 => json!([[[{ "a": [text] }]]]),
        3 => json!({ "request_body": json!({ "deep": text }).to_string() }),
        4 => json!({ "a": json!({ "b": json!([text]).to_string() }).to_string() }),
        5 => json!({ "email": format!("{secret}@example.com") }),
        6 => json!({ "url": format!("https://example.com/?payout_hash={secret}&x=1") }),
        7 => json!(text),
        _ => json!({ "payout_hash": text, "data": [{ "hash": secret }] }),
    }
}

/// JSON with every character of a string escaped: a parser reads the same text.
fn escaped(value: &Value) -> String {
    let text = value.to_string();
    let mut inside = false;
    let mut all = String::new();
    for character in text.chars() {
        if character == '"' {
            inside = !inside;
        }
        if inside && character.is_ascii_alphanumeric() {
            all += &format!("\\u{:04x}", u32::from(character));
        } else {
            all.push(character);
        }
    }
    all
}

proptest! {
    #[test]
    fn no_secret_gets_through(seed in 0u64..1_000, which in 0usize..7, form in 0usize..5, place in 0u8..9,
        before in "[ -~]{0,12}[ .:;,\"'(]", after in "[ .:;,\"')][ -~]{0,12}", is_error: bool) {
        let secret = forms(&secrets(seed)[which])[form].clone();
        let value = hidden(place, &before, &secret, &after);
        let text = value.to_string();
        prop_assert!(!body(text.as_bytes(), is_error).contains(&secret), "{text}");
        // With every letter escaped, unless the text contains escapes already.
        if !text.contains('\\') {
            prop_assert!(!body(escaped(&value).as_bytes(), is_error).contains(&secret), "{text}");
        }
    }

    #[test]
    fn percent_signs_hide_nothing_readable(seed in 0u64..200, which in 0usize..7) {
        let secret = &secrets(seed)[which];
        let text = json!({ "url": forms(secret)[5] }).to_string();
        prop_assert!(!body(text.as_bytes(), false).contains(secret.as_str()));
    }

    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>, is_error: bool) {
        let text = body(&bytes, is_error);
        prop_assert!(text.len() <= LONGEST + 3);
    }
}
