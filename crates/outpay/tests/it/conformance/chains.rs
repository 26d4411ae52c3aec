//! The heads of the chains: what is signed, and what signed heads are compared with.

use crate::conformance::bare_store::BareStore;
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::create;
use ledger::Actor;
use outpay::testing::chain_head::{AUDIT_LOG, Head};

on_both_engines! {
    heads_are_those_of_the_newest_entries,
    every_entry_counts_once_whatever_the_epoch,
}

async fn heads_are_those_of_the_newest_entries(world: &BareStore) {
    let (acme, other) = (world.book("Acme").await, world.book("Other").await);
    assert_eq!(world.store.chain_heads().await.unwrap(), []);
    let mut till = world.till().await;
    till.fund(other, 1_000).await;
    till.fund(acme, 1_000).await;
    till.carry_out(acme, [create("a@example.com", 10)]).await;
    world.store.write_audit(&[entry(acme.business(), "first", Actor::OPERATOR)]).await.unwrap();
    let snapshot = world.store.snapshot().await.unwrap();
    let heads = world.store.chain_heads().await.unwrap();
    assert_eq!(snapshot.chain_heads().await.unwrap(), heads);
    let (log, journals) = heads.split_first().unwrap();
    assert_eq!((log.book, (log.sequence, log.digest)), (AUDIT_LOG, snapshot.log_head().await.unwrap()));
    let newest = |book, journal: &[outpay::testing::store::StoredEntry]| {
        let last = journal.last().unwrap();
        Head { book, sequence: last.entry.sequence, digest: last.chain }
    };
    let expected = [newest(acme.0, &world.journal(acme).await), newest(other.0, &world.journal(other).await)];
    assert_eq!(journals, expected, "a book without entries has no head");
    for head in heads {
        let at = async |sequence| {
            let (here, there) = (
                world.store.digest_at(head.book, sequence).await,
                snapshot.digest_at(head.book, sequence).await,
            );
            assert_eq!(here.as_ref().unwrap(), there.as_ref().unwrap());
            here.unwrap()
        };
        assert_eq!(at(head.sequence).await, Some(head.digest));
        assert_eq!(at(head.sequence + 1).await, None);
    }
    let second = &world.journal(acme).await[1];
    assert_eq!(snapshot.digest_at(acme.0, 2).await.unwrap(), Some(second.chain), "not only the newest");
    assert_eq!(snapshot.digest_at(99, 1).await.unwrap(), None);
}

async fn every_entry_counts_once_whatever_the_epoch(world: &BareStore) {
    assert_eq!(world.store.chain_entries().await.unwrap(), 0);
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    assert_eq!(world.store.chain_entries().await.unwrap(), 2);
    world.store.write_audit(&[entry(book.business(), "first", Actor::OPERATOR)]).await.unwrap();
    assert_eq!(world.store.chain_entries().await.unwrap(), 3);
    let later = "UPDATE book SET sequence = 9000000000000000000 / 1099511627776 * 1099511627776 + 2";
    world.tamper(later).await.unwrap();
    assert_eq!(world.store.chain_entries().await.unwrap(), 5, "two books, no overflow");
}
