//! Which events are mailed, and the text of the mails.

use crate::mail::post::{PUBLIC_URL, Post};
use ledger::{Actor, Cents, Command, Email, Metadata, Occurrence, Progress, Step, UserStatus};
use outpay::testing::business::branding;
use outpay::testing::business::branding::Branding;
use outpay::testing::mail::MailError;
use outpay::testing::mail_kind::MailKind;
use outpay::testing::store::MailState;
use secrecy::ExposeSecret;
use std::collections::HashSet;

crate::world::on_both_engines! {
    without_configuration_no_mail_is_made,
    a_link_that_is_sent_again_tells_of_no_new_money,
    every_event_is_told_once_in_its_own_words,
    a_mail_is_in_the_language_of_the_payment,
    only_chosen_events_of_afterwards_are_told,
    a_claim_link_opens_the_user_s_page_and_stands_in_no_row,
    a_claim_link_goes_out_by_hand,
    other_mails_hold_the_link_only_where_links_are_mailed,
    two_processes_tell_and_send_each_once,
}

async fn without_configuration_no_mail_is_made(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    let bare = world.second_process(None).await;
    bare.mail.check().unwrap();
    let refused = bare.mail.choose(book, outpay::testing::mail_kind::MailKinds::ALL).await;
    assert!(matches!(refused, Err(MailError::NotConfigured)), "{refused:?}");
    let user = world.pay(book, "user@example.com").await;
    assert_eq!(outpay::testing::mail::MailWorker::new(bare.mail.clone()).settle().await.unwrap(), 0);
    let refused = bare.mail.send_claim_link(book, user).await;
    assert!(matches!(refused, Err(MailError::NotConfigured)), "{refused:?}");
    assert_eq!(world.mails().await, []);
}

async fn a_link_that_is_sent_again_tells_of_no_new_money(world: &Post) {
    let book = world.book(&[]).await;
    let user = world.pay(book, "user@example.com").await;
    let before = branding::of(&world.platform, book.business()).await.unwrap();
    let shown = Branding { display_name: "Harbour Pine".to_owned(), ..before };
    branding::set(&world.platform, book.business(), Actor::OPERATOR, &shown).await.unwrap();
    world.mail().send_claim_link(book, user).await.unwrap();
    assert_eq!(world.settle().await, 1);
    let received = world.server.received();
    assert_eq!(received[0].header("Subject"), "Your page: $1,000.00 from Harbour Pine");
    assert!(received[0].header("From").contains("Harbour Pine"), "as on the page");
    world.command(book, Command::SetStatus { user, status: UserStatus::Inactive }).await;
    let refused = world.mail().send_claim_link(book, user).await;
    assert!(matches!(refused, Err(MailError::LinkIsDead)), "{refused:?}");
}

async fn every_event_is_told_once_in_its_own_words(world: &Post) {
    let book = world.book(&["claim_link", "delivered", "failed", "rejected", "returned", "expiring"]).await;
    let user = world.pay(book, "user@example.com").await;
    let paid = world.withdraw(book, user, false).await;
    world.step(book, paid, Step::Send).await;
    world.step(book, paid, Step::Succeed).await;
    world.step(book, paid, Step::Return).await;
    let failed = world.withdraw(book, user, false).await;
    world.step(book, failed, Step::Send).await;
    world.progress(book, Progress::new(failed, Step::Fail).because("closed", "The card is closed.")).await;
    let rejected = world.withdraw(book, user, true).await;
    world.progress(book, Progress::new(rejected, Step::Reject).because("rejected", "Not this month.")).await;
    let (occurrence, note) = (Occurrence::UserMoneyExpiring, "2027-02-01T00:00:00.000000Z".to_owned());
    world.command(book, Command::Record { occurrence, user: Some(user), withdrawal: None, note }).await;
    assert_eq!(world.settle().await, 6);
    assert_eq!(world.settle().await, 0, "once");
    let received = world.server.received();
    let mut subjects: Vec<&str> = received.iter().map(|mail| mail.header("Subject")).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "Business 0 declined your withdrawal of $25.00",
            "Business 0 sent you $1,000.00",
            "Withdraw $1,000.00 from Business 0 by February 1, 2027",
            "Your withdrawal of $25.00 failed",
            "Your withdrawal of $25.00 was paid",
            "Your withdrawal of $25.00 was returned",
        ]
    );
    let of = |word: &str| received.iter().find(|mail| mail.header("Subject").contains(word)).unwrap().text();
    assert!(of("failed").contains("Reason: The card is closed."));
    assert!(of("declined").contains("Reason: Not this month."));
    assert!(of("was paid").contains("You receive: $24.50") && of("was paid").contains("Method: Gift card"));
    for mail in &received {
        assert_eq!(mail.to, "user@example.com");
        assert_eq!(
            (mail.from.as_str(), mail.header("From")),
            ("payouts@example.com", "\"Business 0\" <payouts@example.com>")
        );
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    }
}

async fn a_mail_is_in_the_language_of_the_payment(world: &Post) {
    let book = world.book(&["claim_link", "failed"]).await;
    for (tag, sentence, query) in
        [("de-AT", "Business 0 hat Ihnen 1,00", "?lang=de"), ("xx", "Business 0 sent you $1.00", "")]
    {
        let email = Email::parse(&format!("{tag}@example.com")).unwrap();
        let metadata = Metadata::new([("language".to_owned(), tag.to_owned())]).unwrap();
        let create = Command::Create { email, amount: Cents(100), memo: String::new(), metadata };
        world.command(book, create).await;
        world.settle().await;
        let received = world.server.received();
        let mail =
            received.iter().rfind(|mail| mail.to == format!("{tag}@example.com").to_lowercase()).unwrap();
        assert!(mail.link(PUBLIC_URL).starts_with(&format!("{PUBLIC_URL}/p{query}#")), "{}", mail.text());
        assert!(mail.text().contains(sentence), "{}", mail.text());
    }
}

async fn only_chosen_events_of_afterwards_are_told(world: &Post) {
    let book = world.book(&[]).await;
    world.pay(book, "before@example.com").await;
    world.choose(book, &["claim_link"]).await;
    world.pay(book, "while@example.com").await;
    world.choose(book, &["delivered"]).await;
    world.pay(book, "after@example.com").await;
    world.choose(book, &[]).await;
    world.pay(book, "off@example.com").await;
    world.choose(book, &["claim_link"]).await;
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.server.received()[0].to, "while@example.com");
}

async fn a_claim_link_opens_the_user_s_page_and_stands_in_no_row(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    let user = world.pay(book, "user@example.com").await;
    world.settle().await;
    let received = world.server.received();
    let link = received[0].link(PUBLIC_URL);
    let hash = link.strip_prefix(&format!("{PUBLIC_URL}/p#")).unwrap();
    let digest = world.platform.secrets.credential_digest(hash.as_bytes());
    let credential = world.platform.store.credential(&digest).await.unwrap().unwrap();
    assert_eq!((credential.book, credential.subject), (book, user));
    assert!(!format!("{:?}", world.mails().await).contains(hash));
    assert_eq!(received[0].text().matches(hash).count(), 2, "once as text, once as HTML");
}

async fn a_claim_link_goes_out_by_hand(world: &Post) {
    let book = world.book(&[]).await;
    let user = world.pay(book, "user@example.com").await;
    world.mail().send_claim_link(book, user).await.unwrap();
    // The hash is the one valid when the mail is sent.
    world.command(book, Command::RotateHash { user }).await;
    assert_eq!(world.settle().await, 1);
    let basis = world.platform.store.hash_basis(book, user).await.unwrap().unwrap();
    let hash = world.platform.secrets.payout_hash(book, user, &basis).unwrap();
    assert!(world.server.received()[0].text().contains(hash.expose_secret()));
    let unknown = world.mail().send_claim_link(book, 99).await;
    assert!(matches!(unknown, Err(MailError::Unknown)), "{unknown:?}");
}

async fn other_mails_hold_the_link_only_where_links_are_mailed(world: &Post) {
    for (mails, has_link) in [(&["delivered"][..], false), (&["delivered", "claim_link"], true)] {
        let book = world.book(mails).await;
        let user = world.pay(book, &format!("user{}@example.com", mails.len())).await;
        let paid = world.withdraw(book, user, false).await;
        world.step(book, paid, Step::Send).await;
        world.step(book, paid, Step::Succeed).await;
        world.settle().await;
        let received = world.server.received();
        let mail = received.iter().rfind(|mail| mail.header("Subject").contains("was paid")).unwrap();
        assert_eq!(mail.text().contains("/p#"), has_link, "{}", mail.text());
    }
}

async fn two_processes_tell_and_send_each_once(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    let neighbour = world.second_process(Some(crate::mail::post::config(world.server.port))).await;
    for number in 0..40 {
        world.pay(book, &format!("user{number}@example.com")).await;
    }
    let mut other = outpay::testing::mail::MailWorker::new(neighbour.mail.clone());
    let (here, there) = tokio::join!(world.settle(), other.settle());
    assert_eq!(here + there.unwrap(), 40);
    let ids: Vec<String> =
        world.server.until(40).iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    let distinct: HashSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (40, 40), "each made once and sent once");
    let mails = world.mails().await;
    assert_eq!(mails.len(), 40);
    assert!(mails.iter().all(|row| row.state == MailState::Sent && row.mail.kind == MailKind::ClaimLink));
}
