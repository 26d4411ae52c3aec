//! After a recovery: transfers that left the treasury after the backup are read from the chain, payments stay paused
//! until a person has assigned each of them, and a withdrawal settled by one is not paid again.

use crate::rails::chain::{CONFIRMATIONS, Chain, TREASURY, person, units};
use crate::rails::platform::{
    Installation, ask, assert_books_are_clean, balance, book_with, command, withdrawal,
};
use crate::rails::program::{Program, table};
use crate::rails::tokens::{call_data, word};
use alloy_primitives::{Address, U256};
use ledger::{Actor, BookId, Cents, Command, WithdrawalState};
use outpay::testing::clock::Clock;
use outpay::testing::kill_switch;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::recovery::treasury::{self, AssignError, Debited};
use outpay::testing::recovery_progress::RecoveryProgress;
use outpay::testing::stopped::Stopped;
use outpay::testing::store::{Assigned, PauseScope, RecoveryChanges};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Pays this from the treasury, as the lost server did; returns the transaction.
pub(crate) async fn was_paid(world: &Chain, to: Address, units: U256) -> String {
    world.node.call("hardhat_impersonateAccount", json!([TREASURY])).await;
    let data = call_data("transfer(address,uint256)", &[word(to), units]);
    let fields = json!({"from": TREASURY, "to": world.token.to_string(), "data": data, "gas": "0x30d40"});
    let hash = world.node.call("eth_sendTransaction", json!([fields])).await;
    world.node.mine(1).await;
    hash.as_str().unwrap().to_owned()
}

/// Recovered, with everything paused, from a database older than everything on the chain.
async fn recovered(platform: &Platform) {
    let scans = vec![("usdc".to_owned(), 0)];
    let changes = RecoveryChanges { scans, detail: "{}".to_owned(), ..RecoveryChanges::default() };
    platform.store.recover(&changes, platform.clock.now()).await.unwrap();
    kill_switch::pause(platform, &PauseScope::All, "recovered", Actor::OPERATOR, Duration::ZERO)
        .await
        .unwrap();
}

async fn resume(platform: &Platform) -> Result<bool, Stopped> {
    kill_switch::resume(platform, &PauseScope::All, "all is assigned", Actor::OPERATOR).await
}

async fn open(platform: &Platform) -> usize {
    RecoveryProgress::load(&platform.store).await.unwrap().open().len()
}

/// Rounds of a worker, with a block after each.
async fn work(world: &Chain, platform: &Platform) {
    for _ in 0..8 {
        PaymentWorker::new(platform.clone()).round().await.unwrap();
        world.node.mine(1).await;
        world.clock.advance(20_000_000);
    }
}

async fn what_left_after_the_backup_is_assigned(installation: &mut Installation) {
    let world = Chain::anvil().await;
    installation.clock = world.clock.clone();
    let rail = |first| Arc::new(world.rail_at(&world.node.url, |config| config.first_nonce = first));
    let platform = installation.open(rail(0), 1).await;
    let book = book_with(&platform, "usdc", 20_000).await;
    let address = |number| person(number).to_checksum(None);
    // Paid and known; queued in the backup and paid since; requested in the backup, never paid.
    let known = ask(&platform, book, "usdc", 1_050, &address(0x11)).await.number;
    work(&world, &platform).await;
    assert_eq!(withdrawal(&platform, book, known).await.state, WithdrawalState::Succeeded);
    let paid = ask(&platform, book, "usdc", 2_050, &address(0x12)).await.number;
    let waits = ask(&platform, book, "usdc", 2_050, &address(0x13)).await.number;
    let its = was_paid(&world, person(0x12), units(2_000, 6)).await;
    let of_a_lost_one = was_paid(&world, person(0x21), units(500, 6)).await;
    let too_much = was_paid(&world, person(0x22), units(900_000, 6)).await;
    let fraction = was_paid(&world, person(0x23), U256::from(7)).await;

    // As its recovery shows: five nonces are taken.
    let platform = installation.open(rail(5), 2).await;
    recovered(&platform).await;
    let Err(Stopped::NotRecovered(why)) = resume(&platform).await else { panic!("it was resumed") };
    assert!(why[0].contains("usdc were not read yet"), "{why:?}");
    assert_eq!(treasury::scan(&platform).await.unwrap(), []);
    let standing = RecoveryProgress::load(&platform.store).await.unwrap();
    let found: Vec<&str> = standing.transfers.iter().map(|one| one.outgoing.transfer.as_str()).collect();
    assert_eq!(found, [&its, &of_a_lost_one, &too_much, &fraction], "the known one is none of them");
    assert!(standing.scans[0].is_done() && standing.scans[0].slots == 5, "{:?}", standing.scans);

    let find = async |transfer: &str| treasury::find(&platform, transfer, None).await.unwrap();
    let assign =
        async |number| treasury::assign_withdrawal(&platform, &find(&its).await, (book, number)).await;
    for other in [waits, known] {
        assert!(matches!(assign(other).await, Err(AssignError::NotTheSame)), "{other}");
    }
    let young = assign(paid).await;
    assert!(matches!(young, Ok(())) || format!("{young:?}").contains("confirmations"), "{young:?}");
    if young.is_err() {
        world.node.mine(CONFIRMATIONS).await;
        assign(paid).await.unwrap();
    }
    let after = withdrawal(&platform, book, paid).await;
    assert_eq!(after.state, WithdrawalState::Succeeded);
    assert!(matches!(treasury::find(&platform, &its, None).await, Err(AssignError::Unknown(_))));
    let before = balance(&platform, book).await;
    let lost = async |transfer: &str| {
        treasury::assign_person(&platform, &find(transfer).await, (book, 1), "its withdrawal is lost")
            .await
            .unwrap()
    };
    assert_eq!(lost(&of_a_lost_one).await, Debited::Done(Cents(500)));
    assert!(matches!(lost(&too_much).await, Debited::Not(Some(_))), "the balance does not cover it");
    assert_eq!(balance(&platform, book).await, Cents(before.0 - 500));
    assert_eq!(open(&platform).await, 1);
    assert!(resume(&platform).await.is_err());
    treasury::assign_lost(&platform, &find(&fraction).await, "not ours").await.unwrap();
    assert_eq!(open(&platform).await, 0);
    assert!(resume(&platform).await.unwrap());
    // A settled withdrawal is not paid again, a waiting one is paid once.
    work(&world, &platform).await;
    assert_eq!(world.paid(person(0x12)).await, units(2_000, 6));
    assert_eq!(world.paid(person(0x13)).await, units(2_000, 6));
    assert_eq!(withdrawal(&platform, book, waits).await.state, WithdrawalState::Succeeded);
    let whose: Vec<Assigned> =
        platform.store.unmatched_transfers().await.unwrap().iter().map(|one| one.assigned).collect();
    let person = Assigned::Person(book, 1);
    assert_eq!(whose, [Assigned::Withdrawal(book, paid), person, person, Assigned::Lost]);
    assert_books_are_clean(&platform).await;
}

/// The installation outlives the runtime: dropping a database blocks, which a runtime must not.
fn run(mut installation: Installation) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(what_left_after_the_backup_is_assigned(&mut installation));
    drop(runtime);
}

#[test]
fn what_left_after_the_backup_is_assigned_on_sqlite() {
    run(Installation::new(&Clock::manual(0)));
}

#[test]
fn what_left_after_the_backup_is_assigned_on_postgres() {
    run(Installation::on_postgres(&Clock::manual(0)));
}

/// A debit whose assignment was not recorded, because the process died in between, is not repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_debited_once() {
    let world = Chain::anvil().await;
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&world.node.url, |_| {})), 1).await;
    let book: BookId = book_with(&platform, "usdc", 20_000).await;
    let hash = was_paid(&world, person(0x21), units(500, 6)).await;
    recovered(&platform).await;
    treasury::scan(&platform).await.unwrap();
    let found = treasury::find(&platform, &hash, None).await.unwrap();
    let assign = async || treasury::assign_person(&platform, &found, (book, 1), "lost").await;
    assert_eq!(assign().await.unwrap(), Debited::Done(Cents(500)));
    assert!(matches!(assign().await, Err(AssignError::Unknown(_))));
    assert_eq!(balance(&platform, book).await, Cents(19_500));
    command(&platform, book, Command::Debit { user: 1, amount: Cents(1), reason: "other".to_owned() }).await;
    assert_books_are_clean(&platform).await;
}

/// The program itself: a backup, a payment that it does not know, and the way back to work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_installation_stays_paused_until_all_is_assigned() {
    let world = Chain::anvil().await;
    let program = Program::new(&table("usdc", &world, &world.node.url));
    program.business("100000");
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup").to_str().unwrap().to_owned();
    let ok = |arguments: &[&str]| {
        let output = program.run(arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let refused = |words: &str, arguments: &[&str]| {
        let output = program.run(arguments);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success() && said.contains(words), "{arguments:?}: {said}");
    };
    ok(&["backup", &backup]);
    for end in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{end}", program.database().display())));
    }
    ok(&["restore", &backup]);
    let hash = was_paid(&world, person(0x21), units(500, 6)).await;
    let said = ok(&["recover", "--accept-loss", "--revoke-keys", "none"]);
    assert!(said.contains(&hash), "{said}");
    refused(&hash, &["resume", "all", "--reason", "go on"]);
    refused(&hash, &["recover", "status"]);
    refused(&hash, &["doctor"]);
    refused("give a reason with --reason", &["recover", "assign", &hash, "--lost"]);
    refused("is not an open transfer", &["recover", "assign", "0x1", "--lost", "--reason", "why"]);
    ok(&["recover", "assign", &hash, "--lost", "--reason", "a person of a lost business"]);
    let standing = program.json(&["recover", "status"]);
    assert_eq!((&standing["open"], &standing["transfers"][0]["whose"]), (&json!([]), &json!("lost")));
    ok(&["doctor"]);
    ok(&["resume", "all", "--reason", "go on"]);
    assert_eq!(program.json(&["audit"])["clean"], true);
}

/// A rail whose node is down stays unread, which keeps payments paused; a person skips a rail that is gone for good.
#[test]
fn a_rail_that_cannot_be_read_keeps_payments_paused() {
    let away = "[rails.crypto.usdc]\nchain = \"Base\"\nchain_id = 8453\ncurrency = \"USDC\"\n\
                token = \"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913\"\ndecimals = 6\n\
                rpc_url = \"http://127.0.0.1:1\"\nkey_env = \"TREASURY_ONE\"\n";
    let program = Program::new(away);
    program.business("1000");
    let text = |arguments: &[&str]| {
        let output = program.run(arguments);
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (done, said) = text(&["recover", "--accept-loss", "--revoke-keys", "none"]);
    assert!(done && said.contains("the transfers by usdc could not be read"), "{said}");
    let (resumed, said) = text(&["resume", "all", "--reason", "go on"]);
    assert!(!resumed && said.contains("outpay recover scan"), "{said}");
    let (read, said) = text(&["recover", "scan"]);
    assert!(!read && said.contains("could not be read"), "{said}");
    assert!(text(&["recover", "skip", "usdc", "--reason", "the chain was given up"]).0);
    assert!(!text(&["recover", "skip", "usdc", "--reason", "again"]).0);
    assert!(text(&["recover", "status"]).0);
    assert!(text(&["resume", "all", "--reason", "go on"]).0);
}
