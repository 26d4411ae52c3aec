//! Passkeys (<https://www.w3.org/TR/webauthn-3/>): a key pair in a member's device or password manager, which signs in without password
//! and code, because the device asks for a finger, a face or a PIN before it signs. Invariants: adding one takes a code; only a
//! passkey whose device verified its user signs in; a challenge is answered once, within five minutes.
//!
//! A challenge is not stored until it is answered, so that a flood of pages is no flood of writes: the page carries it sealed.

use super::session::{Session, SessionClient};
use super::sign_in::{self, SignInError, SignInStep};
use super::{account, notice, session};
use crate::attacks::AttackSign;
use crate::auth::seal::Purpose;
use crate::ids::IdKind;
use crate::line::Line;
use crate::platform::Platform;
use crate::store::{Failure, MemberChange, PasskeyRow, WriteError};
use anyhow::{Context, anyhow};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use ledger::{Actor, Micros};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::{
    CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle, UserHandle16,
    Username,
};
use webauthn_rp::request::{AsciiDomain, ExtensionInfo, PublicKeyCredentialDescriptor, RpId};
use webauthn_rp::response::register::{DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
};

/// Five minutes.
const LIFETIME: Micros = 5 * 60_000_000;
const MOST_PASSKEYS: usize = 20;
const LONGEST_NAME: usize = 50;
const CHALLENGE: &str = "passkey challenge";
const TO_SIGN_IN: &[u8] = b"sign in";

/// Why a passkey was not added.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// It does not answer the challenge, or too late, or twice, or belongs to an account already.
    #[error("the passkey does not answer the challenge")]
    Invalid,
    /// The member has enough.
    #[error("a member can have {MOST_PASSKEYS} passkeys")]
    TooMany,
    /// The name will not do.
    #[error("a name has 1 to {LONGEST_NAME} characters")]
    Name,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The site that passkeys belong to: the host of the address under which people reach the dashboard.
pub struct PasskeySite {
    host: RpId,
    /// As browsers write it.
    origin: String,
}

impl PasskeySite {
    /// `None` where browsers offer none: an IP address is no site.
    #[must_use]
    pub fn at(base: &str) -> Option<Self> {
        let url = Url::parse(base).ok()?;
        let host = AsciiDomain::try_from(url.domain()?.to_owned()).ok()?;
        Some(Self { host: RpId::Domain(host), origin: url.origin().ascii_serialization() })
    }
}

/// What a page needs to ask for a passkey.
pub struct PasskeyChallenge {
    /// Options for the browser, as JSON.
    pub options: String,
    /// What the page brings back.
    pub sealed: String,
}

/// What a page brings back.
pub struct PasskeyAnswer<'a> {
    pub sealed: &'a str,
    /// JSON of the browser's credential.
    pub credential: &'a str,
}

/// A challenge for a new passkey. The caller has asked for a code.
async fn ask_for_new(
    platform: &Platform,
    site: &PasskeySite,
    session: &Session,
) -> Result<PasskeyChallenge, Failure> {
    let member = session.member();
    let (mut known, transports) = (Vec::new(), AuthTransports::decode(0).map_err(broken)?);
    for row in platform.store.passkeys(member.number).await? {
        let id = CredentialId::decode(row.id).map_err(broken)?;
        known.push(PublicKeyCredentialDescriptor { id, transports });
    }
    let handle = handle(platform, member.number)?;
    let name = Username::try_from(member.email.as_str()).map_err(broken)?;
    let user = PublicKeyCredentialUserEntity { name, id: &handle, display_name: None };
    let mut asked = PublicKeyCredentialCreationOptions::passkey(&site.host, user, known);
    // Asked for and not demanded: many authenticators do not know the extension, and each answer is checked for verification anyway.
    asked.extensions.cred_protect =
        CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
    let (state, options) = asked.start_ceremony().map_err(broken)?;
    let sealed = seal(platform, &place(session), &state.encode().map_err(broken)?);
    Ok(PasskeyChallenge { options: serde_json::to_string(&options)?, sealed })
}

/// Asks for a code of the member's app, then for a new passkey.
pub async fn begin(
    platform: &Platform,
    site: &PasskeySite,
    session: &Session,
    code: &str,
    client: &SessionClient,
) -> Result<PasskeyChallenge, account::AccountError> {
    let (used, counted) = account::prove(platform, session, code, client).await?;
    account::carry_out(platform, &[used]).await?;
    counted.forgive(platform).await?;
    Ok(ask_for_new(platform, site, session).await?)
}

/// Adds the passkey that the browser has made.
pub async fn add(
    platform: &Platform,
    site: &PasskeySite,
    session: &Session,
    answer: &PasskeyAnswer<'_>,
    name: &str,
) -> Result<(), PasskeyError> {
    let name = Line::parse(name, LONGEST_NAME).map_err(|_| PasskeyError::Name)?;
    let member = session.member();
    if platform.store.passkeys(member.number).await?.len() >= MOST_PASSKEYS {
        return Err(PasskeyError::TooMany);
    }
    let (state, answered) = open(platform, &place(session), answer.sealed).ok_or(PasskeyError::Invalid)?;
    let new = made(site, &state, answer.credential).ok_or(PasskeyError::Invalid)?;
    let new =
        PasskeyRow { member: member.number, name: name.into(), created_at: platform.clock.now(), ..new };
    let mut changes = vec![
        answered,
        MemberChange::AddPasskey(Box::new(new)),
        account::note(platform, member.number, "member.passkey_added"),
    ];
    changes.extend(notice::passkey_added(platform, &member.email));
    match platform.store.change_members(&changes).await {
        Ok(()) => Ok(()),
        Err(WriteError::Conflict) => Err(PasskeyError::Invalid),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}

/// The passkey that the browser has made for this challenge, without its member.
fn made(site: &PasskeySite, state: &[u8], credential: &str) -> Option<PasskeyRow> {
    let state = RegistrationServerState::<16>::decode(state).ok()?;
    let sent = Registration::from_json_relaxed(credential.as_bytes()).ok()?;
    let origins = [site.origin.as_str()];
    let options = RegistrationVerificationOptions::<&str, &str> {
        allowed_origins: &origins,
        // What a browser adds unasked changes nothing of what is verified.
        error_on_unsolicited_extensions: false,
        ..Default::default()
    };
    let made = state.verify(&site.host, &sent, &options).ok()?;
    Some(PasskeyRow {
        id: made.id().as_ref().to_vec(),
        member: 0,
        name: String::new(),
        credential: made.static_state().encode().ok()?,
        state: made.dynamic_state().encode().ok()?.to_vec(),
        created_at: 0,
        used_at: None,
    })
}

/// Takes a passkey of the member away. `false`: there is none with this id.
pub async fn remove(platform: &Platform, session: &Session, id: &[u8]) -> Result<bool, Failure> {
    let member = session.member().number;
    let changes = [
        MemberChange::RemovePasskey { member, id: id.to_vec() },
        account::note(platform, member, "member.passkey_removed"),
    ];
    match platform.store.change_members(&changes).await {
        Ok(()) => Ok(true),
        Err(WriteError::Conflict) => Ok(false),
        Err(WriteError::Failure(failure)) => Err(failure),
    }
}

/// A challenge for any passkey of this site.
pub fn ask_to_sign_in(platform: &Platform, site: &PasskeySite) -> Result<PasskeyChallenge, Failure> {
    let asked = DiscoverableCredentialRequestOptions::passkey(&site.host);
    let (state, options) = asked.start_ceremony().map_err(broken)?;
    let sealed = seal(platform, TO_SIGN_IN, &state.encode().map_err(broken)?);
    Ok(PasskeyChallenge { options: serde_json::to_string(&options)?, sealed })
}

/// Signs in with a passkey. The session is complete: the device has verified its user.
///
/// # Errors
/// [`SignInError::Wrong`], whatever is wrong.
pub async fn sign_in(
    platform: &Platform,
    site: &PasskeySite,
    answer: &PasskeyAnswer<'_>,
    client: &SessionClient,
    before: Option<&Session>,
) -> Result<SignInStep, SignInError> {
    let refused = |member: Option<i64>| {
        sign_in::tell(platform, AttackSign::WrongCode, &client.address, member);
        SignInError::Wrong
    };
    let (state, answered) = open(platform, TO_SIGN_IN, answer.sealed).ok_or_else(|| refused(None))?;
    let sent = DiscoverableAuthentication16::from_json_relaxed(answer.credential.as_bytes());
    let sent = sent.map_err(|_| refused(None))?;
    let row = platform.store.passkey(sent.raw_id().as_ref()).await?.ok_or_else(|| refused(None))?;
    let number = row.member;
    let wrong = || refused(Some(number));
    let to = counted_on(platform, site, &state, &sent, &row)?.ok_or_else(wrong)?;
    let (token, new) = session::begin(platform, number, true, (0, false), client);
    let at = platform.clock.now();
    let mut changes = vec![
        answered,
        MemberChange::UsePasskey { id: row.id, from: row.state, to, at },
        MemberChange::Begin(new),
        MemberChange::NoteEverywhere {
            member: number,
            at,
            actor: Actor::member(number),
            action: "member.signed_in",
            detail: json!({ "second_factor": "passkey", "address": client.address }).to_string(),
        },
    ];
    changes.extend(before.map(|before| sign_in::end(platform, before)));
    match platform.store.change_members(&changes).await {
        Ok(()) => Ok(SignInStep { token, complete: true, has_second_factor: true }),
        // The challenge was answered before, or the passkey was taken away meanwhile.
        Err(WriteError::Conflict) => Err(wrong()),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}

/// The state of the passkey after this answer; `None` where it does not answer the challenge.
fn counted_on(
    platform: &Platform,
    site: &PasskeySite,
    challenge: &[u8],
    sent: &DiscoverableAuthentication16,
    row: &PasskeyRow,
) -> Result<Option<Vec<u8>>, Failure> {
    let handle = handle(platform, row.member)?;
    let state: [u8; 7] = row.state.as_slice().try_into().context("a passkey's state")?;
    let state = DynamicState::decode(state).map_err(broken)?;
    let credential = StaticState::decode(row.credential.as_slice()).map_err(broken)?;
    let id = CredentialId::decode(row.id.as_slice()).map_err(broken)?;
    let mut known = AuthenticatedCredential::new(id, &handle, credential, state).map_err(broken)?;
    let Ok(challenge) = DiscoverableAuthenticationServerState::decode(challenge) else { return Ok(None) };
    let origins = [site.origin.as_str()];
    let options = AuthenticationVerificationOptions::<&str, &str> {
        allowed_origins: &origins,
        error_on_unsolicited_extensions: false,
        ..Default::default()
    };
    if challenge.verify(&site.host, sent, &mut known, &options).is_err() {
        return Ok(None);
    }
    let state = known.dynamic_state().encode().map_err(broken)?;
    Ok(Some(state.to_vec()))
}

/// How authenticators name a member: the number of the public id, which tells nothing.
fn handle(platform: &Platform, member: i64) -> Result<UserHandle16, Failure> {
    let id = super::id(platform, IdKind::Member, member);
    let digits: String = id.chars().skip_while(|c| *c != '_').filter(char::is_ascii_hexdigit).collect();
    let bytes: Option<[u8; 16]> =
        HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    UserHandle::decode(bytes.context("a member's public id")?).map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Failure {
    anyhow!("a passkey: {error}")
}

/// A challenge for a new passkey is answered by the session that asked.
fn place(session: &Session) -> Vec<u8> {
    format!("add to {} in {}", session.member().number, session.number()).into_bytes()
}

fn seal(platform: &Platform, place: &[u8], state: &[u8]) -> String {
    let ends_at = platform.clock.now() + LIFETIME;
    let plain = SecretString::from(format!("{ends_at} {}", BASE64URL_NOPAD.encode(state)));
    let sealed = platform.secrets.seals().seal(Purpose::Passkey, place, &plain, &platform.entropy);
    BASE64URL_NOPAD.encode(&sealed)
}

/// What was sealed, if it is not too old, and the change that uses it up.
fn open(platform: &Platform, place: &[u8], sealed: &str) -> Option<(Vec<u8>, MemberChange)> {
    let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
    let plain = platform.secrets.seals().open(Purpose::Passkey, place, &bytes)?;
    let (ends_at, state) = plain.expose_secret().split_once(' ')?;
    let (at, ends_at): (Micros, Micros) = (platform.clock.now(), ends_at.parse().ok()?);
    let state = BASE64URL_NOPAD.decode(state.as_bytes()).ok()?;
    let digest = platform.secrets.page_mac(CHALLENGE, sealed);
    (at < ends_at).then_some((state, MemberChange::AnswerChallenge { digest, at, ends_at }))
}
