//! Names that survive a power cut. A file that was synced can be gone all the same: its name stands in the folder, and the folder
//! has to be synced as well.

use std::io;
use std::path::Path;

/// Makes what was created, renamed or linked in `folder` durable.
///
/// # Errors
/// When the folder cannot be read or synced.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(or_current(folder))?.sync_all()
}

/// Windows syncs no folder.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the name of this file durable.
///
/// # Errors
/// As [`sync_folder`].
pub fn sync_name(file: &Path) -> io::Result<()> {
    sync_folder(file.parent().unwrap_or(Path::new("")))
}

/// Makes the folder and those above it, durably, where they are not there.
///
/// # Errors
/// When one cannot be made or synced.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    create_folder(folder.parent().unwrap_or(Path::new("")))?;
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_name(folder),
    }
}

/// The parent of a relative name is empty, which stands for the current folder.
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
