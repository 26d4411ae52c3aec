//! Mails to members, each written in the transaction of what it tells of. Nothing is written where no mail is configured. Not
//! here: what they say and how they are sent (mail/).

use super::session::SessionClient;
use crate::audit_log::Names;
use crate::format::moment;
use crate::mail::MailNotice;
use crate::mail_kind::MailKind;
use crate::platform::Platform;
use crate::roles::Permission;
use crate::store::{Failure, MemberChange, NewInvitation, NewMail};
use ledger::{Actor, BookId, Micros, Mode};
use secrecy::SecretString;
use serde_json::{Value, json};

/// The link of an invitation, to the invited address. It is sealed until it is sent. A link that resets both factors is never
/// mailed: a mailbox alone must not be enough.
pub(super) fn invitation(
    platform: &Platform,
    invitation: &NewInvitation,
    token: &SecretString,
) -> Option<MemberChange> {
    if invitation.resets {
        return None;
    }
    let (role, kind) = (invitation.role, MailKind::Invitation);
    let notice = MailNotice {
        book: Some(BookId::new(invitation.business, Mode::Live)),
        to: &invitation.email,
        kind,
        data: json!({ "role": role.word(), "ends_at": moment(invitation.ends_at) }),
        link: Some(super::token::link("", token)),
    };
    order(platform, &notice)
}

/// The link that resets a password, to the member's address. It is sealed until it is sent.
pub(super) fn password_reset(
    platform: &Platform,
    email: &str,
    ends_at: Micros,
    token: &SecretString,
) -> Option<MemberChange> {
    let notice = MailNotice {
        book: None,
        to: email,
        kind: MailKind::Reset,
        data: json!({ "ends_at": moment(ends_at) }),
        link: Some(super::token::link_to("", super::password_reset::PATH, token)),
    };
    order(platform, &notice)
}

/// The link that confirms another address, to that address. It is sealed until it is sent.
pub(super) fn email_change(
    platform: &Platform,
    to: &str,
    ends_at: Micros,
    link: SecretString,
) -> Option<MemberChange> {
    let data = json!({ "ends_at": moment(ends_at) });
    order(platform, &MailNotice { book: None, to, kind: MailKind::EmailChange, data, link: Some(link) })
}

/// The address was changed; told to the old one.
pub(super) fn email_changed(platform: &Platform, from: &str, to: &str) -> Option<MemberChange> {
    let data = json!({ "at": moment(platform.clock.now()), "new_address": to });
    security(platform, from, MailKind::EmailChanged, data)
}

/// A sign-in from a browser that was not used before.
pub(super) fn new_sign_in(platform: &Platform, email: &str, client: &SessionClient) -> Option<MemberChange> {
    let at = moment(platform.clock.now());
    let data = json!({ "at": at, "address": client.address, "browser": client.agent });
    security(platform, email, MailKind::NewSignIn, data)
}

/// The password was changed.
pub(super) fn password_changed(platform: &Platform, email: &str) -> Option<MemberChange> {
    security(platform, email, MailKind::PasswordChanged, json!({ "at": moment(platform.clock.now()) }))
}

/// A passkey was added.
pub(super) fn passkey_added(platform: &Platform, email: &str) -> Option<MemberChange> {
    security(platform, email, MailKind::PasskeyAdded, json!({ "at": moment(platform.clock.now()) }))
}

/// The second factor was replaced, or taken away to be set anew.
pub(super) fn second_factor_changed(platform: &Platform, email: &str) -> Option<MemberChange> {
    security(platform, email, MailKind::SecondFactorChanged, json!({ "at": moment(platform.clock.now()) }))
}

/// A key was created or ended: to every member who may manage keys.
pub async fn key(
    platform: &Platform,
    book: BookId,
    kind: MailKind,
    by: Actor,
    hint: &str,
) -> Result<Vec<NewMail>, Failure> {
    let by = Names::load(platform, book.business()).await?.of(by);
    let data = json!({ "at": moment(platform.clock.now()), "key": hint, "by": by });
    to_team(platform, book, kind, Permission::ManageKeys, &data).await
}

/// A webhook of this host was switched off: to every member who may manage webhooks.
pub async fn webhook_disabled(
    platform: &Platform,
    book: BookId,
    host: &str,
    since: Micros,
) -> Result<Vec<NewMail>, Failure> {
    let data = json!({ "at": moment(platform.clock.now()), "host": host, "since": moment(since) });
    to_team(platform, book, MailKind::WebhookDisabled, Permission::ManageWebhooks, &data).await
}

/// To every member of the team who has the permission.
async fn to_team(
    platform: &Platform,
    book: BookId,
    kind: MailKind,
    permission: Permission,
    data: &Value,
) -> Result<Vec<NewMail>, Failure> {
    if !platform.mail.is_configured() {
        return Ok(Vec::new());
    }
    let team = platform.store.team(book.business()).await?;
    let concerned = team.iter().filter(|member| member.role.may(permission));
    let mail = |to: &str| {
        platform.mail.order(&MailNotice { book: Some(book), to, kind, data: data.clone(), link: None })
    };
    Ok(concerned.filter_map(|member| mail(&member.email)).collect())
}

fn security(platform: &Platform, email: &str, kind: MailKind, data: Value) -> Option<MemberChange> {
    order(platform, &MailNotice { book: None, to: email, kind, data, link: None })
}

fn order(platform: &Platform, notice: &MailNotice<'_>) -> Option<MemberChange> {
    platform.mail.order(notice).map(|mail| MemberChange::Mail(Box::new(mail)))
}
