//! Businesses, as an operator manages them: create one with its first keys, find one by id or name. Not here: money
//! (the teller), later keys (api_keys/). Invariant: a business always has its two books and four keys.

pub mod branding;
pub mod deposits;
pub mod origins;
pub mod settings;

use crate::api_keys::key_text;
use crate::ids::IdKind;
use crate::key_limits::KeyLimits;
use crate::line::Line;
use crate::platform::Platform;
use crate::store::{Business, CredentialKind, Failure, NewApiKey, NewBusiness, WriteError};
use ledger::{BookId, Mode};
use secrecy::{ExposeSecret, SecretString};

/// In characters.
const LONGEST_NAME: usize = 100;
/// Retries when a concurrent process has taken the same number.
const TRIES: usize = 20;
/// Name of the first keys.
const FIRST_KEY_NAME: &str = "First key";

/// A new business. Its keys are readable only here.
pub struct CreatedBusiness {
    pub business: Business,
    /// `sk_live_…`
    pub secret_key: SecretString,
    /// `pk_live_…`
    pub public_key: SecretString,
    /// `sk_test_…`
    pub test_secret_key: SecretString,
    /// `pk_test_…`
    pub test_public_key: SecretString,
}

/// Why a business was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateBusinessError {
    #[error(
        "a business name has 1 to {LONGEST_NAME} visible characters, on one line, and does not begin with biz_"
    )]
    BadName,
    #[error("there is already a business with this name; choose another name")]
    NameIsTaken,
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Creates a business with payouts disabled, empty books, and a secret and a public key for each mode. On an error
/// nothing was created.
pub async fn create(platform: &Platform, name: &str) -> Result<CreatedBusiness, CreateBusinessError> {
    let name = &name_of(name).ok_or(CreateBusinessError::BadName)?;
    for _ in 0..TRIES {
        if platform.store.business_by_name(name).await?.is_some() {
            return Err(CreateBusinessError::NameIsTaken);
        }
        let number = platform.store.next_business_number().await?;
        let first_key = platform.store.next_key_number().await?;
        let now = platform.clock.now();
        let keys: Vec<(SecretString, NewApiKey)> = FIRST_KEYS
            .iter()
            .zip(first_key..)
            .map(|((kind, mode), key)| new_key(platform, BookId::new(number, *mode), *kind, key))
            .collect();
        let business = NewBusiness { number, name: name.to_owned(), created_at: now };
        let (texts, rows): (Vec<SecretString>, Vec<NewApiKey>) = keys.into_iter().unzip();
        match platform.store.create_business(&business, &rows).await {
            Ok(()) => return Ok(created(business, texts)),
            // Another process took the number, a key's number or the name: try again.
            Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure.into()),
        }
    }
    Err(anyhow::anyhow!("other processes are creating businesses at the same time; try again").into())
}

/// In the order that [`created`] expects.
const FIRST_KEYS: [(CredentialKind, Mode); 4] = [
    (CredentialKind::SecretKey, Mode::Live),
    (CredentialKind::PublicKey, Mode::Live),
    (CredentialKind::SecretKey, Mode::Test),
    (CredentialKind::PublicKey, Mode::Test),
];

fn new_key(
    platform: &Platform,
    book: BookId,
    kind: CredentialKind,
    number: i64,
) -> (SecretString, NewApiKey) {
    let text = key_text::generate(kind, book.mode(), &platform.entropy);
    let row = NewApiKey {
        number,
        book,
        kind,
        name: FIRST_KEY_NAME.to_owned(),
        hint: key_text::hint(text.expose_secret()),
        digest: platform.secrets.credential_digest(text.expose_secret().as_bytes()),
        created_at: platform.clock.now(),
        expires_at: None,
        limits: KeyLimits::default(),
        family: None,
        budget: None,
        waits: false,
    };
    (text, row)
}

fn created(business: NewBusiness, keys: Vec<SecretString>) -> CreatedBusiness {
    let NewBusiness { number, name, created_at } = business;
    let keys: [SecretString; 4] = keys.try_into().expect("four keys were made");
    let [secret_key, public_key, test_secret_key, test_public_key] = keys;
    let business = Business { number, name, payouts_enabled: false, created_at };
    CreatedBusiness { business, secret_key, public_key, test_secret_key, test_public_key }
}

/// Normalises a name; `None` if it is not a valid one.
fn name_of(name: &str) -> Option<String> {
    // Commands accept an id in place of a name, so a name must not look like an id.
    Line::parse(name, LONGEST_NAME).ok().map(String::from).filter(|name| !name.starts_with("biz_"))
}

#[must_use]
pub fn id(platform: &Platform, number: i64) -> String {
    platform.secrets.ids().seal(IdKind::Business, BookId::new(number, Mode::Live), number)
}

/// The number of the business with this public id.
#[must_use]
pub fn number(platform: &Platform, id: &str) -> Option<i64> {
    let (book, number) = platform.secrets.ids().open_any(IdKind::Business, id)?;
    (book == BookId::new(number, Mode::Live)).then_some(number)
}

/// Finds a business by id or by name.
pub async fn find(platform: &Platform, id_or_name: &str) -> Result<Option<Business>, Failure> {
    // A name cannot begin like an id.
    if let Some(number) = number(platform, id_or_name) {
        return platform.store.business(number).await;
    }
    let Some(name) = name_of(id_or_name) else { return Ok(None) };
    platform.store.business_by_name(&name).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_no_ids() {
        for name in ["a", "Acme, Inc.", "Łódź 7", &"x".repeat(100)] {
            assert_eq!(name_of(name).as_deref(), Some(name), "{name:?}");
        }
        for name in [" Łódź 7", "Ło\u{301}dz\u{301} 7", "Łódź\u{a0}7"] {
            assert_eq!(name_of(name).as_deref(), Some("Łódź 7"), "{name:?}");
        }
        for name in ["", " ", "a\nb", "a\0b", "a\u{200b}", "biz_1", " biz_1", &"x".repeat(101)] {
            assert_eq!(name_of(name), None, "{name:?}");
        }
    }
}
