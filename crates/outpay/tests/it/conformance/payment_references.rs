//! Withdrawals by what their rails and people call the payments: copied from the journal behind a cursor, and looked up among attempts.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, create, order, step, withdraw};
use ledger::{BookId, Command, Progress, Step, Terms};
use outpay::testing::search::references_of;
use outpay::testing::store::ReferenceSource;

on_both_engines! {
    what_the_journal_names_is_copied_once,
    two_processes_copy_one_journal,
    attempts_and_their_numbers_are_found,
}

/// A book with this many withdrawals that are being sent.
async fn start(world: &BareStore, many: i64) -> (BookId, Till) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    world.store.set_terms(book, "usdc", &Terms { enabled: true, ..Terms::default() }).await.unwrap();
    till.fund(book, 1_000_000).await;
    till.carry_out(book, [create("a@example.com", 100_000)]).await;
    for number in 1..=many {
        till.carry_out(book, [withdraw(order(1, 100)), step(number, Step::Send)]).await;
    }
    (book, till)
}

fn paid(withdrawal: i64, hash: &str, proof: &str) -> Command {
    let detail = serde_json::json!({ "tx_hash": hash }).to_string();
    let note = Some(proof.to_owned()).filter(|proof| !proof.is_empty());
    let step = Progress::new(withdrawal, Step::Succeed);
    Command::Advance(Box::new(Progress { detail: Some(detail), note, ..step }))
}

async fn what_the_journal_names_is_copied_once(world: &BareStore) {
    let (book, mut till) = start(world, 3).await;
    let store = &world.store;
    let found = async |text: &str| store.withdrawals_of_reference(book, text).await.unwrap();
    till.carry_out(book, [paid(1, "0xAbC", "Bank Ref 17"), paid(2, "0xdef", "bank ref 17")]).await;
    assert_eq!(store.books_with_new_references().await.unwrap(), [book]);
    assert_eq!(found("0xabc").await, [0; 0], "not yet");
    assert!(!store.add_references(book, 5, references_of).await.unwrap(), "there is more");
    while !store.add_references(book, 5, references_of).await.unwrap() {}
    assert_eq!(store.books_with_new_references().await.unwrap(), []);
    assert_eq!(found("0xABC").await, [1]);
    assert_eq!(found("bank REF 17").await, [2, 1], "newest first");
    assert_eq!(found("0xab").await, [0; 0], "only the whole reference");
    assert_eq!(store.withdrawals_of_reference(BookId(book.0 + 1), "0xabc").await.unwrap(), [0; 0]);
    till.carry_out(book, [paid(3, "0xabc", "")]).await;
    assert!(store.add_references(book, 5, references_of).await.unwrap());
    assert_eq!(found("0xabc").await, [3, 1]);
}

async fn two_processes_copy_one_journal(world: &BareStore) {
    let (book, mut till) = start(world, 40).await;
    till.carry_out(book, (1..=40).map(|number| paid(number, &format!("0x{number}"), "all"))).await;
    let all = world.at_once(3, async |store, _| {
        let of = |source: &ReferenceSource| references_of(source);
        while !store.add_references(book, 7, of).await.unwrap() {}
    });
    assert_eq!(all.len(), 3);
    while !world.store.add_references(book, 100, references_of).await.unwrap() {}
    assert_eq!(world.store.withdrawals_of_reference(book, "all").await.unwrap().len(), 40);
    assert_eq!(world.store.withdrawals_of_reference(book, "0x7").await.unwrap(), [7]);
}

async fn attempts_and_their_numbers_are_found(world: &BareStore) {
    let (book, _) = start(world, 2).await;
    let empty = if matches!(world.engine(), crate::conformance::bare_store::Engine::Sqlite) {
        "x''"
    } else {
        "''::bytea"
    };
    for (rail, withdrawal, key) in [("pp", 1, "PP-1-1"), ("usdc", 2, "0xab"), ("usdc", 9, "0xcd")] {
        let of = if withdrawal == 9 { book.0 + 1 } else { book.0 };
        let insert = format!(
            "INSERT INTO attempt (book, withdrawal, number, rail, key, request, slot, created_at, answer, answer_text) \
             VALUES ({of}, {withdrawal}, 1, '{rail}', '{key}', {empty}, 0, {NOW}, '', '')"
        );
        world.tamper(&insert).await.unwrap();
    }
    let store = &world.store;
    store.note_rail_number("pp", "PP-1-1", "5UXD2E8A7EBQJ").await.unwrap();
    store.note_rail_transaction("pp", "PP-1-1", "8AELMXH8UB2P8").await.unwrap();
    for (text, expected) in [
        ("0xAB", vec![2]),
        ("PP-1-1", vec![1]),
        ("5uxd2e8a7ebqj", vec![1]),
        ("8AELMXH8UB2P8", vec![1]),
        ("0xcd", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(store.withdrawals_of_reference(book, text).await.unwrap(), expected, "{text}");
    }
}
