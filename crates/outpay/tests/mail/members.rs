//! Mails to members: written with what they tell of, sealed until they are sent.

use crate::world::{PUBLIC_URL, World};
use ledger::{Actor, Email};
use outpay::mail::MailKind;
use outpay::members::{Role, invitation};
use outpay::store::MailState;
use secrecy::ExposeSecret;

crate::on_both_engines! {
    an_invitation_is_mailed_sealed_and_wiped,
    without_configuration_an_invitation_is_made_and_not_mailed,
}

async fn an_invitation_is_mailed_sealed_and_wiped(world: &World) {
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
    assert_eq!(received[0].header("Subject"), "You are invited to the team of Shop 0");
    let link = received[0].link(PUBLIC_URL);
    let expected = format!("{PUBLIC_URL}/dashboard/invitation#{}", String::from_utf8_lossy(token));
    assert_eq!(link, expected);
    let row = &world.mails().await[0];
    assert_eq!((row.state, row.mail.sealed.as_ref()), (MailState::Sent, None), "wiped");
}

async fn without_configuration_an_invitation_is_made_and_not_mailed(world: &World) {
    let book = world.book(&[]).await;
    let bare = world.neighbour(None).await;
    let email = Email::parse("owner@example.com").unwrap();
    let made = invitation::invite(&bare, book.business(), &email, Role::Owner, Actor::OPERATOR).await;
    assert!(made.is_ok());
    assert_eq!(world.mails().await, []);
}
