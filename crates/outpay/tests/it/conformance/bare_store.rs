//! A fresh database of one test, on either engine, deleted with the test.

use crate::conformance::till::Till;
use ledger::{BookId, Mode};
use outpay::testing::auth::Secrets;
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::store::{DatabaseUrl, NewBusiness, Snapshot, Store, StoredEntry};
use std::path::PathBuf;
use std::sync::Barrier;
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// `./test` puts the address of its PostgreSQL there.
const POSTGRES: &str = "OUTPAY_TEST_POSTGRES";

/// The time of all tests.
pub const NOW: i64 = 1_800_000_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

pub struct BareStore {
    pub store: Store,
    pub secrets: Secrets,
    pub place: Place,
}

/// An empty place for a database.
pub enum Place {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl BareStore {
    /// Runs `scenario` on a fresh database.
    pub fn run(engine: Engine, scenario: impl AsyncFnOnce(&BareStore)) {
        let runtime = runtime();
        let world = runtime.block_on(Self::open(Place::fresh(engine)));
        runtime.block_on(scenario(&world));
    }

    async fn open(place: Place) -> Self {
        let store = Store::open(&place.url()).await.unwrap().with_clock(Clock::manual(NOW));
        Self { store, secrets: Secrets::derive(&[7; 32]), place }
    }

    pub fn engine(&self) -> Engine {
        match self.place {
            Place::Sqlite(_) => Engine::Sqlite,
            Place::Postgres { .. } => Engine::Postgres,
        }
    }

    /// The live book of a new business with payouts enabled.
    pub async fn book(&self, name: &str) -> BookId {
        let number = self.store.next_business_number().await.unwrap();
        let business = NewBusiness { number, name: name.to_owned(), created_at: NOW };
        self.store.create_business(&business, &[]).await.unwrap();
        self.store.set_payouts_enabled(number, true).await.unwrap();
        BookId::new(number, Mode::Live)
    }

    /// A teller.
    pub async fn till(&self) -> Till {
        Till::new(self.store.teller().await.unwrap(), self.secrets.clone())
    }

    /// Runs `act` in this many processes at the same moment, each with its own store; returns their results.
    pub fn at_once<T: Send>(&self, processes: usize, act: impl AsyncFn(Store, usize) -> T + Sync) -> Vec<T> {
        let (url, start) = (self.place.url(), Barrier::new(processes));
        let process = |number: usize| {
            runtime().block_on(async {
                let store = Store::open(&url).await.unwrap().with_clock(Clock::manual(NOW));
                start.wait();
                act(store, number).await
            })
        };
        let process = &process;
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..processes).map(|number| scope.spawn(move || process(number))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        })
    }

    /// All entries of a book.
    pub async fn journal(&self, book: BookId) -> Vec<StoredEntry> {
        self.store.entries(book, 0, i64::MAX).await.unwrap()
    }

    /// Everything that the teller writes, as text, to detect changes.
    pub async fn everything(&self) -> String {
        Self::everything_of(&self.store.snapshot().await.unwrap()).await
    }

    /// The same for a snapshot.
    pub async fn everything_of(snapshot: &Snapshot) -> String {
        let mut text = String::new();
        for book in snapshot.books().await.unwrap() {
            let entries = snapshot.entries(book.id, 0, i64::MAX).await.unwrap();
            let accounts = snapshot.accounts(book.id, i64::MIN, i64::MAX).await.unwrap();
            let users = snapshot.users(book.id, i64::MIN, i64::MAX).await.unwrap();
            let withdrawals = snapshot.withdrawals(book.id, 0, i64::MAX).await.unwrap();
            text += &format!("{book:?}\n{entries:?}\n{accounts:?}\n{users:?}\n{withdrawals:?}\n");
        }
        text + &format!("{:?}", snapshot.hash_credentials(&[], i64::MAX).await.unwrap())
    }

    /// All tables, and their references.
    pub async fn tables_and_references(&self) -> (Vec<String>, Vec<(String, String)>) {
        match &self.place {
            Place::Sqlite(_) => {
                let connection = rusqlite::Connection::open(self.place.path()).unwrap();
                let read = |sql: &str| -> Vec<(String, String)> {
                    let mut statement = connection.prepare(sql).unwrap();
                    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                    rows.map(Result::unwrap).collect()
                };
                let tables = read("SELECT name, name FROM sqlite_schema WHERE type = 'table'");
                let edges = "SELECT t.name, f.\"table\" FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f";
                (tables.into_iter().map(|(name, _)| name).collect(), read(edges))
            }
            Place::Postgres { server, name } => {
                let (client, connection) =
                    tokio_postgres::connect(&named(server, name), NoTls).await.unwrap();
                tokio::spawn(connection);
                let tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
                let edges = "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'";
                let tables = client.query(tables, &[]).await.unwrap();
                let edges = client.query(edges, &[]).await.unwrap();
                (
                    tables.iter().map(|row| row.get(0)).collect(),
                    edges.iter().map(|row| (row.get(0), row.get(1))).collect(),
                )
            }
        }
    }

    /// Changes the database behind the store's back; an error is the database's own refusal.
    pub async fn tamper(&self, sql: &str) -> Result<u64, String> {
        match &self.place {
            Place::Sqlite(_) => {
                let connection = rusqlite::Connection::open(self.place.path()).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                let touched = connection.execute(sql, []);
                touched.map(|touched| touched as u64).map_err(|error| error.to_string())
            }
            Place::Postgres { server, name } => execute(&named(server, name), sql).await,
        }
    }
}

impl Place {
    pub fn fresh(engine: Engine) -> Self {
        if engine == Engine::Sqlite {
            return Self::Sqlite(tempfile::tempdir().unwrap());
        }
        let Ok(server) = std::env::var(POSTGRES) else {
            panic!(
                "{POSTGRES} is not set: run ./test, or: cargo xtask postgres --memory -- cargo nextest run"
            );
        };
        Self::made_on(server, "")
    }

    /// On PostgreSQL, in an encoding that lacks most letters.
    pub fn fresh_latin1() -> Self {
        let server = std::env::var(POSTGRES).expect("as above");
        Self::made_on(server, "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    }

    fn made_on(server: String, how: &str) -> Self {
        let mut random = [0u8; 12];
        Entropy::System.fill(&mut random);
        let name = format!("conformance_{}", data_encoding::HEXLOWER.encode(&random));
        blocking(&server, &format!("CREATE DATABASE {name} {how}")).unwrap();
        Self::Postgres { server, name }
    }

    /// The test's own connection to a PostgreSQL database.
    pub async fn connect(&self) -> tokio_postgres::Client {
        let Self::Postgres { server, name } = self else { panic!("a file has no connections") };
        let (client, connection) = tokio_postgres::connect(&named(server, name), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    pub fn url(&self) -> DatabaseUrl {
        match self {
            Self::Sqlite(_) => DatabaseUrl::Sqlite(self.path()),
            Self::Postgres { server, name } => DatabaseUrl::parse(&named(server, name)).unwrap(),
        }
    }

    /// SQLite's file.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("outpay.db"),
            Self::Postgres { .. } => panic!("PostgreSQL has no file of its own"),
        }
    }

    /// `ALTER DATABASE` for every later connection to this database.
    pub fn alter(&self, change: &str) {
        let Self::Postgres { server, name } = self else {
            panic!("only PostgreSQL has settings per database")
        };
        blocking(server, &format!("ALTER DATABASE {name} {change}")).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self {
            let dropped = blocking(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            if let Err(error) = dropped {
                eprintln!("{name} is left behind: {error}");
            }
        }
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The address of another database on the same server.
fn named(server: &str, name: &str) -> String {
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// On its own thread, because the caller may be inside a runtime.
fn blocking(url: &str, sql: &str) -> Result<u64, String> {
    std::thread::scope(|scope| scope.spawn(|| runtime().block_on(execute(url, sql))).join().unwrap())
}

async fn execute(url: &str, sql: &str) -> Result<u64, String> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let touched = client.execute(sql, &[]).await;
    drop(client);
    connection.await.unwrap().map_err(|error| error.to_string())?;
    touched.map_err(|error| error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string))
}
