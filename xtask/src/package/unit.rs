//! The systemd unit, without a running systemd: that each line is understood, and how much of the machine it may touch.
//! Not here: that the server works under it (installed.rs).

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::tools::{Tool, command, output, place, write};

pub const TOOLS: &[Tool] = &[("systemd-analyze", "apt-get install systemd")];

const UNIT: &str = "contrib/systemd/outpay.service";
/// systemd calls 2.0 and less OK. It counts from 0 (touches nothing) to 10 (may do everything).
const MOST_EXPOSED: f64 = 2.0;

/// In a root of its own, where the program is, and the targets that the unit names.
pub async fn verify(tree: &Path) -> Result<String> {
    let root = tempfile::tempdir()?;
    place(&tree.join(UNIT), &root.path().join("etc/systemd/system/outpay.service"), 0o644)?;
    for program in ["usr/bin/outpay", "bin/sh"] {
        place(Path::new("/bin/true"), &root.path().join(program), 0o755)?;
    }
    for target in ["sysinit", "basic", "shutdown", "network-online", "network", "multi-user"] {
        let unit = format!("[Unit]\nDescription={target}\n");
        write(&root.path().join(format!("usr/lib/systemd/system/{target}.target")), unit)?;
    }
    let mut verify = command("systemd-analyze");
    verify.arg("verify").arg(format!("--root={}", root.path().display())).arg("outpay.service");
    let (printed, said) = super::tools::both(&mut verify).await?;
    // An unknown setting is a warning, and the exit status is 0.
    let complaints: Vec<&str> = [printed.as_str(), said.as_str()]
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| line.contains("outpay.service"))
        .collect();
    ensure!(complaints.is_empty(), "systemd-analyze verify: {}", complaints.join("; "));
    Ok("systemd-analyze verify has nothing to say".to_owned())
}

pub async fn security(tree: &Path) -> Result<String> {
    let mut security = command("systemd-analyze");
    security.args(["security", "--no-pager", "--offline=true"]).arg(tree.join(UNIT));
    let printed = output(&mut security).await?;
    let last = printed.lines().find(|line| line.contains("Overall exposure level"));
    let last = last.with_context(|| format!("no level in\n{printed}"))?;
    let level = last.split(": ").nth(1).and_then(|rest| rest.split(' ').next());
    let level: f64 =
        level.and_then(|level| level.parse().ok()).with_context(|| format!("no level in {last}"))?;
    ensure!(level < MOST_EXPOSED, "the exposure level of the unit is {level}, not below {MOST_EXPOSED}");
    Ok(format!("exposure level {level} (0 to 10, less is better; the limit is {MOST_EXPOSED})"))
}
