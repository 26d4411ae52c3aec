//! What an operator does with businesses: create one with its first keys, find one by id or name. Not here: money (the
//! teller), later keys (auth/keys.rs). Invariant: a business never exists without its two books and four keys.

use crate::auth::api_key;
use crate::auth::limits::KeyLimits;
use crate::identity_text::identity;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::{Business, CredentialKind, Failure, NewApiKey, NewBusiness, WriteError};
use ledger::{BookId, Mode};
use secrecy::{ExposeSecret, SecretString};

/// Counted in characters.
const LONGEST_NAME: usize = 100;
/// How often a number that somebody else has just taken is tried again.
const TRIES: usize = 20;
/// What the first keys are called.
const FIRST_KEY_NAME: &str = "First key";

/// A business that has just been created, and the only moment in which its keys can be read.
pub struct CreatedBusiness {
    /// As stored.
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
    /// The name cannot be one.
    #[error(
        "a business name has 1 to {LONGEST_NAME} characters that can be seen, on one line, and does not begin with biz_"
    )]
    BadName,
    /// The name is taken.
    #[error("there is already a business with this name; choose another name")]
    NameIsTaken,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Creates a business with payouts disabled, empty books and a secret and a public key for each mode.
///
/// # Errors
/// When the name will not do, or the database breaks; nothing was created then.
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
            // Another process took the number, a key's number or the name in between: look again.
            Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure.into()),
        }
    }
    Err(anyhow::anyhow!("other processes create businesses all the time; try again").into())
}

/// In the order in which [`created`] takes them.
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
    let text = api_key::generate(kind, book.mode(), &platform.entropy);
    let row = NewApiKey {
        number,
        book,
        kind,
        name: FIRST_KEY_NAME.to_owned(),
        hint: api_key::hint(text.expose_secret()),
        digest: platform.secrets.credential_digest(text.expose_secret().as_bytes()),
        created_at: platform.clock.now(),
        expires_at: None,
        limits: KeyLimits::default(),
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

/// A name as it is kept.
fn name_of(name: &str) -> Option<String> {
    // Wherever a business is named, an id can stand instead.
    identity(name, LONGEST_NAME).ok().filter(|name| !name.starts_with("biz_"))
}

/// The public id of the business with this number.
#[must_use]
pub fn id(platform: &Platform, number: i64) -> String {
    platform.secrets.ids().seal(IdKind::Business, BookId::new(number, Mode::Live), number)
}

/// The number that this public id of a business stands for.
#[must_use]
pub fn number(platform: &Platform, id: &str) -> Option<i64> {
    let (book, number) = platform.secrets.ids().open_any(IdKind::Business, id)?;
    (book == BookId::new(number, Mode::Live)).then_some(number)
}

/// The business that an operator calls by id or by name.
///
/// # Errors
/// When the database breaks.
pub async fn find(platform: &Platform, id_or_name: &str) -> Result<Option<Business>, Failure> {
    // No name begins like an id.
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
