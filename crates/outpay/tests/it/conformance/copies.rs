//! The whole database as files: one snapshot of every table and row, and a restore into an empty place.

use crate::conformance::bare_store::{BareStore, Engine, Place};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, order, rotate, withdraw};
use ledger::BookId;
use outpay::testing::search::fill;
use outpay::testing::store::{
    ListFilter, ListOrder, ListPlace, ListWindow, OpenCopy, RECOVERY_MARK, SearchKind, Store, UserList,
    files_of_copy, newest_schema, open_copy, restore_copy,
};
use tempfile::TempDir;

on_both_engines! {
    a_copy_is_one_moment_of_everything,
    a_copy_that_is_not_whole_does_not_open,
    a_restored_copy_is_the_database_with_a_mark,
    a_copy_goes_nowhere_where_something_is,
    every_table_is_copied_after_those_it_refers_to,
}

async fn copied(world: &BareStore) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in files_of_copy(world.store.engine(), newest_schema()) {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    world.store.copy_into(folder.path()).await.unwrap();
    folder
}

async fn opened(world: &BareStore, folder: &TempDir) -> Result<OpenCopy, outpay::testing::store::Failure> {
    open_copy(world.store.engine(), folder.path(), newest_schema(), Some(&world.place.url())).await
}

async fn books(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.carry_out(book, [create("a@example.com", 500), create("b@example.com", 20), rotate(2)]).await;
    till.carry_out(book, [withdraw(order(1, 10))]).await;
    book
}

async fn a_copy_is_one_moment_of_everything(world: &BareStore) {
    assert!(world.store.matches_master_key(&[7; 32]).await.unwrap());
    let book = books(world).await;
    let before = world.everything().await;
    let folder = copied(world).await;
    world.till().await.carry_out(book, [create("c@example.com", 1)]).await;
    let copy = opened(world, &folder).await.unwrap();
    assert_eq!(BareStore::everything_of(&copy.snapshot).await, before);
    assert_eq!(copy.snapshot.setting("master_key_check").await.unwrap(), Some(vec![7; 32]));
    assert_eq!(copy.snapshot.epoch().await.unwrap(), world.store.epoch().await.unwrap());
    assert_eq!(copy.snapshot.setting("no such").await.unwrap(), None);
    let journal = world.journal(book).await;
    let digest = async |sequence| copy.snapshot.digest_of(book, sequence).await.unwrap();
    assert_eq!(digest(3).await, Some(journal[2].chain));
    assert_eq!(digest(i64::try_from(journal.len()).unwrap()).await, None, "it came later");
    // Opening the copy has changed nothing, here or there.
    assert_eq!(BareStore::everything_of(&opened(world, &folder).await.unwrap().snapshot).await, before);
    assert_eq!(world.journal(book).await, journal);
}

async fn a_copy_that_is_not_whole_does_not_open(world: &BareStore) {
    books(world).await;
    let folder = copied(world).await;
    let name = if world.engine() == Engine::Sqlite { "outpay.db" } else { "journal.copy" };
    let file = folder.path().join(name);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() * 2 / 3]).unwrap();
    assert!(opened(world, &folder).await.is_err());
    std::fs::write(&file, &whole).unwrap();
    assert!(opened(world, &folder).await.is_ok());
    let newer = newest_schema() + 1;
    let newer = open_copy(world.store.engine(), folder.path(), newer, Some(&world.place.url())).await;
    assert!(newer.err().unwrap().to_string().contains("newer Outpay"));
}

async fn a_restored_copy_is_the_database_with_a_mark(world: &BareStore) {
    let book = books(world).await;
    let before = world.everything().await;
    fill(&world.store, book, SearchKind::People).await.unwrap();
    assert_eq!(world.store.recovery_mark().await.unwrap(), None);
    let folder = copied(world).await;
    let place = Place::fresh(world.engine());
    let mark = (RECOVERY_MARK, "then".as_bytes());
    restore_copy(folder.path(), newest_schema(), &place.url(), mark).await.unwrap();
    let store = Store::open(&place.url()).await.unwrap();
    assert_eq!(store.recovery_mark().await.unwrap().as_deref(), Some("then"));
    let restored = BareStore { store, secrets: world.secrets.clone(), place };
    assert_eq!(restored.everything().await, before);
    // The search index was not taken from the copy, and is made again.
    let find = async || {
        let any = ListFilter { text: "b@exam".to_owned(), ..ListFilter::default() };
        let list = UserList { any, ..UserList::default() };
        let window =
            ListWindow { order: ListOrder::Newest, place: ListPlace::Start, limit: 9, counts: false };
        restored.store.list_users(book, &list, &window).await.unwrap().rows.len()
    };
    assert_eq!((restored.store.search_lag(book, SearchKind::People, 9).await.unwrap(), find().await), (2, 0));
    fill(&restored.store, book, SearchKind::People).await.unwrap();
    assert_eq!(find().await, 1);
    // It works like any other database.
    restored.till().await.carry_out(book, [create("d@example.com", 1)]).await;
    assert_eq!(restored.journal(book).await.len(), world.journal(book).await.len() + 1);
}

async fn a_copy_goes_nowhere_where_something_is(world: &BareStore) {
    books(world).await;
    let before = world.everything().await;
    let folder = copied(world).await;
    let mark = (RECOVERY_MARK, "then".as_bytes());
    assert!(restore_copy(folder.path(), newest_schema(), &world.place.url(), mark).await.is_err());
    assert_eq!(world.everything().await, before);
    assert_eq!(world.store.recovery_mark().await.unwrap(), None);
    if world.engine() == Engine::Sqlite {
        let place = Place::fresh(Engine::Sqlite);
        std::fs::write(place.path().with_extension("db-wal"), "left over").unwrap();
        assert!(restore_copy(folder.path(), newest_schema(), &place.url(), mark).await.is_err());
        assert!(!place.path().exists());
    }
}

/// The order is derived from the migrations; PostgreSQL itself knows its tables and their references.
async fn every_table_is_copied_after_those_it_refers_to(world: &BareStore) {
    let files = files_of_copy("postgres", newest_schema());
    let names: Vec<&str> = files.iter().map(|file| file.strip_suffix(".copy").unwrap()).collect();
    let (mut there, edges) = world.tables_and_references().await;
    there.retain(|table| table != "migration" && !table.starts_with("sqlite_"));
    let mut sorted: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    sorted.sort();
    there.sort();
    assert_eq!(sorted, there);
    assert!(!edges.is_empty());
    let place = |table: &str| names.iter().position(|name| *name == table).unwrap();
    for (from, to) in edges {
        assert!(place(&to) < place(&from), "{from} refers to {to}");
    }
}
