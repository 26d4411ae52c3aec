//! A database of one test: a file in a folder of its own, or a database of its own on the PostgreSQL that the
//! environment names. It is gone with the test.

use outpay::testing::store::DatabaseUrl;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// Where `./test` puts the address of its PostgreSQL.
const POSTGRES: &str = "OUTPAY_TEST_POSTGRES";

pub struct Database {
    folder: TempDir,
    engine: Engine,
}

enum Engine {
    Sqlite(PathBuf),
    Postgres { server: String, name: String },
}

/// While it lives, no teller gets to its book.
#[allow(dead_code, reason = "held for what dropping them does")]
pub enum Blocked {
    Sqlite(rusqlite::Connection),
    Postgres(Client),
}

impl Database {
    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::Sqlite(folder.path().join("outpay.db"));
        Self { folder, engine }
    }

    pub fn on_postgres() -> Self {
        let Ok(server) = std::env::var(POSTGRES) else {
            panic!(
                "{POSTGRES} is not set: run ./test, or: cargo xtask postgres --memory -- cargo nextest run"
            );
        };
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("http_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        blocking(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        blocking(&server, &format!("CREATE DATABASE {name}"));
        Self { folder: tempfile::tempdir().unwrap(), engine: Engine::Postgres { server, name } }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.engine, Engine::Sqlite(_))
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// As `--database` takes it.
    pub fn address(&self) -> String {
        match &self.engine {
            Engine::Sqlite(path) => format!("sqlite:{}", path.display()),
            Engine::Postgres { server, name } => {
                let (server, _) = server.rsplit_once('/').unwrap();
                format!("{server}/{name}")
            }
        }
    }

    pub fn url(&self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.address()).unwrap()
    }

    /// Runs SQL behind the platform's back.
    pub async fn execute(&self, sql: &str) {
        match &self.engine {
            Engine::Sqlite(path) => sqlite(path).execute_batch(sql).unwrap(),
            Engine::Postgres { .. } => connect(&self.address()).await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Makes the next look of a teller into its books fail. What `mend` undoes.
    pub async fn disturb(&self) {
        match &self.engine {
            Engine::Sqlite(path) => {
                sqlite(path).execute_batch("ALTER TABLE payout_user RENAME TO payout_user_gone").unwrap();
            }
            Engine::Postgres { .. } => self.hide(true).await,
        }
    }

    pub async fn mend(&self) {
        match &self.engine {
            Engine::Sqlite(path) => {
                sqlite(path).execute_batch("ALTER TABLE payout_user_gone RENAME TO payout_user").unwrap();
            }
            Engine::Postgres { .. } => self.hide(false).await,
        }
    }

    /// Renames the database, so that connections fail in the meantime, and ends all connections. Of PostgreSQL only.
    pub async fn hide(&self, hidden: bool) {
        let Engine::Postgres { server, name } = &self.engine else { panic!("a file cannot be hidden") };
        let (from, to) = (name.clone(), format!("{name}_hidden"));
        let (from, to) = if hidden { (from, to) } else { (to, from) };
        let client = connect(server).await;
        let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1";
        // A pool may connect again in between, so until it worked.
        let renames = async {
            loop {
                client.execute(end, &[&from]).await.unwrap();
                if client.batch_execute(&format!("ALTER DATABASE {from} RENAME TO {to}")).await.is_ok() {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), renames).await.expect("the database can be renamed");
    }

    /// From now on an entry of this amount cannot be written, as a text that the database's encoding lacks cannot.
    pub async fn refuse_entries_of(&self, cents: i64) {
        let sql = if self.is_sqlite() {
            format!(
                "CREATE TRIGGER refused BEFORE INSERT ON journal WHEN new.amount = {cents} \
                 BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        } else {
            format!(
                "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN RAISE EXCEPTION ''refused'' USING ERRCODE = ''22P05''; END'; \
                 CREATE TRIGGER refused BEFORE INSERT ON journal FOR EACH ROW WHEN (new.amount = {cents}) \
                 EXECUTE FUNCTION refused()"
            )
        };
        self.execute(&sql).await;
    }

    /// From now on a commit that writes an entry fails: on PostgreSQL the first alone, so that a batch that is run again would
    /// be carried out. SQLite has nothing that outlives a transaction, so there every one fails.
    pub async fn refuse_commits(&self) {
        let sql = if self.is_sqlite() {
            "CREATE TABLE kept (id INTEGER PRIMARY KEY); \
             CREATE TABLE lost (id INTEGER REFERENCES kept (id) DEFERRABLE INITIALLY DEFERRED); \
             CREATE TRIGGER refused AFTER INSERT ON journal BEGIN INSERT INTO lost (id) VALUES (1); END"
        } else {
            "CREATE SEQUENCE tries; \
             CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN IF nextval(''tries'') = 1 THEN RAISE EXCEPTION ''refused''; END IF; RETURN NULL; END'; \
             CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION refused()"
        };
        self.execute(sql).await;
    }

    /// Keeps every teller waiting for its books.
    pub async fn block(&self) -> Blocked {
        match &self.engine {
            Engine::Sqlite(path) => {
                let connection = sqlite(path);
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Blocked::Sqlite(connection)
            }
            Engine::Postgres { .. } => {
                let client = connect(&self.address()).await;
                client.batch_execute("BEGIN; SELECT 1 FROM book FOR UPDATE").await.unwrap();
                Blocked::Postgres(client)
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Engine::Postgres { server, name } = &self.engine {
            blocking(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn sqlite(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA busy_timeout = 30000").unwrap();
    connection
}

async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// One statement, outside of any runtime.
fn blocking(address: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { connect(address).await.execute(sql, &[]).await.unwrap() });
}
