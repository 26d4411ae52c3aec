//! Outpay as the tools see it from outside: its binary, its command line, a running server.
//!
//! Not here: any code of the product. Invariant: a server dies with its guard.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::client::Connection;
use crate::{clock, scratch};

const START_LIMIT: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// The profile of this tool, recognised by its folder.
    pub fn of_this_tool() -> Result<Self> {
        let folder = std::env::current_exe()?.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(if folder.ends_with("release") { Self::Release } else { Self::Dev })
    }
}

/// One installation: a binary, a data folder, a database.
#[derive(Clone)]
pub struct Outpay {
    program: PathBuf,
    data: PathBuf,
    database: String,
    /// File for the server's output.
    log: PathBuf,
    /// Run under `eatmydata`: for a control that must lose something.
    careless: bool,
    /// Open files that its processes are allowed.
    open_files: Option<u64>,
    /// Secrets in its environment.
    secrets: Vec<(&'static str, &'static str)>,
}

/// A funded business, able to pay out.
#[derive(Clone)]
pub struct Business {
    pub id: String,
    pub secret_key: String,
}

/// Builds the binary and returns its path.
pub async fn build(profile: Profile) -> Result<PathBuf> {
    let this_tool = std::env::current_exe()?;
    let target = this_tool.ancestors().nth(2).context("this tool does not lie in a target folder")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let folder = match profile {
        Profile::Release => {
            cargo.args(["build", "--locked", "--release", "--package", "outpay"]);
            "release"
        }
        // With the whole workspace and its tests, as ./test builds it: another selection has other features and rebuilds most
        // dependencies.
        Profile::Dev => {
            cargo.args(["build", "--locked", "--workspace", "--bins", "--tests"]);
            "debug"
        }
    };
    let status = cargo.arg("--quiet").kill_on_drop(true).status().await.context("running cargo")?;
    ensure!(status.success(), "building outpay failed");
    let program = target.join(folder).join("outpay");
    ensure!(program.is_file(), "{} was not built", program.display());
    Ok(program)
}

impl Outpay {
    /// An installation in `data`, on PostgreSQL if its address is given, else on SQLite.
    pub fn new(program: &Path, data: &Path, postgres: Option<String>) -> Self {
        let database = postgres.unwrap_or_else(|| format!("sqlite:{}", data.join("outpay.db").display()));
        let log = data.join("outpay.log");
        Self {
            program: program.into(),
            data: data.into(),
            database,
            log,
            careless: false,
            open_files: None,
            secrets: Vec::new(),
        }
    }

    /// Sends the server's output to this file instead of one in the data folder.
    pub fn logging_to(self, log: &Path) -> Self {
        Self { log: log.into(), ..self }
    }

    /// Adds a variable to its environment.
    pub fn knowing(mut self, name: &'static str, value: &'static str) -> Self {
        self.secrets.push((name, value));
        self
    }

    /// Allows its processes this many open files.
    pub fn with_open_files(self, open_files: u64) -> Self {
        Self { open_files: Some(open_files), ..self }
    }

    /// The same installation with all syncs disabled.
    pub fn careless(&self) -> Self {
        Self { careless: true, ..self.clone() }
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match (self.careless, self.open_files) {
            (true, _) => Command::new("eatmydata"),
            (false, None) => Command::new(&self.program),
            (false, Some(_)) => Command::new("sh"),
        };
        if let Some(open_files) = self.open_files {
            command.args(["-c", &format!("ulimit -n {open_files} && exec \"$0\" \"$@\"")]);
        }
        if self.careless || self.open_files.is_some() {
            command.arg(&self.program);
        }
        command.args(arguments).arg("--data").arg(&self.data).arg("--database").arg(&self.database);
        command.envs(self.secrets.iter().copied());
        command.env("OUTPAY_RATE_LIMIT", "off").stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// The standard output of a command, whatever its exit code.
    pub async fn output(&self, arguments: &[&str]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.command(arguments).output().await?.stdout).into_owned())
    }

    /// Runs a command to its end; returns its output.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        let name = arguments.join(" ");
        let output = self.command(arguments).output().await.with_context(|| format!("outpay {name}"))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "outpay {name}: {}\n{printed}{errors}", output.status);
        Ok(printed.into_owned())
    }

    /// A business with `cents` in its main balance and payouts enabled.
    pub async fn create_business(&self, name: &str, cents: i64) -> Result<Business> {
        let deposit = ["business", "deposit", name, &cents.to_string(), "--reference", name, "--yes-large"];
        self.create_paying_business(name, "secret_key", &deposit).await
    }

    /// The same with test money and a test key.
    pub async fn create_test_business(&self, name: &str, cents: i64) -> Result<Business> {
        let cents = cents.to_string();
        let deposit = ["business", "deposit", name, &cents, "--reference", name, "--yes-large", "--test"];
        self.create_paying_business(name, "test_secret_key", &deposit).await
    }

    /// Makes the installation, where it is not made yet.
    pub async fn init(&self) -> Result<()> {
        self.run(&["init"]).await.map(drop)
    }

    /// The same without waiting for its end.
    pub fn begin_init(&self) -> Result<Child> {
        self.command(&["init"]).stdout(Stdio::null()).spawn().context("starting outpay init")
    }

    async fn create_paying_business(&self, name: &str, key: &str, deposit: &[&str]) -> Result<Business> {
        self.init().await?;
        let printed = self.run(&["business", "create", name, "--json"]).await?;
        let made: Value = serde_json::from_str(&printed).with_context(|| format!("reading {printed}"))?;
        let field = |field: &str| {
            made[field].as_str().map(str::to_owned).with_context(|| format!("no {field} in {printed}"))
        };
        let business = Business { id: field("id")?, secret_key: field(key)? };
        self.run(&["business", "enable-payouts", &business.id]).await?;
        self.run(deposit).await?;
        Ok(business)
    }

    /// Starts the server and waits until it is ready. Its output goes to `outpay.log` in the data folder by default.
    pub async fn serve(&self) -> Result<Server> {
        let mut server = self.begin_to_serve()?;
        server.until_ready().await.with_context(|| format!("see {}", self.log.display()))?;
        Ok(server)
    }

    /// Starts the server without waiting.
    pub fn begin_to_serve(&self) -> Result<Server> {
        let address = scratch::free_address()?;
        let log = File::options().create(true).append(true).open(&self.log)?;
        let child = self
            .command(&["serve", "--listen", &address.to_string()])
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting outpay serve")?;
        Ok(Server { child, address })
    }
}

/// A running `outpay serve`.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    pub async fn until_ready(&mut self) -> Result<()> {
        let deadline = clock::now() + START_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("outpay serve ended with {status} while starting");
            }
            if self.is_ready().await {
                return Ok(());
            }
            ensure!(clock::now() < deadline, "outpay serve does not become ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn is_ready(&self) -> bool {
        let asked = async { Connection::open(self.address).await?.get("/readyz", &[]).await };
        asked.await.is_ok_and(|answer| answer.status == 200)
    }

    /// Moves everything that a test will pay out from the main balance to the payout balance.
    pub async fn fund_payouts(&self, business: &Business, cents: i64) -> Result<()> {
        let body = json!({"from": "balance", "to": "payout_balance", "amount": cents}).to_string();
        let bearer = format!("Bearer {}", business.secret_key);
        let headers = [("Authorization", bearer.as_str())];
        let answer = Connection::open(self.address).await?.post("/balance/transfer", &headers, &body).await?;
        ensure!(matches!(answer.status, 200 | 201), "POST /balance/transfer: {answer}");
        Ok(())
    }

    /// kill -9.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("killing outpay serve")
    }

    /// Sends SIGTERM and waits for the end.
    pub async fn stop(&mut self, limit: Duration) -> Result<ExitStatus> {
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(id.context("outpay serve had ended already")?, Signal::TERM)?;
        self.wait(limit).await
    }

    /// The exit status, if it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until it ends by itself.
    pub async fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        Ok(ended.with_context(|| format!("outpay serve did not end within {} s", limit.as_secs()))??)
    }
}
