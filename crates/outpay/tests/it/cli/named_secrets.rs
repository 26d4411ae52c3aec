//! Secrets in files that variables name: the master key and the database, as containers and service managers hand them over.

use crate::cli::installation::{Installation, Ran};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

crate::cli::on_both_engines! {
    an_installation_begins_with_a_key_from_a_file,
    a_key_file_is_never_replaced,
    a_key_file_that_does_not_fit_is_refused,
    the_database_is_named_by_a_file,
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A new key outside the data folder.
fn new_key(installation: &Installation) -> (PathBuf, String) {
    let file = installation.folder().join("a.key");
    let path = file.to_str().unwrap().to_owned();
    installation.ok(&["master-key", "create", &path]);
    (file, path)
}

fn an_installation_begins_with_a_key_from_a_file(installation: &Installation) {
    let (file, path) = new_key(installation);
    assert_eq!(mode(&file), 0o600);
    assert!(!installation.data().exists(), "making a key opens no installation");
    let named = ("OUTPAY_MASTER_KEY_FILE", path.as_str());
    assert_eq!(installation.run_with(named, &["init"]).code, 0);
    assert_eq!(installation.run_with(named, &["business", "create", "Acme"]).code, 0);
    installation.ok(&["business", "show", "Acme", "--master-key-file", &path]);
    assert!(!installation.data().join("master.key").exists(), "no key is made in the data folder");
    installation.refused(1, "there is no master key", &["business", "list"]);
    let two = installation.run_with(named, &["business", "list", "--master-key-fd", "0"]);
    assert!(two.code == 2 && two.stderr.contains("two sources, --master-key-file and"), "{}", two.stderr);
    let rotated = installation.run_with(named, &["master-key", "rotate"]);
    assert!(rotated.stderr.contains("--master-key-file has no version 1"), "{}", rotated.stderr);
    // What is not a file of the data folder belongs to the one who wrote it: a version that was added there is taken into use.
    let text = std::fs::read_to_string(&file).unwrap();
    let first = text.trim().trim_start_matches("0:");
    std::fs::write(&file, format!("0:{first}\n1:{}\n", "5a".repeat(32))).unwrap();
    let rotated = installation.run_with(named, &["master-key", "rotate"]);
    assert_eq!(rotated.code, 0, "{}", rotated.stderr);
}

fn a_key_file_is_never_replaced(installation: &Installation) {
    let (file, path) = new_key(installation);
    let before = std::fs::read(&file).unwrap();
    installation.refused(1, "a master key is never replaced", &["master-key", "create", &path]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let other = installation.folder().join("b.key");
    installation.ok(&["master-key", "create", other.to_str().unwrap()]);
    assert_ne!(std::fs::read(&other).unwrap(), before, "each is random");
    let nowhere = installation.folder().join("missing").join("c.key");
    installation.refused(1, "cannot make", &["master-key", "create", nowhere.to_str().unwrap()]);
}

fn a_key_file_that_does_not_fit_is_refused(installation: &Installation) {
    let (file, path) = new_key(installation);
    let list = ["business", "list", "--master-key-file", path.as_str()];
    installation.ok(&["init", "--master-key-file", &path]);
    set_mode(&file, 0o644);
    installation.refused(1, "can be read by others", &list);
    set_mode(&file, 0o600);
    installation.ok(&list);
    std::fs::write(&file, "not a key").unwrap();
    installation.refused(1, "--master-key-file must hold 64 hexadecimal digits", &list);
    std::fs::remove_file(&file).unwrap();
    installation.refused(1, "--master-key-file: cannot read", &list);
    assert!(!file.exists(), "a missing key is not made");
}

fn the_database_is_named_by_a_file(installation: &Installation) {
    installation.business("Acme");
    let url = installation.write("database", &format!("{}\n", installation.url()));
    set_mode(Path::new(&url), 0o600);
    let list = |beside: Option<&str>| {
        let mut command = crate::cli::installation::program();
        command.args(["business", "list", "--data"]).arg(installation.data());
        command.env("OUTPAY_DATABASE_FILE", &url);
        command.envs(beside.map(|url| ("OUTPAY_DATABASE", url)));
        Ran::from(command.output().unwrap())
    };
    let ran = list(None);
    assert!(ran.code == 0 && ran.stdout.contains("Acme"), "{}{}", ran.stdout, ran.stderr);
    let twice = list(Some(&installation.url()));
    let words = "OUTPAY_DATABASE and OUTPAY_DATABASE_FILE are both set";
    assert!(twice.code == 2 && twice.stderr.contains(words), "{}", twice.stderr);
    set_mode(Path::new(&url), 0o644);
    let open = list(None);
    assert!(open.code == 2 && open.stderr.contains("can be read by others"), "{}", open.stderr);
}
