//! Transfers by a rail that a recovered database does not know: stored until a person has assigned them.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, order, withdraw};
use ledger::{Actor, BookId, Cents, Mode, Terms};
use outpay::testing::store::{Assigned, Attempt, RecoveryChanges, TreasuryScan};
use outpay::testing::store::{Outgoing, SentSince};

on_both_engines! {
    a_recovery_begins_scans,
    what_no_attempt_made_is_kept_once,
    a_transfer_is_assigned_once,
    a_rail_is_skipped_with_a_reason,
    the_newest_entry_tells_how_old_a_database_is,
}

async fn recovered(world: &BareStore, scans: &[(&str, i64)]) {
    let scans = scans.iter().map(|(rail, since)| ((*rail).to_owned(), *since)).collect();
    world.store.recover(&RecoveryChanges { scans, ..RecoveryChanges::default() }, NOW).await.unwrap();
}

fn scan(rail: &str, since: i64) -> TreasuryScan {
    let (scanned_at, slots, skipped) = (None, 0, String::new());
    TreasuryScan { rail: rail.to_owned(), since, scanned_at, slots, skipped }
}

fn outgoing(transfer: &str, place: i64) -> Outgoing {
    let (destination, units) = ("0xABC".to_owned(), "340282366920938463463374607431768211456".to_owned());
    Outgoing { transfer: transfer.to_owned(), place, destination, units, cents: Some(Cents(5)), block: 7 }
}

fn sent(outgoing: &[Outgoing]) -> SentSince {
    SentSince { outgoing: outgoing.to_vec(), slots: 9 }
}

async fn a_recovery_begins_scans(world: &BareStore) {
    let store = &world.store;
    assert_eq!(store.treasury_scans().await.unwrap(), []);
    recovered(world, &[("usdc", NOW - 50), ("usdt", NOW - 50)]).await;
    recovered(world, &[("usdc", NOW - 40)]).await;
    let scans = store.treasury_scans().await.unwrap();
    assert_eq!(
        scans,
        [scan("usdc", NOW - 50), scan("usdt", NOW - 50)],
        "what was not read is still to be read"
    );
    assert!(scans.iter().all(|scan| !scan.is_done()));
    store.finish_treasury_scan("usdc", &sent(&[]), NOW).await.unwrap();
    let done = &store.treasury_scans().await.unwrap()[0];
    assert_eq!((done.scanned_at, done.slots, done.is_done()), (Some(NOW), 9, true));
    recovered(world, &[("usdc", NOW + 5)]).await;
    let again = TreasuryScan { slots: 9, ..scan("usdc", NOW + 5) };
    assert_eq!(store.treasury_scans().await.unwrap()[0], again, "another loss");
}

async fn what_no_attempt_made_is_kept_once(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    let mut till = world.till().await;
    store.set_terms(book, "usdc", &Terms { enabled: true, ..Terms::default() }).await.unwrap();
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 100), withdraw(order(1, 10))]).await;
    let leased = store.lease_withdrawals(7, (Mode::Live, "usdc"), (NOW, NOW + 9), 1).await.unwrap();
    let attempt = Attempt {
        number: 1,
        rail: "usdc".to_owned(),
        key: "0x1".to_owned(),
        request: vec![1],
        slot: 0,
        created_at: NOW,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    };
    assert!(store.add_attempt(leased[0].hold(), &attempt, None).await.unwrap());
    recovered(world, &[("usdc", NOW), ("usdt", NOW)]).await;
    let strange = Outgoing { cents: None, ..outgoing("0x2", 1) };
    let found = sent(&[outgoing("0x1", 0), outgoing("0x2", 0), strange.clone()]);
    assert_eq!(store.finish_treasury_scan("usdc", &found, NOW).await.unwrap(), 2);
    assert_eq!(store.finish_treasury_scan("usdc", &found, NOW).await.unwrap(), 0, "they are there");
    let kept = store.unmatched_transfers().await.unwrap();
    let outgoings: Vec<&Outgoing> = kept.iter().map(|one| &one.outgoing).collect();
    assert_eq!(outgoings, [&outgoing("0x2", 0), &strange]);
    assert!(kept.iter().all(|one| one.rail == "usdc" && one.assigned == Assigned::Open));
}

async fn a_transfer_is_assigned_once(world: &BareStore) {
    let (store, book) = (&world.store, world.book("Acme").await);
    recovered(world, &[("usdc", NOW)]).await;
    let all = ["0x1", "0x2", "0x3"].map(|transfer| outgoing(transfer, 0));
    store.finish_treasury_scan("usdc", &sent(&all), NOW).await.unwrap();
    let noted = entry(book.business(), "changed", Actor(5));
    let kinds = [Assigned::Withdrawal(book, 3), Assigned::Person(BookId(9), 4), Assigned::Lost];
    for (found, assigned) in store.unmatched_transfers().await.unwrap().iter().zip(kinds) {
        for (said, is_first) in [((assigned, "why"), true), ((Assigned::Lost, "no"), false)] {
            let done = store.assign_transfer(found, said, NOW, std::slice::from_ref(&noted)).await;
            assert_eq!(done.unwrap(), is_first, "{assigned:?}");
        }
    }
    let kept = store.unmatched_transfers().await.unwrap();
    assert_eq!(kept.iter().map(|one| one.assigned).collect::<Vec<_>>(), kinds);
    assert!(kept.iter().all(|one| one.reason == "why"));
}

async fn a_rail_is_skipped_with_a_reason(world: &BareStore) {
    let store = &world.store;
    assert!(!store.skip_treasury_scan("usdc", "gone", &[]).await.unwrap());
    recovered(world, &[("usdc", NOW)]).await;
    assert!(store.skip_treasury_scan("usdc", "gone", &[]).await.unwrap());
    assert!(!store.skip_treasury_scan("usdc", "again", &[]).await.unwrap());
    let skipped = &store.treasury_scans().await.unwrap()[0];
    assert_eq!((skipped.skipped.as_str(), skipped.scanned_at, skipped.is_done()), ("gone", None, true));
}

async fn the_newest_entry_tells_how_old_a_database_is(world: &BareStore) {
    assert_eq!(world.store.newest_entry_at().await.unwrap(), None);
    let book = world.book("Acme").await;
    world.till().await.fund(book, 100).await;
    let newest = world.journal(book).await.last().unwrap().entry.at;
    assert_eq!(world.store.newest_entry_at().await.unwrap(), Some(newest));
}
