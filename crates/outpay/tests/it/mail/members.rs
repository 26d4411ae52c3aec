//! Mails to members: written with the change they report, sealed until they are sent.

use crate::mail::post::{PUBLIC_URL, Post};
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, Email};
use outpay::testing::api_keys;
use outpay::testing::api_keys::KeyOrder;
use outpay::testing::failing_webhooks;
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::mail_kind::MailKind;
use outpay::testing::members::email_change::{self, EmailChangeError};
use outpay::testing::members::invitation::{self, Acceptance};
use outpay::testing::members::password_reset::{self, PasswordResetError};
use outpay::testing::members::sign_in::{self, SignInAttempt};
use outpay::testing::members::{Session, SessionClient, session};
use outpay::testing::roles::Role;
use outpay::testing::store::{AuditFilter, CredentialKind, MailState, MemberChange, NewMail};
use outpay::testing::webhooks::EndpointChange;
use secrecy::{ExposeSecret, SecretString};

crate::world::on_both_engines! {
    an_invitation_is_mailed_sealed_and_wiped,
    without_configuration_an_invitation_is_made_and_not_mailed,
    those_who_look_after_keys_hear_of_each_change,
    those_who_look_after_webhooks_hear_that_one_was_switched_off,
    a_forgotten_password_is_reset_by_mail_and_the_second_factor_stays,
    a_link_that_resets_a_password_works_once_for_half_an_hour,
    an_address_without_an_account_gets_no_mail,
    a_link_that_resets_both_factors_is_never_mailed,
    another_address_is_used_once_its_mailbox_has_confirmed_it,
    a_link_that_changes_an_address_works_once_for_half_an_hour,
    an_address_of_another_account_is_neither_told_nor_taken,
}

fn client() -> SessionClient {
    SessionClient { agent: String::new(), address: "192.0.2.1".to_owned() }
}

async fn join(world: &Post, business: i64, email: &str, role: Role) {
    let platform = &world.platform;
    let address = Email::parse(email).unwrap();
    let made = invitation::invite(platform, business, &address, role, Actor::OPERATOR).await;
    let token = made.unwrap_or_else(|_| panic!("it is made")).token;
    let open = invitation::find(platform, token.expose_secret()).await.unwrap().unwrap();
    let password = SecretString::from("seven-quiet-otters-dancing");
    let acceptance = Acceptance { name: "Ada", password: &password, client: &client(), device: None };
    let joined = invitation::accept(platform, &open, &acceptance, None).await;
    assert!(joined.is_ok());
}

async fn those_who_look_after_keys_hear_of_each_change(world: &Post) {
    let book = world.book(&[]).await;
    let business = book.business();
    for (email, role) in [
        ("owner@example.com", Role::Owner),
        ("admin@example.com", Role::Admin),
        ("viewer@example.com", Role::Viewer),
    ] {
        join(world, business, email, role).await;
    }
    let order = KeyOrder {
        book,
        kind: CredentialKind::SecretKey,
        name: "Shop".to_owned(),
        expires_in: None,
        limits: KeyLimits::default(),
        family: None,
        budget: None,
    };
    let made = api_keys::create(&world.platform, &order, Actor::OPERATOR).await.unwrap();
    let key = world.platform.store.key(made.number).await.unwrap().unwrap();
    let rolled = api_keys::roll(&world.platform, &key, 0, Actor::OPERATOR).await.unwrap();
    let new = world.platform.store.key(rolled.number).await.unwrap().unwrap();
    api_keys::revoke(&world.platform, &new, Actor::OPERATOR).await.unwrap();
    api_keys::revoke(&world.platform, &new, Actor::OPERATOR).await.unwrap_err();
    let mails = world.mails().await;
    let about = |kind: MailKind, hint: &str| {
        let fits = |mail: &&NewMail| mail.kind == kind && mail.data.contains(hint);
        let mut to: Vec<&str> =
            mails.iter().map(|row| &row.mail).filter(fits).map(|mail| mail.recipient.as_str()).collect();
        to.sort_unstable();
        to
    };
    let keepers = vec!["admin@example.com", "owner@example.com"];
    assert_eq!(about(MailKind::KeyCreated, &key.hint), keepers);
    assert_eq!(about(MailKind::KeyCreated, &new.hint), keepers);
    assert_eq!(about(MailKind::KeyRevoked, &new.hint), keepers, "once, though revoked twice");
    let secret = made.text.expose_secret();
    assert!(mails.iter().all(|row| !row.mail.data.contains(secret)));
    let log = AuditFilter {
        business,
        actors: (i64::MIN, i64::MAX),
        action: String::new(),
        before: i64::MAX,
        limit: 100,
    };
    let log = world.platform.store.audit_log(&log).await.unwrap();
    let actions: Vec<&str> =
        log.iter().map(|entry| entry.action.as_str()).filter(|action| action.starts_with("key.")).collect();
    assert_eq!(actions, ["key.revoked", "key.rolled", "key.created"]);
    while world.settle().await > 0 {}
    let received = world.server.received();
    let told = received.iter().find(|mail| mail.header("Subject") == "An API key was revoked").unwrap();
    assert!(told.text().contains("Operator"), "{}", told.text());
}

async fn those_who_look_after_webhooks_hear_that_one_was_switched_off(world: &Post) {
    let book = world.book(&[]).await;
    for (email, role) in [("admin@example.com", Role::Admin), ("viewer@example.com", Role::Viewer)] {
        join(world, book.business(), email, role).await;
    }
    let webhooks = &world.platform.webhooks;
    let url = Some("https://receiver.example.com/confidential".to_owned());
    let change = EndpointChange { url, ..EndpointChange::default() };
    webhooks.set_endpoint(book, Actor::OPERATOR, &change).await.unwrap();
    let days = 5 * 86_400_000_000_i64;
    let sql = format!("UPDATE webhook_endpoint SET failing_since = 1, failed_at = {}", 1 + days);
    world.database.execute(&sql).await;
    assert_eq!(failing_webhooks::sweep(&world.platform).await.unwrap(), 1);
    let mails = world.mails().await;
    let told: Vec<&NewMail> =
        mails.iter().map(|row| &row.mail).filter(|mail| mail.kind == MailKind::WebhookDisabled).collect();
    assert_eq!(told.iter().map(|mail| mail.recipient.as_str()).collect::<Vec<_>>(), ["admin@example.com"]);
    assert!(!told[0].data.contains("confidential"), "{}", told[0].data);
    while world.settle().await > 0 {}
    let received = world.server.received();
    let letter = received.iter().find(|mail| mail.header("Subject") == "A webhook was switched off").unwrap();
    assert!(letter.text().contains("https://receiver.example.com"), "{}", letter.text());
}

async fn an_invitation_is_mailed_sealed_and_wiped(world: &Post) {
    let book = world.book(&[]).await;
    let email = Email::parse("owner@example.com").unwrap();
    let made = invitation::invite(&world.platform, book.business(), &email, Role::Owner, Actor::OPERATOR);
    let token = made.await.unwrap_or_else(|_| panic!("it is made")).token;
    let row = &world.mails().await[0];
    assert_eq!((row.mail.kind, row.mail.recipient.as_str()), (MailKind::Invitation, "owner@example.com"));
    let sealed = row.mail.sealed.as_deref().expect("the link is sealed");
    let token = token.expose_secret().as_bytes();
    assert!(!sealed.windows(token.len()).any(|window| window == token));
    assert!(!row.mail.data.as_bytes().windows(token.len()).any(|window| window == token));
    assert_eq!(world.settle().await, 1);
    let received = world.server.received();
    assert_eq!(received[0].header("Subject"), "You are invited to the team of Business 0");
    let link = received[0].link(PUBLIC_URL);
    let expected = format!("{PUBLIC_URL}/dashboard/invitation#{}", String::from_utf8_lossy(token));
    assert_eq!(link, expected);
    let row = &world.mails().await[0];
    assert_eq!((row.state, row.mail.sealed.as_ref()), (MailState::Sent, None), "wiped");
}

async fn without_configuration_an_invitation_is_made_and_not_mailed(world: &Post) {
    let book = world.book(&[]).await;
    let bare = world.second_process(None).await;
    let email = Email::parse("owner@example.com").unwrap();
    let made = invitation::invite(&bare, book.business(), &email, Role::Owner, Actor::OPERATOR).await;
    assert!(made.is_ok());
    assert_eq!(world.mails().await, []);
}

const ADA: &str = "ada@example.com";
const NEW: &str = "another four words here";

/// The token of the newest mail that was sent.
async fn mailed_token(world: &Post) -> String {
    while world.settle().await > 0 {}
    let received = world.server.received();
    let newest = received.iter().rfind(|mail| mail.header("Subject") == "Set a new password");
    let link = newest.expect("a mail with a link").link(PUBLIC_URL);
    link.rsplit_once("/dashboard/password/reset#").expect("a link that resets a password").1.to_owned()
}

async fn ask(world: &Post, email: &str) {
    password_reset::offer(&world.platform, &Email::parse(email).unwrap(), &client()).await.unwrap();
}

async fn set(world: &Post, token: &str, password: &str) -> Result<bool, PasswordResetError> {
    let password = SecretString::from(password);
    let step = password_reset::set(&world.platform, token, &password, &client(), None).await?;
    assert!(!step.complete, "the second factor comes next");
    Ok(step.has_second_factor)
}

async fn a_forgotten_password_is_reset_by_mail_and_the_second_factor_stays(world: &Post) {
    let business = world.book(&[]).await.business();
    join(world, business, ADA, Role::Owner).await;
    let member = world.platform.store.member_by_email(ADA).await.unwrap().unwrap();
    let factor = MemberChange::SetSecondFactor { member: member.number, sealed: vec![7], step: 1, at: 1 };
    world.platform.store.change_members(&[factor]).await.unwrap();
    ask(world, ADA).await;
    let row = world.mails().await.into_iter().rfind(|row| row.mail.kind == MailKind::Reset).unwrap();
    let sealed = row.mail.sealed.expect("the link is sealed");
    let token = mailed_token(world).await;
    assert!(!sealed.windows(token.len()).any(|window| window == token.as_bytes()));
    assert!(matches!(set(world, &token, "short").await, Err(PasswordResetError::Password(_))));
    assert!(set(world, &token, NEW).await.unwrap(), "it is asked for the second factor");
    let after = world.platform.store.member_by_email(ADA).await.unwrap().unwrap();
    assert_ne!(after.password, member.password);
    assert_eq!(after.second_factor, Some(vec![7]));
    assert!(world.mails().await.iter().any(|row| row.mail.kind == MailKind::PasswordChanged));
}

async fn a_link_that_resets_a_password_works_once_for_half_an_hour(world: &Post) {
    let business = world.book(&[]).await.business();
    join(world, business, ADA, Role::Owner).await;
    let invalid =
        async |token: &str| matches!(set(world, token, NEW).await, Err(PasswordResetError::Invalid));
    assert!(invalid("").await && invalid("x").await);
    ask(world, ADA).await;
    let replaced = mailed_token(world).await;
    ask(world, ADA).await;
    let token = mailed_token(world).await;
    assert!(invalid(&replaced).await, "a newer link replaces it");
    world.platform.clock.advance(30 * 60_000_000 - 1);
    set(world, &token, NEW).await.unwrap();
    assert!(invalid(&token).await, "once");
    ask(world, ADA).await;
    let late = mailed_token(world).await;
    world.platform.clock.advance(30 * 60_000_000);
    assert!(invalid(&late).await);
    let before = world.mails().await.len();
    for _ in 0..9 {
        ask(world, ADA).await;
    }
    assert!(world.mails().await.len() - before <= 3, "few in an hour");
}

async fn an_address_without_an_account_gets_no_mail(world: &Post) {
    ask(world, "stranger@example.com").await;
    password_reset::ask(&world.platform, "no address", &client());
    assert_eq!(world.mails().await, []);
}

async fn a_link_that_resets_both_factors_is_never_mailed(world: &Post) {
    let business = world.book(&[]).await.business();
    join(world, business, ADA, Role::Owner).await;
    let before = world.mails().await.len();
    let email = Email::parse(ADA).unwrap();
    let made = invitation::reset(&world.platform, business, &email, Actor::OPERATOR).await;
    let ends_at = made.unwrap_or_else(|_| panic!("it is made")).ends_at;
    assert_eq!(ends_at - world.platform.clock.now(), 86_400_000_000);
    assert_eq!(world.mails().await.len(), before);
}

const PASSWORD: &str = "seven-quiet-otters-dancing";
const SECOND: i64 = 1_000_000;

/// A member who is signed in, and the TOTP key.
async fn signed_in(world: &Post, business: i64, email: &str) -> (Session, SecretString) {
    join(world, business, email, Role::Owner).await;
    let platform = &world.platform;
    let password = SecretString::from(PASSWORD);
    let attempt = SignInAttempt { email, password: &password, client: &client(), device: None };
    let step = sign_in::with_password(platform, &attempt, None).await.unwrap();
    let half = async || session::find(platform, step.token.expose_secret()).await.unwrap().unwrap();
    let key = sign_in::key_to_enrol(platform, &half().await).await.unwrap();
    let (step, _) = sign_in::enrol(platform, &half().await, &code(world, &key), &client()).await.unwrap();
    (session::find(platform, step.token.expose_secret()).await.unwrap().unwrap(), key)
}

fn code(world: &Post, key: &SecretString) -> String {
    let bytes = BASE32_NOPAD.decode(key.expose_secret().as_bytes()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(bytes).build().unwrap();
    totp.generate(u64::try_from(world.platform.clock.now() / SECOND).unwrap()).to_string()
}

/// Asks for a change with the right password and the next code; the token of the mail to the new address.
async fn change_token(world: &Post, member: &(Session, SecretString), from: &str, to: &str) -> String {
    world.platform.clock.advance(30 * SECOND);
    let (session, key) = member;
    let password = SecretString::from(PASSWORD);
    let attempt = SignInAttempt { email: from, password: &password, client: &client(), device: None };
    let code = code(world, key);
    email_change::ask(&world.platform, session, &attempt, &code, &Email::parse(to).unwrap()).await.unwrap();
    while world.settle().await > 0 {}
    let received = world.server.received();
    let newest = received.iter().rfind(|mail| mail.header("Subject") == "Confirm your new address");
    let mail = newest.expect("a mail with a link");
    assert_eq!(mail.header("To"), to);
    mail.link(PUBLIC_URL).rsplit_once("/dashboard/email/confirm#").expect("a link").1.to_owned()
}

async fn another_address_is_used_once_its_mailbox_has_confirmed_it(world: &Post) {
    let business = world.book(&[]).await.business();
    let member = signed_in(world, business, ADA).await;
    let (new, platform) = ("ada@example.org", &world.platform);
    let (session, key) = &member;
    for (password, code) in [("not the password", code(world, key)), (PASSWORD, "000000".to_owned())] {
        let password = SecretString::from(password);
        let attempt = SignInAttempt { email: ADA, password: &password, client: &client(), device: None };
        let to = Email::parse(new).unwrap();
        assert!(email_change::ask(platform, session, &attempt, &code, &to).await.is_err());
    }
    ask(world, ADA).await;
    let reset = mailed_token(world).await;
    let token = change_token(world, &member, ADA, new).await;
    assert!(platform.store.member_by_email(new).await.unwrap().is_none(), "not before it is confirmed");
    assert_eq!(email_change::confirm(platform, &token, &client()).await.unwrap(), new);
    let row = platform.store.member_by_email(new).await.unwrap().expect("the new address");
    assert_eq!(row.number, session.member().number);
    assert!(platform.store.member_by_email(ADA).await.unwrap().is_none());
    assert!(
        matches!(set(world, &reset, NEW).await, Err(PasswordResetError::Invalid)),
        "it was mailed to the old one"
    );
    while world.settle().await > 0 {}
    let received = world.server.received();
    let told = received.iter().find(|mail| mail.header("Subject") == "Your e-mail address was changed");
    let told = told.expect("the old address is told");
    assert_eq!(told.header("To"), ADA);
    assert!(told.text().contains(new), "{}", told.text());
}

async fn a_link_that_changes_an_address_works_once_for_half_an_hour(world: &Post) {
    let business = world.book(&[]).await.business();
    let member = signed_in(world, business, ADA).await;
    let confirm = async |token: &str| email_change::confirm(&world.platform, token, &client()).await;
    let late = change_token(world, &member, ADA, "late@example.org").await;
    world.platform.clock.advance(30 * 60 * SECOND);
    let token = change_token(world, &member, ADA, "ada@example.org").await;
    let (text, mac) = token.split_once('.').unwrap();
    let altered = format!("{}A.{mac}", &text[..text.len() - 1]);
    for invalid in ["", ".", "x.y", text, &altered, &late] {
        assert!(matches!(confirm(invalid).await, Err(EmailChangeError::Invalid)), "{invalid}");
    }
    confirm(&token).await.unwrap();
    assert!(matches!(confirm(&token).await, Err(EmailChangeError::Invalid)), "once");
}

async fn an_address_of_another_account_is_neither_told_nor_taken(world: &Post) {
    let business = world.book(&[]).await.business();
    let member = signed_in(world, business, ADA).await;
    join(world, business, "grace@example.com", Role::Viewer).await;
    let token = change_token(world, &member, ADA, "grace@example.com").await;
    let confirmed = email_change::confirm(&world.platform, &token, &client()).await;
    assert!(matches!(confirmed, Err(EmailChangeError::Invalid)));
    assert_eq!(
        world.platform.store.member_by_email(ADA).await.unwrap().unwrap().number,
        member.0.member().number
    );
}
