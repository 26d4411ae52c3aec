//! Credentials: everything that authenticates, looked up by the keyed digest of its text in one table, so that every
//! kind and every outcome costs the same one look-up. Users' credentials are written by the teller, keys' in keys.rs.

use super::driver::Row;
use super::sql::sql;
use super::{Failure, Store};
use crate::key_limits::KeyLimits;
use crate::networks::Networks;
use crate::scopes::Scopes;
use anyhow::Context;
use ledger::CredentialDigest;
use ledger::{BookId, Ceilings, Cents, Micros};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// `sk_…`
    SecretKey,
    /// `pk_…`
    PublicKey,
    /// A payout user's hash.
    PayoutHash,
}

impl CredentialKind {
    /// The number that is stored.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::SecretKey => 1,
            Self::PublicKey => 2,
            Self::PayoutHash => 3,
        }
    }

    pub(super) fn from_code(code: i64) -> Result<Self, Failure> {
        let all = [Self::SecretKey, Self::PublicKey, Self::PayoutHash];
        let found = all.into_iter().find(|kind| kind.code() == code);
        found.ok_or_else(|| anyhow::anyhow!("there is no credential kind {code}"))
    }
}

/// A stored credential; whether it authenticates now is for `auth` to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub kind: CredentialKind,
    pub book: BookId,
    /// The key's number, or the user's.
    pub subject: i64,
    /// Neither revoked nor deactivated.
    pub active: bool,
    pub expires_at: Option<Micros>,
    /// What narrows a key; none for a hash.
    pub limits: KeyLimits,
    /// The number of the key under which the sums of a day are kept; 0 for a hash.
    pub budget: i64,
}

/// The columns that narrow a key, in the order in which [`limits`] reads them.
pub(super) const LIMITS: &str =
    "c.allowed, c.max_amount, c.max_request, c.max_day, c.max_recipient_day, c.scopes";

/// Reads [`LIMITS`], which begin at this column.
pub(super) fn limits(row: &Row, first: usize) -> Result<KeyLimits, Failure> {
    limits_with(row, first, |text| text.map(parsed).transpose())
}

/// A list that cannot be read must not lift the key's limit.
fn parsed(text: &str) -> Result<Arc<Networks>, Failure> {
    Ok(Arc::new(Networks::parse(text)?.context("a key's list of addresses is empty")?))
}

fn limits_with(
    row: &Row,
    first: usize,
    networks: impl FnOnce(Option<&str>) -> Result<Option<Arc<Networks>>, Failure>,
) -> Result<KeyLimits, Failure> {
    let allowed = networks(row.maybe_text(first)?)?;
    let cents = |column| Ok::<_, Failure>(row.maybe_int(first + column)?.map(Cents));
    let ceilings = Ceilings { per_request: cents(2)?, per_day: cents(3)?, per_recipient_day: cents(4)? };
    // The same for scopes.
    let scopes = Scopes::from_code(row.maybe_int(first + 5)?).context("a key's scopes cannot be read")?;
    Ok(KeyLimits { allowed, max_amount: cents(1)?, ceilings, scopes })
}

/// The lists of addresses of credentials that were looked up before, parsed. Keyed by the digest and asked for every credential,
/// known or not, so that the time of a look-up tells neither that a key is bound to addresses nor to how many.
static PARSED: LazyLock<Mutex<HashMap<CredentialDigest, ParsedList>>> = LazyLock::new(Mutex::default);
/// Lists that are kept; beyond it all are parsed anew.
const MOST_PARSED: usize = 10_000;

struct ParsedList {
    /// As stored: a list that was changed is parsed again.
    text: Box<str>,
    networks: Arc<Networks>,
}

fn parsed_once(digest: &CredentialDigest, text: Option<&str>) -> Result<Option<Arc<Networks>>, Failure> {
    let mut all = PARSED.lock();
    let known = all.get(digest).filter(|known| text == Some(&*known.text));
    let known = known.map(|known| Arc::clone(&known.networks));
    let (Some(text), None) = (text, &known) else { return Ok(known) };
    let networks = parsed(text)?;
    if all.len() >= MOST_PARSED {
        all.clear();
    }
    all.insert(*digest, ParsedList { text: text.into(), networks: Arc::clone(&networks) });
    Ok(Some(networks))
}

impl Store {
    /// The credential with this digest. Every look-up gives a row and reads it, so that one without a credential takes as long.
    pub async fn credential(&self, digest: &CredentialDigest) -> Result<Option<Credential>, Failure> {
        let sql = sql!(
            "SELECT c.kind, c.book, c.subject, c.active, c.expires_at, c.budget, {LIMITS} \
             FROM (SELECT 1 AS one) asked LEFT JOIN credential c ON c.digest = $1"
        );
        let row = self.driver.query_one(sql, vec![digest.as_slice().into()]).await?;
        let row = row.context("a look-up of a credential gave no row")?;
        let kind = row.maybe_int(0)?;
        let credential = Credential {
            kind: CredentialKind::from_code(kind.unwrap_or(CredentialKind::SecretKey.code()))?,
            book: BookId(row.maybe_int(1)?.unwrap_or_default()),
            subject: row.maybe_int(2)?.unwrap_or_default(),
            active: row.maybe_int(3)? == Some(1),
            expires_at: row.maybe_int(4)?,
            budget: row.maybe_int(5)?.unwrap_or_default(),
            limits: limits_with(&row, 6, |text| parsed_once(digest, text))?,
        };
        Ok(kind.map(|_| credential))
    }
}
