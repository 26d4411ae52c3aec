//! Makes file names durable. After a power cut a file that was synced can still be missing, because its name is in
//! the folder, which must be synced too.

use std::io;
use std::path::Path;

/// Makes names durable that were created, renamed or linked in `folder`.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(or_current(folder))?.sync_all()
}

/// Windows cannot sync a folder.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the name of this file durable.
pub fn sync_name(file: &Path) -> io::Result<()> {
    sync_folder(file.parent().unwrap_or(Path::new("")))
}

/// Creates the folder and its parents where they are missing, durably, for their owner alone.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    create_folder(folder.parent().unwrap_or(Path::new("")))?;
    match create_private(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_name(folder),
    }
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    std::fs::create_dir(folder)
}

/// The parent of a relative name is the empty path, which means the current folder.
#[cfg(unix)]
fn or_current(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_with_those_above_them_and_may_be_there_already() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("one/two");
        create_folder(&deep).unwrap();
        create_folder(&deep).unwrap();
        assert!(deep.is_dir());
        std::fs::write(deep.join("file"), "").unwrap();
        assert!(create_folder(&deep.join("file/below")).is_err());
        sync_name(&deep.join("file")).unwrap();
    }
}
