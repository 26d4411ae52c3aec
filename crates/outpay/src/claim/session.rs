//! A person's session: a sealed value in a cookie, no table. It holds the keyed digest of the hash it began with, which is looked up
//! at every request, so rotation, deactivation and expiry end it at once. It ends after 30 minutes without a request, and after
//! 12 hours in any case. Not here: the hash itself, which is never stored.

use crate::auth::seal::Purpose;
use crate::auth::{Caller, CredentialDigest, For};
use crate::platform::Platform;
use crate::store::Failure;
use crate::web::cookie;
use axum::response::Response;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::HeaderMap;
use ledger::Micros;
use secrecy::{ExposeSecret, SecretString};

/// The name of the cookie, without its prefix.
pub(super) const COOKIE: &str = "claim";
const BOUND: &[u8] = b"claim session";
const IDLE: Micros = 30 * 60 * 1_000_000;
const LONGEST: Micros = 12 * 3_600 * 1_000_000;

/// A session that was opened from its cookie or has just begun.
#[derive(Clone)]
pub(super) struct ClaimSession {
    digest: CredentialDigest,
    /// Random; the tokens of its forms are bound to it. It stays the same while the cookie's value does not.
    pub(super) id: String,
    began_at: Micros,
}

impl ClaimSession {
    /// A new session for the hash of this digest.
    pub(super) fn begin(platform: &Platform, digest: CredentialDigest) -> Self {
        let mut id = [0; 16];
        platform.entropy.fill(&mut id);
        Self { digest, id: HEXLOWER.encode(&id), began_at: platform.clock.now() }
    }

    /// The session of the request's cookie; `None` once it has expired.
    pub(super) fn sent(platform: &Platform, headers: &HeaderMap) -> Option<Self> {
        let sealed = BASE64URL_NOPAD.decode(cookie::read(headers, COOKIE)?.as_bytes()).ok()?;
        let plain = platform.secrets.seals().open(Purpose::ClaimSession, BOUND, &sealed)?;
        let mut parts = plain.expose_secret().split('.');
        let digest = HEXLOWER.decode(parts.next()?.as_bytes()).ok()?.try_into().ok()?;
        let id = parts.next()?.to_owned();
        let began_at: Micros = parts.next()?.parse().ok()?;
        let seen_at: Micros = parts.next()?.parse().ok()?;
        let now = platform.clock.now();
        let lives = now < seen_at.saturating_add(IDLE) && now < began_at.saturating_add(LONGEST);
        lives.then_some(Self { digest, id, began_at })
    }

    /// The caller; `None` once the hash does not authenticate any more.
    pub(super) async fn caller(&self, platform: &Platform) -> Result<Option<Caller>, Failure> {
        platform.auth.still_authenticates(&self.digest, For::Recipient).await
    }

    /// Sets the cookie, which restarts the 30 minutes.
    pub(super) fn keep(&self, platform: &Platform, response: &mut Response) {
        let (digest, now) = (HEXLOWER.encode(&self.digest), platform.clock.now());
        let plain = SecretString::from(format!("{digest}.{}.{}.{now}", self.id, self.began_at));
        let sealed = platform.secrets.seals().seal(Purpose::ClaimSession, BOUND, &plain, &platform.entropy);
        cookie::set(response, COOKIE, &BASE64URL_NOPAD.encode(&sealed), None);
    }
}
