//! Programs that the steps run: that they are there, and what they print.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

/// A program, and how to install it.
pub type Tool = (&'static str, &'static str);

/// Building a package compresses 40 MiB; nothing takes longer but the release build.
const LIMIT: Duration = Duration::from_secs(600);

/// The root of the tree.
pub fn tree() -> Result<PathBuf> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in no workspace")?;
    Ok(tree.to_path_buf())
}

/// Fails with everything that is missing and the commands that install it.
pub fn check(tools: &[Tool]) -> Result<()> {
    let missing: Vec<String> = tools
        .iter()
        .filter(|(program, _)| find(program).is_none())
        .map(|(program, install)| format!("{program} ({install})"))
        .collect();
    ensure!(missing.is_empty(), "missing programs: {}", missing.join(", "));
    Ok(())
}

/// Also where users have no path to, but root has.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|program| program.is_file())
}

/// A command that ends with its guard.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true).stdin(std::process::Stdio::null());
    command
}

/// Runs it to its end; returns its standard output.
pub async fn output(command: &mut Command) -> Result<String> {
    let (printed, _) = both(command).await?;
    Ok(printed)
}

/// Runs it to its end; returns standard output and standard error.
pub async fn both(command: &mut Command) -> Result<(String, String)> {
    let shown = format!("{:?}", command.as_std());
    let ended = tokio::time::timeout(LIMIT, command.output()).await;
    let ended = ended.with_context(|| format!("{shown} hangs"))?;
    let ended = ended.with_context(|| format!("running {shown}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, said) = (text(&ended.stdout), text(&ended.stderr));
    if !ended.status.success() {
        bail!("{shown}: {}\n{printed}{said}", ended.status);
    }
    Ok((printed, said))
}

/// Copies a file, making the folders above it, and sets its mode.
pub fn place(from: &Path, to: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = to.parent().context("a file without a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    std::fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode))?;
    Ok(())
}

/// Writes a file that everyone may read, making the folders above it.
pub fn write(to: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let folder = to.parent().context("a file without a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    std::fs::write(to, text).with_context(|| format!("writing {}", to.display()))
}
