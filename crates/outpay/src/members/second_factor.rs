//! The second factor: TOTP (RFC 6238, SHA-1, six digits, 30 seconds, a step of grace to either side), and ten recovery codes
//! for the day the telephone is lost. Not here: that a code works once (the store's conditional updates).

use crate::auth::Secrets;
use crate::auth::seal::Purpose;
use crate::clock::Entropy;
use crate::platform::Platform;
use crate::store::Failure;
use anyhow::Context;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ledger::Micros;
use qrcode::QrCode;
use qrcode::render::svg;
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Builder, Totp};

const ISSUER: &str = "Outpay";
const KEY_BYTES: usize = 20;
/// How many recovery codes a member gets.
pub const RECOVERY_CODES: usize = 10;
const RECOVERY_PURPOSE: &str = "recovery code";

/// A new TOTP key in base32, as people type it.
#[must_use]
pub fn new_key(entropy: &Entropy) -> SecretString {
    let mut bytes = [0u8; KEY_BYTES];
    entropy.fill(&mut bytes);
    SecretString::from(BASE32_NOPAD.encode(&bytes))
}

/// The key as it is stored.
#[must_use]
pub fn seal(platform: &Platform, member: i64, key: &SecretString) -> Vec<u8> {
    platform.secrets.seals().seal(Purpose::SecondFactor, &associated(member), key, &platform.entropy)
}

/// The key in clear.
///
/// # Errors
/// When it was altered, or belongs to another member or master key.
pub fn open(platform: &Platform, member: i64, sealed: &[u8]) -> Result<SecretString, Failure> {
    let opened = platform.secrets.seals().open(Purpose::SecondFactor, &associated(member), sealed);
    opened.context("a second factor does not open with this master key")
}

/// Associated data that binds a sealed key to its member.
#[must_use]
pub fn associated(member: i64) -> Vec<u8> {
    format!("member {member}").into_bytes()
}

/// The time step whose code this is, if it is one of now.
///
/// # Errors
/// When the key is none.
pub fn step(key: &SecretString, code: &str, now: Micros) -> Result<Option<i64>, Failure> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now / 1_000_000).context("a time before 1970")?;
    let step = totp(key, "")?.check(&digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// What a QR code for authenticator apps says.
///
/// # Errors
/// When the key is none.
pub fn uri(key: &SecretString, email: &str) -> Result<SecretString, Failure> {
    let uri = totp(key, email)?.to_url().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(SecretString::from(uri))
}

fn totp(key: &SecretString, email: &str) -> Result<Totp, Failure> {
    let bytes = BASE32_NOPAD.decode(key.expose_secret().as_bytes()).context("a TOTP key is not base32")?;
    // An address may hold no colon, which stands between issuer and account.
    let account = email.replace(':', "");
    let builder = Builder::new().with_secret(bytes).with_account_name(account).with_issuer(Some(ISSUER));
    builder.build().map_err(|error| anyhow::anyhow!("{error}"))
}

/// The QR code as an SVG element, black on white in every theme, because cameras want it so.
///
/// # Errors
/// When the text is too long.
pub fn qr(uri: &SecretString) -> Result<String, Failure> {
    let code = QrCode::new(uri.expose_secret().as_bytes())?;
    let image = code
        .render::<svg::Color<'_>>()
        .min_dimensions(208, 208)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    let element = image.split_once("<svg").context("an image without an image")?.1;
    Ok(format!("<svg role=\"img\" aria-label=\"QR code with the key below\"{element}"))
}

/// New recovery codes: 50 random bits each, in two groups.
#[must_use]
pub fn recovery_codes(entropy: &Entropy) -> Vec<SecretString> {
    let code = || {
        let mut bytes = [0u8; 7];
        entropy.fill(&mut bytes);
        let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
        SecretString::from(format!("{}-{}", &text[..5], &text[5..10]))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// The digest under which a member's recovery code is stored; spelling does not count.
#[must_use]
pub fn recovery_digest(secrets: &Secrets, member: i64, code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    secrets.page_mac(RECOVERY_PURPOSE, &format!("{member} {plain}"))
}

/// Does it look like a recovery code and not like a code of an app?
#[must_use]
pub fn is_recovery_code(code: &str) -> bool {
    code.chars().filter(char::is_ascii_alphanumeric).count() == 10
}

/// A signed name of a browser from which an account was signed in to: it is not locked out because of others. `known` is
/// what the browser sent; the result is the browser's name if it is known for this account.
#[must_use]
pub fn known_device(secrets: &Secrets, email: &str, known: Option<&str>) -> Option<String> {
    let (name, signature) = known?.split_once('.')?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
    secrets.page_mac_fits("member device", &format!("{email} {name}"), &signature).then(|| name.to_owned())
}

/// What a browser is given once an account was signed in to from it.
#[must_use]
pub fn new_device(platform: &Platform, email: &str) -> String {
    let mut bytes = [0u8; 16];
    platform.entropy.fill(&mut bytes);
    let name = BASE64URL_NOPAD.encode(&bytes);
    let signature = platform.secrets.page_mac("member device", &format!("{email} {name}"));
    format!("{name}.{}", BASE64URL_NOPAD.encode(&signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_code_is_one_of_its_time() {
        // RFC 6238, appendix B: the SHA-1 key "12345678901234567890" gives 94287082 at 59 seconds, of which six digits are used.
        let key = SecretString::from(BASE32_NOPAD.encode(b"12345678901234567890"));
        assert_eq!(step(&key, "287082", 59 * SECOND).unwrap(), Some(1));
        assert_eq!(step(&key, " 287 082 ", 59 * SECOND).unwrap(), Some(1));
        assert_eq!(step(&key, "287082", 89 * SECOND).unwrap(), Some(1), "one step late");
        assert_eq!(step(&key, "287082", 90 * SECOND).unwrap(), None, "two steps late");
        for wrong in ["", "287081", "94287082", "+87082", "28708a"] {
            assert_eq!(step(&key, wrong, 59 * SECOND).unwrap(), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_app_reads_key_and_account() {
        let key = new_key(&Entropy::seeded(1));
        let uri = uri(&key, "ada@example.com").unwrap();
        let text = uri.expose_secret();
        assert!(text.starts_with("otpauth://totp/Outpay:ada%40example.com?"), "{text}");
        assert!(text.contains(key.expose_secret()) && text.contains("issuer=Outpay"), "{text}");
        let image = qr(&uri).unwrap();
        assert!(image.starts_with("<svg role=\"img\"") && image.trim_end().ends_with("</svg>"), "{image}");
    }

    #[test]
    fn recovery_codes_are_different_and_forgive_spelling() {
        let secrets = Secrets::derive(&[7; 32]);
        let codes = recovery_codes(&Entropy::seeded(1));
        let texts: std::collections::HashSet<&str> = codes.iter().map(|code| code.expose_secret()).collect();
        assert_eq!(texts.len(), RECOVERY_CODES);
        for text in texts {
            assert_eq!(text.len(), 11);
            assert!(is_recovery_code(text) && !is_recovery_code("123456"));
            let spelled = text.replace('-', " ").to_uppercase();
            assert_eq!(recovery_digest(&secrets, 1, &spelled), recovery_digest(&secrets, 1, text));
            assert_ne!(recovery_digest(&secrets, 2, text), recovery_digest(&secrets, 1, text));
        }
    }
}
