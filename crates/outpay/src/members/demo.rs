//! The way into the dashboard of `outpay demo`: a link that signs in the demo's owner, without password and second factor, once
//! and within ten minutes. Its token is known to this process alone, and its page exists only where a demo serves this machine
//! (dashboard/access/demo.rs). Not here: how other members sign in (sign_in.rs).

use super::session::{self, Session, SessionClient};
use super::sign_in::{self, SignInStep};
use super::token;
use crate::audit_log;
use crate::platform::Platform;
use crate::roles::Role;
use crate::store::{Failure, MemberChange};
use ledger::{Actor, Micros};
use parking_lot::Mutex;
use secrecy::SecretString;
use serde_json::json;

const LIFETIME: Micros = 10 * 60_000_000;
const OWNER: &str = "owner@example.com";

/// The link that a demo prints; it lives in memory.
pub struct DemoDoor {
    member: i64,
    business: i64,
    ends_at: Micros,
    /// Keyed digest of the token, until it is used.
    digest: Mutex<Option<[u8; 32]>>,
}

impl DemoDoor {
    /// Makes the owner of this business, and a link for the owner; its token is returned.
    ///
    /// # Errors
    /// On a failure of the database.
    pub async fn make(platform: &Platform, business: i64) -> Result<(Self, SecretString), Failure> {
        let member = owner(platform, business).await?;
        let token = token::generate(platform);
        let digest = Mutex::new(Some(token::digest_of(platform, token::DEMO, &token)));
        Ok((Self { member, business, ends_at: platform.clock.now() + LIFETIME, digest }, token))
    }

    /// Begins a session of the owner, if this is the token and it was not used. An earlier session of the browser ends.
    ///
    /// # Errors
    /// On a failure of the database.
    pub async fn enter(
        &self,
        platform: &Platform,
        token: &str,
        client: &SessionClient,
        before: Option<&Session>,
    ) -> Result<Option<SignInStep>, Failure> {
        let sent = token::digest(platform, token::DEMO, token);
        if platform.clock.now() >= self.ends_at || !self.uses_up(&sent) {
            return Ok(None);
        }
        let (token, begun) = session::begin(platform, self.member, true, (self.business, false), client);
        let mut changes = vec![MemberChange::Begin(begun)];
        changes.extend(before.map(|before| sign_in::end(platform, before)));
        platform.store.change_members(&changes).await.map_err(anyhow::Error::from)?;
        Ok(Some(SignInStep { token, complete: true, has_second_factor: false }))
    }

    fn uses_up(&self, sent: &[u8; 32]) -> bool {
        let mut digest = self.digest.lock();
        let fits = digest.as_ref() == Some(sent);
        if fits {
            *digest = None;
        }
        fits
    }
}

/// A folder that is kept has the owner of an earlier demo.
async fn owner(platform: &Platform, business: i64) -> Result<i64, Failure> {
    let at = platform.clock.now();
    let (number, mut changes) = match platform.store.member_by_email(OWNER).await? {
        Some(member) => (member.number, Vec::new()),
        None => {
            let number = platform.store.next_member_number().await?;
            // Random and not kept: only the link signs in.
            let password = platform.passwords.digest(&token::generate(platform), &platform.entropy).await?;
            let (email, name) = (OWNER.to_owned(), "Demo Owner".to_owned());
            (number, vec![MemberChange::Create { number, email, name, password, at }])
        }
    };
    let role = Role::Owner;
    let detail = json!({ "role": role.word() });
    changes.push(MemberChange::Join { business, member: number, role, at });
    let note =
        audit_log::in_business(platform, business, Actor::member(number), "member.joined", OWNER, &detail);
    changes.push(MemberChange::Note(note));
    platform.store.change_members(&changes).await.map_err(anyhow::Error::from)?;
    Ok(number)
}

/// The link below the address of the demo.
#[must_use]
pub fn link(base: &str, token: &SecretString) -> SecretString {
    token::link_to(base, "/dashboard/demo", token)
}
