//! Sessions: a random token in a cookie, of which the database holds a keyed digest. A session is rotated at every step of
//! signing in, so that it cannot have been planted before (session fixation); it ends after half an hour without use, after twelve hours at the
//! latest, and at once when it is ended. Before its second factor it lives ten minutes and opens nothing.

use super::Member;
use super::token;
use crate::platform::Platform;
use crate::roles::Role;
use crate::store::{Business, Failure, NewSession, SessionRow};
use ledger::{Micros, Mode};
use secrecy::{ExposeSecret, SecretString};

const MINUTE: Micros = 60_000_000;
/// Without use.
const IDLE: Micros = 30 * MINUTE;
/// However much it is used.
const LONGEST: Micros = 12 * 60 * MINUTE;
/// Before its second factor.
const INCOMPLETE: Micros = 10 * MINUTE;
/// A use is written down when the last one that was is older than this.
const BETWEEN_NOTES: Micros = MINUTE;
/// Counted in characters.
const LONGEST_AGENT: usize = 200;

/// Who begins a session, as its member will recognise it.
#[derive(Clone, Debug, Default)]
pub struct SessionClient {
    /// What the browser calls itself.
    pub agent: String,
    /// Where it comes from.
    pub address: String,
}

/// A session that is open.
#[derive(Clone)]
pub struct Session {
    pub(super) row: SessionRow,
    token: SecretString,
}

impl Session {
    /// The text in the cookie.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.expose_secret()
    }

    #[must_use]
    pub fn number(&self) -> i64 {
        self.row.number
    }

    /// Whose it is.
    #[must_use]
    pub fn member(&self) -> Member {
        Member { number: self.row.member, email: self.row.email.clone(), name: self.row.name.clone() }
    }

    /// Was the second factor given?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.row.complete
    }

    /// Has its member a second factor?
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.row.has_second_factor
    }

    /// Live or test, as it has chosen.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.row.test_mode { Mode::Test } else { Mode::Live }
    }
}

/// The session of this token, if it is open now.
pub async fn find(platform: &Platform, token: &str) -> Result<Option<Session>, Failure> {
    let digest = token::digest(platform, token::SESSION, token);
    let Some(row) = platform.store.session(&digest).await? else { return Ok(None) };
    let now = platform.clock.now();
    if !is_open(&row, now) {
        return Ok(None);
    }
    if now - row.seen_at > BETWEEN_NOTES {
        platform.store.touch_session(row.number, now).await?;
    }
    Ok(Some(Session { row, token: SecretString::from(token) }))
}

fn is_open(row: &SessionRow, now: Micros) -> bool {
    row.ended_at.is_none() && now < row.ends_at && now - row.seen_at < IDLE
}

/// The business that a session looks at, and what its member is there. One that it never chose, or whose team the member
/// has left, gives way to the first there is.
pub async fn place(platform: &Platform, session: &Session) -> Result<Option<(Business, Role)>, Failure> {
    let (chosen, member) = (session.row.business, session.row.member);
    let found = if chosen == 0 { None } else { platform.store.membership(chosen, member).await? };
    let found = match found {
        Some(found) => Some(found),
        None => platform.store.memberships(member).await?.into_iter().next(),
    };
    let Some(membership) = found else { return Ok(None) };
    let business = platform.store.business(membership.business).await?;
    Ok(business.map(|business| (business, membership.role)))
}

/// The open sessions of a member, newest first.
pub async fn of_member(platform: &Platform, member: i64) -> Result<Vec<SessionRow>, Failure> {
    let now = platform.clock.now();
    platform.store.open_sessions(member, now, now - IDLE).await
}

/// What begins a session when it is carried out, and its token. `place`: business and test mode.
pub(super) fn begin(
    platform: &Platform,
    member: i64,
    complete: bool,
    place: (i64, bool),
    client: &SessionClient,
) -> (SecretString, Box<NewSession>) {
    let token = token::generate(platform);
    let at = platform.clock.now();
    let new = NewSession {
        digest: token::digest_of(platform, token::SESSION, &token),
        member,
        complete,
        business: place.0,
        test_mode: place.1,
        agent: client.agent.chars().filter(|c| !c.is_control()).take(LONGEST_AGENT).collect(),
        address: client.address.clone(),
        at,
        ends_at: at + if complete { LONGEST } else { INCOMPLETE },
    };
    (token, Box::new(new))
}
