//! Signatures of a delivery: the documented `Signature`, those of Standard Webhooks 1.0, and their keys. Not here:
//! where the keys are stored (endpoint.rs). Invariant: the signed bytes are the bytes that are sent.

use crate::clock::Entropy;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use ledger::Micros;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const TOKEN: &str = "wht_";
const SECRET: &str = "whsec_";
/// Standard Webhooks allows 24 to 64.
const SECRET_BYTES: usize = 32;

/// One generation of an endpoint's signing keys.
#[derive(Clone)]
pub struct SigningKeys {
    /// `wht_…`, for the documented signature: its text, prefix included, is the HMAC key.
    pub token: SecretString,
    /// `whsec_` and the base64 of the HMAC key, for Standard Webhooks.
    pub secret: SecretString,
}

impl SigningKeys {
    #[must_use]
    pub fn generate(entropy: &Entropy) -> Self {
        let mut bytes = [0u8; 2 * SECRET_BYTES];
        entropy.fill(&mut bytes);
        let (token, secret) = bytes.split_at(SECRET_BYTES);
        let token = data_encoding::BASE32_NOPAD.encode(token).to_ascii_lowercase();
        Self {
            token: SecretString::from(format!("{TOKEN}{token}")),
            secret: SecretString::from(format!("{SECRET}{}", BASE64.encode(secret))),
        }
    }

    /// Keys from the command line; `None` if the secret is not a valid Standard Webhooks secret.
    #[must_use]
    pub fn given(token: SecretString, secret: SecretString) -> Option<Self> {
        let keys = Self { token, secret };
        let length = keys.standard_key()?.len();
        (24..=64).contains(&length).then_some(keys)
    }

    /// Serialises both keys into one text, to be sealed.
    pub(super) fn to_text(&self) -> SecretString {
        SecretString::from(format!("{}\n{}", self.token.expose_secret(), self.secret.expose_secret()))
    }

    /// Parses the output of [`Self::to_text`].
    pub(super) fn from_text(text: &SecretString) -> Option<Self> {
        let (token, secret) = text.expose_secret().split_once('\n')?;
        Some(Self { token: SecretString::from(token), secret: SecretString::from(secret) })
    }

    /// The token shortened for lists.
    #[must_use]
    pub fn hint(&self) -> String {
        let token = self.token.expose_secret();
        let last = token.char_indices().rev().nth(3).map_or("", |(at, _)| &token[at..]);
        format!("{TOKEN}…{last}")
    }

    /// The documented signature of a body.
    #[must_use]
    pub fn documented(&self, body: &[u8]) -> String {
        HEXLOWER.encode(&mac(self.token.expose_secret().as_bytes(), &[body]))
    }

    /// The signature by Standard Webhooks 1.0: `v1,` and base64.
    #[must_use]
    pub fn standard(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = self.standard_key().unwrap_or_default();
        let head = format!("{id}.{timestamp}.");
        format!("v1,{}", BASE64.encode(&mac(&key, &[head.as_bytes(), body])))
    }

    fn standard_key(&self) -> Option<Vec<u8>> {
        let text = self.secret.expose_secret().strip_prefix(SECRET)?;
        BASE64.decode(text.as_bytes()).ok()
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// The headers that authenticate `body`: name and value. While a roll's overlap lasts, the documented `Signature` is that of
/// the `previous` keys, because a receiver of the documentation knows one token; Standard Webhooks carries both.
#[must_use]
pub fn headers(
    keys: &SigningKeys,
    previous: Option<&SigningKeys>,
    id: &str,
    now: Micros,
    body: &[u8],
) -> Vec<(&'static str, String)> {
    let timestamp = now.div_euclid(1_000_000);
    let both = previous.into_iter().chain([keys]);
    let standard: Vec<String> = both.map(|keys| keys.standard(id, timestamp, body)).collect();
    let mut headers = vec![
        ("signature", previous.unwrap_or(keys).documented(body)),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", standard.join(" ")),
    ];
    if previous.is_some() {
        headers.push(("signature-next", keys.documented(body)));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(token: &str, secret: &str) -> SigningKeys {
        SigningKeys::given(SecretString::from(token), SecretString::from(secret)).unwrap()
    }

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_specification_s_example() {
        let keys = keys("t", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signature = keys.standard("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_documented_signature_is_hmac_sha256_in_lower_case_hex() {
        let keys = SigningKeys { token: SecretString::from("Jefe"), secret: SecretString::from("") };
        assert_eq!(
            keys.documented(b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn new_keys_differ_and_come_back_from_their_text() {
        let entropy = Entropy::seeded(1);
        let (first, second) = (SigningKeys::generate(&entropy), SigningKeys::generate(&entropy));
        assert_ne!(first.token.expose_secret(), second.token.expose_secret());
        assert_ne!(first.secret.expose_secret(), second.secret.expose_secret());
        assert_eq!(first.token.expose_secret().len(), 4 + 52);
        assert_eq!(first.standard_key().unwrap().len(), SECRET_BYTES);
        let again = SigningKeys::from_text(&first.to_text()).unwrap();
        assert_eq!(again.token.expose_secret(), first.token.expose_secret());
        assert_eq!(again.secret.expose_secret(), first.secret.expose_secret());
        assert_eq!(first.hint().chars().count(), 9);
        assert!(first.token.expose_secret().ends_with(&first.hint()["wht_…".len()..]));
    }

    #[test]
    fn a_secret_that_is_none_is_not_taken() {
        for secret in ["", "whsec_", "whsec_AAAA", "whsec_%%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let given = SigningKeys::given(SecretString::from("t"), SecretString::from(secret));
            assert!(given.is_none(), "{secret}");
        }
    }

    #[test]
    fn both_generations_sign_during_a_roll() {
        let entropy = Entropy::seeded(1);
        let (new, old) = (SigningKeys::generate(&entropy), SigningKeys::generate(&entropy));
        let headers = headers(&new, Some(&old), "whd_1", 1_999_999, b"{}");
        let value = |name: &str| headers.iter().find(|(other, _)| *other == name).unwrap().1.clone();
        assert_eq!(value("signature"), old.documented(b"{}"));
        assert_eq!(value("signature-next"), new.documented(b"{}"));
        assert_eq!(value("webhook-timestamp"), "1");
        let both = format!("{} {}", old.standard("whd_1", 1, b"{}"), new.standard("whd_1", 1, b"{}"));
        assert_eq!(value("webhook-signature"), both);
        let alone = super::headers(&new, None, "whd_1", 0, b"{}");
        assert!(alone.iter().all(|(name, _)| *name != "signature-next"));
        assert_eq!(alone.len(), 4);
    }
}
