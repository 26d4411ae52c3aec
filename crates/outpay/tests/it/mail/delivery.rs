//! A misbehaving mail server, and workers that die: no mail is lost, none is sent twice that is known to be accepted,
//! and no mail waits for another's trouble.

use crate::mail::post::Post;
use crate::world::{MINUTE, SECOND};
use outpay::testing::background::presence;
use outpay::testing::mail::{MailError, MailWorker};
use outpay::testing::store::MailState::{Failed, Pending, Sent};
use outpay::testing::store::{MailRow, MailState};

crate::world::on_both_engines! {
    one_who_is_put_off_waits_and_others_do_not,
    a_refusal_for_good_is_visible_and_can_be_retried,
    after_six_tries_it_has_failed,
    a_connection_lost_after_the_mail_repeats_it_under_its_id,
    a_server_that_never_answers_is_left_in_time,
    a_worker_that_dies_after_sending_leaves_it_to_another,
    a_start_takes_back_what_a_dead_worker_had,
    a_server_that_is_away_is_tried_again,
    a_test_mail_needs_no_row,
}

async fn of(world: &Post, address: &str) -> MailRow {
    world.mails().await.into_iter().find(|row| row.mail.recipient == address).unwrap()
}

async fn states(world: &Post) -> Vec<MailState> {
    world.mails().await.iter().map(|row| row.state).collect()
}

async fn one_who_is_put_off_waits_and_others_do_not(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    for address in ["defer2-a@example.com", "later1-b@example.com", "c@example.com", "d@example.com"] {
        world.pay(book, address).await;
    }
    assert_eq!(world.settle().await, 4);
    assert_eq!(states(world).await, [Pending, Pending, Sent, Sent]);
    let row = of(world, "defer2-a@example.com").await;
    assert_eq!((row.due_at, row.tries), (Some(world.now() + MINUTE), 1));
    assert!(row.answer.contains("RCPT") && row.answer.contains("450"), "{}", row.answer);
    world.platform.clock.advance(MINUTE - 1);
    assert_eq!(world.settle().await, 0);
    world.platform.clock.advance(1);
    assert_eq!(world.settle().await, 2);
    assert_eq!(states(world).await, [Pending, Sent, Sent, Sent]);
    world.platform.clock.advance(5 * MINUTE);
    assert_eq!(world.settle().await, 1);
    assert_eq!(states(world).await, [Sent; 4]);
    assert_eq!(world.server.received().len(), 4, "one mail per event");
}

async fn a_refusal_for_good_is_visible_and_can_be_retried(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    for address in ["refuse-a@example.com", "never-b@example.com", "c@example.com"] {
        world.pay(book, address).await;
    }
    assert_eq!(world.settle().await, 3);
    assert_eq!(states(world).await, [Failed, Failed, Sent]);
    let row = of(world, "refuse-a@example.com").await;
    assert!(row.answer.contains("550") && row.answer.contains("no such mailbox"), "{}", row.answer);
    assert!(!row.answer.contains(char::is_control), "{:?}", row.answer);
    assert!(of(world, "never-b@example.com").await.answer.contains("554"));
    let id = world.mail().id(row.number);
    assert_eq!(world.mail().retry(&id).await.unwrap().state, Pending);
    let again = world.mail().retry(&id).await;
    assert!(matches!(again, Err(MailError::NotFailed)), "{again:?}");
    assert!(matches!(world.mail().retry("mail_1").await, Err(MailError::Unknown)));
    assert_eq!(world.settle().await, 1);
    assert_eq!(world.mail().retry_failed(world.now()).await.unwrap(), 2);
    assert_eq!(world.server.received().len(), 1);
}

async fn after_six_tries_it_has_failed(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "defer9-a@example.com").await;
    for (tries, pause) in [(1, 1), (2, 5), (3, 30), (4, 120), (5, 720)] {
        assert_eq!(world.settle().await, 1);
        let row = of(world, "defer9-a@example.com").await;
        assert_eq!((row.state, row.tries, row.due_at), (Pending, tries, Some(world.now() + pause * MINUTE)));
        world.platform.clock.advance(pause * MINUTE);
    }
    assert_eq!(world.settle().await, 1);
    assert_eq!(states(world).await, [Failed]);
}

async fn a_connection_lost_after_the_mail_repeats_it_under_its_id(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "drop1-a@example.com").await;
    world.settle().await;
    assert_eq!(states(world).await, [Pending], "it is unknown whether it was accepted");
    world.platform.clock.advance(MINUTE);
    world.settle().await;
    assert_eq!(states(world).await, [Sent]);
    let received = world.server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].content, received[1].content, "the same mail to the byte");
    assert!(received[0].header("Message-ID").ends_with("@example.com>"));
}

async fn a_server_that_never_answers_is_left_in_time(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "slow1-a@example.com").await;
    world.pay(book, "b@example.com").await;
    world.settle().await;
    assert_eq!(states(world).await, [Pending, Sent]);
    assert!(of(world, "slow1-a@example.com").await.answer.contains("no answer in time"));
    world.platform.clock.advance(MINUTE);
    world.settle().await;
    let received = world.server.to("slow1-a@example.com");
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("Message-ID"), received[1].header("Message-ID"));
}

async fn a_worker_that_dies_after_sending_leaves_it_to_another(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "slow1-a@example.com").await;
    let mut doomed = MailWorker::new(world.mail().clone());
    let dying = tokio::spawn(async move { doomed.settle().await });
    let sent = tokio::task::block_in_place(|| world.server.until(1));
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(states(world).await, [Pending]);
    assert_eq!(world.settle().await, 0, "the dead worker's lease lasts");
    world.platform.clock.advance(480 * SECOND);
    assert_eq!(world.settle().await, 1);
    assert_eq!(states(world).await, [Sent]);
    let received = world.server.received();
    assert_eq!(received.len(), 2, "twice, so that it is not lost");
    assert_eq!(received[1].header("Message-ID"), sent[0].header("Message-ID"), "and known to be one");
}

async fn a_start_takes_back_what_a_dead_worker_had(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "slow1-a@example.com").await;
    let mut doomed = MailWorker::new(world.mail().clone());
    let number = doomed.number();
    let dying = tokio::spawn(async move { doomed.settle().await });
    tokio::task::block_in_place(|| world.server.until(1));
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    // A killed process leaves its file, and the system releases the lock.
    std::fs::create_dir_all(world.platform.data.join("workers")).unwrap();
    std::fs::write(world.platform.data.join(format!("workers/{number:x}.lock")), "").unwrap();
    let _next = presence::begin(&world.platform.data, &world.platform.store, &[1]).await.unwrap();
    assert_eq!(world.settle().await, 1, "no lease was waited for");
    assert_eq!(states(world).await, [Sent]);
}

async fn a_server_that_is_away_is_tried_again(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "a@example.com").await;
    // An unused port: it was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let lost = world.second_process(Some(crate::mail::post::config(free))).await;
    assert_eq!(MailWorker::new(lost.mail.clone()).settle().await.unwrap(), 1);
    let row = of(world, "a@example.com").await;
    assert_eq!(row.state, Pending);
    assert!(row.answer.starts_with("connecting:"), "{}", row.answer);
    world.platform.clock.advance(MINUTE);
    assert_eq!(world.settle().await, 1);
    assert_eq!(states(world).await, [Sent]);
}

async fn a_test_mail_needs_no_row(world: &Post) {
    let sent = world.mail().send_test("operator@example.com").await.unwrap();
    assert!(
        matches!(&sent, outpay::testing::mail::MailSent::Accepted(answer) if answer.starts_with("250")),
        "{sent:?}"
    );
    let refused = world.mail().send_test("refuse-me@example.com").await.unwrap();
    assert!(matches!(&refused, outpay::testing::mail::MailSent::Refused(_)), "{refused:?}");
    let bad = world.mail().send_test("nobody\r\nRCPT TO:<a@example.com>").await;
    assert!(matches!(bad, Err(MailError::Address)), "{bad:?}");
    assert_eq!(world.server.received().len(), 1);
    assert_eq!(world.mails().await, []);
}
