//! Mails to members: written with the change they report, sealed until they are sent.

use crate::mail::post::{PUBLIC_URL, Post};
use ledger::{Actor, Email};
use outpay::testing::api_keys;
use outpay::testing::api_keys::KeyOrder;
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::mail_kind::MailKind;
use outpay::testing::members::SessionClient;
use outpay::testing::members::invitation::{self, Acceptance};
use outpay::testing::members::password_reset::{self, PasswordResetError};
use outpay::testing::roles::Role;
use outpay::testing::store::{AuditFilter, CredentialKind, MailState, MemberChange, NewMail};
use secrecy::{ExposeSecret, SecretString};

crate::world::on_both_engines! {
    an_invitation_is_mailed_sealed_and_wiped,
    without_configuration_an_invitation_is_made_and_not_mailed,
    those_who_look_after_keys_hear_of_each_change,
    a_forgotten_password_is_reset_by_mail_and_the_second_factor_stays,
    a_link_that_resets_a_password_works_once_for_half_an_hour,
    an_address_without_an_account_gets_no_mail,
    a_link_that_resets_both_factors_is_never_mailed,
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
