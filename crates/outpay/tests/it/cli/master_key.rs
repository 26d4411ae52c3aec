//! Where the master key comes from, and that neither it nor another secret can be seen by other users of the machine.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran};
use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

crate::cli::on_both_engines! {
    the_key_comes_from_a_descriptor,
    the_key_comes_from_a_program,
    two_sources_are_refused,
    the_data_folder_is_closed_to_others,
    no_secret_is_taken_as_an_argument,
    the_memory_of_a_server_is_closed,
}

/// A user without rights; the tests may run as root, whom nothing is hidden from.
const STRANGER: u32 = 65_534;

/// Moves the key out of the data folder; returns its new place.
fn move_key(installation: &Installation) -> PathBuf {
    installation.business("Acme");
    let elsewhere = installation.folder().join("elsewhere.key");
    std::fs::rename(installation.data().join("master.key"), &elsewhere).unwrap();
    elsewhere
}

fn text_of(path: &PathBuf) -> String {
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

fn the_key_comes_from_a_descriptor(installation: &Installation) {
    let key = move_key(installation);
    let list = |file: &PathBuf| {
        let mut command = installation.command(&["business", "list", "--master-key-fd", "0"]);
        Ran::from(command.stdin(File::open(file).unwrap()).output().unwrap())
    };
    let ran = list(&key);
    assert!(ran.code == 0 && ran.stdout.contains("Acme"), "{}{}", ran.stdout, ran.stderr);
    let wrong = list(&PathBuf::from(installation.write("wrong", "not a key")));
    assert!(wrong.code == 1 && wrong.stderr.contains("--master-key-fd must hold 64 hexadecimal digits"));
    installation.refused(
        1,
        "cannot read file descriptor 999",
        &["business", "list", "--master-key-fd", "999"],
    );
    assert!(!installation.data().join("master.key").exists(), "no key is made");
}

fn the_key_comes_from_a_program(installation: &Installation) {
    let key = move_key(installation);
    let typed = format!("cat {}", key.display());
    installation.ok(&["business", "list", "--master-key-command", &typed]);
    installation.refused(
        1,
        "cannot run the program",
        &["business", "list", "--master-key-command", "/nowhere/x"],
    );
    let configured = |script: &str| {
        let path = key.display();
        installation
            .configure(&format!("master_key_command = [\"sh\", \"-c\", \"{script}\", \"sh\", \"{path}\"]\n"));
        installation.run(&["business", "list"])
    };
    assert_eq!(configured("cat $1").code, 0);
    let failed = configured("cat $1; echo the store is sealed >&2; exit 3");
    assert!(failed.code == 1 && failed.stderr.contains("the store is sealed"), "{}", failed.stderr);
    assert!(failed.stderr.contains("failed: exit status: 3"), "{}", failed.stderr);
    assert!(![failed.stdout, failed.stderr].concat().contains(&text_of(&key)));
    let silent = configured("true");
    assert!(
        silent.code == 1 && silent.stderr.contains("must hold 64 hexadecimal digits"),
        "{}",
        silent.stderr
    );
}

fn two_sources_are_refused(installation: &Installation) {
    let key = move_key(installation);
    let with = ["business", "list", "--master-key-command", "cat x"];
    let ran = installation.run_with(("OUTPAY_MASTER_KEY", &text_of(&key)), &with);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("two sources, OUTPAY_MASTER_KEY and the program"), "{}", ran.stderr);
    let with = ["business", "list", "--master-key-command", "cat x", "--master-key-fd", "0"];
    installation.refused(2, "two sources, --master-key-fd and the program", &with);
    assert_eq!(installation.run_with(("OUTPAY_MASTER_KEY", &text_of(&key)), &["business", "list"]).code, 0);
}

fn the_data_folder_is_closed_to_others(installation: &Installation) {
    installation.business("Acme");
    let mode = || std::fs::metadata(installation.data()).unwrap().mode() & 0o777;
    assert_eq!(mode(), 0o700, "as it is made");
    std::fs::set_permissions(installation.data(), Permissions::from_mode(0o755)).unwrap();
    let doctor = installation.ok(&["doctor"]);
    assert!(doctor.contains("WARN  data folder") && doctor.contains("chmod 700"), "{doctor}");
    assert_eq!(mode(), 0o755, "a check changes nothing");
    let ran = installation.run(&["business", "list"]);
    assert!(ran.code == 0 && ran.stderr.contains("others had access to the data folder"), "{}", ran.stderr);
    assert_eq!(mode(), 0o700);
}

fn no_secret_is_taken_as_an_argument(installation: &Installation) {
    let refused = |arguments: &[&str]| {
        let mut command = crate::cli::installation::program();
        let ran = Ran::from(command.args(arguments).output().unwrap());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("every user of this machine can read"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    };
    let listen = ["listen", "--forward-to", "http://127.0.0.1:1/"];
    refused(&[&listen[..], &["--key", "hunter2"]].concat());
    refused(&["business", "list", "--database", "postgres://u:hunter2@127.0.0.1/x"]);
    refused(&["business", "list", "--database", "postgres://127.0.0.1/x?user=u&password=hunter2"]);
    installation.business("Acme");
    refused_here(installation, &["proposal", "confirm", "prp_1", "--code", "hunter2"]);

    let mut command = crate::cli::installation::program();
    command.args(listen).args(["--server", "http://127.0.0.1:1", "--once", "--key", "-"]);
    let key = installation.write("key", "sk_test_x\n");
    let ran = Ran::from(command.stdin(File::open(key).unwrap()).output().unwrap());
    assert!(
        ran.code == 1 && !ran.stderr.contains("--key"),
        "it was read from standard input: {}",
        ran.stderr
    );
}

fn refused_here(installation: &Installation, arguments: &[&str]) {
    installation.refused(2, "takes no secret as an argument", arguments);
}

fn the_memory_of_a_server_is_closed(installation: &Installation) {
    installation.business("Acme");
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        for path in [installation.folder(), &installation.data()] {
            chown(path, Some(STRANGER), Some(STRANGER)).unwrap();
        }
        for file in std::fs::read_dir(installation.data()).unwrap() {
            chown(file.unwrap().path(), Some(STRANGER), Some(STRANGER)).unwrap();
        }
    }
    let server = Server::start_as(installation, |command: &mut Command| {
        if is_root {
            command.uid(STRANGER).gid(STRANGER);
        }
    });
    let process = PathBuf::from(format!("/proc/{}", server.process_id()));
    for name in ["mem", "environ"] {
        let owner = std::fs::metadata(process.join(name)).unwrap().uid();
        assert_eq!(owner, 0, "{name} belongs to root and not to the user of the server");
    }
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}
