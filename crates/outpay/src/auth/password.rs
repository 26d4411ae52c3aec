//! Passwords: argon2id with the parameters of the OWASP cheat sheet (19 MiB, 2 passes, 1 lane), beside a pepper from the
//! master key, off the answering threads and in turns (password_lanes.rs). What a password must be. Invariant: a try costs the same work
//! whether there is an account or not.

use super::key_ring::KeyRing;
use super::password_lanes::{PasswordLane, PasswordLanes, PasswordPlace};
use crate::auth::Secrets;
use crate::clock::{Clock, Entropy};
use crate::line::holds_unseen;
use crate::store::Failure;
use anyhow::Context;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use passwords::analyzer::is_common_password;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

const KIBIBYTES: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The salt of a try for which there is no account; its digest is thrown away.
const DUMMY_SALT: &[u8; 16] = b"outpay no member";

/// Counted in characters.
const SHORTEST: usize = 12;
const LONGEST: usize = 256;

/// Makes and checks passwords' digests; cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    secrets: Arc<Secrets>,
    shared: Arc<PasswordsParts>,
}

struct PasswordsParts {
    lanes: PasswordLanes,
    work: AtomicU64,
}

impl Passwords {
    /// With the pepper of these secrets.
    #[must_use]
    pub fn new(secrets: Arc<Secrets>, clock: Clock) -> Self {
        let parts = PasswordsParts { lanes: PasswordLanes::new(clock), work: AtomicU64::new(0) };
        Self { secrets, shared: Arc::new(parts) }
    }

    /// A place in the queue of a lane, without which no password is checked. `None`: the queue is full, and the attempt is to be
    /// refused before it costs anything.
    #[must_use]
    pub fn enter(&self, lane: PasswordLane) -> Option<PasswordPlace> {
        self.shared.lanes.enter(lane)
    }

    /// A new digest, as a PHC string, for a member who is signed in or invited.
    ///
    /// # Errors
    /// When the machine has no memory for it.
    pub async fn digest(&self, password: &SecretString, entropy: &Entropy) -> Result<String, Failure> {
        let mut salt = [0u8; 16];
        entropy.fill(&mut salt);
        let version = self.secrets.version();
        self.work(PasswordLane::Known, version, password, move |argon2, password| {
            let digest = argon2.hash_password_with_salt(password, &salt).map_err(broken)?;
            Ok(if version == KeyRing::FIRST { digest.to_string() } else { format!("{version:x}{digest}") })
        })
        .await
    }

    /// A new digest of the password that fits this one, if this one was made with another version of the master key than the one
    /// in use.
    ///
    /// # Errors
    /// When the machine has no memory for it.
    pub async fn renewed(
        &self,
        password: &SecretString,
        digest: &str,
        entropy: &Entropy,
    ) -> Result<Option<String>, Failure> {
        if pepper_of(digest).0 == self.secrets.version() {
            return Ok(None);
        }
        self.digest(password, entropy).await.map(Some)
    }

    /// Is it the password of this digest? Without a digest: no, after the same work.
    ///
    /// # Errors
    /// When the machine has no memory for it, or the digest is none.
    pub async fn fits(
        &self,
        place: PasswordPlace,
        password: &SecretString,
        digest: Option<&str>,
    ) -> Result<bool, Failure> {
        let pepper = digest.map_or(self.secrets.version(), |digest| pepper_of(digest).0);
        let digest = digest.map(|digest| pepper_of(digest).1.to_owned());
        self.work(place.lane, pepper, password, move |argon2, password| match digest {
            Some(digest) => match PasswordVerifier::<str>::verify_password(argon2, password, &digest) {
                Ok(()) => Ok(true),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(broken(error)),
            },
            None => {
                let _thrown_away = argon2.hash_password_with_salt(password, DUMMY_SALT).map_err(broken)?;
                Ok(false)
            }
        })
        .await
    }

    /// How many digests were computed, so that a test can show that each attempt costs the same.
    #[must_use]
    pub fn work_done(&self) -> u64 {
        self.shared.work.load(Ordering::Relaxed)
    }

    async fn work<T: Send + 'static>(
        &self,
        lane: PasswordLane,
        pepper: u8,
        password: &SecretString,
        act: impl FnOnce(&Argon2<'_>, &[u8]) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.shared.work.fetch_add(1, Ordering::Relaxed);
        let (password, secrets) = (password.clone(), Arc::clone(&self.secrets));
        let compute = move || {
            let params =
                Params::new(KIBIBYTES, PASSES, LANES, None).map_err(|error| anyhow::anyhow!("{error}"))?;
            let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
            let pepper = secrets.password_pepper(pepper);
            let pepper = pepper.context("a password's digest is of an unknown version of the master key")?;
            let argon2 = Argon2::new_with_secret(pepper, algorithm, version, params)
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            // One password, whichever keyboard composes its letters.
            let password = SecretString::from(opaque_string(password.expose_secret()));
            act(&argon2, password.expose_secret().as_bytes())
        };
        let computed =
            self.shared.lanes.run(lane, async { tokio::task::spawn_blocking(compute).await }).await;
        computed.context("a password's digest was cut off")?
    }
}

/// The version of the master key whose pepper is in a digest, and the digest in PHC form. The first version is not written; another
/// one is a hexadecimal digit before it.
fn pepper_of(digest: &str) -> (u8, &str) {
    let marked = digest.find('$').filter(|at| *at == 1).map(|at| digest.split_at(at));
    let version = marked.and_then(|(version, phc)| Some((u8::from_str_radix(version, 16).ok()?, phc)));
    version.unwrap_or((KeyRing::FIRST, digest))
}

fn broken(error: Error) -> Failure {
    anyhow::anyhow!("a password's digest could not be computed: {error}")
}

/// What is wrong with a password that this member chooses, in a sentence.
#[must_use]
pub fn problem(password: &str, email: &str) -> Option<&'static str> {
    let password = opaque_string(password);
    let length = password.chars().count();
    if holds_unseen(&password) {
        return Some(
            "The password may not hold characters that cannot be seen, because they cannot be typed again.",
        );
    }
    if length < SHORTEST {
        return Some("The password must have at least 12 characters. Four words make a good one.");
    }
    if length > LONGEST {
        return Some("The password may not have more than 256 characters.");
    }
    let lower = password.to_lowercase();
    if lower.contains(&email.to_lowercase()) {
        return Some("The password may not contain your e-mail address.");
    }
    if is_common(&lower, email) {
        return Some("This password is among the first that are guessed. Choose another.");
    }
    None
}

/// The most digits and marks behind a common password with which it is as common.
const LONGEST_ENDING: usize = 6;
/// Letters and digits that a password needs beside the words that an attacker of this account tries first.
const FEWEST_OTHERS: usize = 6;

/// Is it one of the 100,000 commonest passwords (OWASP ASVS 5.0, 6.2.4), also with a few digits or marks behind it, or a
/// repetition, or mostly made of words of this site and this member (6.2.11)?
fn is_common(lower: &str, email: &str) -> bool {
    let stem = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    let has_short_ending = lower.len() - stem.len() <= LONGEST_ENDING;
    let all: Vec<char> = lower.chars().collect();
    let repeats = (1..=4).any(|length| all.iter().enumerate().all(|(at, c)| *c == all[at % length]));
    let email = email.to_lowercase();
    let own = email.split(|c: char| !c.is_alphanumeric()).chain(SITE_WORDS).filter(|word| word.len() > 2);
    let others = own.fold(lower.to_owned(), |rest, word| rest.replace(word, ""));
    let others = others.chars().filter(|c| c.is_alphanumeric()).count();
    // Of a word that this site adds, nothing is left but its ending: "outpay2026!!".
    repeats
        || is_common_password(lower)
        || (has_short_ending && !stem.is_empty() && is_common_password(stem))
        || others < FEWEST_OTHERS
}

/// What is tried first against an account of this product.
const SITE_WORDS: [&str; 5] = ["outpay", "payout", "dashboard", "password", "admin"];

/// A password as RFC 8265 prepares it (profile OpaqueString, 4.2): spaces of other kinds become ASCII spaces, then NFC; case
/// and the number of spaces stay. What a password may hold is judged where one is chosen.
#[must_use]
pub fn opaque_string(password: &str) -> String {
    let is_space = |c: &char| c.general_category() == GeneralCategory::SpaceSeparator;
    password.chars().map(|c| if is_space(&c) { ' ' } else { c }).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_password_must_be() {
        let email = "ada@example.com";
        let longest = "four words ".repeat(23) + "abc";
        for good in [
            "four words are good",
            "žluťoučký kůň",
            "password of my aunt",
            "xkcd-936-xkcd",
            // 64 and more characters are allowed (OWASP ASVS 5.0, 6.2.9).
            &longest,
        ] {
            assert_eq!(problem(good, email), None, "{good:?}");
        }
        for bad in [
            "",
            "elevenchars",
            "password1234",
            "Password-2024",
            "aaaaaaaaaaaa",
            "abababababab",
            "123456789012",
            "qwertyuiop12",
            "Howareyou123",
            "1Q2w3e4r5t6y7u8i9o0p",
            "motherfucker",
            "abcdefghijkl",
            "outpay-outpay-1",
            "Dashboard Admin 7",
            "ada.example-2026",
            "my ada@example.com",
            "ADA@EXAMPLE.COM!",
            &"x1".repeat(129),
            "four words are\u{200b} good",
            "four words are\tgood",
            // Eleven letters, each of two characters.
            "u\u{308}bermu\u{308}du\u{308}ng",
        ] {
            assert!(problem(bad, email).is_some(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn only_the_password_fits_and_every_try_is_work() {
        let passwords = Passwords::new(Arc::new(Secrets::derive(&[7; 32])), Clock::manual(0));
        let other = Passwords::new(Arc::new(Secrets::derive(&[8; 32])), Clock::manual(0));
        let secret = |text: &str| SecretString::from(text);
        let place = |passwords: &Passwords| passwords.enter(PasswordLane::Known).unwrap();
        let entropy = Entropy::seeded(1);
        let digest = passwords.digest(&secret("right horse"), &entropy).await.unwrap();
        assert!(digest.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{digest}");
        assert_ne!(passwords.digest(&secret("right horse"), &entropy).await.unwrap(), digest, "salted");
        assert!(passwords.fits(place(&passwords), &secret("right horse"), Some(&digest)).await.unwrap());
        assert!(
            passwords.fits(place(&passwords), &secret("right\u{a0}horse"), Some(&digest)).await.unwrap(),
            "another space"
        );
        assert!(!passwords.fits(place(&passwords), &secret("wrong horse"), Some(&digest)).await.unwrap());
        let composed = passwords.digest(&secret("Übermut"), &entropy).await.unwrap();
        assert!(
            passwords.fits(place(&passwords), &secret("U\u{308}bermut"), Some(&composed)).await.unwrap(),
            "another keyboard"
        );
        assert!(!passwords.fits(place(&passwords), &secret("right horse"), None).await.unwrap());
        assert!(
            !other.fits(place(&other), &secret("right horse"), Some(&digest)).await.unwrap(),
            "another master key"
        );
        assert!(
            passwords.fits(place(&passwords), &secret("right horse"), Some("not a digest")).await.is_err()
        );
        assert_eq!(passwords.work_done(), 9);
    }

    #[tokio::test]
    async fn a_digest_is_renewed_with_the_version_in_use_and_the_old_one_fits_until_then() {
        let ring = KeyRing::of([7; 32]).with_new(11, &Entropy::seeded(1));
        let secrets = Arc::new(Secrets::of(&ring));
        let passwords = Passwords::new(Arc::clone(&secrets), Clock::manual(0));
        let (entropy, password) = (Entropy::seeded(1), SecretString::from("right horse"));
        let fits = async |digest: &str| {
            let place = passwords.enter(PasswordLane::Known).unwrap();
            passwords.fits(place, &password, Some(digest)).await.unwrap()
        };
        let old = passwords.digest(&password, &entropy).await.unwrap();
        assert_eq!(passwords.renewed(&password, &old, &entropy).await.unwrap(), None);
        assert!(secrets.take_into_use(11));
        assert!(fits(&old).await);
        let new = passwords.renewed(&password, &old, &entropy).await.unwrap().unwrap();
        assert!(new.starts_with("b$argon2id$"), "{new}");
        assert!(fits(&new).await && !fits(&new[1..]).await, "with another pepper");
        assert_eq!(passwords.renewed(&password, &new, &entropy).await.unwrap(), None);
        let place = passwords.enter(PasswordLane::Known).unwrap();
        let unknown = passwords.fits(place, &password, Some(&format!("c{}", &new[1..]))).await;
        assert!(format!("{:#}", unknown.unwrap_err()).contains("unknown version of the master key"));
    }

    #[test]
    fn passwords_keep_their_case_and_their_spaces() {
        assert_eq!(opaque_string("Zwo\u{308}lf\u{a0} Ko\u{308}che "), "Zwölf  Köche ");
    }
}
