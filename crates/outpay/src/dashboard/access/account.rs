//! `/dashboard/account`: the member's own sessions, address, password, second factor, passkeys, recovery codes,
//! and the businesses there are to look at.

use crate::business;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{notice, visitor};
use crate::ids::IdKind;
use crate::members::account::{self, AccountError, change_password};
use crate::members::sign_in::{SignInAttempt, SignInError};
use crate::members::{self, session};
use crate::store::{PasskeyRow, SessionRow};
use crate::web::page;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use http::StatusCode;
use ledger::Micros;
use secrecy::SecretString;

#[derive(askama::Template)]
#[template(path = "dashboard/access/account.html")]
struct AccountPage {
    frame: Frame,
    email: String,
    sessions: Vec<OpenSession>,
    /// Does this server send mail? Without it no other address can be confirmed.
    has_mail: bool,
    recovery_codes_left: i64,
    passkeys: Vec<OwnPasskey>,
    businesses: Vec<OtherBusiness>,
}

struct OpenSession {
    id: String,
    agent: String,
    address: String,
    created_at: Micros,
    seen_at: Micros,
    is_this: bool,
}

struct OwnPasskey {
    id: String,
    name: String,
    created_at: Micros,
    used_at: Option<Micros>,
}

struct OtherBusiness {
    id: String,
    name: String,
    role: &'static str,
    is_this: bool,
}

/// The fields for it have labels that begin with "Code".
pub(crate) const WRONG_CODE_OF_APP: &str = "Code: it is wrong, or was used before. Wait for the next one.";

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    let who = &who;
    let (platform, member) = (&who.platform, who.member.number);
    let sessions = session::of_member(platform, member).await?;
    let open = |row: SessionRow| OpenSession {
        id: members::id(platform, IdKind::Session, row.number),
        is_this: row.number == who.session.number(),
        agent: row.agent,
        address: row.address,
        created_at: row.created_at,
        seen_at: row.seen_at,
    };
    let mut businesses = Vec::new();
    for membership in platform.store.memberships(member).await? {
        let Some(business) = platform.store.business(membership.business).await? else { continue };
        businesses.push(OtherBusiness {
            id: business::id(platform, business.number),
            name: business.name,
            role: membership.role.word(),
            is_this: membership.business == who.business.number,
        });
    }
    let own = |row: PasskeyRow| OwnPasskey {
        id: BASE64URL_NOPAD.encode(&row.id),
        name: row.name,
        created_at: row.created_at,
        used_at: row.used_at,
    };
    let passkeys = platform.store.passkeys(member).await?;
    let shown = AccountPage {
        frame: Frame::new(who, "account", "Your account"),
        email: who.member.email.clone(),
        has_mail: platform.mail.is_configured(),
        sessions: sessions.into_iter().map(open).collect(),
        recovery_codes_left: platform.store.recovery_codes_left(member).await?,
        passkeys: passkeys.into_iter().map(own).collect(),
        businesses,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// Another password. All other sessions of the member end.
pub async fn set_password(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    if form.untrimmed("password") != form.untrimmed("password_again") {
        return Err(Declined::sentence("Confirm password: it doesn’t match the new password."));
    }
    let secret = |name: &str| SecretString::from(form.untrimmed(name));
    let (present, new) = (secret("present"), secret("password"));
    let attempt = SignInAttempt {
        email: &who.member.email,
        password: &present,
        client: &who.client,
        device: who.device.as_deref(),
    };
    match change_password(&who.platform, &who.session, &attempt, &new).await {
        Ok(()) => {
            let mut response = page::see_other("/dashboard/account");
            notice::leave(&mut response, "Your password is changed. Your other sessions are ended.");
            Ok(response)
        }
        Err(error) => Err(declined(error, "Current password: it is wrong.")),
    }
}

/// Why a change was not made. `wrong`: the sentence where what was to prove it is wrong.
pub(crate) fn declined(error: AccountError, wrong: &str) -> Declined {
    match error {
        AccountError::Failure(failure) | AccountError::Proof(SignInError::Failure(failure)) => failure.into(),
        AccountError::Password(sentence) => Declined::sentence(format!("New password: {sentence}")),
        AccountError::Proof(SignInError::Wait(time)) => {
            let (status, sentence) = visitor::wait(time);
            Declined::Sentence(status, sentence)
        }
        AccountError::Proof(_) => Declined::sentence(wrong),
    }
}

/// Ends another session of the member, or all others.
pub async fn end_session(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let said = match form.get("session") {
        "others" => {
            account::end_other_sessions(&who.platform, &who.session).await?;
            "Your other sessions are ended."
        }
        id => {
            let number = members::number(&who.platform, IdKind::Session, id).ok_or(Declined::NotFound)?;
            if !account::end_session(&who.platform, &who.session, number).await? {
                return Err(Declined::NotFound);
            }
            "The session is ended."
        }
    };
    let mut response = page::see_other("/dashboard/account");
    notice::leave(&mut response, said);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_account() {
        let open = |id: &str, is_this| OpenSession {
            id: id.to_owned(),
            agent: "Mozilla/5.0 (X11; Linux x86_64)".to_owned(),
            address: "192.0.2.7".to_owned(),
            created_at: 1_800_000_000_000_000,
            seen_at: 1_800_000_600_000_000,
            is_this,
        };
        let business = |id: &str, name: &str, is_this| OtherBusiness {
            id: id.to_owned(),
            name: name.to_owned(),
            role: "owner",
            is_this,
        };
        snapshot(
            "account",
            &AccountPage {
                frame: Frame::sample("account", "Your account"),
                email: "ada@example.com".to_owned(),
                sessions: vec![open("ses_1", true), open("ses_2", false)],
                has_mail: true,
                recovery_codes_left: 9,
                passkeys: vec![OwnPasskey {
                    id: "AQID".to_owned(),
                    name: "Laptop".to_owned(),
                    created_at: 1_800_000_000_000_000,
                    used_at: None,
                }],
                businesses: vec![
                    business("biz_1", "Acme, Inc.", true),
                    business("biz_2", "Other, Inc.", false),
                ],
            },
        );
    }
}
