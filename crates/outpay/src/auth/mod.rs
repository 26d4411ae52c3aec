//! Authentication: one function for all kinds of credentials and one way for every outcome. The text that was sent (a
//! fixed dummy where nothing was) is digested, the digest is looked up, and what is found is judged after that. All
//! failures therefore cost one digest and one look-up, and look the same. Not here: the 401 itself (http/problem.rs).

mod key_ring;
pub mod master_key;
pub mod password;
mod password_lanes;
pub mod seal;
mod secrets;
mod versions;

pub use key_ring::KeyRing;
pub use ledger::CredentialDigest;
pub use password::Passwords;
pub use password_lanes::PasswordLane;
pub use secrets::Secrets;
pub use versions::{adopt, check_versions};

use crate::clock::Clock;
use crate::scopes::Scopes;
use crate::store::{Credential, CredentialKind, Failure, Store};
use ledger::{Actor, BookId, Budget, Cents, Micros, Origin};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long an authenticated API key is trusted without asking the database again: the longest that a revocation in
/// another process can take to be noticed (the promise is one second).
const TRUST: Micros = 500_000;
/// Keys trusted at once; beyond it all are forgotten, which costs a look-up each.
const MOST_TRUSTED: usize = 10_000;
/// What is digested where no credential was sent.
const NOTHING_SENT: &[u8] = b"outpay: no credential was sent";

/// Who is asking: a business by its secret key, or a payout user by the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The book the credential opens.
    pub book: BookId,
    /// The key's number, or the user's.
    pub subject: i64,
    /// The most that one payout may be, where the key has such a limit.
    pub max_amount: Option<Cents>,
    /// What the key may pay out, where it has ceilings.
    pub budget: Option<Budget>,
    /// What the key may do; everything for a hash, which opens no endpoint of keys.
    pub scopes: Scopes,
    /// The credential itself, which the ledger judges again when it decides.
    pub credential: CredentialDigest,
}

impl Caller {
    /// As a business by its key.
    #[must_use]
    pub fn as_key(&self) -> Origin {
        let budget = self.budget;
        Origin { actor: Actor(self.subject), credential: Some(self.credential), session: None, budget }
    }

    /// As a person by the hash.
    #[must_use]
    pub fn as_recipient(&self) -> Origin {
        Origin { credential: Some(self.credential), ..Actor::NONE.into() }
    }
}

/// What an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Secret API keys.
    Business,
    /// Payout hashes of active users.
    Recipient,
}

/// Checks credentials; cheap to clone.
#[derive(Clone)]
pub struct Auth {
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    shared: Arc<AuthParts>,
}

#[derive(Default)]
struct AuthParts {
    trusted: Mutex<HashMap<CredentialDigest, Trusted>>,
    /// How often everything trusted was forgotten: a look-up that began before must not be trusted after.
    epoch: AtomicU64,
    uses: Mutex<HashMap<i64, Micros>>,
    digests: AtomicU64,
    lookups: AtomicU64,
}

struct Trusted {
    credential: Credential,
    /// By the monotonic clock: one that is set back must not prolong the trust.
    looked_up_at: Micros,
}

impl Auth {
    /// With these parts.
    #[must_use]
    pub fn new(store: Store, secrets: Arc<Secrets>, clock: Clock) -> Self {
        Self { store, secrets, clock, shared: Arc::default() }
    }

    /// Who sent this text, if it authenticates here and now; `None` for every other case. A key that is bound to addresses
    /// does not authenticate here: see [`Self::authenticate_from`].
    pub async fn authenticate(&self, sent: Option<&[u8]>, purpose: For) -> Result<Option<Caller>, Failure> {
        self.authenticate_from(sent, purpose, None).await
    }

    /// The same for a request that comes from this address.
    pub async fn authenticate_from(
        &self,
        sent: Option<&[u8]>,
        purpose: For,
        from: Option<IpAddr>,
    ) -> Result<Option<Caller>, Failure> {
        Ok(self.recognise(sent, purpose, from).await?.ok())
    }

    /// The same, with what was recognised of a credential that does not authenticate: the book and number of an API key.
    pub async fn recognise(
        &self,
        sent: Option<&[u8]>,
        purpose: For,
        from: Option<IpAddr>,
    ) -> Result<Result<Caller, Option<(BookId, i64)>>, Failure> {
        let now = self.clock.now();
        let digest = self.secrets.credential_digest(sent.unwrap_or(NOTHING_SENT));
        self.shared.digests.fetch_add(1, Ordering::Relaxed);
        if let Some(caller) = self.trusted(&digest, purpose, now, from) {
            return Ok(Ok(caller));
        }
        let looked_up_at = self.clock.monotonic();
        let epoch = self.shared.epoch.load(Ordering::SeqCst);
        let found = self.store.credential(&digest).await?;
        self.shared.lookups.fetch_add(1, Ordering::Relaxed);
        let caller = found.as_ref().and_then(|credential| judge(credential, &digest, purpose, now, from));
        let caller = caller.filter(|_| sent.is_some());
        let is_key = |found: &&Credential| found.kind != CredentialKind::PayoutHash;
        let key = found.as_ref().filter(is_key).map(|found| (found.book, found.subject));
        if let (Some(caller), Some(credential), For::Business) = (caller, found, purpose) {
            self.trust(digest, Trusted { credential, looked_up_at }, epoch);
            self.shared.uses.lock().insert(caller.subject, now);
        }
        Ok(caller.ok_or(key))
    }

    /// Who the credential with this digest authenticates here and now. For sessions that began with it: they end with it,
    /// by rotation, deactivation or expiry, from one request to the next.
    pub async fn still_authenticates(
        &self,
        digest: &CredentialDigest,
        purpose: For,
    ) -> Result<Option<Caller>, Failure> {
        let found = self.store.credential(digest).await?;
        Ok(found.and_then(|credential| judge(&credential, digest, purpose, self.clock.now(), None)))
    }

    /// Only what authenticated is trusted, so a failure never finds anything here and always takes the whole way.
    fn trusted(
        &self,
        digest: &CredentialDigest,
        purpose: For,
        now: Micros,
        from: Option<IpAddr>,
    ) -> Option<Caller> {
        if purpose != For::Business {
            return None;
        }
        let all = self.shared.trusted.lock();
        let trusted = all.get(digest)?;
        let age = self.clock.monotonic() - trusted.looked_up_at;
        judge(&trusted.credential, digest, purpose, now, from).filter(|_| age < TRUST)
    }

    fn trust(&self, digest: CredentialDigest, found: Trusted, epoch: u64) {
        let mut trusted = self.shared.trusted.lock();
        if self.shared.epoch.load(Ordering::SeqCst) != epoch {
            return;
        }
        if trusted.len() >= MOST_TRUSTED {
            trusted.clear();
        }
        trusted.insert(digest, found);
    }

    /// Asks the database again from now on. To be called after any change of keys in this process.
    pub fn forget_trusted(&self) {
        let mut trusted = self.shared.trusted.lock();
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        trusted.clear();
    }

    /// Writes down when keys were last used, for all keys used since the last time. A key that is in use is looked up
    /// every half second, so the times are right to that.
    ///
    /// # Errors
    /// When the database breaks; the times are written next time.
    pub async fn record_uses(&self) -> Result<(), Failure> {
        let uses: Vec<(i64, Micros)> = std::mem::take(&mut *self.shared.uses.lock()).into_iter().collect();
        if uses.is_empty() {
            return Ok(());
        }
        let recorded = self.store.record_key_uses(&uses).await;
        if recorded.is_err() {
            let mut waiting = self.shared.uses.lock();
            for (number, at) in uses {
                waiting.entry(number).or_insert(at);
            }
        }
        recorded
    }

    /// Digests and look-ups made so far: the whole work of authentication, so a test can show that it never differs.
    #[must_use]
    pub fn work_done(&self) -> (u64, u64) {
        (self.shared.digests.load(Ordering::Relaxed), self.shared.lookups.load(Ordering::Relaxed))
    }
}

fn judge(
    credential: &Credential,
    digest: &CredentialDigest,
    purpose: For,
    now: Micros,
    from: Option<IpAddr>,
) -> Option<Caller> {
    let kind_fits = match purpose {
        For::Business => credential.kind == CredentialKind::SecretKey,
        For::Recipient => credential.kind == CredentialKind::PayoutHash,
    };
    let valid = credential.expires_at.is_none_or(|end| now < end);
    let admitted = credential.limits.admits(from);
    let limits = &credential.limits;
    let budget = Budget { number: credential.budget, ceilings: limits.ceilings };
    let caller = Caller {
        book: credential.book,
        subject: credential.subject,
        max_amount: limits.max_amount,
        budget: (!limits.ceilings.is_none()).then_some(budget),
        scopes: limits.scopes,
        credential: *digest,
    };
    (kind_fits && credential.active && valid && admitted).then_some(caller)
}
