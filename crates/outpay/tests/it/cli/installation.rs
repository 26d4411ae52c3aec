//! A fresh installation for one test: a folder and a database, with the program run on both. Deleted with the test.

use outpay::testing::auth::master_key::{self, MasterKeySource};
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::config::Config;
use outpay::testing::platform::Platform;
use outpay::testing::store::DatabaseUrl;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// `./test` puts the address of its PostgreSQL there.
const POSTGRES: &str = "OUTPAY_TEST_POSTGRES";

pub struct Installation {
    folder: TempDir,
    database: Database,
}

enum Database {
    Sqlite(PathBuf),
    Postgres(PostgresDatabase),
}

struct PostgresDatabase {
    server: String,
    name: String,
}

/// The result of running the program.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A business created by the program.
pub struct Business {
    pub id: String,
    pub secret_key: String,
    pub test_secret_key: String,
}

impl Installation {
    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(folder.path().join("data").join("outpay.db"));
        Self { folder, database }
    }

    pub fn on_postgres() -> Self {
        let Ok(server) = std::env::var(POSTGRES) else {
            panic!("{POSTGRES} is not set: run ./test or cargo xtask postgres -- cargo nextest run");
        };
        // Every test is a process of its own, so its process id makes a unique name.
        static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let made = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("cli_{}_{made}", std::process::id());
        on_server(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        on_server(&server, &format!("CREATE DATABASE {name}"));
        let folder = tempfile::tempdir().unwrap();
        Self { folder, database: Database::Postgres(PostgresDatabase { server, name }) }
    }

    /// The same master key with another, missing database: what is left after the old database is lost.
    pub fn moved_to_an_empty_database(&self) -> Self {
        self.moved_to_an_empty_database_named("elsewhere")
    }

    /// The same, one of several.
    pub fn moved_to_an_empty_database_named(&self, name: &str) -> Self {
        let mut moved = if self.is_sqlite() { Self::on_sqlite() } else { Self::on_postgres() };
        if let Database::Sqlite(path) = &mut moved.database {
            *path = self.folder().join(name).join("outpay.db");
        }
        std::fs::create_dir_all(moved.data()).unwrap();
        std::fs::copy(self.data().join("master.key"), moved.data().join("master.key")).unwrap();
        moved
    }

    /// A folder for the test's own files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    pub fn url(&self) -> String {
        match &self.database {
            Database::Sqlite(path) => format!("sqlite:{}", path.display()),
            Database::Postgres(database) => database.url(),
        }
    }

    /// A command with these arguments on this installation, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).arg("--data").arg(self.data()).arg("--database").arg(self.url());
        command.current_dir(self.folder.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// The same with a variable in the environment.
    pub fn run_with(&self, (name, value): (&str, &str), arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).env(name, value).output().unwrap())
    }

    /// Runs a command that must succeed; returns its output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "outpay {arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Runs a command that must succeed with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    /// Runs a command that must fail with this exit code and a message that contains `words`.
    pub fn refused(&self, code: i32, words: &str, arguments: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "outpay {arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(words), "outpay {arguments:?}: {}", ran.stderr);
    }

    /// Makes the installation, where it is not made yet.
    pub fn init(&self) {
        self.ok(&["init"]);
    }

    pub fn business(&self, name: &str) -> Business {
        self.init();
        let made = self.json(&["business", "create", name]);
        let field = |field: &str| made[field].as_str().unwrap().to_owned();
        Business {
            id: field("id"),
            secret_key: field("secret_key"),
            test_secret_key: field("test_secret_key"),
        }
    }

    /// A business that can pay out this much.
    pub fn paying_business(&self, name: &str, cents: i64) -> Business {
        let business = self.business(name);
        let cents = cents.to_string();
        self.ok(&["business", "enable-payouts", name]);
        let right = ["--reference-used-elsewhere", "--yes-large"];
        self.ok(&[&["business", "deposit", name, &cents, "--reference", "funds"], &right[..]].concat());
        self.ok(&["business", "transfer", name, &cents]);
        business
    }

    /// Does in this process what a server would do, where the program has no command for it.
    pub fn inside<T>(&self, act: impl AsyncFnOnce(&Platform) -> T) -> T {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (data, entropy) = (self.data(), Entropy::System);
            let secrets = master_key::load(&MasterKeySource::File, &data, &entropy).await.unwrap();
            let database = DatabaseUrl::parse(&self.url()).unwrap();
            let config = Config::load(None, &data).unwrap();
            let platform = Platform::open(&data, &database, secrets, Clock::System, entropy, &config);
            act(&platform.await.unwrap()).await
        })
    }

    /// Writes the configuration of this installation.
    pub fn configure(&self, toml: &str) {
        std::fs::create_dir_all(self.data()).unwrap();
        std::fs::write(self.data().join("outpay.toml"), toml).unwrap();
    }

    /// The raw contents of a table: SQLite's files, or the rows as text.
    pub fn raw(&self, table: &str) -> Vec<u8> {
        match &self.database {
            Database::Sqlite(path) => {
                let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
                let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
                files.flat_map(|path| std::fs::read(path).unwrap()).collect()
            }
            Database::Postgres(database) => {
                let sql = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
                text_on_server(&database.url(), &sql).into_bytes()
            }
        }
    }

    /// Changes the database behind the program's back.
    pub fn tamper(&self, sql: &str) {
        match &self.database {
            Database::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.execute_batch("PRAGMA busy_timeout = 5000").unwrap();
                let touched = connection.execute(sql, []).unwrap();
                assert!(touched > 0, "{sql}");
            }
            Database::Postgres(database) => {
                let touched = on_server(&database.url(), sql);
                assert!(touched > 0, "{sql}");
            }
        }
    }

    /// Writes a file of the test.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

impl PostgresDatabase {
    fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        on_server(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("the program was not killed");
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The program, with no Outpay variable in its environment.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outpay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OUTPAY_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn on_server(url: &str, sql: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let touched = client.execute(sql, &[]).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
        touched
    })
}

fn text_on_server(url: &str, sql: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let text = client.query_one(sql, &[]).await.unwrap().get(0);
        drop(client);
        connection.await.unwrap().unwrap();
        text
    })
}
