//! `outpay init`, and that no other command makes an installation.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran, program};

crate::cli::on_both_engines! {
    it_says_what_it_made_and_changes_nothing_the_second_time,
    no_other_command_makes_an_installation,
    a_database_without_its_key_is_not_given_another,
    a_server_makes_one_where_it_is_told_to,
}

fn it_says_what_it_made_and_changes_nothing_the_second_time(installation: &Installation) {
    let made = installation.json(&["init"]);
    for part in ["folder", "master_key", "database"] {
        assert_eq!(made[part], "made", "{made}");
    }
    let key = || std::fs::read(installation.data().join("master.key")).unwrap();
    let first = key();
    installation.business("Acme");
    let again = installation.json(&["init"]);
    for part in ["folder", "master_key", "database"] {
        assert_eq!(again[part], "there already", "{again}");
    }
    assert_eq!(key(), first);
    let text = installation.ok(&["init"]);
    assert!(
        text.contains("master.key (there already)") && text.contains("Next: outpay business create"),
        "{text}"
    );
    assert!(!text.contains("keep a copy"), "the key is not new: {text}");
    installation.ok(&["business", "show", "Acme"]);
}

fn no_other_command_makes_an_installation(installation: &Installation) {
    let commands: [&[&str]; 8] = [
        &["serve", "--listen", "127.0.0.1:0"],
        &["business", "create", "Acme"],
        &["business", "list"],
        &["audit"],
        &["backup", "copy"],
        &["recover"],
        &["master-key", "status"],
        &["pause", "list"],
    ];
    for command in commands {
        installation.refused(1, "run: outpay init", command);
    }
    assert!(!installation.data().exists(), "nothing was made");
    // The same in a folder that is there, with a key that is not the reason.
    std::fs::create_dir(installation.data()).unwrap();
    for command in commands {
        installation.refused(1, "run: outpay init", command);
    }
    assert_eq!(std::fs::read_dir(installation.data()).unwrap().count(), 0, "nothing was made");
    installation.init();
    installation.ok(&["business", "create", "Acme"]);
}

fn a_database_without_its_key_is_not_given_another(installation: &Installation) {
    installation.business("Acme");
    let key = installation.data().join("master.key");
    std::fs::remove_file(&key).unwrap();
    installation.refused(1, "put it back", &["init"]);
    assert!(!key.exists());
}

fn a_server_makes_one_where_it_is_told_to(installation: &Installation) {
    let start = || {
        drop(Server::start_as(installation, |command| {
            command.arg("--init");
        }));
    };
    start();
    let id = installation.json(&["business", "create", "Acme"])["id"].clone();
    start();
    assert_eq!(installation.json(&["business", "show", "Acme"])["id"], id);
}

mod only {
    mod sqlite {
        use super::super::*;

        #[test]
        fn a_key_from_elsewhere_is_not_written() {
            let folder = tempfile::tempdir().unwrap();
            let run = |arguments: &[&str]| {
                let mut command = program();
                command.args(arguments).current_dir(folder.path()).env("OUTPAY_MASTER_KEY", "ab".repeat(32));
                Ran::from(command.output().unwrap())
            };
            let made = run(&["init"]);
            assert_eq!(made.code, 0, "{}", made.stderr);
            assert!(made.stdout.contains("from OUTPAY_MASTER_KEY"), "{}", made.stdout);
            assert!(!folder.path().join("outpay-data/master.key").exists());
            assert_eq!(run(&["business", "create", "Acme"]).code, 0);
        }

        #[test]
        fn a_database_that_was_lost_is_not_replaced_by_an_empty_one() {
            let installation = Installation::on_sqlite();
            installation.paying_business("Acme", 1000);
            for file in ["outpay.db", "outpay.db-wal", "outpay.db-shm"] {
                drop(std::fs::remove_file(installation.data().join(file)));
            }
            for command in [&["init"][..], &["serve", "--init", "--listen", "127.0.0.1:0"]] {
                installation.refused(1, "worked with a database that is not there: put it back", command);
            }
            assert!(!installation.data().join("outpay.db").exists(), "nothing lies beside the right file");
        }
    }
}
