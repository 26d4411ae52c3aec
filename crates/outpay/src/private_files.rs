//! Files that only their owner may read: keys, and the data folder that holds one. Not here: what is in them.

use anyhow::Context;
use std::path::Path;

/// Refuses a key file that other users of the machine can read. A file of root's may be readable by its group, because system
/// services are given their keys that way.
///
/// # Errors
/// Names the command that closes the file.
#[cfg(unix)]
pub fn check_key_file(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (open, closed) = if found.uid() == 0 { (0o037, "640") } else { (0o077, "600") };
    anyhow::ensure!(
        found.mode() & open == 0,
        "{} can be read by others; run: chmod {closed} {0}",
        path.display()
    );
    Ok(())
}

#[cfg(not(unix))]
pub fn check_key_file(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Refuses a configuration of another user to root: it names a program that is run, so its owner would have root's rights.
///
/// # Errors
/// Names the command that takes the file over.
#[cfg(unix)]
pub fn check_owner(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(
        may_name_programs(rustix::process::geteuid().as_raw(), found.uid()),
        "{} belongs to another user, and names a program that root would run; look at it, then run: chown root {0}",
        path.display()
    );
    Ok(())
}

#[cfg(not(unix))]
pub fn check_owner(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Others than root run with rights of their own alone, and may share a file, as containers do.
#[cfg(unix)]
fn may_name_programs(own: u32, owner: u32) -> bool {
    own != 0 || owner == 0
}

/// Can users of the machine other than its owner read this file? Not where a folder above it is closed to them. A file that
/// cannot be looked at counts as closed.
#[cfg(unix)]
#[must_use]
pub fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let mode = |path: &Path| std::fs::metadata(path).map(|found| found.mode()).unwrap_or_default();
    let Ok(path) = path.canonicalize() else { return false };
    mode(&path) & 0o044 != 0 && path.ancestors().skip(1).all(|folder| mode(folder) & 0o011 != 0)
}

#[cfg(not(unix))]
#[must_use]
pub fn others_can_read(_path: &Path) -> bool {
    false
}

/// Closes the data folder to all but its owner (mode 0700), if it exists. A folder of another owner cannot be changed: it is
/// accepted if only its group has access, which is how mounted volumes are shared with a service.
///
/// # Errors
/// When all users of the machine have access and it cannot be taken from them.
#[cfg(unix)]
pub fn close_folder(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(found) = std::fs::metadata(folder) else { return Ok(()) };
    let mode = found.permissions().mode();
    if !found.is_dir() || mode & 0o077 == 0 {
        return Ok(());
    }
    let shown = folder.display();
    let closed = std::fs::Permissions::from_mode(mode & 0o7700);
    match std::fs::set_permissions(folder, closed) {
        Ok(()) => tracing::warn!("others had access to the data folder {shown}; its mode is 0700 now"),
        Err(error) => anyhow::ensure!(
            mode & 0o007 == 0,
            "others have access to the data folder {shown} and it cannot be closed ({error}); run: chmod 700 {shown}"
        ),
    }
    Ok(())
}

#[cfg(not(unix))]
pub fn close_folder(_folder: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_command_that_closes_it() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        std::fs::write(&key, "key").unwrap();
        let is_root = std::fs::metadata(&key).unwrap().uid() == 0;
        for (mode, is_fine) in
            [(0o600, true), (0o400, true), (0o640, is_root), (0o644, false), (0o604, false), (0o660, false)]
        {
            set_mode(&key, mode);
            let checked = check_key_file(&key).map_err(|failure| failure.to_string());
            assert_eq!(checked.is_ok(), is_fine, "{mode:o}: {checked:?}");
            assert!(checked.is_ok() || checked.unwrap_err().contains("run: chmod 6"));
        }
    }

    #[test]
    fn root_runs_no_program_that_another_user_names() {
        let named = [(0, 0), (0, 1000), (1000, 1000), (1000, 0), (65_532, 1000)];
        assert_eq!(named.map(|(own, owner)| may_name_programs(own, owner)), [true, false, true, true, true]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outpay.toml");
        std::fs::write(&file, "").unwrap();
        check_owner(&file).unwrap();
    }

    #[test]
    fn a_file_in_a_closed_folder_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outpay.toml");
        std::fs::write(&file, "").unwrap();
        for (folder_mode, file_mode, open) in
            [(0o755, 0o644, true), (0o755, 0o600, false), (0o700, 0o644, false), (0o711, 0o604, true)]
        {
            set_mode(folder.path(), folder_mode);
            set_mode(&file, file_mode);
            assert_eq!(others_can_read(&file), open, "{folder_mode:o} {file_mode:o}");
        }
        assert!(!others_can_read(&folder.path().join("missing")));
    }

    #[test]
    fn the_data_folder_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        close_folder(&data).unwrap();
        assert!(!data.exists(), "a missing folder is not made");
        std::fs::create_dir(&data).unwrap();
        for mode in [0o755, 0o750, 0o707, 0o700] {
            set_mode(&data, mode);
            close_folder(&data).unwrap();
            assert_eq!(std::fs::metadata(&data).unwrap().mode() & 0o777, 0o700, "{mode:o}");
        }
    }
}
