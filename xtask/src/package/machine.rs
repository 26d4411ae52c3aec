//! An empty Debian machine: debootstrap's minimal system with systemd, booted by systemd-nspawn with a network of its own that leads
//! nowhere. Not here: what is done on it. Invariant: the machine ends with its guard, and its files with the workshop.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use super::tools::{self, Tool, command, output};
use crate::clock;

pub const TOOLS: &[Tool] = &[
    ("debootstrap", "apt-get install debootstrap"),
    ("systemd-nspawn", "apt-get install systemd-container"),
    ("nsenter", "apt-get install util-linux"),
];

const RELEASE: &str = "bookworm";
/// What an administrator's machine has: systemd, apt's own needs, a client for the first request.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,ca-certificates,adduser,curl";
const BOOT_LIMIT: Duration = Duration::from_secs(60);
const OFF_LIMIT: Duration = Duration::from_secs(60);

pub struct Machine {
    root: PathBuf,
    nspawn: Child,
    /// Process 1 of the machine, as this one sees it.
    init: Pid,
}

/// Makes the system in `root`. The downloaded packages are kept in `cache` for the next run.
pub async fn install(root: &Path, cache: &Path) -> Result<()> {
    std::fs::create_dir_all(cache)?;
    let mut make = command("debootstrap");
    make.args(["--variant=minbase", &format!("--include={PACKAGES}")]);
    make.arg(format!("--cache-dir={}", std::path::absolute(cache)?.display())).arg(RELEASE).arg(root);
    output(&mut make).await.context("making an empty machine (Debian's packages must be reachable)")?;
    Ok(())
}

impl Machine {
    pub async fn boot(root: &Path) -> Result<Self> {
        let log = std::fs::File::create(root.with_extension("log"))?;
        let mut boot = command("systemd-nspawn");
        boot.args([
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--console=pipe",
            "--boot",
            "-D",
        ]);
        let nspawn = boot.arg(root).stdout(log.try_clone()?).stderr(log).spawn().context("systemd-nspawn")?;
        let outer = nspawn.id().context("systemd-nspawn ended at once")?;
        let deadline = clock::now() + BOOT_LIMIT;
        let mut machine = Self { root: root.into(), nspawn, init: Pid::INIT };
        loop {
            ensure!(clock::now() < deadline, "the machine does not start: see {}.log", root.display());
            if let Some(status) = machine.nspawn.try_wait()? {
                bail!("the machine ended with {status}: see {}.log", root.display());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            if let Some(init) = child_of(outer)? {
                machine.init = init;
                let state = machine.say("systemctl is-system-running").await.unwrap_or_default();
                if state.trim() == "running" {
                    return Ok(machine);
                }
            }
        }
    }

    /// Runs a script on it, ends with an error at its first failing command; returns what it printed.
    pub async fn run(&self, script: &str) -> Result<String> {
        let printed = output(self.enter().arg(format!("exec 2>&1\n{script}"))).await;
        printed.map_err(|error| anyhow::anyhow!("on the machine: {error:#}"))
    }

    /// Runs a script that must fail; returns what it printed.
    pub async fn fails(&self, script: &str) -> Result<String> {
        let ended = self.enter().arg(format!("exec 2>&1\n{script}")).output().await?;
        let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
        ensure!(!ended.status.success(), "on the machine, this should fail: {script}\n{printed}");
        Ok(printed)
    }

    async fn say(&self, script: &str) -> Option<String> {
        let ended = self.enter().arg(script).output().await.ok()?;
        Some(String::from_utf8_lossy(&ended.stdout).into_owned())
    }

    fn enter(&self) -> tokio::process::Command {
        let mut enter = command("nsenter");
        enter.args(["--mount", "--uts", "--ipc", "--net", "--pid", "--target"]);
        enter.arg(self.init.as_raw_nonzero().to_string()).args(["--", "/bin/sh", "-e", "-c"]);
        enter
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("DEBIAN_FRONTEND", "noninteractive");
        enter.env("LC_ALL", "C.UTF-8");
        enter
    }

    /// Puts a file on it.
    pub fn put(&self, file: &Path, to: &str) -> Result<()> {
        tools::place(file, &self.root.join(to.trim_start_matches('/')), 0o644)
    }

    /// Powers it off, as its administrator would.
    pub async fn off(mut self) -> Result<()> {
        // SIGRTMIN+4 asks systemd, as process 1, to power off; `systemctl poweroff` would not return.
        drop(self.say("systemctl poweroff").await);
        let ended = tokio::time::timeout(OFF_LIMIT, self.nspawn.wait()).await;
        ended.context("the machine does not power off")??;
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Without its init a machine is gone; killing systemd-nspawn alone would leave it behind.
        if self.init != Pid::INIT && matches!(self.nspawn.try_wait(), Ok(None)) {
            let _gone = kill_process(self.init, Signal::KILL);
        }
    }
}

fn child_of(process: u32) -> Result<Option<Pid>> {
    let path = format!("/proc/{process}/task/{process}/children");
    let Ok(children) = std::fs::read_to_string(path) else { return Ok(None) };
    let first = children.split_whitespace().next().map(str::parse).transpose()?;
    Ok(first.and_then(Pid::from_raw))
}
