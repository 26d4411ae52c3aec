//! A private PostgreSQL cluster: started on a free port, trusted on the loopback only, deleted on drop.
//!
//! Not here: anything about Outpay's tables. Invariant: durable as PostgreSQL is by default (fsync and
//! synchronous_commit on), so that measurements and crashes show what a user gets.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::{clock, scratch};

/// How long a server may take to accept its first connection, including recovery after a kill.
const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(10);

#[derive(Args)]
pub struct Arguments {
    /// Keep the cluster in memory if possible: for tests of behaviour, not of durability
    #[arg(long)]
    memory: bool,
    /// The command; it finds the address in OUTPAY_TEST_POSTGRES, and the certificate for `localhost` in OUTPAY_TEST_POSTGRES_CA
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// `xtask postgres -- CMD`: exits with the command's own exit code.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let place = if arguments.memory { Place::Memory } else { Place::Disk };
    let cluster = Cluster::start(place, &[]).await?;
    let (program, rest) = arguments.command.split_first().context("no command given")?;
    let status = tokio::process::Command::new(program)
        .args(rest)
        .env("OUTPAY_TEST_POSTGRES", cluster.url())
        .env("OUTPAY_TEST_POSTGRES_CA", cluster.authority())
        .kill_on_drop(true)
        .status()
        .await
        .with_context(|| format!("running {program}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}

#[derive(Clone, Copy)]
pub enum Place {
    Memory,
    Disk,
}

/// A running cluster.
pub struct Cluster {
    programs: PathBuf,
    owner: Option<Owner>,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    folder: PathBuf,
    log: PathBuf,
    /// Run under `eatmydata`: for a control that must lose something.
    careless: bool,
    /// The folder, if it is ours to delete.
    temporary: Option<TempDir>,
}

/// The server's user if we are root, because PostgreSQL refuses to run as root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Creates and starts a cluster; `settings` are `name=value` on top of PostgreSQL's own defaults.
    pub async fn start(place: Place, settings: &[String]) -> Result<Self> {
        let temporary = match place {
            Place::Memory => scratch::in_memory("postgres")?,
            Place::Disk => scratch::on_disk("postgres")?,
        };
        let log = temporary.path().join("server.log");
        let mut cluster = Self::create(temporary.path(), &log, place, settings).await?;
        cluster.temporary = Some(temporary);
        cluster.start_again().await?;
        Ok(cluster)
    }

    /// Creates and starts a cluster in an existing folder, which stays; its log goes elsewhere.
    pub async fn start_in(folder: &Path, log: &Path) -> Result<Self> {
        let mut cluster = Self::create(folder, log, Place::Disk, &[]).await?;
        cluster.start_again().await?;
        Ok(cluster)
    }

    /// The address of its maintenance database.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of one of its databases.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The certificate of the server, for `localhost`, signed by itself. Connections may be encrypted; they need not be.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("server.crt")
    }

    /// Updates the planner's statistics now; PostgreSQL would do so within about a minute of a large load.
    pub async fn analyze(&self) -> Result<()> {
        self.execute("ANALYZE").await
    }

    /// Runs a statement as the cluster's owner.
    pub async fn execute(&self, statement: &str) -> Result<()> {
        let (client, connection) = tokio_postgres::connect(&self.url(), tokio_postgres::NoTls).await?;
        let connection = tokio::spawn(connection);
        client.batch_execute(statement).await.with_context(|| statement.to_owned())?;
        drop(client);
        Ok(connection.await??)
    }

    /// Disables syncs from the next start on.
    pub fn be_careless(&mut self, careless: bool) {
        self.careless = careless;
    }

    /// Stops the server at once; committed data stays.
    pub fn stop_now(&mut self) -> Result<()> {
        self.server.take().map_or(Ok(()), |mut server| Self::stop(&mut server))
    }

    /// Keeps the data folder for an investigation of a failure, and returns its path.
    pub fn keep(&mut self) -> &Path {
        if let Some(temporary) = &mut self.temporary {
            temporary.disable_cleanup(true);
        }
        &self.folder
    }

    /// Kills the server and all its children with SIGKILL, as a crash of the machine's software would.
    pub async fn kill(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { bail!("the cluster is not running") };
        let postmaster = Pid::from_child(&server);
        let children = children_of(postmaster);
        // The parent first: it would otherwise notice dead children and start its own recovery.
        kill_process(postmaster, Signal::KILL)?;
        for child in &children {
            // A child may have ended by itself meanwhile, which is fine.
            let _ = kill_process(*child, Signal::KILL);
        }
        server.wait()?;
        // The next server refuses to start while an old child still holds the shared memory.
        while children.iter().any(|child| is_running(*child)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Starts the server on the existing data and waits until it accepts connections.
    pub async fn start_again(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).arg("-p").arg(self.port.to_string());
        let fixed = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "fsync=on",
            "synchronous_commit=on",
        ];
        for setting in fixed.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.arg("-c").arg(setting);
        }
        command.arg("-c").arg("ssl=on");
        command.arg("-c").arg(format!("ssl_cert_file={}", self.authority().display()));
        command.arg("-c").arg(format!("ssl_key_file={}", self.private_key().display()));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.server = Some(command.spawn().context("starting postgres")?);
        self.until_ready().await
    }

    async fn until_ready(&mut self) -> Result<()> {
        let deadline = clock::now() + START_LIMIT;
        loop {
            if let Some(server) = &mut self.server
                && let Some(status) = server.try_wait()?
            {
                bail!("PostgreSQL ended with {status} while starting:\n{}", self.log_tail());
            }
            if tokio_postgres::connect(&self.url(), tokio_postgres::NoTls).await.is_ok() {
                return Ok(());
            }
            ensure!(clock::now() < deadline, "PostgreSQL does not answer:\n{}", self.log_tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn create(folder: &Path, log: &Path, place: Place, settings: &[String]) -> Result<Self> {
        let programs = find_programs()?;
        let owner = if geteuid().is_root() { Some(find_owner()?) } else { None };
        if let Some(Owner { user, group }) = owner {
            std::os::unix::fs::chown(folder, Some(user), Some(group))?;
        }
        let port = scratch::free_address()?.port();
        let cluster = Self {
            programs,
            owner,
            port,
            settings: settings.to_vec(),
            server: None,
            folder: folder.into(),
            log: log.into(),
            careless: false,
            temporary: None,
        };
        cluster.initialize(place).await?;
        cluster.certify()?;
        Ok(cluster)
    }

    async fn initialize(&self, place: Place) -> Result<()> {
        let mut command = self.program("initdb");
        command.arg("-D").arg(self.data());
        command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]);
        if matches!(place, Place::Memory) {
            command.arg("--no-sync");
        }
        let output = tokio::process::Command::from(command).output().await.context("running initdb")?;
        ensure!(output.status.success(), "initdb failed:\n{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn private_key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// Makes a certificate and its key, which the server reads as its own user.
    fn certify(&self) -> Result<()> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let files =
            [(self.authority(), made.cert.pem()), (self.private_key(), made.signing_key.serialize_pem())];
        for (path, text) in files {
            std::fs::write(&path, text)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            if let Some(Owner { user, group }) = self.owner {
                std::os::unix::fs::chown(&path, Some(user), Some(group))?;
            }
        }
        Ok(())
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if self.careless { Command::new("eatmydata") } else { Command::new(&program) };
        if self.careless {
            command.arg(&program);
        }
        command.current_dir(&self.folder);
        if let Some(Owner { user, group }) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// An immediate shutdown: the data is not needed any more, but the shared memory is released.
    fn stop(server: &mut Child) -> Result<()> {
        kill_process(Pid::from_child(server), Signal::QUIT)?;
        let deadline = clock::now() + STOP_LIMIT;
        while server.try_wait()?.is_none() {
            if clock::now() >= deadline {
                server.kill()?;
                server.wait()?;
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server
            && let Err(error) = Self::stop(server)
        {
            eprintln!("xtask: stopping PostgreSQL: {error:#}");
        }
    }
}

/// The newest installed server, or the one on PATH.
fn find_programs() -> Result<PathBuf> {
    let mut installed: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    installed.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let newest_first = installed.into_iter().rev().map(|(_, folder)| folder);
    newest_first
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
        .context(
            "no PostgreSQL server found (initdb and postgres, in /usr/lib/postgresql/*/bin or on PATH); \
             install it, on Debian with: apt-get install -y postgresql",
        )
}

fn find_owner() -> Result<Owner> {
    let users = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    parse_owner(&users).context("running as root needs a user named postgres, which the package makes")
}

fn parse_owner(users: &str) -> Option<Owner> {
    let line = users.lines().find(|line| line.starts_with("postgres:"))?;
    let mut fields = line.split(':').skip(2);
    Some(Owner { user: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
}

fn children_of(parent: Pid) -> Vec<Pid> {
    let parent = parent.as_raw_nonzero();
    let list = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// A zombie is not running: without an init process that reaps orphans, as in many containers, it stays for ever.
fn is_running(process: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_read_from_the_user_list() {
        let owner = parse_owner("root:x:0:0::/:/bin/sh\npostgres:x:105:109:,,,:/var:/bin/bash\n").unwrap();
        assert_eq!((owner.user, owner.group), (105, 109));
        assert!(parse_owner("postgresql:x:1:1:::").is_none());
    }

    #[tokio::test]
    async fn a_cluster_keeps_what_was_committed_through_a_kill() {
        let mut cluster = Cluster::start(Place::Memory, &[]).await.unwrap();
        let folder = cluster.folder.clone();
        query(&cluster.url(), "CREATE TABLE kept (n int)").await;
        query(&cluster.url(), "INSERT INTO kept VALUES (7)").await;
        cluster.kill().await.unwrap();
        cluster.start_again().await.unwrap();
        assert_eq!(query(&cluster.url(), "SELECT n FROM kept").await, Some(7.to_string()));
        assert_eq!(query(&cluster.url(), "SHOW fsync").await.as_deref(), Some("on"));
        drop(cluster);
        assert!(!folder.exists());
    }

    async fn query(url: &str, text: &str) -> Option<String> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let messages = client.simple_query(text).await.unwrap();
        messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
    }
}
