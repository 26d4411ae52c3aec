//! Where the master key comes from: the environment, a named file, a file descriptor, a program, or a file only its owner can
//! read, made on first start. Not here: its versions (key_ring.rs), what is computed with it (secrets.rs).

use super::{KeyRing, Secrets};
use crate::clock::Entropy;
use crate::durable_file;
use crate::named_secrets;
use crate::private_files;
use crate::store::Failure;
use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// The text of the key, for installations that keep secrets outside the disk.
pub const MASTER_KEY_VARIABLE: &str = "OUTPAY_MASTER_KEY";
/// The file in the data folder.
pub const MASTER_KEY_FILE: &str = "master.key";
/// The longest text that is read as a key.
const LONGEST: u64 = 4096;
/// A program that asks a key store over a network answers in less.
const LONGEST_RUN: Duration = Duration::from_secs(30);

/// The place that the master key is read from.
#[derive(Clone, Debug)]
pub enum MasterKeySource {
    /// The text itself, from [`MASTER_KEY_VARIABLE`].
    Variable(SecretString),
    /// A file that something else looks after: a secret of a container, a credential of systemd. It is never made or changed.
    Named(PathBuf),
    /// An open file descriptor of this process.
    Descriptor(u32),
    /// A program and its arguments; it prints the key.
    Program(Vec<String>),
    /// [`MASTER_KEY_FILE`] in the data folder.
    File,
}

impl MasterKeySource {
    /// For messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Variable(_) => MASTER_KEY_VARIABLE,
            Self::Named(_) => "--master-key-file",
            Self::Descriptor(_) => "--master-key-fd",
            Self::Program(_) => "the program of the master key",
            Self::File => MASTER_KEY_FILE,
        }
    }
}

/// What is derived from the master key of this source; a missing file is made.
///
/// # Errors
/// As [`load_ring`].
pub async fn load(source: &MasterKeySource, data: &Path, entropy: &Entropy) -> Result<Secrets, Failure> {
    Ok(Secrets::of(&load_ring(source, data, entropy).await?))
}

/// Takes the master key, in all its versions, from its source; a missing file is made.
///
/// # Errors
/// When it cannot be read as one, others can read its file, or its program fails.
pub async fn load_ring(source: &MasterKeySource, data: &Path, entropy: &Entropy) -> Result<KeyRing, Failure> {
    let text = match source {
        MasterKeySource::Variable(text) => text.clone(),
        MasterKeySource::Named(path) => named_secrets::read(path).context("--master-key-file")?,
        MasterKeySource::Descriptor(number) => from_descriptor(*number)?,
        MasterKeySource::Program(command) => from_program(command, LONGEST_RUN).await?,
        MasterKeySource::File => from_file(data, entropy)?,
    };
    let place = match source {
        MasterKeySource::File => data.join(MASTER_KEY_FILE).display().to_string(),
        other => other.name().to_owned(),
    };
    // The text is a secret: the error says nothing of it.
    KeyRing::parse(text.expose_secret()).with_context(|| {
        format!("{place} must hold 64 hexadecimal digits, or for each version a line of its number, a colon and 64 digits")
    })
}

/// Opened by its path below `/dev/fd`, because taking over a bare descriptor is unsafe. A pipe is empty afterwards.
fn from_descriptor(number: u32) -> Result<SecretString, Failure> {
    let file = std::fs::File::open(format!("/dev/fd/{number}"))
        .with_context(|| format!("--master-key-fd: cannot read file descriptor {number}"))?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).context("--master-key-fd")?;
    Ok(SecretString::from(text))
}

/// Runs the program without a shell. Its standard error is that of this process, so its reasons are seen; its standard output is
/// the key, and shown nowhere.
async fn from_program(command: &[String], longest: Duration) -> Result<SecretString, Failure> {
    let (program, arguments) = command.split_first().context("the program of the master key has no name")?;
    let named = || format!("the program of the master key, {program}");
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {}", named()))?;
    let output = child.stdout.take().context("a program without standard output")?;
    let run = async {
        let mut text = Vec::new();
        output.take(LONGEST).read_to_end(&mut text).await?;
        Ok::<_, Failure>((text, child.wait().await?))
    };
    let ended = tokio::time::timeout(longest, run).await;
    let ended = ended.map_err(|_| anyhow::anyhow!("{} did not end within {longest:?}", named()))?;
    let (text, status) = ended.with_context(named)?;
    anyhow::ensure!(status.success(), "{} failed: {status}", named());
    let text = String::from_utf8(text).map_err(|_| anyhow::anyhow!("{} printed no key", named()))?;
    Ok(SecretString::from(text))
}

fn from_file(data: &Path, entropy: &Entropy) -> Result<SecretString, Failure> {
    let path = data.join(MASTER_KEY_FILE);
    if !path.exists() {
        create(data, &path, entropy)
            .with_context(|| format!("cannot make the master key {}", path.display()))?;
    }
    private_files::check_key_file(&path)?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(SecretString::from(text))
}

fn create(data: &Path, path: &Path, entropy: &Entropy) -> Result<(), Failure> {
    durable_file::create_folder(data)?;
    let mut key = [0u8; 32];
    entropy.fill(&mut key);
    let draft = draft(data, &KeyRing::of(key), entropy)?;
    // Linked into place, so that of two processes that start at once only one makes it.
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    // The name stands in the folder: without this it can be gone after a power cut, while the database demands the key.
    Ok(durable_file::sync_folder(data)?)
}

/// Makes a new key in a file, for [`MasterKeySource::Named`].
///
/// # Errors
/// When the file exists, whatever is in it, or cannot be written.
pub fn create_file(path: &Path, entropy: &Entropy) -> std::io::Result<()> {
    let mut key = [0u8; 32];
    entropy.fill(&mut key);
    let mut file = private_file(path)?;
    let text = KeyRing::of(key).to_text();
    let written = file.write_all(text.expose_secret().as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key would be taken for one, and refused a second try.
        drop(std::fs::remove_file(path));
    }
    written?;
    durable_file::sync_name(path)
}

/// Replaces the file by one with these versions. After a crash there is the old one or the new one.
///
/// # Errors
/// When the folder cannot be written.
pub fn replace_file(data: &Path, ring: &KeyRing, entropy: &Entropy) -> Result<(), Failure> {
    let draft = draft(data, ring, entropy)?;
    std::fs::rename(draft, data.join(MASTER_KEY_FILE))?;
    Ok(durable_file::sync_folder(data)?)
}

/// Written under another name, so that no process reads half a key.
fn draft(data: &Path, ring: &KeyRing, entropy: &Entropy) -> Result<PathBuf, Failure> {
    let mut suffix = [0u8; 8];
    entropy.fill(&mut suffix);
    let draft = data.join(format!("{MASTER_KEY_FILE}.{}", data_encoding::HEXLOWER.encode(&suffix)));
    let mut file = private_file(&draft)?;
    file.write_all(ring.to_text().expose_secret().as_bytes())?;
    file.sync_all()?;
    Ok(draft)
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended() {
        let failure = from_program(&command(&["sleep", "600"]), Duration::from_millis(20)).await.unwrap_err();
        assert!(format!("{failure:#}").contains("sleep did not end within 20ms"), "{failure:#}");
        // Standard output that is closed early is not the end of the program.
        let closed = command(&["sh", "-c", "exec >&-; exec sleep 600"]);
        let failure = from_program(&closed, Duration::from_millis(200)).await.unwrap_err();
        assert!(format!("{failure:#}").contains("did not end within 200ms"), "{failure:#}");
    }

    #[tokio::test]
    async fn a_program_gets_its_arguments_as_they_are() {
        let printed = from_program(&command(&["echo", "$HOME", "a b"]), LONGEST_RUN).await.unwrap();
        assert_eq!(printed.expose_secret().trim(), "$HOME a b");
    }
}
