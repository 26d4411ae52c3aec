//! Where the master key comes from: the environment, or a file only its owner can read, made on first start.

use super::Secrets;
use crate::clock::Entropy;
use crate::durable_file;
use crate::store::Failure;
use anyhow::Context;
use std::io::Write;
use std::path::Path;

/// 64 hexadecimal digits, for installations that keep secrets outside the disk.
pub const MASTER_KEY_VARIABLE: &str = "OUTPAY_MASTER_KEY";
/// The file in the data folder.
pub const MASTER_KEY_FILE: &str = "master.key";

/// Takes the master key from `from_environment`, else from the data folder's file, else makes that file.
///
/// # Errors
/// When the key is not 64 hexadecimal digits, or others can read its file.
pub fn load(from_environment: Option<&str>, data: &Path, entropy: &Entropy) -> Result<Secrets, Failure> {
    if let Some(text) = from_environment {
        return parse(text).with_context(|| format!("{MASTER_KEY_VARIABLE} must be 64 hexadecimal digits"));
    }
    let path = data.join(MASTER_KEY_FILE);
    if !path.exists() {
        create(data, &path, entropy)
            .with_context(|| format!("cannot make the master key {}", path.display()))?;
    }
    check_private(&path)?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("{} must hold 64 hexadecimal digits", path.display()))
}

fn parse(text: &str) -> Result<Secrets, Failure> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
    // The text is a secret: the error says nothing of it.
    let key: Option<[u8; 32]> = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    key.map(|key| Secrets::derive(&key)).context("not a master key")
}

fn create(data: &Path, path: &Path, entropy: &Entropy) -> Result<(), Failure> {
    durable_file::create_folder(data)?;
    let mut key = [0u8; 32];
    entropy.fill(&mut key);
    // Written under another name and linked into place, so that no process reads half a key, and of two processes
    // that start at once only one makes it.
    let mut suffix = [0u8; 8];
    entropy.fill(&mut suffix);
    let draft = data.join(format!("{MASTER_KEY_FILE}.{}", data_encoding::HEXLOWER.encode(&suffix)));
    let mut file = private_file(&draft)?;
    file.write_all(format!("{}\n", data_encoding::HEXLOWER.encode(&key)).as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    // The name stands in the folder: without this it can be gone after a power cut, while the database demands the key.
    Ok(durable_file::sync_folder(data)?)
}

#[cfg(unix)]
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode();
    anyhow::ensure!(mode & 0o077 == 0, "{} can be read by others; run: chmod 600 {0}", path.display());
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_path: &Path) -> Result<(), Failure> {
    Ok(())
}
