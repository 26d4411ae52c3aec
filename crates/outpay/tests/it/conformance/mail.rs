//! Mails and the choice of them, one statement at a time; the same on both engines.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deposit, to_payout};
use ledger::{BookId, Cents, EntryKind};
use outpay::testing::mail_kind::MailKind;
use outpay::testing::store::{MailChoice, MailEnd, MailRow, MailState, MemberChange, NewMail, WriteError};

on_both_engines! {
    a_mail_comes_back_as_it_was_ordered,
    an_entry_is_told_of_once,
    a_mail_is_leased_once,
    a_try_ends_a_mail_and_wipes_its_link,
    failed_mails_are_retried,
    a_choice_changes_only_as_it_was_read,
    mails_and_cursor_move_together,
    events_come_with_all_that_is_told,
    a_mail_is_written_with_a_change_of_members_or_not_at_all,
}

fn mail(book: Option<BookId>, sequence: Option<i64>) -> NewMail {
    NewMail {
        book,
        kind: MailKind::ClaimLink,
        sequence,
        recipient: "user@example.com".to_owned(),
        user: 1,
        data: "{\"a\":\"ü\"}".to_owned(),
        sealed: Some(vec![0, 255]),
        at: NOW,
    }
}

async fn only(world: &BareStore) -> MailRow {
    let mut all = world.store.mails(None, None, None, 10).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn end(row: &MailRow, state: MailState) -> MailEnd {
    MailEnd {
        number: row.number,
        worker: 7,
        lease: 1,
        state,
        tries: 1,
        attempts: 1,
        due_at: (state == MailState::Pending).then_some(NOW + 60),
        at: NOW + 1,
        answer: "250 OK".to_owned(),
    }
}

async fn a_mail_comes_back_as_it_was_ordered(world: &BareStore) {
    let book = world.book("Acme").await;
    let mails = [mail(Some(book), Some(3)), NewMail { sealed: None, ..mail(None, None) }];
    for mail in &mails {
        world.store.order_mail(mail).await.unwrap();
    }
    let newest_first = world.store.mails(None, None, None, 10).await.unwrap();
    assert_eq!(newest_first.iter().rev().map(|row| row.mail.clone()).collect::<Vec<_>>(), mails);
    let first = &newest_first[1];
    assert_eq!((first.state, first.due_at, first.answer.as_str()), (MailState::Pending, Some(NOW), ""));
    assert_eq!(world.store.mail(first.number).await.unwrap().as_ref(), Some(first));
    assert_eq!(world.store.mail(99).await.unwrap(), None);
    let of_book = world.store.mails(Some(book), Some(MailState::Pending), None, 10).await.unwrap();
    assert_eq!(of_book, newest_first[1..]);
    assert_eq!(world.store.mails(Some(book), Some(MailState::Sent), None, 10).await.unwrap(), []);
    let older = world.store.mails(None, None, Some(newest_first[0].number), 10).await.unwrap();
    assert_eq!(older, newest_first[1..]);
    assert_eq!(world.store.mails_waiting().await.unwrap(), 2);
}

async fn an_entry_is_told_of_once(world: &BareStore) {
    let book = world.book("Acme").await;
    world.store.order_mail(&mail(Some(book), Some(3))).await.unwrap();
    let again = world.store.order_mail(&mail(Some(book), Some(3))).await;
    assert!(matches!(again, Err(WriteError::Conflict)), "{again:?}");
    let other = NewMail { kind: MailKind::Expiring, ..mail(Some(book), Some(3)) };
    world.store.order_mail(&other).await.unwrap();
    for _ in 0..2 {
        world.store.order_mail(&mail(Some(book), None)).await.unwrap();
    }
}

async fn a_mail_is_leased_once(world: &BareStore) {
    for _ in 0..2 {
        world.store.order_mail(&mail(None, None)).await.unwrap();
    }
    assert_eq!(world.store.due_mails(NOW - 1, 10).await.unwrap(), []);
    assert_eq!(world.store.due_mails(NOW, 1).await.unwrap().len(), 1);
    let due = world.store.due_mails(NOW, 10).await.unwrap();
    let wanted = (due[0].number, 0);
    let got = world.at_once(4, async |store, worker| {
        store.lease_mail(wanted, i64::try_from(worker).unwrap() + 1, NOW, NOW + 5).await.unwrap()
    });
    assert_eq!(got.iter().filter(|got| **got).count(), 1);
    assert_eq!(world.store.due_mails(NOW + 4, 10).await.unwrap(), due[1..]);
    let leases: Vec<i64> =
        world.store.due_mails(NOW + 5, 10).await.unwrap().iter().map(|row| row.lease).collect();
    assert_eq!(leases, [1, 0], "the lease ran out");
    assert!(
        !world.store.lease_mail((due[1].number, 1), 1, NOW, NOW + 5).await.unwrap(),
        "not as it was read"
    );
}

async fn a_try_ends_a_mail_and_wipes_its_link(world: &BareStore) {
    world.store.order_mail(&mail(None, None)).await.unwrap();
    let row = only(world).await;
    assert!(world.store.lease_mail((row.number, 0), 7, NOW, NOW + 5).await.unwrap());
    let of_another = MailEnd { worker: 8, ..end(&row, MailState::Sent) };
    let of_an_older_lease = MailEnd { lease: 0, ..end(&row, MailState::Sent) };
    for late in [of_another, of_an_older_lease] {
        let written = world.store.end_mail_try(&late).await;
        assert!(matches!(written, Err(WriteError::Conflict)), "{written:?}");
    }
    world.store.end_mail_try(&end(&row, MailState::Pending)).await.unwrap();
    let put_off = only(world).await;
    assert_eq!((put_off.due_at, put_off.tries, put_off.attempts), (Some(NOW + 60), 1, 1));
    assert!(put_off.mail.sealed.is_some());
    assert!(world.store.lease_mail((row.number, 1), 7, NOW + 60, NOW + 65).await.unwrap());
    world.store.end_mail_try(&MailEnd { lease: 2, ..end(&row, MailState::Sent) }).await.unwrap();
    let sent = only(world).await;
    assert_eq!((sent.state, sent.due_at, sent.finished_at), (MailState::Sent, None, Some(NOW + 1)));
    assert_eq!((sent.mail.sealed, sent.answer.as_str()), (None, "250 OK"));
    assert_eq!(world.store.mails_waiting().await.unwrap(), 0);
}

async fn failed_mails_are_retried(world: &BareStore) {
    world.store.order_mail(&mail(None, None)).await.unwrap();
    let row = only(world).await;
    let early = world.store.retry_mail(row.number, NOW).await;
    assert!(matches!(early, Err(WriteError::Conflict)), "{early:?}");
    assert!(world.store.lease_mail((row.number, 0), 7, NOW, NOW + 5).await.unwrap());
    world.store.end_mail_try(&end(&row, MailState::Failed)).await.unwrap();
    assert_eq!(world.store.retry_failed_mails(NOW + 2, NOW).await.unwrap(), 0, "it failed before");
    world.store.retry_mail(row.number, NOW + 9).await.unwrap();
    let retried = only(world).await;
    assert_eq!((retried.state, retried.tries, retried.due_at), (MailState::Pending, 0, Some(NOW + 9)));
    assert!(world.store.lease_mail((row.number, 1), 7, NOW + 9, NOW + 10).await.unwrap());
    world.store.end_mail_try(&MailEnd { lease: 2, ..end(&row, MailState::Failed) }).await.unwrap();
    assert_eq!(world.store.retry_failed_mails(NOW + 1, NOW).await.unwrap(), 1);
}

async fn a_choice_changes_only_as_it_was_read(world: &BareStore) {
    let book = world.book("Acme").await;
    assert_eq!(world.store.mail_choice(book).await.unwrap(), None);
    let new = MailChoice { book, kinds: 3, cursor: 0, revision: 1 };
    world.store.create_mail_choice(new).await.unwrap();
    for again in [new, MailChoice { book: BookId(98), ..new }] {
        let made = world.store.create_mail_choice(again).await;
        assert!(matches!(made, Err(WriteError::Conflict)), "{made:?}");
    }
    world.store.change_mail_choice(new, 63, 5).await.unwrap();
    let changed = MailChoice { kinds: 63, cursor: 5, revision: 2, ..new };
    assert_eq!(world.store.mail_choice(book).await.unwrap(), Some(changed));
    let stale = world.store.change_mail_choice(new, 0, 5).await;
    assert!(matches!(stale, Err(WriteError::Conflict)), "{stale:?}");
}

async fn mails_and_cursor_move_together(world: &BareStore) {
    let book = world.book("Acme").await;
    let read = MailChoice { book, kinds: 1, cursor: 0, revision: 1 };
    world.store.create_mail_choice(read).await.unwrap();
    assert_eq!(world.store.mail_choices_behind().await.unwrap(), []);
    let mut till = world.till().await;
    till.carry_out(book, [deposit(10_000, "funds")]).await;
    assert_eq!(world.store.mail_choices_behind().await.unwrap(), [book]);
    let news = [mail(Some(book), Some(1))];
    let made = world.at_once(3, async |store, _| store.make_mails(read, 1, &news).await.is_ok());
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    only(world).await;
    assert_eq!(world.store.mail_choices_behind().await.unwrap(), []);
}

async fn events_come_with_all_that_is_told(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.carry_out(book, [deposit(10_000, "funds"), to_payout(10_000), create("user@example.com", 5000)])
        .await;
    let events = world.store.mail_events(book, 0, 10).await.unwrap();
    let kinds: Vec<EntryKind> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EntryKind::Deposited, EntryKind::MovedToPayout, EntryKind::UserCreated]);
    assert_eq!((events[0].user, events[0].email.as_str()), (0, ""));
    let made = &events[2];
    assert_eq!((made.sequence, made.user, made.email.as_str()), (3, 1, "user@example.com"));
    assert_eq!((made.amount, made.balance, made.method.as_str()), (Cents(5000), Cents(5000), ""));
    assert_eq!(world.store.mail_events(book, 2, 10).await.unwrap(), events[2..]);
    assert_eq!(world.store.mail_events(book, 0, 1).await.unwrap(), events[..1]);
    assert_eq!(
        world.store.hash_basis(book, 1).await.unwrap(),
        Some(crate::conformance::till::basis(book, 1, 0))
    );
    assert_eq!(world.store.hash_basis(book, 2).await.unwrap(), None);
}

async fn a_mail_is_written_with_a_change_of_members_or_not_at_all(world: &BareStore) {
    let gone = MemberChange::End { session: 9, member: 9, at: NOW };
    let order = MemberChange::Mail(Box::new(mail(None, None)));
    let refused = world.store.change_members(&[order.clone(), gone]).await;
    assert!(matches!(refused, Err(WriteError::Conflict)), "{refused:?}");
    assert_eq!(world.store.mails(None, None, None, 10).await.unwrap(), []);
    world.store.change_members(&[order]).await.unwrap();
    only(world).await;
}
