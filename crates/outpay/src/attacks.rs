//! Signs of attacks: wrong passwords and codes, lock-outs, forged forms, refused credentials. Each is a line of the log in a
//! form that fail2ban reads (contrib/fail2ban), and is counted for the metrics; what concerns a member is in the audit log of
//! the member's businesses too. Not here: what refuses them.
//!
//! Invariants: a line holds nothing that a client has sent, but the address, ids and fixed words, so no request can forge one;
//! and no caller waits for the audit log, so that its answer takes the same time whether there is an account or not.

use crate::store::{Failure, MemberChange, Store};
use ledger::{Actor, Micros};
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use serde_json::json;
use std::collections::BTreeMap;

/// Signs about members that may wait for the audit log; what comes beyond them is in the log alone.
const MOST_WAITING: usize = 1_000;

/// What was seen. The words are read by filters: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttackSign {
    /// No account, or another password.
    WrongPassword,
    /// A code of the app or a recovery code that is wrong or was used before.
    WrongCode,
    /// Too many tries.
    LockedOut,
    /// A form that is not from a page of this session (cross-site request forgery).
    ForgedForm,
    /// An API key or a payout hash that does not authenticate.
    RefusedCredential,
}

impl AttackSign {
    pub const ALL: [Self; 5] =
        [Self::WrongPassword, Self::WrongCode, Self::LockedOut, Self::ForgedForm, Self::RefusedCredential];

    /// In the log and the metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::WrongCode => "wrong_code",
            Self::LockedOut => "locked_out",
            Self::ForgedForm => "forged_form",
            Self::RefusedCredential => "refused_credential",
        }
    }

    /// In the audit log.
    fn action(self) -> &'static str {
        match self {
            Self::WrongPassword => "member.wrong_password",
            Self::WrongCode => "member.wrong_code",
            Self::LockedOut => "member.locked_out",
            Self::ForgedForm => "member.forged_form",
            Self::RefusedCredential => "member.refused_credential",
        }
    }
}

/// Member, sign, address.
type UnwrittenSigns = BTreeMap<(i64, AttackSign, String), Seen>;

/// When it was first seen since the last writing, and how often.
struct Seen {
    at: Micros,
    times: u64,
}

/// Where signs are told.
#[derive(Default)]
pub struct Attacks {
    counts: Family<AttackLabels, Counter>,
    waiting: Mutex<UnwrittenSigns>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttackLabels {
    kind: &'static str,
}

impl Attacks {
    /// Writes a line and counts it. `address`: of the client, as web/client.rs writes it. `key`: the public id of the API key,
    /// where one was recognised.
    pub fn tell(&self, sign: AttackSign, address: &str, key: Option<&str>) {
        let (kind, key) = (sign.word(), key.unwrap_or("-"));
        let address = if address.is_empty() { "-" } else { address };
        self.counts.get_or_create(&AttackLabels { kind }).inc();
        tracing::warn!(target: "outpay::attack", kind, %address, %key, "sign of attack");
    }

    /// The same for one that concerns a member, which the audit log gets with the next [`Self::write`].
    pub fn tell_of_member(&self, sign: AttackSign, address: &str, member: Option<i64>, at: Micros) {
        self.tell(sign, address, None);
        let Some(member) = member else { return };
        let mut waiting = self.waiting.lock();
        let of = (member, sign, address.to_owned());
        if waiting.len() < MOST_WAITING || waiting.contains_key(&of) {
            waiting.entry(of).or_insert(Seen { at, times: 0 }).times += 1;
        }
    }

    /// How often a sign was seen.
    #[must_use]
    pub fn count(&self, sign: AttackSign) -> u64 {
        self.counts.get_or_create(&AttackLabels { kind: sign.word() }).get()
    }

    pub fn register(&self, registry: &mut Registry) {
        // All of them from the beginning: a counter that appears with its first sign has no rate.
        for sign in AttackSign::ALL {
            drop(self.counts.get_or_create(&AttackLabels { kind: sign.word() }));
        }
        registry.register("attack_signs", "Signs of attacks by kind", self.counts.clone());
    }

    /// Writes what waits into the audit log of each member's businesses.
    ///
    /// # Errors
    /// When the database breaks; it is written next time.
    pub async fn write(&self, store: &Store) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        if waiting.is_empty() {
            return Ok(());
        }
        let note = |((member, sign, address), seen): (&(i64, AttackSign, String), &Seen)| {
            MemberChange::NoteEverywhere {
                member: *member,
                at: seen.at,
                actor: Actor::NONE,
                action: sign.action(),
                detail: json!({ "address": address, "times": seen.times }).to_string(),
            }
        };
        let changes: Vec<MemberChange> = waiting.iter().map(note).collect();
        let written = store.change_members(&changes).await.map_err(Failure::from);
        if written.is_err() {
            let mut again = self.waiting.lock();
            for (of, seen) in waiting {
                again.entry(of).or_insert(Seen { at: seen.at, times: 0 }).times += seen.times;
            }
        }
        written
    }
}
